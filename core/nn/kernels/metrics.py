"""What an epoch is measured by, beside its loss."""

import math
from typing import Any

import numpy as np

from core.nn.kernels import copying, counting, ranking
from core.nn.kernels.compile import kernel, reduction
from core.nn.kernels.counting import ratio
from core.nn.metrics import (
    ABSOLUTE,
    ACCURACY,
    AREA,
    CLASSES,
    FLAGS,
    HITS,
    MEAN_DEVIATION,
    NUMBERS,
    PRECISION,
    PREDICTED,
    R2,
    RECALL,
    ROC_AUC,
    ROOT_MEAN_SQUARE,
    SQUARED,
    TOP_K_ACCURACY,
    TRUE,
)


@reduction
def norm(v: Any) -> Any:
    """√Σ vᵢ², in double precision."""
    total = 0.0
    for i in range(v.size):
        total += np.float64(v[i]) * np.float64(v[i])
    return math.sqrt(total)


@reduction
def is_finite(v: Any) -> Any:
    """No element is NaN or infinite, for which v − v would not be 0."""
    total = v.dtype.type(0)
    for i in range(v.size):
        total += abs(v[i] - v[i])
    return total == 0


@kernel
def measure(measures: Any, y: Any, t: Any, scale: Any, first: int) -> None:
    """Adds the rows to the measures: outputs y (B, m), their targets t; `first` counts the rows before these.

    `scale` (m,) turns errors into the targets' own units.
    """
    task, sums = measures.task[0], measures.sums
    if task.kind == CLASSES:
        counting.count_classes(y, t, sums, measures.confusion)
        for k in range(measures.metrics.size):
            if measures.metrics[k].code == TOP_K_ACCURACY:
                measures.hits[k] += counting.count_likely(y, t, measures.metrics[k].k)
        if measures.scores.size:
            ranking.place_classes(y, t, first, measures.scores, sums)
    elif task.kind == FLAGS:
        counting.count_flags(y, t, sums, measures.confusion)
        if measures.scores.size:
            ranking.place_flags(y, t, first, measures.scores, sums)
    else:
        sum_errors(y, t, scale, task.is_logarithm != 0, sums)


@kernel
def sum_errors(y: Any, t: Any, scale: Any, is_logarithm: bool, sums: Any) -> None:
    """Adds each output's squared and absolute errors to the sums (·, m)."""
    for i in range(y.shape[0]):
        for j in range(y.shape[1]):
            predicted = np.exp(np.float64(y[i, j])) if is_logarithm else np.float64(y[i, j])
            difference = (predicted - np.float64(t[i, j])) * scale[j]
            sums[SQUARED, j] += difference * difference
            sums[ABSOLUTE, j] += abs(difference)


@kernel
def rank(measures: Any, c: int) -> None:
    """The area under the curve of the class that stands at `c` of the ranked ones, once all rows are measured."""
    sums = measures.sums
    found = ranking.rank(c, measures.keys, measures.sorted_keys, measures.digits, sums)
    sums[AREA, c + sums.shape[1] - measures.keys.shape[0]] = found


@kernel
def conclude(measures: Any, rows: int, values: Any) -> None:
    """Overwrites `values` (M,) with the metrics of so many rows."""
    for k in range(measures.metrics.size):
        if measures.metrics[k].code == TOP_K_ACCURACY:
            values[k] = measures.hits[k] / rows
        elif measures.task[0].kind == NUMBERS:
            values[k] = of_numbers(measures.metrics[k].code, measures.sums, measures.spread, rows)
        else:
            values[k] = of_classes(measures.metrics[k].code, measures.task[0].kind, measures.sums, rows)


@kernel
def clear(measures: Any, is_best: bool) -> None:
    """For the next evaluation; the confusion of the best one is kept."""
    confusion = measures.confusion.ravel()
    if is_best:
        copying.copy(confusion, measures.best_confusion.ravel())
    copying.clear(confusion)
    copying.clear(measures.sums.ravel())
    copying.clear(measures.hits)


@kernel
def of_numbers(code: int, sums: Any, spread: Any, rows: int) -> float:
    """A metric of the errors' sums (·, m), the average over the outputs; `spread` (m,) is the targets' variance."""
    m = sums.shape[1]
    total = 0.0
    explained, outputs = 0.0, 0
    for j in range(m):
        total += sums[ABSOLUTE, j] if code == MEAN_DEVIATION else sums[SQUARED, j]
        if code == R2 and spread[j] > 0:
            explained += 1.0 - sums[SQUARED, j] / rows / spread[j]
            outputs += 1
    if code == R2:
        return explained / outputs if outputs else math.nan
    mean = total / m / rows
    return math.sqrt(mean) if code == ROOT_MEAN_SQUARE else mean


@kernel
def of_classes(code: int, kind: int, sums: Any, rows: int) -> float:
    """A metric of the counts (·, m): that of the second of two classes, or the average over flags, or over all classes that
    occur, be it only among the predictions."""
    m = sums.shape[1]
    if code == ACCURACY:
        right = 0.0
        for j in range(m):
            right += sums[HITS, j] if kind == CLASSES else rows - sums[PREDICTED, j] - sums[TRUE, j] + 2.0 * sums[HITS, j]
        return right / rows if kind == CLASSES else right / rows / m
    total, occurring = 0.0, 0
    for j in range(1 if kind == CLASSES and m == 2 else 0, m):
        hits, predicted, true = sums[HITS, j], sums[PREDICTED, j], sums[TRUE, j]
        if code == ROC_AUC:
            if math.isnan(sums[AREA, j]):
                continue
            total += sums[AREA, j]
        elif code == PRECISION:
            total += ratio(hits, predicted)
        elif code == RECALL:
            total += ratio(hits, true)
        else:
            total += ratio(2.0 * hits, predicted + true)
        if code == ROC_AUC or kind == FLAGS or m == 2 or predicted + true > 0:
            occurring += 1
    return total / occurring if occurring else math.nan
