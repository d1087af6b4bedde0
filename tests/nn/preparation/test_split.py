"""Which rows are trained on: by the seed alone, and the same classes on both sides."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from core.nn.preparation.split import set_apart, shares, split, validation_count

SEEDS = st.integers(0, 2**53 - 1)


def test_rows_without_classes_are_drawn_as_numpy_permutes_them() -> None:
    training, validation = split(10, 0.3, 7)
    drawn = np.random.default_rng([7, 1, 0]).permutation(10)
    np.testing.assert_array_equal(validation, np.sort(drawn[:3]))
    np.testing.assert_array_equal(training, np.sort(drawn[3:]))


@given(counts=st.lists(st.integers(0, 30), min_size=1, max_size=8), fraction=st.floats(0.01, 0.99), seed=SEEDS, data=st.data())
def test_each_class_gives_its_share(counts: list[int], fraction: float, seed: int, data: st.DataObject) -> None:
    rows = sum(counts)
    assume(rows and validation_count(rows, fraction) < rows)
    classes = np.array(data.draw(st.permutations(np.repeat(np.arange(len(counts)), counts).tolist())))
    training, validation = split(rows, fraction, seed, classes)
    np.testing.assert_array_equal(np.sort(np.r_[training, validation]), np.arange(rows))
    assert (np.diff(training) > 0).all()
    assert (np.diff(validation) > 0).all()
    wanted = validation_count(rows, fraction)
    assert len(validation) == wanted
    kept = np.bincount(classes[training], minlength=len(counts))
    if len(training) >= np.count_nonzero(counts):
        assert (kept[np.array(counts) > 1] >= 1).all()
    for count, taken in zip(counts, np.bincount(classes[validation], minlength=len(counts)), strict=True):
        if min(count for count in counts if count) * (rows - wanted) >= rows:  # every class keeps a row by its share alone
            assert abs(taken - count * wanted / rows) < 1


@pytest.mark.parametrize(
    ("counts", "count", "expected"),
    [
        ([50, 50, 50], 30, [10, 10, 10]),
        ([90, 10], 20, [18, 2]),
        ([98, 2], 20, [20, 0]),
        ([3, 1], 1, [1, 0]),
        ([1, 1, 1, 1], 2, [1, 1, 0, 0]),
        ([2, 2], 2, [1, 1]),
        ([2, 2], 3, [2, 1]),
        ([5, 0, 5], 4, [2, 0, 2]),
    ],
)
def test_shares_are_proportions_that_leave_every_class_a_row(counts: list[int], count: int, expected: list[int]) -> None:
    assert shares(np.array(counts), count).tolist() == expected


def test_the_seed_decides_which_rows_of_a_class_are_taken() -> None:
    classes = np.arange(1000) % 3
    same, other = split(1000, 0.2, 1, classes), split(1000, 0.2, 2, classes)
    np.testing.assert_array_equal(split(1000, 0.2, 1, classes)[1], same[1])
    assert not np.array_equal(same[1], other[1])
    assert 30 < np.intersect1d(same[1], other[1]).size < 60  # 40 on average


def test_given_rows_are_set_apart_in_the_order_of_the_table() -> None:
    training, validation = set_apart(5, (4, 0))
    assert (training.tolist(), validation.tolist()) == ([1, 2, 3], [0, 4])
