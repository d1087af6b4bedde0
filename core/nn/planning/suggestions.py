"""Rules of thumb: a sensible first network for a table, from its numbers of rows, inputs and outputs alone.

They are tried on the examples and on others of their size; nothing else stands behind the constants.
"""

from collections.abc import Sequence
from typing import Any

from core.nn.preparation.column import Column
from core.nn.preparation.schema import Schema
from core.nn.preparation.warnings import OF_TARGET, disguise, upload

FEW_CLASSES = 20  # whole numbers of more different values are quantities
ROWS_PER_CLASS = 5
MOST_TEXTS = 0.1  # of the cells of a text column that may be meant as numbers
LEAST_ROWS_TO_SPLIT = 20
MANY_ROWS = 100_000
MOST_EPOCHS = 10_000_000  # no bound at all: the budget decides

_BATCHES = range(8, 513)
_UNITS = range(32, 513)
_MOST_WEIGHTS = 2**26  # of the first layer
_WIDE_UNITS = 256
_UPDATES, _UNVALIDATED_UPDATES, _PATIENT_UPDATES = 20_000, 3_000, 1_000
_EPOCHS, _PATIENCE = range(20, 1001), range(10, 51)

# Of networks without a wide layer; others take a third.
_RATES = {"adagrad": 0.03, "adadelta": 1.0, "rmsprop": 0.003, "adam": 0.003, "adamw": 0.003, "nadam": 0.003, "lion": 0.0003}
_DESCENT_RATE = 0.05  # where there is no momentum

# Of adamw. It keeps weights below about 1 / 0.3, however many the steps are. Measured against adam on tables of 150 to 30,000
# rows: on 12 of 13 the loss of rows that were not seen is lower, on those of a few hundred by a twentieth to a third.
_WEIGHT_DECAY = 0.3


def loss(targets: Sequence[Column], rows: int, outputs: int | None) -> str:
    """Cross-entropy for classes, the mean squared error for quantities; `outputs` are those that the network has, if known."""
    if len(targets) > 1:
        return "binary_cross_entropy" if all(map(_is_flag, targets)) else "mean_squared_error"
    [target] = targets
    if not is_class(target, rows):
        return "mean_squared_error"
    count = len(target.values or ())
    if count == 2 and outputs in (None, 1):
        return "binary_cross_entropy"
    return "mean_squared_error" if outputs == 1 and target.kind == "number" else "softmax_cross_entropy"


def is_class(column: Column, rows: int) -> bool:
    """Texts and booleans are; whole numbers are where they are few and each comes often, or where they are two."""
    if column.kind != "number":
        return True
    values = column.values or ()
    return _is_few(len(values), rows) and all(value == int(value) for value in values if not isinstance(value, str))


def doubt(targets: Sequence[Column], schema: Schema, outputs: int | None) -> str | None:
    """Why no loss should be chosen for a target: nearly all of its many texts look like numbers. None where nothing is strange,
    or the network's outputs, if known, are as many as its texts."""
    [target, *others] = targets
    like, count = target.number_like, len(target.values or ())
    if others or like is None or like.cells < (1 - MOST_TEXTS) * like.of or _is_few(count, schema.rows) or outputs == count:
        return None
    return (
        f"{disguise(target, schema)}; {upload(target, OF_TARGET)}, so that numbers are learned; "
        f'or say that each of its {count:,} texts is a class: "loss": "softmax_cross_entropy"'
    )


def layers(rows: int, inputs: int, outputs: int, last_activation: str, vocabulary: int = 0) -> list[dict[str, Any]]:
    """One hidden layer, two where each input has many rows to be learnt from, three where there are very many rows.

    `vocabulary` is that of the largest column that an embedding is to read, 0 where there is none.
    """
    least = _UNITS.start * (1 + (rows >= 10_000) + 2 * (rows >= MANY_ROWS))
    units = _power_of_two(max(least, min(2 * inputs, _UNITS.stop - 1)))
    units = max(8, min(units, _power_of_two(_MOST_WEIGHTS // max(inputs, 1))))
    depth = 3 if rows >= MANY_ROWS else 2 if rows >= 50 * inputs else 1
    hidden = {"type": "dense", "units": units, "activation": "relu", "weight_initializer": "he_normal"}
    last: dict[str, Any] = {"type": "dense", "units": max(outputs, 1)}
    if last_activation != "identity":
        last["activation"] = last_activation
    dimension = min(50, round(1.6 * vocabulary**0.56))  # as fastai has it
    return [
        *([{"type": "embedding", "dimension": dimension}] if vocabulary else []),
        *[dict(hidden) for _ in range(depth)],
        last,
    ]


def batch_size(rows: int) -> int | str:
    """About fifty steps an epoch, as far as batches are neither tiny nor large; all rows where they are few."""
    return "full" if rows < 2 * _BATCHES.start else _within(_BATCHES, _power_of_two(rows // 50))


def optimizer(rows: int, widest: int, *, is_scaled: bool) -> dict[str, Any]:
    """Adam with weights that decay; without, where so few rows are learned that they are rather a puzzle than a sample, and
    where inputs or targets that are not `is_scaled` to about 1 may need weights that such a decay does not allow."""
    kind = "adamw" if is_scaled and rows >= LEAST_ROWS_TO_SPLIT else "adam"
    chosen = {"type": kind, "learning_rate": learning_rate(kind, 0.0, widest)}
    return chosen if kind == "adam" else {**chosen, "weight_decay": _WEIGHT_DECAY}


def learning_rate(kind: str, momentum: float, widest: int) -> float | None:
    """None for an optimizer that has none, or that has just come."""
    if kind == "sgd":
        rate: float | None = _DESCENT_RATE * (1 - momentum)
    else:
        rate = _RATES.get(kind)
    return rate if rate is None else float(f"{rate / 3 if widest > _WIDE_UNITS else rate:.2g}")


def validation_fraction(rows: int) -> float | None:
    """None where the rows are too few to put some aside."""
    return None if rows < LEAST_ROWS_TO_SPLIT else 0.1 if rows >= MANY_ROWS else 0.2


def epochs(steps: int, *, is_validated: bool) -> int:
    """Enough steps of gradient descent for early stopping to end them, or without validation as many as seldom do harm."""
    return _within(_EPOCHS, -(-(_UPDATES if is_validated else _UNVALIDATED_UPDATES) // steps))


def patience(steps: int) -> int:
    """In epochs of so many steps."""
    return _within(_PATIENCE, -(-_PATIENT_UPDATES // steps))


def _is_few(count: int, rows: int) -> bool:
    """Whether so many different values may be classes."""
    return count == 2 or (2 < count <= FEW_CLASSES and count * ROWS_PER_CLASS <= rows)


def _is_flag(column: Column) -> bool:
    return column.kind == "boolean" or (column.kind == "number" and set(column.values or (2,)) <= {0, 1})


def _power_of_two(number: int) -> int:
    """The largest that is not above the number, at least 1."""
    return 1 << (max(number, 1).bit_length() - 1)


def _within(bounds: range, number: int) -> int:
    return max(bounds.start, min(number, bounds.stop - 1))
