"""How fast a training is on this machine: tried on one that is thrown away, so that nothing of it is in the result."""

from collections.abc import Callable

from core.errors import Diverged
from core.nn.training import Training


def seconds_per_epoch(
    training: Training, clock: Callable[[], float], seconds: float, most_seconds: float, interrupted: Callable[[], bool]
) -> float:
    """Of `training`, which has not begun and is of no use afterwards, evaluation included.

    It runs for `seconds`, and on up to `most_seconds` until it has done some part of an epoch that can be reckoned with; where
    it has not even then, an epoch takes longer than that.
    """
    began = clock()

    def is_enough() -> bool:
        passed = clock() - began
        return interrupted() or passed >= most_seconds or (passed >= seconds and training.progress > 0)

    try:
        for _ in training.epochs(is_enough):
            pass
    except Diverged:  # the training itself will tell
        pass
    passed = clock() - began
    return passed / training.progress if training.progress else passed
