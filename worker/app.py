"""The entry of a worker: `celery -A worker.app worker --pool prefork -c 2`.

The parent process takes wake-ups and loads all that a job needs before it forks; its children claim jobs and train them.
"""

import gc
import logging
from threading import Event, Thread
from typing import Any

from celery.signals import worker_init, worker_ready, worker_shutting_down

from core.queue import WORK, celery_app
from core.settings import settings
from worker import stopping

app = celery_app(settings())
app.conf.worker_consumer = "worker.consumer:Consumer"

# Each wake-up would write two lines; what is worth knowing about a job its attempt says.
for chatty in ("celery.worker.strategy", "celery.app.trace"):
    logging.getLogger(chatty).setLevel(logging.WARNING)


@app.task(name=WORK, ignore_result=True)  # type: ignore[untyped-decorator]  # Celery has no types
def work() -> None:
    from worker import tasks

    tasks.work()


def load(**_: Any) -> None:
    """Children inherit every module and the compiled kernels, so none of them compiles in the middle of a job.

    Nothing of it will ever be garbage. To look for some meanwhile takes a fifth of the start; and what later collections do not
    look at lies on pages that the children share.
    """
    gc.disable()
    from core.nn.warmup import warm_up
    from worker import tasks  # noqa: F401

    warm_up()
    gc.freeze()
    gc.enable()


def hand_jobs_back(**_: Any) -> None:
    """Celery waits for running tasks; this makes them end within moments."""
    stopping.ask_all()


def show_pulse(**_: Any) -> None:
    """In this process, which lives as long as the worker does; its children come and go."""
    from core.store import Store, connect
    from worker.pulse import keep_beating

    options = settings()
    if options.pulse_file is not None:
        Thread(
            target=keep_beating, args=(Store(connect(options.database)), options, Event()), name="pulse", daemon=True
        ).start()


worker_init.connect(load)
worker_ready.connect(show_pulse)
worker_shutting_down.connect(hand_jobs_back)
