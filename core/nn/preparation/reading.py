"""What a client says of the cells of a file, which alone could be read otherwise."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self
from urllib.parse import quote

MISSING = ("", "na", "n/a", "#n/a", "nan", "null", "none", "?", "-", "--")  # of CSV, in upper or lower case


@dataclass(frozen=True, slots=True)
class Reading:
    """Columns that are `numbers` or `texts` whatever they look like, and which texts mean that a value is missing, beside those
    of the format."""

    numbers: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    missing_values: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.numbers or self.texts or self.missing_values)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, document: Mapping[str, Sequence[str]]) -> Self:
        """The inverse of `to_json`."""
        return cls(**{name: tuple(words) for name, words in document.items()})


AS_IT_LOOKS = Reading()


def read_as(name: str, word: str) -> str:
    """The word of an upload, "numbers" or "texts", with a column, as messages tell it and as an address holds it."""
    said = name[:60]
    in_address = quote(said, safe="")
    return f"{word}={said}" + (f" ({word}={in_address} in an address)" if in_address != said else "")
