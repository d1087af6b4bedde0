"""`python -m worker.sweep`: takes jobs back from workers that died, announces those that wait, clears up after uploads,
puts events in order, sends them to webhooks.

Any number may run: every step is one guarded statement in the database, so there is no leader.
"""

import logging
import signal
from threading import Event, Thread

from core.queue import Dispatcher
from core.settings import Settings, settings
from core.store import Store, connect
from core.store.retention import AT_ONCE
from worker import deliver
from worker.pulse import beat
from worker.repetition import repeat

CLEAR_EVERY_S = 600.0

log = logging.getLogger(__name__)


def sweep(store: Store, dispatcher: Dispatcher, options: Settings, stop: Event) -> None:
    """Every `sweep_every_s`, until `stop` is set."""

    def look() -> float:
        _take_back(store, dispatcher, options)
        store.feed.number_some()
        store.outbox.fill()
        beat(options)
        return options.sweep_every_s

    repeat("sweep", look, options.sweep_every_s, stop)


def clear(store: Store, options: Settings, stop: Event, every_s: float = CLEAR_EVERY_S) -> None:
    """Every `every_s`, and on soon where there is more, until `stop` is set. It may take long, so that it has a thread."""
    repeat("clear up", lambda: every_s if _clear(store, options) else options.sweep_every_s, options.sweep_every_s, stop)


def _take_back(store: Store, dispatcher: Dispatcher, options: Settings) -> None:
    reaped = store.jobs.reap(options.stuck_limit)
    if reaped:
        log.warning("taken back from workers that went silent: %s", ", ".join(reaped))
        dispatcher.poke()


def _clear(store: Store, options: Settings) -> bool:
    """Some of what nobody needs; False where there may be more."""
    count = store.blobs.sweep()
    if count:
        log.info("removed what %s uploads and deletions left behind", count)
    kept = store.retention
    removed = (
        kept.jobs(options.keep_jobs_s),
        kept.epochs(options.keep_epochs_s),
        kept.datasets(options.keep_datasets_s),
        kept.sent_weights(options.keep_datasets_s),
        kept.keys(options.keep_keys_s),
    )
    is_done = (store.outbox.expire(options.webhook_give_up_s), store.outbox.forget(options.keep_deliveries_s))
    left = store.jobs.clear_deleted() + store.webhooks.clear_deleted()
    return left == 0 and max(removed) < AT_ONCE and all(is_done)


def main() -> None:
    """Until SIGTERM or SIGINT. The work is in daemon threads, so that a database that hangs does not delay the end."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    options = settings()
    store = Store(connect(options.database))
    dispatcher = Dispatcher(store, options)
    dispatcher.start()
    Thread(target=sweep, args=(store, dispatcher, options, stop), name="sweep", daemon=True).start()
    Thread(target=clear, args=(store, options, stop), name="clear", daemon=True).start()
    deliver.start(store, options, stop)
    log.info("sweeping every %s s", options.sweep_every_s)
    stop.wait()


if __name__ == "__main__":
    main()
