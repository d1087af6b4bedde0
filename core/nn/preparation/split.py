"""Which rows are trained on and which only measured."""

import numpy as np
import numpy.typing as npt

from core.nn.streams import SPLIT, generator

Rows = npt.NDArray[np.int64]


def validation_count(rows: int, fraction: float | None) -> int:
    """The fraction of the rows, rounded, but at least one; none where there is no fraction."""
    return 0 if fraction is None else max(1, round(rows * fraction))


def split(rows: int, fraction: float | None, seed: int, classes: npt.NDArray[np.intp] | None = None) -> tuple[Rows, Rows]:
    """(training rows, validation rows): the numbers of the rows, each ascending, drawn by the seed.

    `classes` (N,) are the rows' class indices: each class then gives its share, as `shares` has it.
    """
    count = validation_count(rows, fraction)
    if not count:
        return np.arange(rows), np.arange(0)
    drawn = generator(seed, SPLIT).permutation(rows)
    if classes is None:
        return np.sort(drawn[count:]), np.sort(drawn[:count])
    taken = shares(np.bincount(classes), count)
    by_class = drawn[np.argsort(classes[drawn], kind="stable")]
    first = np.repeat(np.cumsum(np.bincount(classes)) - np.bincount(classes), np.bincount(classes))
    is_taken = np.arange(rows) - first < taken[classes[by_class]]
    return np.sort(by_class[~is_taken]), np.sort(by_class[is_taken])


def shares(counts: npt.NDArray[np.int64], count: int) -> npt.NDArray[np.int64]:
    """(k,) how many of the `count` rows each class of `counts` (k,) rows gives: its proportion, by largest remainders.

    A class keeps at least one row for training, one that has no other before all, as far as the count leaves any.
    """
    share, remainder = np.divmod(counts * count, counts.sum())
    order = np.argsort(-remainder, kind="stable")
    for most in (np.maximum(counts - 1, 0), np.where(counts > 1, counts - 1, counts), counts):
        while (left := count - int(share.sum())) and len(open_ := order[share[order] < most[order]]):
            share[open_[:left]] += 1
    return share


def set_apart(rows: int, numbers: npt.ArrayLike) -> tuple[Rows, Rows]:
    """(training rows, validation rows), each ascending, where the validation rows are those of the `numbers`."""
    is_apart = np.zeros(rows, np.bool_)
    is_apart[np.asarray(numbers, np.int64)] = True
    return np.flatnonzero(~is_apart), np.flatnonzero(is_apart)
