"""What is to be said of a training that succeeded and learned nothing: it may look like any other from afar."""

import numpy as np
from numpy.typing import NDArray

from core.nn.metrics import NUMBERS, kind_of
from core.nn.preparation.names import quoted
from worker.data import Prepared

_BLOCK = 1 << 20  # rows


def warnings(prepared: Prepared, metrics: dict[str, float]) -> list[str]:
    """That the best weights are no better than an answer that is always the same, as far as their metrics tell."""
    data = prepared.data
    rows = "validation" if len(data.validation_x) else "training"
    r2, accuracy = metrics.get("r2"), metrics.get("accuracy")
    if r2 is not None and r2 <= 0:
        return [f"r2 is {r2:.3g}: on the {rows} rows the network is no better than always saying the mean of the target"]
    if accuracy is None or kind_of(prepared.training.loss) == NUMBERS or data.t.shape[1] > 1 or data.weights is not None:
        return []
    labels = prepared.preprocessing.labels
    learned = _counts(data.t, len(labels))
    measured = _counts(data.validation_t, len(labels)) if len(data.validation_t) else learned
    share = float(measured[learned.argmax()] / measured.sum())
    if share == 1 or accuracy > share + 1e-9:
        return []
    label = quoted(labels[int(learned.argmax())])
    return [
        f"accuracy is {accuracy:.3g}: on the {rows} rows the network is no better than always saying {label}, the most "
        f"frequent class, which gives {share:.3g}"
    ]


def _counts(t: NDArray[np.floating], classes: int) -> NDArray[np.int64]:
    """How many rows of t (N, 1) are of each class."""
    found = np.zeros(classes, np.int64)
    for start in range(0, len(t), _BLOCK):
        found += np.bincount(t[start : start + _BLOCK, 0].astype(np.int64), minlength=classes)
    return found
