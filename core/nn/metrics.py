"""Which metrics say something of which loss, which way is better, and the memory in which the loop measures them."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from core.errors import Problem
from core.nn.memory import records
from core.nn.spec import AnyLoss, AnyMetric, TopKAccuracy, TrainingSpec

MAX_CONFUSED = 200  # classes of a confusion matrix, which stands in every answer about its job

# What a loss learns, and so what its outputs are: numbers, the logits of independent flags, the logits of exclusive classes.
NUMBERS, FLAGS, CLASSES = range(3)
ACCURACY, TOP_K_ACCURACY, PRECISION, RECALL, F1, ROC_AUC = range(6)
MEAN_SQUARE, ROOT_MEAN_SQUARE, MEAN_DEVIATION, R2 = range(10, 14)

LOGARITHMIC = frozenset({"poisson"})  # with these losses the outputs are logarithms of what is predicted
CODES = {
    "accuracy": ACCURACY,
    "top_k_accuracy": TOP_K_ACCURACY,
    "precision": PRECISION,
    "recall": RECALL,
    "f1": F1,
    "roc_auc": ROC_AUC,
    "mean_squared_error": MEAN_SQUARE,
    "root_mean_squared_error": ROOT_MEAN_SQUARE,
    "mean_absolute_error": MEAN_DEVIATION,
    "r2": R2,
}
OF_FLAGS = ("accuracy", "precision", "recall", "f1", "roc_auc", "confusion_matrix")
ALLOWED = {
    NUMBERS: ("mean_squared_error", "root_mean_squared_error", "mean_absolute_error", "r2"),
    FLAGS: OF_FLAGS,
    CLASSES: ("accuracy", "top_k_accuracy", *OF_FLAGS[1:]),
}
FALLING = frozenset({"mean_squared_error", "root_mean_squared_error", "mean_absolute_error"})  # these are better when less

METRIC = np.dtype([("code", np.int64), ("k", np.int64)])
TASK = np.dtype(
    [
        ("kind", np.int64),
        ("is_logarithm", np.int64),  # the outputs are logarithms of what is predicted
        ("monitored", np.int64),  # the place of the metric that decides which epoch is best; −1: the validation loss
        ("direction", np.float64),  # 1: the best is the lowest, −1: the highest
    ]
)

# Sums over the rows of an evaluation, one for each output …
SQUARED, ABSOLUTE = range(2)  # … that is a number
HITS, PREDICTED, TRUE, PLACED, AREA = range(5)  # … that is a class: rows, scores that are at hand, area under the curve
SUMS = 5
DIGITS = 256  # that one pass of the sort tells apart


class Measures(NamedTuple):
    """What the loop measures beside the loss, and where; all but `task` and `values` empty where nobody asks for it.

    `scores` (r, N) hold of each ranked class its true rows from the left, the others from the right; `keys` is the same memory
    as whole numbers, and `sorted_keys` (N,), `digits` are what it takes to sort them.
    """

    task: Any
    metrics: Any
    sums: Any  # (SUMS, m)
    hits: Any  # (M,) of top-k accuracies
    spread: Any  # (m,) the variance of each target among the evaluated rows
    confusion: Any  # (m, m), or (2, 2) of one flag
    best_confusion: Any  # that of the best epoch
    scores: Any
    keys: Any
    sorted_keys: Any
    digits: Any
    values: Any  # (H, M) of the epochs in the history


def kind_of(loss: AnyLoss) -> int:
    """What the loss learns."""
    return {"binary_cross_entropy": FLAGS, "softmax_cross_entropy": CLASSES}.get(loss.type, NUMBERS)


def measured(training: TrainingSpec) -> tuple[AnyMetric, ...]:
    """The metrics that are one number an epoch."""
    return tuple(metric for metric in training.metrics if metric.type != "confusion_matrix")


def ranked_outputs(training: TrainingSpec, outputs: int) -> int:
    """How many classes the rows are ranked by: of two the second."""
    if not any(metric.type == "roc_auc" for metric in training.metrics):
        return 0
    return 1 if kind_of(training.loss) == CLASSES and outputs == 2 else outputs


def allocated(
    training: TrainingSpec, outputs: int, rows: int, dtype: npt.DTypeLike, spread: npt.NDArray[np.float64], history: int
) -> Measures:
    """Memory to measure the `rows` of an evaluation, and the values of so many epochs."""
    metrics = measured(training)
    table, task = records(len(metrics), METRIC), records(1, TASK)
    for place, metric in enumerate(metrics):
        table[place].code, table[place].k = CODES[metric.type], metric.k if isinstance(metric, TopKAccuracy) else 0
    monitor = training.early_stopping.monitor if training.early_stopping else "validation_loss"
    place = next((place for place, metric in enumerate(metrics) if metric.key == monitor), -1)
    task["kind"], task["is_logarithm"] = kind_of(training.loss), training.loss.type in LOGARITHMIC
    task["monitored"], task["direction"] = place, 1.0 if place < 0 or metrics[place].type in FALLING else -1.0

    classes = max(outputs, 2) if any(metric.type == "confusion_matrix" for metric in training.metrics) else 0
    ranked = ranked_outputs(training, outputs)
    scores = np.zeros((ranked, rows if ranked else 0), dtype)
    key = np.dtype(f"u{scores.itemsize}")
    return Measures(
        task=task,
        metrics=table,
        sums=np.zeros((SUMS, outputs if training.metrics else 0)),
        hits=np.zeros(len(metrics)),
        spread=spread,
        confusion=np.zeros((classes, classes)),
        best_confusion=np.zeros((classes, classes)),
        scores=scores,
        keys=scores.view(key),
        sorted_keys=np.zeros(scores.shape[1], key),
        digits=np.zeros(DIGITS, np.int64),
        values=np.zeros((history, len(metrics))),
    )


def problems(training: TrainingSpec) -> Iterator[Problem]:
    """Metrics that say nothing of the loss."""
    allowed = ALLOWED[kind_of(training.loss)]
    for place, metric in enumerate(training.metrics):
        if metric.type not in allowed:
            yield Problem(
                f"/training/metrics/{place}",
                f'metric "{metric.type}" says nothing of {training.loss.type}; with it are allowed: {", ".join(allowed)}',
            )


def class_problems(training: TrainingSpec, outputs: int) -> Iterator[Problem]:
    """Metrics that fit the loss, but not the number of its classes or flags."""
    kind = kind_of(training.loss)
    for place, metric in enumerate(training.metrics):
        pointer = f"/training/metrics/{place}"
        if isinstance(metric, TopKAccuracy) and metric.k >= outputs:
            yield Problem(
                pointer if "k" not in metric.model_fields_set else f"{pointer}/k",
                f"k is {metric.k}, the target has {outputs} classes; k must be below their number, or every row is a hit",
            )
        if metric.type == "confusion_matrix" and kind == FLAGS and outputs > 1:
            yield Problem(
                pointer,
                f"confusion_matrix needs exclusive classes, there are {outputs} targets; "
                "softmax_cross_entropy, or binary_cross_entropy with 1 target, has them",
            )
        if metric.type == "confusion_matrix" and kind == CLASSES and outputs > MAX_CONFUSED:
            yield Problem(pointer, f"the target has {outputs:,} classes; confusion_matrix takes {MAX_CONFUSED} or fewer")
