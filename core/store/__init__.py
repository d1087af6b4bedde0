"""The database: every table, every query, every transaction. Nobody else knows SQL.

    store = Store(connect(url))
    job = store.jobs.submit("default", NewJob(...))

Each method is one transaction and answers with frozen records. Besides the errors it names, each raises Unavailable where the
database does not answer, as StorageFull where its disk has no room left.
"""

from contextlib import AbstractContextManager

from sqlalchemy import Engine, select

from core.quotas import KeepTimes
from core.store.blobs import Blobs
from core.store.database import Database
from core.store.datasets import Datasets
from core.store.engine import answers_within, connect
from core.store.epochs import Epochs
from core.store.events import Events
from core.store.feed import Feed
from core.store.history import Histories, Passage, Place
from core.store.idempotency import IdempotencyKeys
from core.store.jobs import Jobs
from core.store.keys import Keys
from core.store.migration import is_at_head, upgrade
from core.store.outbox import Outbox
from core.store.own import Own
from core.store.quotas import TenantQuotas
from core.store.records import (
    ApiKey,
    Attempt,
    Caller,
    Claim,
    Dataset,
    DatasetSummary,
    Delivery,
    EpochRow,
    Event,
    FeedEvent,
    Idempotency,
    Job,
    JobSummary,
    NewJob,
    Page,
    Preview,
    SentWeights,
    SentWeightsSummary,
    Signals,
    Snapshot,
    Turn,
    Webhook,
    Weights,
    Which,
)
from core.store.retention import Retention
from core.store.sent import AllSentWeights
from core.store.snapshots import Snapshots
from core.store.webhooks import Webhooks
from core.store.weights import AllWeights

__all__ = [
    "ApiKey",
    "Attempt",
    "Caller",
    "Claim",
    "Dataset",
    "DatasetSummary",
    "Delivery",
    "EpochRow",
    "Event",
    "FeedEvent",
    "Idempotency",
    "Job",
    "JobSummary",
    "NewJob",
    "Page",
    "Passage",
    "Place",
    "Preview",
    "SentWeights",
    "SentWeightsSummary",
    "Signals",
    "Snapshot",
    "Store",
    "Turn",
    "Webhook",
    "Weights",
    "Which",
    "answers_within",
    "connect",
    "upgrade",
]


class Store:
    """Safe to share between threads; after a fork each process opens connections of its own."""

    def __init__(self, engine: Engine) -> None:
        self._database = Database(engine)
        self.blobs = Blobs(self._database)
        self.datasets = Datasets(self._database, self.blobs)
        self.epochs = Epochs(self._database)
        self.events = Events(self._database)
        self.feed = Feed(self._database)
        self.histories = Histories(self._database)
        self.idempotency = IdempotencyKeys(self._database)
        self.jobs = Jobs(self._database)
        self.keep_times = Own(self._database, KeepTimes, "keep_")
        self.keys = Keys(self._database)
        self.outbox = Outbox(self._database)
        self.quotas = TenantQuotas(self._database)
        self.sent_weights = AllSentWeights(self._database)
        self.retention = Retention(self._database, self.jobs, self.datasets, self.sent_weights)
        self.snapshots = Snapshots(self._database)
        self.webhooks = Webhooks(self._database)
        self.weights = AllWeights(self._database)

    def sharing(self) -> AbstractContextManager[None]:
        """Until its end all that this thread reads goes over one connection: for several small reads that belong together."""
        return self._database.sharing()

    def ping(self) -> None:
        """Unavailable where the database does not answer."""
        with self._database.reading() as reader:
            reader.execute(select(1))

    def is_at_head(self) -> bool:
        """Whether all migrations were applied, and none that this code does not know. Unavailable where it does not answer."""
        return is_at_head(self._database)

    def close(self) -> None:
        """Closes the connections that nobody uses now."""
        self._database.engine.dispose()
