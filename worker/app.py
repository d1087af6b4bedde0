"""The entry of a worker: `celery -A worker.app worker --pool prefork -c 2`.

The parent process takes wake-ups and compiles the kernels before it forks; its children claim jobs and train them.
"""

import logging
from typing import Any

from celery.signals import worker_init, worker_shutting_down

from core.queue import WORK, celery_app
from core.settings import settings
from worker import stopping
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


worker_init.connect(load_kernels)
worker_shutting_down.connect(hand_jobs_back)
