"""Units of numbers that are written as texts: 961,85 €, $1,234.50, 12 %."""

import re
from collections.abc import Iterable

from core.errors import InvalidData

_UNIT = (
    r"(?P<unit>[$€£¥₹₩₺₽₴%]|AUD|BRL|CAD|CHF|CNY|CZK|DKK|EUR|GBP|HKD|HUF|INR|JPY|KRW|MXN|NOK|NZD|PLN|RON|SEK|SGD|TRY|USD|ZAR)"
)
_SPACE = "[ \u00a0\u202f]?"
_BEFORE = re.compile(rf"(?P<sign>[+-]?){_UNIT}{_SPACE}(?P<number>.+)")
_BEHIND = re.compile(rf"(?P<sign>[+-]?)(?P<number>.+?){_SPACE}{_UNIT}")


def parted(text: str) -> tuple[str, str]:
    """What stands beside a unit, and the unit; the text and nothing where there is none."""
    found = _BEFORE.fullmatch(text) or _BEHIND.fullmatch(text)
    return (text, "") if found is None else (found["sign"] + found["number"], found["unit"])


def one_unit(name: str, texts: Iterable[str]) -> str:
    """That of a column of these numbers; InvalidData where they have several."""
    first: dict[str, str] = {}
    for text in texts:
        first.setdefault(parted(text)[1], text)
    if len(first) > 1:
        told = ", ".join(f'"{text}" has {unit or "none"}' for unit, text in list(first.items())[:3])
        raise InvalidData(f'column "{name}" is to be numbers, but they have different units: {told}; write all in one unit')
    return next(iter(first), "")
