"""What a wake-up sets off."""

import os
import socket
from functools import cache

from core.nn.warmup import fingerprint
from core.settings import settings
from core.store import Store, connect
from worker import stopping
from worker.datasets import Datasets
from worker.run import Worker, run


@cache
def worker() -> Worker:
    """This process as a worker; made after the fork, at the first wake-up."""
    options = settings()
    store = Store(connect(options.database_url))
    return Worker(
        owner=f"{socket.gethostname()}:{os.getpid()}",
        fingerprint=fingerprint(),
        store=store,
        datasets=Datasets(store, options.data_dir / "cache", options.max_cache_bytes),
        settings=options,
        stopping=stopping.asked,
    )


def work() -> None:
    """Train queued jobs, oldest first, until none is left or the worker stops."""
    with stopping.after_this():
        me = worker()
        while not stopping.asked() and (claim := me.store.jobs.claim(me.owner, me.settings.lease_ttl_s, me.fingerprint)):
            run(claim, me)
