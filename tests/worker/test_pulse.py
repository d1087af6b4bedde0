"""A worker and a sweeper show that they reach the database, and do not when they cannot."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

import pytest

from core.queue import Dispatcher
from core.settings import Settings
from core.store import Store, connect
from tests.faults.harness import Cluster
from tests.polling import until
from worker.pulse import keep_beating
from worker.sweep import sweep

Beating = Callable[[Store, Settings, Event], None]


def sweeping(store: Store, options: Settings, stop: Event) -> None:
    sweep(store, Dispatcher(store, options), options, stop)


def looking(store: Store, options: Settings, stop: Event) -> None:
    keep_beating(store, options, stop, every_s=0.01)


@contextmanager
def started(beating: Beating, store: Store, pulse: Path) -> Iterator[None]:
    stop = Event()
    options = Settings(pulse_file=pulse, sweep_every_s=0.01, redis_url="")
    thread = Thread(target=beating, args=(store, options, stop))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


@pytest.mark.parametrize("beating", [sweeping, looking])
def test_the_pulse_is_felt_while_the_database_answers(beating: Beating, store: Store, tmp_path: Path) -> None:
    pulse = tmp_path / "pulse"
    with started(beating, store, pulse):
        for _ in range(3):
            until(pulse.exists, patience_s=10)
            pulse.unlink()


@pytest.mark.parametrize("beating", [sweeping, looking])
def test_there_is_no_pulse_without_the_database(beating: Beating, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    pulse, store = tmp_path / "pulse", Store(connect(f"sqlite:///{tmp_path}/no/such.db"))
    with started(beating, store, pulse):
        until(lambda: caplog.records, patience_s=10)
    assert not pulse.exists()


def test_a_worker_has_a_pulse_though_it_has_no_work(sqlite_url: str, tmp_path: Path) -> None:
    with Cluster(sqlite_url, pulse_file=tmp_path / "pulse") as cluster:
        cluster.start_broker()
        cluster.start_worker()
        until(lambda: (tmp_path / "pulse").exists())
