"""What threads of the sweeper do for as long as it lives."""

import logging
from threading import Event

import pytest

from worker.repetition import repeat


def test_work_that_fails_is_done_again_and_told_of_once_until_it_succeeds(caplog: pytest.LogCaptureFixture) -> None:
    stop = Event()
    left = ["bad", "bad", "good", "bad", "last"]

    def work() -> float:
        what = left.pop(0)
        if what == "bad":
            raise OSError("away")
        if what == "last":
            stop.set()
        return 0

    with caplog.at_level(logging.WARNING):
        repeat("work", work, 0.001, stop)
    assert left == []
    assert [record.message for record in caplog.records] == ["cannot work, trying again every 0.001 s: away"] * 2
