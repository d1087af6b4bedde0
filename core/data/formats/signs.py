"""Which sign begins the decimals of a file, as far as its cells show it."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pyarrow import types

from core.data.formats.decimals import ONLY, SIGNS, example, first, has, may_be_thousands, numbers, shown
from core.nn.preparation.reading import OTHER, Decimal

Texts = Callable[[Sequence[str]], Iterable[Any]]


@dataclass(frozen=True, slots=True)
class Signs:
    """Those that are `shown`: some cells are numbers with this one before their decimals alone. Where nobody said one,
    `doubtful` are columns that are read with decimals of the file's sign, or of the point where it shows both or none, though
    each of these signs may separate thousands; with the first cell that has one."""

    shown: frozenset[Decimal] = frozenset()
    doubtful: Mapping[str, str] = field(default_factory=dict)

    @property
    def found(self) -> Decimal | None:
        """The file's; where it shows both, the point."""
        return "point" if "point" in self.shown else "comma" if self.shown else None

    @property
    def are_mixed(self) -> bool:
        return len(self.shown) == len(SIGNS)

    @classmethod
    def of(cls, table: Any, meant: Collection[str], texts: Texts, said: Decimal | None = None) -> "Signs":
        """Of a table as Arrow reads it with the sign that is said, or else with points, but for the columns that are `meant` to
        be texts. `texts` gives the cells of columns as they are written, table by table. Of a sign that is said one needs to
        know only whether the file shows it beside the other one."""
        sign = said or "point"
        columns = [(name, table.column(name)) for name in table.column_names if name not in meant]
        shown_by = {name: shown(column) for name, column in columns}
        found = {each for signs in shown_by.values() for each in signs}
        suspects = []
        for name, column in columns:
            if types.is_floating(column.type):
                if may_be_thousands(column):
                    suspects.append(name)
                else:
                    found.add(sign)

        def is_known() -> bool:
            return not suspects or (said is not None and found != {OTHER[sign]})

        examples: dict[str, str] = {}
        for piece in () if is_known() else texts(suspects):
            for name in [*suspects]:
                column = piece.column(name)
                if has(column, ONLY[sign]):
                    found.add(sign)
                    suspects.remove(name)
                    examples.pop(name, None)
                elif name not in examples and (text := first(column, f"[{SIGNS[sign]}]")) is not None:
                    examples[name] = text
            if is_known():
                break
        if said is not None:
            return cls(frozenset(found))
        if found == {"comma"}:
            examples = {name: text for name, column in columns if not shown_by[name] and (text := _broken(column)) is not None}
        return cls(frozenset(found), examples)


def _broken(column: Any) -> str | None:
    """The first text with a comma of a column of texts that are all numbers with decimal commas; None of others."""
    return example(column, "comma") if numbers(column, "comma") is not None else None
