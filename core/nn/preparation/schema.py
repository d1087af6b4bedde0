"""What a table holds: the part of a dataset that the rules of training look at."""

from functools import cached_property

from pydantic import BaseModel, ConfigDict

from core.nn.preparation.column import Column
from core.nn.preparation.reading import Reading


class Schema(BaseModel):
    """The columns of a table in their order, and how many rows it has.

    `shapes` tells of columns a0, a1, … that were one array `a` of several dimensions what each row's part of it was, such as
    (3, 28, 28); the columns are in C order. `first_line` is the line of a text file in which row 0 stands, None unless each of
    its rows is one line; `reading` what the client said of its cells, and the decimal sign that
    the file showed where it said none; None where there is neither.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    rows: int
    columns: tuple[Column, ...]
    shapes: dict[str, tuple[int, ...]] = {}
    first_line: int | None = None
    reading: Reading | None = None

    @cached_property
    def _by_name(self) -> dict[str, Column]:
        return {column.name: column for column in self.columns}

    def column(self, name: str) -> Column:
        """The column of that name; KeyError if there is none."""
        return self._by_name[name]

    def __contains__(self, name: str) -> bool:
        return name in self._by_name
