"""How the cells of a file or a table are read: `numbers` and `texts` are columns, `missing_values` texts, `decimal` is the sign
that decimals begin with, `encoding` how text is written that is not UTF-8."""

import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, Literal, TypeAlias

from gradmill.answers import DatasetAnswer, Reading
from gradmill.errors import BadInput
from gradmill.tables import plain

Said: TypeAlias = Mapping[str, Sequence[str]]
Decimal: TypeAlias = Literal["comma", "point"]

ONE_WORD = ("decimal", "encoding")

_PLAIN = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_SEPARATOR = re.compile("[, '’\u00a0\u202f]")  # of thousands
_GROUPED = re.compile("[+-]?[1-9][0-9]{0,2}([, '’\u00a0\u202f])[0-9]{3}(?:\\1[0-9]{3})*(?:[.][0-9]*)?")
_UNIT = "(?P<unit>[$€£¥₹₩₺₽₴%]|AUD|BRL|CAD|CHF|CNY|CZK|DKK|EUR|GBP|HKD|HUF|INR|JPY|KRW|MXN|NOK|NZD|PLN|RON|SEK|SGD|TRY|USD|ZAR)"
_SPACE = "[ \u00a0\u202f]?"
_BEFORE = re.compile(rf"(?P<sign>[+-]?){_UNIT}{_SPACE}(?P<number>.+)")
_BEHIND = re.compile(rf"(?P<sign>[+-]?)(?P<number>.+?){_SPACE}{_UNIT}")
_SWAPPED = str.maketrans(".,", ",.")
_WHOLE = re.compile("-?[0-9]+")
_POINTED = re.compile(r"-?[0-9]+\.0")
_SHOWN = 5  # cells in a message
_LISTED = 10  # columns


@dataclass(frozen=True, slots=True)
class Learned:
    """How the data were read that a job learned from. `pointed` are columns of texts that hold whole numbers as 7.0."""

    reading: Said = field(default_factory=dict)
    pointed: Collection[str] = ()


def said(**parts: Sequence[str] | None) -> Said:
    """What is said; a part that is None is left open. BadInput where a column is to be both."""
    given = {name: words for name, words in parts.items() if words is not None}
    found: dict[str, Sequence[str]] = {name: words if name in ONE_WORD else listed(words) for name, words in given.items()}
    if both := [name for name in found.get("texts", ()) if name in found.get("numbers", ())]:
        raise BadInput(f"texts names {both[0]!r}, as numbers does; a column is one of them")
    return found


def listed(words: Sequence[str]) -> list[str]:
    """A single text is one of them, not its letters."""
    return [words] if isinstance(words, str) else [*words]


def of_training(asked: Mapping[str, Any], dataset: DatasetAnswer) -> Learned:
    """For rows whose targets nobody knows. `asked` is the job's `dataset`.

    The reading names only columns that the network learned from, without which nothing is predicted anyway. What were texts
    are texts.
    """
    target, features = asked.get("target"), asked.get("features")
    others = {asked.get("weight"), *([target] if isinstance(target, str) else target or ())}
    usable = [each for each in dataset.columns if each.kind != "ignored" and each.name not in others]
    chosen = frozenset(features or ())
    learned = [each for each in usable if not chosen or each.name in chosen]
    told = dataset.reading or Reading()
    numbers = frozenset(told.numbers)
    texts = [each for each in learned if each.kind == "text"]
    reading = {
        "numbers": [each.name for each in learned if each.name in numbers],
        "texts": [each.name for each in texts],
        "missing_values": told.missing_values,
        "decimal": told.decimal or "",
    }
    return Learned(reading, {each.name for each in texts if any(_POINTED.fullmatch(str(text)) for text in each.values or ())})


