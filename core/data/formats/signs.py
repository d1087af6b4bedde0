"""Which sign begins the decimals of a file, as far as its cells show it."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pyarrow import types

from core.data.formats.decimals import ONLY, SIGNS, first, has, may_be_thousands, shown
from core.nn.preparation.reading import OTHER, Decimal

Texts = Callable[[Sequence[str]], Iterable[Any]]


@dataclass(frozen=True, slots=True)
class Signs:
    """Those that are `shown`: some cells are numbers with this one before their decimals alone. Where nobody said one,
    `doubtful` are the columns each of whose points may separate thousands, with the first cell that has one, unless
    the other columns show decimal points and no commas."""

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
        found = {each for _, column in columns for each in shown(column)}
        suspects = []
        for name, column in columns:
            if types.is_floating(column.type):
                if may_be_thousands(column):
                    suspects.append(name)
                else:
                    found.add(sign)

        def is_known() -> bool:
            return not suspects or found == {sign} or (said is not None and found != {OTHER[sign]})

        examples: dict[str, str] = {}
        for piece in () if is_known() else texts(suspects):
            for name in [*suspects]:
                column = piece.column(name)
                if has(column, ONLY[sign]):
                    found.add(sign)
                    suspects.remove(name)
                elif name not in examples and (example := first(column, f"[{SIGNS[sign]}]")) is not None:
                    examples[name] = example
            if is_known():
                break
        is_doubtful = said is None and found != {"comma"} and found != {"point"}
        return cls(frozenset(found), {name: examples[name] for name in suspects if name in examples} if is_doubtful else {})
