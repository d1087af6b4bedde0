"""The judge of the times in which jobs go on; the times themselves are `python -m tests.faults.resumption`'s."""

from tests.faults.resumption import KINDS, TTL_S, Measured, broken


def test_what_is_in_time_and_trained_once_breaks_nothing() -> None:
    assert not [told for kind in KINDS for told in broken(kind, [Measured(KINDS[kind].within_s, 100.0, 0)] * 3)]


def test_one_that_is_late_is_told() -> None:
    found = [Measured(0.1, 0.2, 0), Measured(TTL_S + 2.5, TTL_S + 3, 0)]
    assert {kind: len(broken(kind, found)) for kind in KINDS} == dict.fromkeys(KINDS, 1)


def test_an_epoch_that_is_trained_twice_is_told_of_those_that_handed_their_job_back() -> None:
    found = [Measured(0.1, 0.2, 1)]
    assert {kind for kind in KINDS if broken(kind, found)} == {"worker told to stop"}
