"""Of which epochs a training keeps the weights, so that one can look back at how they came about."""

from core.nn.spec import TrainingSpec


def kept_epochs(training: TrainingSpec) -> tuple[int, ...]:
    """`training.snapshots` of them, ascending, or all where there are no more: 0, before the first step, and from 1 to the last
    such that each is about as many times the one before.

    They follow from the spec alone, so that every attempt at a job keeps the same.
    """
    count, last = training.snapshots, training.epochs
    found = [0] if count else []
    while len(found) < count and found[-1] < last:
        before, left = found[-1], count - len(found)
        if before == 0 and left > 1:
            found.append(1)
            continue
        factor = (last / max(before, 1)) ** (1 / left)
        found.append(max(before + 1, round(max(before, 1) * factor)))
    return tuple(found)
