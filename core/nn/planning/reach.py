"""Whether what the last activation gives can be what the targets are, by the spec and the schema alone."""

from collections.abc import Iterator
from math import inf

from core.errors import Problem
from core.nn import spec
from core.nn.preparation.column import Column
from core.nn.preparation.names import quoted
from core.nn.preparation.roles import SCALABLE, target_columns
from core.nn.preparation.schema import Schema
from core.nn.preparation.targets import scaling_of

MOST_TOLD = 5  # targets
_TOLERANCE = 1e-6

Range = tuple[float, float]

# Of activations without fields; the least of gelu and silu rounded away from 0.
_RANGES: dict[str, Range] = {
    "sigmoid": (0, 1),
    "softmax": (0, 1),
    "tanh": (-1, 1),
    "softsign": (-1, 1),
    "relu": (0, inf),
    "softplus": (0, inf),
    "gelu": (-0.171, inf),
    "silu": (-0.279, inf),
    "selu": (-1.7581, inf),
}


def last_activation_at(network: spec.NetworkSpec) -> str:
    """The pointer to it: a layer of its own, or a field of the last one."""
    place = network.last_place
    inner = "" if network.layers[place] is network.last_activation else "/activation"
    return f"/network/layers/{place}{inner}"


def given_by(activation: spec.AnyActivation) -> Range:
    """The least and the greatest number that it gives."""
    match activation:
        case spec.HardTanh():
            return activation.minimum, activation.maximum
        case spec.ELU():
            return -activation.alpha, inf
        case spec.LeakyReLU() if activation.negative_slope == 0:
            return 0, inf
    return _RANGES.get(activation.type, (-inf, inf))


def warnings(network: spec.NetworkSpec, training: spec.TrainingSpec, data: spec.DataSpec, schema: Schema) -> list[Problem]:
    """The targets, numbers in a unit of their own, that the last activation does not reach in all rows; at most MOST_TOLD."""
    activation = network.last_activation
    low, high = given_by(activation)
    if training.loss.type not in SCALABLE or (low, high) == (-inf, inf):
        return []
    scaling = scaling_of(data, training.loss.type, is_linear=False)
    return [
        Problem(
            last_activation_at(network), f'the last activation is "{activation.type}", which gives {_told(low, high)}; {told}'
        )
        for told in list(_beyond(target_columns(schema, data), scaling, low, high))[:MOST_TOLD]
    ]


def _beyond(columns: tuple[Column, ...], scaling: str, low: float, high: float) -> Iterator[str]:
    for column in columns:
        if column.min is None or column.max is None or column.min == column.max:
            continue
        least, greatest = _scaled(column, scaling)
        slack = _TOLERANCE * (greatest - least)
        if least >= low - slack and greatest <= high + slack:
            continue
        scaled = "" if (least, greatest) == (column.min, column.max) else f", as it is scaled {least:.4g} to {greatest:.4g}"
        remedy = 'take "identity"' + (', or "target_scaling": "min_max"' if low <= 0 and high >= 1 else "")
        told = f"column {quoted(column.name)} goes from {column.min:g} to {column.max:g}{scaled}"
        yield f"{told}, which it cannot reach; {remedy}"


def _scaled(column: Column, scaling: str) -> Range:
    """The range of what the network is to learn; of numbers as all rows give it, though the training rows alone decide."""
    assert column.min is not None and column.max is not None  # noqa: S101, PT018 - the caller has looked
    if scaling == "none" or column.kind != "number":
        return column.min, column.max
    if scaling == "min_max":
        return 0, 1
    mean, deviation = column.mean or 0.0, column.deviation or 1.0
    return (column.min - mean) / deviation, (column.max - mean) / deviation


def _told(low: float, high: float) -> str:
    return f"numbers from {low:g} on" if high == inf else f"numbers from {low:g} to {high:g}"
