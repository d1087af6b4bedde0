"""How the cells of a file are read, which alone could be read otherwise: what a client says, and what the file shows."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Literal, Self
from urllib.parse import quote

Decimal = Literal["comma", "point"]
Encoding = Literal[
    "windows-1250",
    "windows-1251",
    "windows-1252",
    "windows-1253",
    "windows-1254",
    "windows-1255",
    "windows-1256",
    "windows-1257",
    "windows-1258",
    "iso-8859-1",
    "iso-8859-2",
    "iso-8859-15",
    "koi8-r",
    "macintosh",
    "gb18030",
]  # as Python's codecs and browsers' TextDecoder call them

OTHER: Mapping[Decimal, Decimal] = {"comma": "point", "point": "comma"}

MISSING = ("", "na", "n/a", "#n/a", "nan", "null", "none", "?", "-", "--")  # of CSV, in upper or lower case


@dataclass(frozen=True, slots=True)
class Reading:
    """Columns that are `numbers` or `texts` whatever they look like, and which texts mean that a value is missing, beside those
    of the format. `decimal` is the sign that decimals begin with; the other one then separates thousands. A CSV file may show
    it where nobody says it. `encoding` is how text is written that is not UTF-8."""

    numbers: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    missing_values: tuple[str, ...] = ()
    decimal: Decimal | None = None
    encoding: Encoding | None = None

    def __bool__(self) -> bool:
        return bool(self.numbers or self.texts or self.missing_values or self.decimal or self.encoding)

    @property
    def sign(self) -> Decimal | None:
        """That decimals have where the cells show none."""
        return self.decimal

    def with_sign(self) -> Self:
        """With that of the training data as its own, for a format whose texts show none: it counts for `numbers` alone."""
        return replace(self, decimal=self.sign) if self.numbers else self

    def to_json(self) -> dict[str, Any]:
        """Without what is not said, but for empty lists."""
        return {each.name: said for each in fields(Reading) if (said := getattr(self, each.name)) is not None}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """The inverse of `to_json`."""
        found: dict[str, Any] = {name: tuple(said) if isinstance(said, list) else said for name, said in document.items()}
        return cls(**found)


@dataclass(frozen=True, slots=True)
class ToPredict(Reading):
    """Of a file whose rows are predicted: what was said of it, and how the data were read that the network `learned` from,
    which counts where nothing is said and the file itself shows nothing else. Of its columns the file may lack some."""

    learned: Reading = Reading()

    @property
    def sign(self) -> Decimal | None:
        return self.decimal or self.learned.decimal


AS_IT_LOOKS = Reading()


def read_as(name: str, word: str) -> str:
    """The word of an upload, "numbers" or "texts", with a column, as messages tell it and as an address holds it."""
    said = name[:60]
    in_address = quote(said, safe="")
    return f"{word}={said}" + (f" ({word}={in_address} in an address)" if in_address != said else "")
