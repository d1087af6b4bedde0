"""Wake-ups: how a committed job gets the attention of a worker.

The database is the record of every job; a message carries nothing and says only "look". One that is lost is sent again once its
job has waited for `redispatch_after_s`; one too many finds nothing to do.
"""

import logging
from threading import Event, Thread
from typing import Any, Protocol

from celery import Celery
from celery.app.amqp import Producer

from core.settings import Settings

WORK = "gradmill.work"
QUEUE = "gradmill"
BROKER_TIMEOUT_S = 5.0

log = logging.getLogger(__name__)


class Waiting(Protocol):
    """The queued jobs, as far as waking goes."""

    def dispatch(self, limit: int, redispatch_after_s: float, most_running: int | None) -> int: ...


class Jobs(Protocol):
    """What a dispatcher needs of the store."""

    @property
    def jobs(self) -> Waiting: ...


def celery_app(settings: Settings) -> Celery:
    """The Celery application of every process that publishes or takes wake-ups."""
    if not settings.redis_url:
        raise ValueError("REDIS_URL is not set: wake-ups need a Redis or Valkey, for example redis://localhost:6379/0")
    app = Celery("gradmill", broker=settings.redis_url, set_as_current=False)
    app.conf.update(
        accept_content=["json"],
        broker_connection_max_retries=None,
        broker_connection_retry=True,
        broker_connection_retry_on_startup=True,
        broker_connection_timeout=BROKER_TIMEOUT_S,
        broker_transport_options={
            "priority_steps": [0],
            "socket_connect_timeout": BROKER_TIMEOUT_S,
            "socket_keepalive": True,
            "socket_timeout": BROKER_TIMEOUT_S,
        },
        enable_utc=True,
        task_acks_late=False,
        task_default_queue=QUEUE,
        task_ignore_result=True,
        task_publish_retry=False,
        task_serializer="json",
        task_store_errors_even_if_ignored=False,
        worker_concurrency=settings.worker_processes,
        worker_disable_prefetch=True,
        worker_enable_remote_control=False,
        worker_prefetch_multiplier=1,
        worker_send_task_events=False,
    )
    return app


class Wakes:
    """Publishes wake-ups over one connection, opened at the first and again after each failure."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._app: Celery | None = None
        self._producer: Producer | None = None

    def publish(self, count: int) -> None:
        """At most `count` more wake-ups; fewer when `outstanding_wakes` already lie in the queue."""
        app, producer = self._connected()
        try:
            lying = producer.channel.queue_declare(queue=QUEUE, durable=True, auto_delete=False).message_count
            for _ in range(min(count, self._settings.outstanding_wakes - lying)):
                app.send_task(WORK, producer=producer, ignore_result=True, retry=False)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            producer.connection.close()

    def _connected(self) -> tuple[Celery, Any]:
        if self._app is None:
            self._app = celery_app(self._settings)
        if self._producer is None:
            connection = self._app.connection_for_write()
            try:
                connection.connect()  # tries once, where a channel made on demand would try for seconds
                self._producer = self._app.amqp.Producer(connection.channel(), auto_declare=False)
            except BaseException:
                connection.close()
                raise
        return self._app, self._producer


class Dispatcher:
    """A thread that announces queued jobs: at every poke, and by itself every `sweep_every_s`.

    Any number may run, in any process. A dead broker or a dead database costs nothing but the time until it is back: what could
    not be published is owed, and `poke` never waits.
    """

    def __init__(self, store: Jobs, settings: Settings) -> None:
        self._store = store
        self._settings = settings
        self._wakes = Wakes(settings)
        self._owed = 0
        self._failing = False
        self._poked = Event()
        self._stopping = Event()
        self._thread: Thread | None = None

    def poke(self) -> None:
        """Look for queued jobs now."""
        self._poked.set()

    def start(self) -> None:
        self._stopping.clear()
        self._thread = Thread(target=self._run, name="dispatcher", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Return when the thread has ended, or is stuck in a broker that does not answer."""
        self._stopping.set()
        self._poked.set()
        if self._thread is not None:
            self._thread.join(BROKER_TIMEOUT_S)
            self._thread = None

    def dispatch(self) -> None:
        """One round, in the calling thread."""
        limit = self._settings.outstanding_wakes
        again_s, most_running = self._settings.redispatch_after_s, self._settings.tenant_running_jobs
        self._owed = min(limit, self._owed + self._store.jobs.dispatch(limit, again_s, most_running))
        if self._owed:
            self._wakes.publish(self._owed)
            self._owed = 0

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self.dispatch()
                self._failing = False
            except Exception as error:  # the thread outlives whatever the broker or the database does
                if not self._failing:
                    log.warning("cannot wake workers, trying again every %s s: %s", self._settings.sweep_every_s, error)
                self._failing = True
            self._poked.wait(self._settings.sweep_every_s)
            self._poked.clear()
        self._wakes.close()
