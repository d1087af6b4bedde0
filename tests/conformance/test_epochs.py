"""The history of a training, on every database."""

from collections.abc import Callable
from itertools import pairwise

import pytest

from core.errors import NotFound
from core.store import Claim, Store
from tests.conformance.rows import epoch_rows


def test_epochs_are_read_in_pages(store: Store, claimed: Callable[..., Claim]) -> None:
    claim = claimed(epochs=100)
    store.jobs.record_epochs(claim, epoch_rows(1, 25), None)
    job_id = claim.job.id
    assert store.epochs.page("default", job_id) == epoch_rows(1, 25)
    assert store.epochs.page("default", job_id, after=0, limit=10) == epoch_rows(1, 10)
    assert store.epochs.page("default", job_id, after=10, limit=10) == epoch_rows(11, 20)
    assert store.epochs.page("default", job_id, after=20, limit=10) == epoch_rows(21, 25)
    assert store.epochs.page("default", job_id, after=25) == []


@pytest.mark.parametrize("recorded", [0, 1, 2, 3, 97])
@pytest.mark.parametrize("points", [1, 2, 3, 10, 96, 97, 500])
def test_thinned_epochs_are_evenly_spread_with_the_first_and_the_last(
    recorded: int, points: int, store: Store, claimed: Callable[..., Claim]
) -> None:
    claim = claimed(epochs=100)
    rows = epoch_rows(1, recorded)
    store.jobs.record_epochs(claim, rows, None)
    thinned = store.epochs.thinned("default", claim.job.id, points)
    numbers = [row.epoch for row in thinned]
    assert len(thinned) == min(points, recorded)
    assert all(row in rows for row in thinned)
    assert numbers == sorted(set(numbers))
    if points > 1 and recorded > 1:
        assert (numbers[0], numbers[-1]) == (1, recorded)
        gaps = {later - earlier for earlier, later in pairwise(numbers)}
        assert max(gaps) - min(gaps) <= 1


def test_a_job_without_weights_says_so(store: Store, claimed: Callable[..., Claim]) -> None:
    claim = claimed()
    with pytest.raises(NotFound, match="no best weights"):
        store.weights.get("default", claim.job.id, "best")
