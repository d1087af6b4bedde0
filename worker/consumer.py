"""How a worker's parent process listens to the broker."""

from typing import Any

from celery import bootsteps
from celery.worker.consumer import Consumer as CeleryConsumer
from celery.worker.consumer import Tasks
from kombu.exceptions import OperationalError

from core.queue import WORK


class Look(bootsteps.StartStopStep):  # type: ignore[misc]  # Celery has no types
    """Wakes every process of this worker at each connection: a broker that came back empty has forgotten who was called."""

    requires = (Tasks,)

    def start(self, consumer: Any) -> None:
        try:
            with consumer.app.amqp.Producer(consumer.connection.default_channel, auto_declare=False) as producer:
                for _ in range(consumer.pool.num_processes):
                    consumer.app.send_task(WORK, producer=producer, ignore_result=True, retry=False)
        except OperationalError as error:  # by which Celery does not know that the connection is gone, and the worker would end
            raise ConnectionError(str(error)) from error


class Consumer(CeleryConsumer):  # type: ignore[misc]
    """Workers learn of each other through the database alone, so the chatter between them through the broker is off."""

    class Blueprint(CeleryConsumer.Blueprint):  # type: ignore[misc]
        default_steps = (*CeleryConsumer.Blueprint.default_steps, Look)

    def __init__(self, *args: Any, worker_options: dict[str, Any] | None = None, **kwargs: Any) -> None:
        quiet = {"without_gossip": True, "without_heartbeat": True, "without_mingle": True}
        super().__init__(*args, worker_options={**(worker_options or {}), **quiet}, **kwargs)
