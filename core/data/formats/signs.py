"""Which sign begins the decimals of a file of which nobody said it, as far as its cells show it."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pyarrow import types

from core.data.formats.decimals import ONLY, POINTED, first, has, may_be_thousands, shown

Texts = Callable[[Sequence[str]], Iterable[Any]]


@dataclass(frozen=True, slots=True)
class Signs:
    """`is_comma` where some cells are numbers with a decimal comma alone, and none with a decimal point alone. Else
    `doubtful` are the columns each of whose points may separate thousands, with the first cell that has one, unless
    other columns show that decimals have a point in this file."""

    is_comma: bool = False
    doubtful: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, table: Any, meant: Collection[str], texts: Texts) -> "Signs":
        """Of a table as Arrow reads it with decimal points, but for the columns that are `meant` to be texts. `texts` gives the
        cells of columns as they are written, table by table."""
        columns = [(name, table.column(name)) for name in table.column_names if name not in meant]
        signs = {sign for _, column in columns for sign in shown(column)}
        floats = [(name, column) for name, column in columns if types.is_floating(column.type)]
        suspects = []
        for name, column in floats:
            if may_be_thousands(column):
                suspects.append(name)
            else:
                signs.add("point")
            if signs == {"point"}:
                return cls()
        if signs == {"point"} or (not suspects and "comma" not in signs):
            return cls()
        examples: dict[str, str] = {}
        for piece in texts(suspects) if suspects else ():
            for name in [*suspects]:
                column = piece.column(name)
                if has(column, ONLY["point"]):
                    signs.add("point")
                    suspects.remove(name)
                elif name not in examples and (example := first(column, POINTED)) is not None:
                    examples[name] = example
            if "comma" not in signs and "point" in signs:
                return cls()
            if not suspects:
                break
        if signs == {"comma"}:
            return cls(is_comma=True)
        return cls(doubtful={name: examples[name] for name in suspects if name in examples})