def merged(learned: Learned, said: Said) -> Said:
    """As the training data were read, and as is said: of the columns that it names, of the sign, and of more missing values."""
    found = {**learned.reading, **said}
    named = {*said.get("numbers", ()), *said.get("texts", ())}
    for part in ("numbers", "texts"):
        found[part] = [*said.get(part, ()), *(name for name in learned.reading.get(part, ()) if name not in named)]
    found["missing_values"] = [*said.get("missing_values", ()), *learned.reading.get("missing_values", ())]
    return {name: words for name, words in found.items() if words}


def applied(table: Mapping[str, Any], reading: Said, said: Said, pointed: Collection[str] = ()) -> dict[str, Any]:
    """The columns as the service would read them in a file; `pointed` is that of Learned. BadInput where `said` names one that
    is not there, or a text must be a number and is none."""
    for part in ("numbers", "texts"):
        if lacking := [name for name in said.get(part, ()) if name not in table]:
            raise BadInput(f"{part} names {lacking[0]!r}, which the table lacks; {_near(lacking[0], list(table))}")
    missing, numbers, texts = ({*reading.get(part, ())} for part in ("missing_values", "numbers", "texts"))
    found = dict(table)
    for name in [name for name in table if missing or name in numbers or name in texts]:
        values = [None if isinstance(value, str) and value in missing else value for value in plain(table[name])]
        if name in numbers:
            values = _numbers(name, values, reading.get("decimal") == "comma")
        elif name in texts:
            values = [_text(value, is_pointed=name in pointed) for value in values]
        found[name] = values
    return found


def _near(name: str, names: Sequence[str]) -> str:
    near = get_close_matches(name, names)
    more = ", …" if len(names) > _LISTED else ""
    return f"near it: {', '.join(near)}" if near else f"it has {', '.join(names[:_LISTED])}{more}"


def _numbers(name: str, values: Sequence[Any], has_commas: bool) -> list[Any]:
    parts = [_parted(value.strip()) if isinstance(value, str) else (value, "") for value in values]
    if len({unit for number, unit in parts if number not in (None, "") and number == number}) == 1:
        values = [number for number, _ in parts]
    found = [_number(value, has_commas) for value in values]
    if has_commas and any(isinstance(value, str) for value in found):
        pointed = [_number(value, False) for value in values]  # as programs write numbers, whatever a file was like
        found = found if any(isinstance(value, str) for value in pointed) else pointed
    if rows := [row for row, value in enumerate(found) if isinstance(value, str)]:
        count = f"{len(rows):,} of its {len(found):,} cells {'is' if len(rows) == 1 else 'are'} none"
        first = ", ".join(f"{_quoted(found[row])} in row {row}" for row in rows[:_SHOWN])
        raise BadInput(
            f'column "{name}" is to be numbers, but {count}: {first}{", …" if len(rows) > _SHOWN else ""}; correct them or '
            "leave them empty, or name the texts that mean a missing value in missing_values"
        )
    return found


def _parted(text: str) -> tuple[str, str]:
    """What stands beside a unit, and the unit; the text and nothing where there is none."""
    found = _BEFORE.fullmatch(text) or _BEHIND.fullmatch(text)
    return (text, "") if found is None else (found["sign"] + found["number"], found["unit"])


def _number(value: Any, has_commas: bool) -> Any:
    """What is no number as it is."""
    if not isinstance(value, str):
        return value
    text = value.strip().translate(_SWAPPED) if has_commas else value.strip()
    if _GROUPED.fullmatch(text):
        text = _SEPARATOR.sub("", text)
    return (float(text) if _PLAIN.fullmatch(text) else value) if text else None


def _text(value: Any, *, is_pointed: bool) -> Any:
    """Whole numbers without a point, which those of a table have only where a cell beside them is missing."""
    if not isinstance(value, bool | int | float):
        return value
    text = json.dumps(value).removesuffix(".0")
    return f"{text}.0" if is_pointed and _WHOLE.fullmatch(text) else text


def _quoted(text: str) -> str:
    return '"' + (text if len(text) <= 60 else text[:59] + "…") + '"'
