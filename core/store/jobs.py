"""All that is done to jobs; each method is one transaction, each transition one statement with its guard (see core.jobs)."""

from core.store.attempts import Attempts
from core.store.database import Database
from core.store.endings import Endings
from core.store.removal import Removal
from core.store.requests import Requests
from core.store.steering import Steering
from core.store.sweeping import Sweeping


class Jobs(Requests, Steering, Attempts, Endings, Sweeping, Removal):
    def __init__(self, database: Database) -> None:
        self._database = database
