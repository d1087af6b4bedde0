"""What a table holds, column by column: the part of a dataset that the rules of training look at.

A column's kind says what its values are and how they are stored:

    number     float64, NaN where missing; int64 where every value is an integer and none is missing
    boolean    uint8, 0 or 1, 255 where missing
    text       int32 codes into `values`, −1 where missing
    ignored    not stored; `reason` says why
"""

from functools import cached_property
from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict, field_validator

Kind = Literal["number", "boolean", "text", "ignored"]
KINDS: tuple[str, ...] = get_args(Kind)
Value = bool | int | float | str


class Column(BaseModel):
    """One column and its statistics over all rows; no number in it is NaN or infinite.

    `values` are the sorted distinct values: always of a boolean or text column, of a number column where they are few (at most
    1,000; fewer in a very wide table), else None. `distinct` is None where it was not counted. `deviation` is the
    population's standard deviation. The four statistics are None where there is no number. `warning` says where the column
    looks like something else than it was read as, or costs many inputs; it changes nothing.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    kind: Kind
    missing: int = 0
    distinct: int | None = None
    values: tuple[Value, ...] | None = None
    min: float | None = None
    max: float | None = None
    mean: float | None = None
    deviation: float | None = None
    reason: str | None = None
    warning: str | None = None

    @field_validator("values")
    @classmethod
    def _of_one_type(cls, values: tuple[Value, ...] | None) -> tuple[Value, ...] | None:
        """Databases may give 1.0 back as 1: where one value is a float, all are."""
        if values is not None and any(type(value) is float for value in values):
            return tuple(float(value) for value in values)
        return values


class Schema(BaseModel):
    """The columns of a table in their order, and how many rows it has.

    `shapes` tells of columns a0, a1, … that were one array `a` of several dimensions what each row's part of it was, such as
    (3, 28, 28); the columns are in C order.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    rows: int
    columns: tuple[Column, ...]
    shapes: dict[str, tuple[int, ...]] = {}

    @cached_property
    def _by_name(self) -> dict[str, Column]:
        return {column.name: column for column in self.columns}

    def column(self, name: str) -> Column:
        """The column of that name; KeyError if there is none."""
        return self._by_name[name]

    def __contains__(self, name: str) -> bool:
        return name in self._by_name
