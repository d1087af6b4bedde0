"""All that is done to jobs; each method is one transaction, each transition one statement with its guard (see core.jobs)."""

from core.store.attempts import Attempts
from core.store.database import Database
from core.store.endings import Endings
from core.store.requests import Requests
from core.store.sweeping import Sweeping


class Jobs(Requests, Attempts, Endings, Sweeping):
    def __init__(self, database: Database) -> None:
        self._database = database
