"""Jobs in the hands of the worker of a test."""

from typing import Any

from core.store import Claim, Job, Store
from tests.faults.jobs import LONG, TENANT

# Few enough epochs, large enough steps: the engine is asked between them, and inside them too.
INTERRUPTED: dict[str, Any] = {
    **LONG,
    "network": {"layers": [{"type": "dense", "units": 400, "activation": "relu"}] * 2 + [{"type": "dense", "units": 1}]},
    "training": {**LONG["training"], "epochs": 4},
}


def claimed(store: Store) -> Claim:
    claim = store.jobs.claim("test", 60.0)
    assert claim is not None
    return claim


def now(store: Store, job: Job) -> Job:
    return store.jobs.get(TENANT, job.id)
