"""How the numbers of a file may be written, and what an upload is to say where texts are numbers written otherwise."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from core.data.likeness import NUMBERS, form_of
from core.nn.preparation.reading import Decimal, read_as

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


_POINTS = Style(".", ", '’\u00a0\u202f")
_COMMAS = Style(",", ". '’\u00a0\u202f")
_GROUPED = {"comma": Style(",", "."), "point": Style(".", ",")}  # as columns are read that nobody said are numbers


@dataclass(frozen=True, slots=True)
class Styles:
    """Of one file. Where its `decimal` is not known, decimals have a point, or where they `may_have_commas`, one of both.
    In CSV, a known one lets columns be numbers that nobody said are."""

    decimal: Decimal | None = None
    may_have_commas: bool = False
    is_csv: bool = False

    @property
    def tried(self) -> tuple[Style, ...]:
        """Those of columns that are said to be numbers; the first where two read as much."""
        if self.decimal is not None:
            return (_COMMAS if self.decimal == "comma" else _POINTS,)
        return (_COMMAS, _POINTS) if self.may_have_commas else (_POINTS,)

    def words(self, name: str, values: Sequence[str]) -> str | None:
        """What an upload is to say, so that those of the texts that look like numbers are; None where that does not do it."""
        like = [value.strip() for value in values if form_of(value) in NUMBERS]
        numbers = read_as(name, "numbers")
        if any(_are_all(style, like) for style in self.tried):
            return numbers
        for decimal in ("comma", "point") if self.decimal is None else ():
            if _are_all(_GROUPED[decimal], like):
                return f"decimal={decimal}" if self.is_csv else f"decimal={decimal} and {numbers}"
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
