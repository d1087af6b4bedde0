"""Which epochs are kept."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.nn.planning.snapshots import kept_epochs
from tests.nn.networks import training_spec


def kept(snapshots: int, epochs: int) -> tuple[int, ...]:
    return kept_epochs(training_spec(snapshots=snapshots, epochs=epochs))


@pytest.mark.parametrize(
    ("snapshots", "epochs", "expected"),
    [
        (0, 1000, ()),
        (1, 1000, (0,)),
        (2, 1000, (0, 1000)),
        (3, 1000, (0, 1, 1000)),
        (5, 1000, (0, 1, 10, 100, 1000)),
        (9, 20, (0, 1, 2, 3, 4, 6, 9, 13, 20)),
        (100, 3, (0, 1, 2, 3)),
    ],
)
def test_epochs_are_kept_from_the_first_to_the_last_at_equal_factors(snapshots, epochs, expected):
    assert kept(snapshots, epochs) == expected


@given(st.integers(2, 100), st.integers(1, 10_000_000))
def test_as_many_epochs_as_are_asked_for_are_kept_the_first_and_the_last_among_them(snapshots, epochs):
    found = kept(snapshots, epochs)
    assert list(found) == sorted(set(found))
    assert (found[0], found[-1], len(found)) == (0, epochs, min(snapshots, epochs + 1))
