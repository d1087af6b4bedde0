"""What a client says of the cells of a file, which alone could be read otherwise."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, Self
from urllib.parse import quote

Decimal = Literal["comma", "point"]

MISSING = ("", "na", "n/a", "#n/a", "nan", "null", "none", "?", "-", "--")  # of CSV, in upper or lower case


@dataclass(frozen=True, slots=True)
class Reading:
    """Columns that are `numbers` or `texts` whatever they look like, and which texts mean that a value is missing, beside those
    of the format. `decimal` is the sign that decimals begin with; the other one then separates thousands."""

    numbers: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    missing_values: tuple[str, ...] = ()
    decimal: Decimal | None = None

    def __bool__(self) -> bool:
        return bool(self.numbers or self.texts or self.missing_values or self.decimal)

    def to_json(self) -> dict[str, Any]:
        """Without what is not said, but for empty lists."""
        return {name: said for name, said in asdict(self).items() if said is not None}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """The inverse of `to_json`."""
        found: dict[str, Any] = {name: said if name == "decimal" else tuple(said) for name, said in document.items()}
        return cls(**found)


AS_IT_LOOKS = Reading()


def read_as(name: str, word: str) -> str:
    """The word of an upload, "numbers" or "texts", with a column, as messages tell it and as an address holds it."""
    said = name[:60]
    in_address = quote(said, safe="")
    return f"{word}={said}" + (f" ({word}={in_address} in an address)" if in_address != said else "")
