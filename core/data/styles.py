"""How the numbers of a file may be written, and what an upload is to say where texts are numbers written otherwise."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from core.data.likeness import NUMBERS, form_of
from core.data.units import parted
from core.nn.preparation.reading import OTHER, Decimal, read_as

_EXPONENT = r"(?:[eE][+-]?[0-9]+)?"
_SHOWN_CHARACTERS = 20


class Style:
    """Numbers whose decimals begin with `point`: their thousands may be separated by `separators`."""

    def __init__(self, point: str, separators: str) -> None:
        p = re.escape(point)
        self._plain = re.compile(rf"[+-]?(?:[0-9]+{p}?[0-9]*|{p}[0-9]+){_EXPONENT}")
        self._grouped = re.compile(
            rf"[+-]?[1-9][0-9]{{0,2}}(?P<separator>[{separators}])[0-9]{{3}}(?:(?P=separator)[0-9]{{3}})*(?:{p}[0-9]*)?"
        )
        self._point = point

    def read(self, text: str) -> tuple[float, bool] | None:
        """The number, and whether its thousands are separated; None where it is none."""
        if self._plain.fullmatch(text):
            return float(text.replace(self._point, ".")), False
        if found := self._grouped.fullmatch(text):
            return float(text.replace(found["separator"], "").replace(self._point, ".")), True
        return None


_MEANT: dict[Decimal, Style] = {  # of columns that are said to be numbers
    "comma": Style(",", ". '’\u00a0\u202f"),
    "point": Style(".", ", '’\u00a0\u202f"),
}
FOUND: dict[Decimal, Style] = {"comma": Style(",", "."), "point": Style(".", ",")}  # in columns that nobody said are numbers


@dataclass(frozen=True, slots=True)
class Styles:
    """Of one file. Where its `decimal` is not known, decimals have a point, or where they `may_have_commas`, one of both; so
    they may where a file `is_mixed`, which shows both signs. In CSV, a known one lets columns be numbers that nobody said are.
    `is_doubtful` where the sign, if there is one, is only what the cells of a few columns show."""

    decimal: Decimal | None = None
    may_have_commas: bool = False
    is_csv: bool = False
    is_mixed: bool = False
    is_doubtful: bool = False

    @property
    def signs(self) -> tuple[Decimal, ...]:
        """That the decimals of a column may have, the likelier first."""
        sign = self.decimal or "point"
        return (sign, OTHER[sign]) if self.is_mixed or (self.decimal is None and self.may_have_commas) else (sign,)

    @property
    def tried(self) -> tuple[Style, ...]:
        """Those of columns that are said to be numbers."""
        return tuple(_MEANT[sign] for sign in self.signs)

    def doubt(self, texts: Sequence[str], found: Sequence[tuple[float, bool] | None]) -> str | None:
        """The first of the texts that is another number in a style which reads as many of them as were `found`."""
        for style in _MEANT.values() if self.is_doubtful else ():
            read = [style.read(text) for text in texts]
            if read.count(None) <= found.count(None):
                for text, ours, theirs in zip(texts, found, read, strict=True):
                    if ours is not None and theirs is not None and ours[0] != theirs[0]:
                        return text
        return None

    def words(self, name: str, values: Sequence[str]) -> str | None:
        """What an upload is to say, so that those of the texts that look like numbers are; None where that does not do it."""
        parts = [parted(value.strip()) for value in values if form_of(value) in NUMBERS]
        like, units = [number for number, _ in parts], {unit for _, unit in parts}
        if len(units) > 1:
            return None
        numbers = read_as(name, "numbers")
        if any(_are_all(style, like) for style in self.tried):
            return numbers
        for decimal in ("comma", "point") if self.decimal is None else ():
            if _are_all(FOUND[decimal], like):
                return f"decimal={decimal}" if self.is_csv and units == {""} else f"decimal={decimal} and {numbers}"
        return None

    def remedy(self, name: str, values: Sequence[str]) -> str | None:
        """The same as a sentence, with what helps against the texts that are no numbers."""
        words = self.words(name, values)
        if words is None:
            return None
        others = [value for value in values if form_of(value) not in NUMBERS]
        if not others:
            return f"upload the data with {words}"
        if len(others) == 1 and len(others[0]) <= _SHOWN_CHARACTERS and others[0].isprintable():
            return f"upload the data with {words} and missing_values={others[0]}, if that means a missing value"
        return f"upload the data with {words}, and missing_values= for each text that means a missing value"


def _are_all(style: Style, texts: Sequence[str]) -> bool:
    return all(style.read(text) for text in texts)
