"""Attempts that the kernel ended: a note outlives them, since nothing else of them does."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from core.jobs import State
from core.store import Job, Store
from tests.faults.jobs import XOR, submit
from tests.polling import until
from tests.worker.jobs import claimed, now
from worker import attempts
from worker.attempts import Attempts, kernel_kills
from worker.run import Worker, run

STUCK_LIMIT = 5


@pytest.fixture
def job(store: Store, tmp_path: Path) -> Job:
    return submit(store, tmp_path, XOR)


class Machine:
    """One whose kernel has ended so many processes."""

    def __init__(self, directory: Path) -> None:
        self.kills = 7
        self.attempts = Attempts(directory / "attempts", lambda: self.kills)
        self._directory = directory / "attempts"

    def die(self, job: Job, *, of_memory: bool) -> int:
        """What an attempt is told that is then killed, as if the process were gone."""
        with self.attempts.noted(job) as deaths:
            note = (self._directory / job.id).read_text()
        (self._directory / job.id).write_text(note)
        self.kills += of_memory
        return deaths


def test_deaths_of_memory_are_counted_as_long_as_nothing_else_comes_between(tmp_path: Path, job: Job) -> None:
    machine, stuck = Machine(tmp_path), replace(job, stuck=9)
    assert [machine.die(stuck, of_memory=True) for _ in range(4)] == [0, 1, 2, 3]
    assert machine.die(stuck, of_memory=False) == 4
    assert machine.die(stuck, of_memory=True) == 0
    assert machine.die(stuck, of_memory=True) == 1


def test_deaths_before_the_last_progress_do_not_count(tmp_path: Path, job: Job) -> None:
    machine = Machine(tmp_path)
    for _ in range(4):
        machine.die(replace(job, stuck=9), of_memory=True)
    assert machine.die(replace(job, stuck=1), of_memory=True) == 1


def test_an_attempt_that_ends_by_itself_leaves_no_note(tmp_path: Path, job: Job) -> None:
    machine = Machine(tmp_path)
    with pytest.raises(ZeroDivisionError), machine.attempts.noted(job):
        1 / 0  # noqa: B018
    assert list((tmp_path / "attempts").iterdir()) == []


def test_a_note_that_is_none_and_a_kernel_that_does_not_tell_count_for_nothing(tmp_path: Path, job: Job) -> None:
    machine = Machine(tmp_path)
    machine.die(job, of_memory=False)
    (tmp_path / "attempts" / job.id).write_text("4")
    assert machine.die(replace(job, stuck=9), of_memory=True) == 0
    with Attempts(tmp_path / "nowhere", lambda: None).noted(job) as deaths:
        assert deaths == 0
    assert not (tmp_path / "nowhere").exists()


def test_this_kernel_tells_how_many_processes_it_has_ended() -> None:
    assert (kernel_kills() or 0) >= 0


def test_the_counter_of_the_container_goes_before_that_of_the_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    container, machine = tmp_path / "memory.events", tmp_path / "vmstat"
    machine.write_text("nr_free_pages 9\noom_kill 5\n")
    monkeypatch.setattr(attempts, "_COUNTERS", (container, machine))
    assert kernel_kills() == 5
    container.write_text("low 0\noom 4\noom_kill 3\noom_group_kill 0\n")
    assert kernel_kills() == 3


def test_a_job_that_the_kernel_ended_too_often_fails_as_capacity(
    store: Store, make_worker: Callable[..., Worker], tmp_path: Path, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    counter = tmp_path / "vmstat"
    monkeypatch.setattr(attempts, "_COUNTERS", (counter,))
    note = tmp_path / "attempts" / job.id
    for kills in (1, 2):  # two processes claim it, leave their notes, and are gone without a word
        assert store.jobs.claim("gone", 0.0) is not None
        note.parent.mkdir(exist_ok=True)
        note.write_text(f"{kills - 1} {kills}")
        until(lambda: store.jobs.reap(STUCK_LIMIT))
    counter.write_text("oom_kill 3\n")
    run(claimed(store), make_worker())
    ended = now(store, job)
    assert ended.state == State.FAILED
    assert ended.error is not None
    assert (ended.error["fault"], ended.error["code"]) == ("capacity", "capacity")
    assert "out of memory in each of the last 2 attempts" in ended.error["message"]
    assert not note.exists()
