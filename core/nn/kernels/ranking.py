"""The area under the ROC curve, exactly: by ranks, in which equal scores share theirs."""

import math
from typing import Any

import numpy as np

from core.nn.kernels.compile import kernel
from core.nn.kernels.copying import clear
from core.nn.metrics import PLACED


@kernel
def place(scores: Any, c: int, is_true: bool, score: float, row: int, sums: Any) -> None:
    """The score of the row for the class at `c` of the ranked ones: of a true row from the left, of another from the right."""
    ranked, N = scores.shape
    output = c + sums.shape[1] - ranked
    before = int(sums[PLACED, output])
    # 0.0 is added since −0.0 equals it, but is another key
    if is_true:
        scores[c, before] = score + 0.0
        sums[PLACED, output] += 1.0
    else:
        scores[c, N - 1 - (row - before)] = score + 0.0


@kernel
def place_flags(z: Any, t: Any, first: int, scores: Any, sums: Any) -> None:
    """By logits z (B, m) of flags t (B, m); `first` counts the rows before these."""
    for i in range(z.shape[0]):
        for c in range(scores.shape[0]):
            place(scores, c, t[i, c] > 0.5, np.float64(z[i, c]), first + i, sums)


@kernel
def place_classes(z: Any, t: Any, first: int, scores: Any, sums: Any) -> None:
    """By logits z (B, m) and the numbers of the classes t (B, 1): a score is ln p / (1 − p), for p = softmax z, in double
    precision. Where p is nearly 1, it keeps digits that p has lost."""
    ranked, m = scores.shape[0], z.shape[1]
    for i in range(z.shape[0]):
        likeliest, true = 0, int(t[i, 0])
        for j in range(1, m):
            if z[i, j] > z[i, likeliest]:
                likeliest = j
        highest, others = np.float64(z[i, likeliest]), 0.0
        for j in range(m):
            if j != likeliest:
                others += math.exp(np.float64(z[i, j]) - highest)
        for c in range(ranked):
            j = c + m - ranked
            below = np.float64(z[i, j]) - highest
            if j == likeliest:
                score = -math.log(others) if others > 0 else math.inf
            else:
                score = below - math.log(max(1.0, 1.0 + others - math.exp(below)))
            place(scores, c, j == true, score, first + i, sums)


@kernel
def order(keys: Any) -> None:
    """The bits of floating-point numbers become whole numbers of the same order: the sign set, or of a negative all changed."""
    zero, sign = keys.dtype.type(0), keys.dtype.type(1) << keys.dtype.type(8 * keys.itemsize - 1)
    for i in range(keys.size):
        keys[i] = keys[i] | sign if keys[i] & sign == zero else ~keys[i]


@kernel
def sort(keys: Any, other: Any, digits: Any) -> None:
    """Sorts whole numbers by one byte after the other, the last first (Seward 1954); overwrites `other`, as long, too.

    The number of passes is even, so the result stands in `keys`.
    """
    last = np.uint64(digits.size - 1)
    for shift in range(0, 8 * keys.itemsize, 8):
        by = np.uint64(shift)
        clear(digits)
        for i in range(keys.size):
            digits[int((np.uint64(keys[i]) >> by) & last)] += 1
        start = 0
        for digit in range(digits.size):
            count = digits[digit]
            digits[digit] = start
            start += count
        for i in range(keys.size):
            digit = int((np.uint64(keys[i]) >> by) & last)
            other[digits[digit]] = keys[i]
            digits[digit] += 1
        keys, other = other, keys


@kernel
def area(positives: Any, negatives: Any) -> float:
    """The share of the pairs whose positive is above its negative, a tie counting half; both sorted. NaN without pairs.

    It is U / (P N) with the U of Mann and Whitney 1947.
    """
    if positives.size == 0 or negatives.size == 0:
        return math.nan
    total = 0.0
    below = upto = 0
    for i in range(positives.size):
        while below < negatives.size and negatives[below] < positives[i]:
            below += 1
        while upto < negatives.size and negatives[upto] <= positives[i]:
            upto += 1
        total += 0.5 * (below + upto)
    return total / (np.float64(positives.size) * np.float64(negatives.size))


@kernel
def rank(c: int, keys: Any, sorted_keys: Any, digits: Any, sums: Any) -> float:
    """The area under the curve of the class that stands at `c` of the ranked ones; overwrites its keys (r, N)."""
    positives = int(sums[PLACED, c + sums.shape[1] - keys.shape[0]])
    order(keys[c])
    sort(keys[c, :positives], sorted_keys[:positives], digits)
    sort(keys[c, positives:], sorted_keys[positives:], digits)
    return area(keys[c, :positives], keys[c, positives:])
