"""How often a network is right: sums over rows, from which precision, recall and their like follow."""

from typing import Any

from core.nn.kernels.compile import kernel
from core.nn.metrics import HITS, PREDICTED, TRUE


@kernel
def count_classes(z: Any, t: Any, sums: Any, confusion: Any) -> None:
    """Of logits z (B, m) and the numbers of the classes t (B, 1): adds to the sums (·, m) and, unless empty, the confusion."""
    for i in range(z.shape[0]):
        likeliest, true = 0, int(t[i, 0])
        for j in range(1, z.shape[1]):
            if z[i, j] > z[i, likeliest]:
                likeliest = j
        if likeliest == true:
            sums[HITS, true] += 1.0
        sums[PREDICTED, likeliest] += 1.0
        sums[TRUE, true] += 1.0
        if confusion.size:
            confusion[true, likeliest] += 1.0


@kernel
def count_flags(z: Any, t: Any, sums: Any, confusion: Any) -> None:
    """The same of logits z (B, m) of flags t (B, m): one is predicted where its probability is above ½, so where z > 0."""
    for i in range(z.shape[0]):
        for j in range(z.shape[1]):
            predicted, true = z[i, j] > 0, t[i, j] > 0.5
            if predicted and true:
                sums[HITS, j] += 1.0
            if predicted:
                sums[PREDICTED, j] += 1.0
            if true:
                sums[TRUE, j] += 1.0
            if confusion.size:
                confusion[int(true), int(predicted)] += 1.0


@kernel
def count_likely(z: Any, t: Any, k: int) -> float:
    """How many rows' class is among the k likeliest; of equal ones the first counts as likelier, as in `count_classes`."""
    count = 0.0
    for i in range(z.shape[0]):
        true = int(t[i, 0])
        likelier = 0
        for j in range(z.shape[1]):
            if z[i, j] > z[i, true] or (z[i, j] == z[i, true] and j < true):
                likelier += 1
        if likelier < k:
            count += 1.0
    return count


@kernel
def ratio(part: float, whole: float) -> float:
    """part / whole, and 0 of nothing."""
    return part / whole if whole > 0 else 0.0
