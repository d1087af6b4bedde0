"""A job's epochs and events as one history that can be taken up at any place."""

from collections.abc import Callable

import pytest

from core.errors import NotFound
from core.store import Claim, Event, Passage, Place, Store
from tests.conformance.rows import ERROR, epoch_rows

WHOLE = ["submitted", "claimed", 1, 2, 3, "released", "claimed", 4, "pause_requested", 5, 6, 7, "failed"]


def names(passage: Passage) -> list[str | int]:
    return [item.type if isinstance(item, Event) else item.epoch for item in passage.items]


@pytest.fixture
def job_id(store: Store, claimed: Callable[..., Claim]) -> str:
    """A job of two attempts, which failed after seven epochs."""
    claim = claimed(epochs=9)
    store.jobs.record_epochs(claim, epoch_rows(1, 3), None)
    store.jobs.release(claim)
    again = store.jobs.claim("worker", 60)
    assert again is not None
    store.jobs.record_epochs(again, epoch_rows(4, 4), None)
    store.jobs.pause("default", claim.job.id)
    store.jobs.record_epochs(again, epoch_rows(5, 7), None)
    store.jobs.fail(again, ERROR)
    return claim.job.id


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 200])
def test_it_is_the_same_in_passages_of_any_size_from_any_place(store: Store, job_id: str, limit: int) -> None:
    """Taken up behind any of its items, the rest follows in the same order."""
    place, places, seen = Place(), [Place()], []
    while True:
        passage = store.histories.after("default", job_id, place, limit)
        seen += names(passage)
        for item in passage.items:
            place = place.behind(item)
            places.append(place)
        assert passage.has_ended is not passage.has_more
        if passage.has_ended:
            break
    assert seen == WHOLE
    assert place == store.histories.last("default", job_id)
    for count, place in enumerate(places):
        assert names(store.histories.after("default", job_id, place)) == WHOLE[count:]


def test_what_is_not_there_yet_is_announced_by_the_version(store: Store, claimed: Callable[..., Claim]) -> None:
    claim = claimed(epochs=9)
    id = claim.job.id
    first = store.histories.after("default", id, Place())
    assert (names(first), first.has_more, first.has_ended) == (["submitted", "claimed"], False, False)
    assert store.jobs.versions([id]) == {id: first.version}
    store.jobs.record_epochs(claim, epoch_rows(1, 1), None)
    assert store.jobs.versions([id]) != {id: first.version}
    second = store.histories.after("default", id, Place(2, 0))
    assert names(second) == [1]
    assert store.histories.after("default", id, Place(2, 1)).items == ()


def test_it_belongs_to_the_tenant_of_its_job(store: Store, job_id: str) -> None:
    with pytest.raises(NotFound, match="there is no job"):
        store.histories.after("other", job_id, Place())
    with pytest.raises(NotFound, match="there is no job"):
        store.histories.last("other", job_id)
