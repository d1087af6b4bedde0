"""`python -m worker.sweep`: takes jobs back from workers that died, and announces those that wait.

Any number may run: every step is one guarded statement in the database, so there is no leader.
"""

import logging
import signal
from threading import Event, Thread

from core.queue import Dispatcher
from core.settings import Settings, settings
from core.store import Store, connect

log = logging.getLogger(__name__)


def sweep(store: Store, dispatcher: Dispatcher, options: Settings, stop: Event) -> None:
    """Every `sweep_every_s`, whatever the database does, until `stop` is set."""
    failing = False
    while not stop.is_set():
        try:
            reaped = store.jobs.reap(options.stuck_limit)
            failing = False
        except Exception as error:  # a sweeper that dies of one bad moment would leave jobs without an owner
            if not failing:
                log.warning("cannot look for lost jobs, trying again every %s s: %s", options.sweep_every_s, error)
            failing = True
        else:
            if reaped:
                log.warning("taken back from workers that went silent: %s", ", ".join(reaped))
                dispatcher.poke()
        stop.wait(options.sweep_every_s)


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
    log.info("sweeping every %s s", options.sweep_every_s)
    stop.wait()


if __name__ == "__main__":
    main()
