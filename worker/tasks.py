"""What a wake-up sets off."""

import functools
import logging
import os
import secrets
import socket
import time

from core.errors import Unavailable
from core.nn.warmup import fingerprint
from core.queue import Wakes
from core.settings import settings
from core.store import Claim, Store, connect
from worker import stopping
from worker.arrays import Shelf
from worker.cache import Cache
from worker.datasets import Datasets
from worker.memory import go_first
from worker.run import Worker, run

RETRY_AFTER_S = 0.5

log = logging.getLogger(__name__)


@functools.cache
def worker() -> Worker:
    """This process as a worker; made after the fork, at the first wake-up."""
    options = settings()
    go_first()
    store = Store(connect(options.database))
    cache = Cache(options.data_dir / "cache", options.max_cache_bytes)
    return Worker(
        owner=f"{socket.gethostname()}:{secrets.token_hex(4)}:{os.getpid()}",
        fingerprint=fingerprint(),
        store=store,
        datasets=Datasets(store, cache),
        shelf=Shelf(cache),
        settings=options,
        stopping=stopping.asked,
    )


def work() -> None:
    """Train queued jobs, as they come, until none is left or the worker stops: then the wake-up is passed on."""
    with stopping.after_this():
        me = worker()
        while not stopping.asked() and (claim := next_job(me)):
            run(claim, me)
        if stopping.asked():
            wake_another(me)


def wake_another(me: Worker) -> None:
    """At once, for the job that was handed back or never taken: dispatchers look only every `sweep_every_s`."""
    try:
        wakes = Wakes(me.settings)
        wakes.publish(1)
        wakes.close()
    except Exception as error:  # whatever the broker does, the dispatchers will see to the job
        log.info("cannot wake another worker: %s", error)


def next_job(me: Worker) -> Claim | None:
    """The job whose turn it is. The wake-up is spent, so this stays with a database that is away or full until it is back."""
    failing = False
    while not stopping.asked():
        try:
            most_running = me.settings.tenant_running_jobs
            if failing and (claim := me.store.jobs.owned(me.owner)):  # a claim that was done, and not answered
                return claim
            return me.store.jobs.claim(me.owner, me.settings.lease_ttl_s, me.fingerprint, most_running)
        except Unavailable as error:
            if not failing:
                log.warning("cannot look for jobs, trying again every %s s: %s", RETRY_AFTER_S, error.message)
            failing = True
            time.sleep(RETRY_AFTER_S)
    return None
