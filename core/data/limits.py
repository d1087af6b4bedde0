"""How much one dataset may hold, as its reader in the child process is told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from core.data.describe import Described
from core.errors import InvalidData, TooLarge
from core.nn.preparation.reading import AS_IT_LOOKS, Reading

MAX_COLUMNS = 20_000


@dataclass(frozen=True, slots=True)
class Limits:
    """`cells` is rows × columns; `bytes` bounds a file, and what an archive unpacks to."""

    bytes: int
    cells: int
    columns: int = MAX_COLUMNS

    def check(self, rows: int, columns: int) -> None:
        """To be called before anything of that size is made."""
        if columns > self.columns:
            raise TooLarge(f"the dataset has {columns} columns; {self.columns} are allowed")
        if rows * columns > self.cells:
            raise TooLarge(
                f"the dataset has {rows} rows × {columns} columns = {rows * columns} values; {self.cells} are allowed"
            )
        if rows == 0 or columns == 0:
            raise InvalidData(f"the dataset has {rows} rows and {columns} columns; at least one of each is needed")


@dataclass(frozen=True, slots=True)
class Read:
    """What a format's reader gives; `shapes` and `first_line` are those of `core.nn.preparation.schema.Schema`, and so is
    `reading`, with what the reader found out by itself."""

    rows: int
    columns: Sequence[Described]
    shapes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    first_line: int | None = None
    reading: Reading = AS_IT_LOOKS
