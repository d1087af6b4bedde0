"""Weights that a training starts from: whether they fit a network, and how they get into it."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidData
from core.nn.preparation.columns import classes, feature_columns
from core.nn.preparation.names import quoted
from core.nn.preparation.preprocessing import Preprocessing
from core.nn.preparation.schema import Schema
from core.nn.program import Program
from core.nn.saving.weights import weight_views
from core.nn.spec import AnyLoss, DataSpec

COUNTER = ".num_batches_tracked"  # of batch normalisation; nothing depends on it, and not every library has it

Shapes = Mapping[str, Sequence[int]]


def misfit(program: Program, shapes: Shapes) -> str | None:
    """The first tensor, in the order of the network, that is missing or of another shape; then those too many; else None."""
    wanted = {tensor.name: tuple(tensor.shape) for tensor in (*program.tensors, *program.statistics)}
    for name, shape in wanted.items():
        if name not in shapes and name.endswith(COUNTER):
            continue
        if name not in shapes:
            has = ", ".join(sorted(shapes)[:10]) + (", …" if len(shapes) > 10 else "")
            return f'they have no tensor "{name}", which is {_shaped(shape)} in this network; theirs are {has}'
        if tuple(shapes[name]) != shape:
            return f'their tensor "{name}" is {_shaped(shapes[name])}; in this network it is {_shaped(shape)}'
    extra = next((name for name in shapes if name not in wanted and not name.endswith(COUNTER)), None)
    return None if extra is None else f'they have a tensor "{extra}", which this network has not'


def fill(program: Program, named: Mapping[str, NDArray[Any]], theta: NDArray[np.floating]) -> None:
    """Overwrites theta with tensors of any type that `misfit` has nothing against; InvalidData beyond theta's range."""
    for name, view in weight_views(program, theta).items():
        if name not in named and name.endswith(COUNTER):
            continue
        with np.errstate(over="ignore"):
            view[...] = named[name]
        if not np.isfinite(view).all():
            raise InvalidData(
                f"the weights to start from leave the range of {theta.dtype} in tensor {quoted(name)}; use float64"
            )


def strangeness(kept: Preprocessing, schema: Schema, data: DataSpec, loss: AnyLoss) -> tuple[str, str] | None:
    """Why a preprocessing that was fitted elsewhere says nothing of these columns: a field of `data`, and a message; else None.

    Of a target that is not there nothing is said here.
    """
    if any(name not in schema for name in data.targets):
        return None
    kinds = {"text": "text", "category": "text"}
    for feature in kept.features:
        if feature.column not in schema:
            return "features", f"there is no column {quoted(feature.column)}, which those weights were learned from"
        has, wanted = schema.column(feature.column).kind, kinds.get(feature.kind, feature.kind)
        if feature.kind != "missing" and has != wanted:
            return "features", f"column {quoted(feature.column)} is of kind {has}; those weights were learned from {wanted}"
    known = {feature.column for feature in kept.features}
    for column in feature_columns(schema, data):
        if column.name not in known:
            return (
                "features",
                f"those weights were not learned from a column {quoted(column.name)}; leave it out of the features",
            )
    targets = tuple(target.column for target in kept.outputs)
    if targets != data.targets:
        return "target", f"those weights were learned for the target {', '.join(map(quoted, targets))}"
    found = classes(schema, data, loss)
    if found != kept.classes:
        one, other = _listed(found), _listed(kept.classes)
        return "target", f"its classes are {one}; those of the weights are {other}"
    return None


def _listed(labels: Sequence[Any] | None) -> str:
    return ", ".join(map(quoted, labels[:5])) + (", …" if len(labels) > 5 else "") if labels else "none"


def _shaped(shape: Sequence[int]) -> str:
    return " × ".join(map(str, shape)) or "one number"
