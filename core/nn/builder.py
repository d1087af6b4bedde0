"""A program under construction: where its values and parameters lie, and which operations it has so far."""

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import numpy as np

from core.nn import spec
from core.nn.program import (
    BATCH_NORMALISATION,
    BRANCH,
    DENSE,
    DROPOUT,
    FIRST_ACTIVATION,
    RUNNING_NORMALISATION,
    Parameter,
    Statistic,
)

Shape = tuple[int, ...]


class Misfit(ValueError):
    """A layer cannot take what the layer before it gives; `pointer` leads to it inside the network."""

    def __init__(self, message: str, pointer: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.pointer = pointer


@dataclass
class Builder:
    """A program under construction: `shape` and `x` are those of the values that the next layer takes."""

    shape: Shape
    x: int = 0
    width: int = 0
    parameters: int = 0
    workspace: int = 0
    needs_whole_batches: bool = False
    operations: list[dict[str, int | float]] = field(default_factory=list)
    products: dict[bool, int] = field(default_factory=lambda: {False: 0, True: 0})  # True: of the network's own inputs
    restraints: list[dict[str, int | float]] = field(default_factory=list)
    categories: Mapping[int, int] = field(default_factory=dict)  # inputs that hold codes, and below which number
    gathered: int = 0  # how many running statistics
    tensors: list[Parameter] = field(default_factory=list)
    statistics: list[Statistic] = field(default_factory=list)
    prefix: str = ""
    modules: Iterator[int] = field(default_factory=count)

    @property
    def n(self) -> int:
        """How many values a row has."""
        return math.prod(self.shape)

    def module(self) -> str:
        """The name of the next module, up to its tensors' own names: `0.`, `1.`, …"""
        return f"{self.prefix}{next(self.modules)}."

    def values(self, width: int) -> int:
        """Room in the arena for `width` values per row: where it begins."""
        start = self.width
        self.width += width
        return start

    def parameter(self, name: str, shape: Shape, *, is_transposed: bool = False, **fields: Any) -> int:
        """Room in theta for a tensor: where it begins."""
        start = self.parameters
        self.parameters += math.prod(shape)
        self.tensors.append(Parameter(name, slice(start, self.parameters), shape, is_transposed, **fields))
        return start

    def statistic(self, name: str, shape: Shape, value: float) -> int:
        """Room for what a layer gathers: where it begins behind the parameters."""
        start = self.gathered
        self.gathered += math.prod(shape)
        self.statistics.append(Statistic(name, slice(start, self.gathered), shape, False, value))
        return start

    def operate(self, code: int, shape: Shape, *, in_place: bool = False, **fields: int | float) -> None:
        """Adds an operation that turns the values into others of `shape`, in a place of their own unless it works in place.

        One that could still gets a place of its own where the operation before needs what it gave for its derivative.
        """
        m = math.prod(shape)
        before = self.operations[-1]["code"] if self.operations else DENSE
        y = self.x if in_place and before < FIRST_ACTIVATION else self.values(m)
        self.operations.append({"code": code, "x": self.x, "y": y, "n": self.n, "m": m, **fields})
        self.shape, self.x = shape, y

    def multiply(self, products: int) -> None:
        """Counts the multiplications that the next operation does for each row."""
        self.products[self.x == 0] += products

    def restrain(self, layer: spec.Dense | spec.Convolution, **where: int) -> None:
        """Notes what the layer's spec asks of its weights beside a small loss."""
        if layer.l1 or layer.l2 or layer.max_norm:
            self.restraints.append({"l1": layer.l1, "l2": layer.l2, "max_norm": layer.max_norm or 0.0, **where})

    def vector(self, layer: str) -> int:
        """The length of the values where the layer takes a plain vector of them."""
        if len(self.shape) != 1:
            raise Misfit(f'{layer} takes a vector, the layer before it gives {shaped(self.shape)}; put "flatten" between them')
        return self.shape[0]

    def trained(self) -> list[dict[str, int | float]]:
        """The operations of training; now that all parameters are known, so is where the statistics behind them lie."""
        return [
            row | {"statistics": self.parameters + row["statistics"]} if row["code"] == BATCH_NORMALISATION else row
            for row in self.operations
        ]

    def predicting(self) -> list[dict[str, int | float]]:
        """Those of inference: nothing is dropped, only copied, and a batch is normalised by the running statistics."""
        instead = {DROPOUT: BRANCH, BATCH_NORMALISATION: RUNNING_NORMALISATION}
        return [
            row | {"code": instead.get(int(row["code"]), row["code"])}
            for row in self.trained()
            if row["code"] != DROPOUT or row["x"] != row["y"]
        ]

    @contextmanager
    def inside(self, name: str) -> Iterator[None]:
        """Modules made within are numbered on their own, under that name."""
        outer = self.prefix, self.modules
        self.prefix, self.modules = name, count()
        yield
        self.prefix, self.modules = outer


def behind(start: int, place: slice) -> slice:
    """The same part of a vector that lies behind `start` others."""
    return slice(start + place.start, start + place.stop)


def table(rows: list[dict[str, int | float]], dtype: np.dtype[np.void]) -> Any:
    """Records of these fields, the others 0, as attributes in compiled code and in plain Python alike."""
    names = dtype.names or ()
    return np.array([tuple(row.get(name, 0) for name in names) for row in rows], dtype).view(np.recarray)


def shaped(shape: Shape) -> str:
    """As a message shows it: 1 × 28 × 28."""
    return " × ".join(map(str, shape))
