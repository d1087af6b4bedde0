"""Where in a file something is wrong."""

from collections.abc import Iterator
from contextlib import contextmanager

from core.errors import InvalidData
from core.nn.preparation.column import row_at


class InvalidCell(InvalidData):
    """What is wrong with the value of a column in one row, counted from 0."""

    def __init__(self, column: str, row: int, what: str, first_line: int | None = None) -> None:
        super().__init__(f'column "{column}", {row_at(row, first_line)}: {what}')
        self.column, self.row, self.what = column, row, what


@contextmanager
def in_lines(first_line: int | None) -> Iterator[None]:
    """Cells that turn out wrong within are named with their lines, where `first_line` is that of row 0."""
    try:
        yield
    except InvalidCell as error:
        raise InvalidCell(error.column, error.row, error.what, first_line) from error
