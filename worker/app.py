"""The entry of a worker: `celery -A worker.app worker --pool prefork -c 2`.

The parent process takes wake-ups and compiles the kernels before it forks; its children claim jobs and train them.
"""

import logging
from threading import Event, Thread
from typing import Any

from celery.signals import worker_init, worker_ready, worker_shutting_down

from core.queue import WORK, celery_app
from core.settings import settings
from core.store import Store, connect
from worker import stopping
from worker.pulse import keep_beating
from worker.tasks import work

app = celery_app(settings())
app.conf.worker_consumer = "worker.consumer:Consumer"
app.task(name=WORK, ignore_result=True)(work)

# Each wake-up would write two lines; what is worth knowing about a job its attempt says.
for chatty in ("celery.worker.strategy", "celery.app.trace"):
    logging.getLogger(chatty).setLevel(logging.WARNING)


def load_kernels(**_: Any) -> None:
    """Children inherit compiled kernels, so none of them compiles in the middle of a job."""
    from core.nn.warmup import warm_up

    warm_up()


def hand_jobs_back(**_: Any) -> None:
    """Celery waits for running tasks; this makes them end within moments."""
    stopping.ask_all()


def show_pulse(**_: Any) -> None:
    """In this process, which lives as long as the worker does; its children come and go."""
    options = settings()
    if options.pulse_file is not None:
        Thread(
            target=keep_beating, args=(Store(connect(options.database)), options, Event()), name="pulse", daemon=True
        ).start()


worker_init.connect(load_kernels)
worker_ready.connect(show_pulse)
worker_shutting_down.connect(hand_jobs_back)
