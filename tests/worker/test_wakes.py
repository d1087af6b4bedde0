"""Wake-ups: from a queued job to a worker, past brokers that die."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
import redis

from core.queue import QUEUE, Dispatcher, celery_app
from core.settings import Settings
from core.store import Store
from tests.faults.harness import Cluster
from tests.faults.jobs import XOR, submit
from tests.polling import until
from worker.consumer import Look


@pytest.fixture
def cluster(sqlite_url: str) -> Iterator[Cluster]:
    with Cluster(sqlite_url) as cluster:
        cluster.start_broker()
        yield cluster


@pytest.fixture
def options(cluster: Cluster) -> Settings:
    return Settings(redis_url=cluster.redis_url, sweep_every_s=0.05, outstanding_wakes=3)


def lying(cluster: Cluster) -> int:
    """How many wake-ups wait in the broker."""
    with redis.Redis(unix_socket_path=str(cluster.directory / "broker.sock")) as broker:
        return int(broker.llen(QUEUE))


def test_each_queued_job_is_announced_once(cluster: Cluster, store: Store, options: Settings, tmp_path: Path) -> None:
    for _ in range(2):
        submit(store, tmp_path, XOR)
    dispatcher = Dispatcher(store, options)
    dispatcher.dispatch()
    dispatcher.dispatch()
    assert lying(cluster) == 2


def test_no_more_wake_ups_lie_in_the_broker_than_allowed(
    cluster: Cluster, store: Store, options: Settings, tmp_path: Path
) -> None:
    for _ in range(5):
        submit(store, tmp_path, XOR)
    for _ in range(3):
        Dispatcher(store, options.model_copy(update={"redispatch_after_s": 0.0})).dispatch()
    assert lying(cluster) == 3


def test_what_a_dead_broker_did_not_take_is_owed_to_the_next(
    cluster: Cluster, store: Store, options: Settings, tmp_path: Path
) -> None:
    dispatcher = Dispatcher(store, options)
    cluster.broker.kill()
    submit(store, tmp_path, XOR)
    with pytest.raises(redis.ConnectionError):
        dispatcher.dispatch()
    cluster.start_broker()
    dispatcher.dispatch()
    assert lying(cluster) == 1


def test_a_poke_announces_without_waiting_for_the_next_sweep_and_the_thread_outlives_a_broker(
    cluster: Cluster, store: Store, options: Settings, tmp_path: Path
) -> None:
    dispatcher = Dispatcher(store, options.model_copy(update={"sweep_every_s": 1000.0}))
    dispatcher.start()
    try:
        for _ in range(2):
            submit(store, tmp_path, XOR)
            dispatcher.poke()
            until(lambda: lying(cluster) == 1)
            cluster.broker.kill()
            cluster.start_broker()
    finally:
        dispatcher.stop()


def test_a_sweeper_ends_when_it_is_asked_to_whether_there_is_a_broker_or_not(cluster: Cluster) -> None:
    first, second = cluster.start_sweeper("first"), cluster.start_sweeper("second")
    until(lambda: all("sweeping" in sweeper.text() for sweeper in (first, second)))
    assert first.terminate() == 0
    cluster.broker.kill()
    assert second.terminate() == 0


def test_without_a_broker_the_missing_setting_is_named() -> None:
    with pytest.raises(ValueError, match="REDIS_URL"):
        celery_app(Settings(redis_url=""))


def test_a_broker_that_dies_while_a_worker_connects_is_one_more_lost_connection(cluster: Cluster, options: Settings) -> None:
    """Which Celery makes again; of anything else the whole worker would die, and its trainings with it."""
    app = celery_app(options)
    with app.connection_for_write() as connection:
        connection.default_channel.queue_declare(queue=QUEUE, durable=True, auto_delete=False)
        cluster.broker.kill()
        consumer = SimpleNamespace(app=app, connection=connection, pool=SimpleNamespace(num_processes=1))
        with pytest.raises(connection.connection_errors):
            Look(consumer).start(consumer)
