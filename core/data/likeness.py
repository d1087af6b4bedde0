"""What texts look like where they are probably meant to be numbers or dates: as text they become one input for each value."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.nn.preparation.column import Cell, NumberLike

_MAX_CHARACTERS = 40  # longer texts are texts
_SHOWN, _SHOWN_CHARACTERS = 3, 20
_BLOCK = 1 << 20
_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_DIGITS = r"\d[\d., ]*"
_TIME = r"(?:[T ,]+\d{1,2}:\d{2}.*)?"
_DAY, _MONTH, _YEAR = r"(?:0?[1-9]|[12]\d|3[01])", r"(?:0?[1-9]|1[0-2])", r"(?:1[89]|20|21)\d\d"
_TWO_PLACES = r"(?:0[1-9]|1[0-2])\.(?:0[1-9]|[12]\d|3[01])"  # of month and day
_TWO_DIGITS = r"(?:0[1-9]|[12]\d|3[01])\.(?:0[1-9]|1[0-2])"  # of day and month
_GROUPS = r"""[+-]?\d{1,3}(?P<separator>[ ,.'’\u00a0\u202f])\d{3}(?:(?P=separator)\d{3})*(?:[.,]\d+)?"""
_FORMS = re.compile(
    rf"(?P<number>{_NUMBER})"
    rf"|(?P<thousands>{_GROUPS})"
    r"|(?P<comma>[+-]?\d*,\d+(?:[eE][+-]?\d+)?)"
    rf"|(?P<currency>[+-]?[$€£¥] ?[+-]?{_DIGITS}|[+-]?{_DIGITS}[$€£¥])"
    rf"|(?P<percent>[+-]?{_DIGITS}%)"
    rf"|(?P<dotted>(?:{_DAY}\.{_MONTH}\.{_YEAR}|{_TWO_DIGITS}\.\d{{2}}){_TIME})"  # 1.2.24 may be a version
    rf"|(?P<slashed>{_DAY}/{_DAY}/(?:{_YEAR}|\d{{2}}){_TIME})"
    rf"|(?P<dashed>{_DAY}-{_DAY}-{_YEAR}{_TIME})"
    rf"|(?P<iso>{_YEAR}(?P<between>[-/]){_MONTH}(?P=between){_DAY}{_TIME}|{_YEAR}\.{_TWO_PLACES}{_TIME})"  # 2024.1.2 too
)
_WRITTEN = {
    "thousands": "a thousands separator",
    "comma": "a decimal comma",
    "currency": "a currency sign",
    "percent": "a percent sign",
}
NUMBERS = frozenset({"number", *_WRITTEN})
_DATES = {
    "dotted": "DD.MM.YYYY",
    "slashed": "DD/MM/YYYY or MM/DD/YYYY",
    "dashed": "DD-MM-YYYY or MM-DD-YYYY",
    "iso": "YYYY-MM-DD",
}
_MOST_LOOKED_AT = 10_000  # texts


def likeness(values: Sequence[str], which: str = "its") -> str | None:
    """What most of the distinct `values` of a text column look like, or None where they are texts. `which` values they are."""
    if len(values) < 2:
        return None
    forms = list(map(form_of, values))
    counts = Counter(forms)
    numbers, written = counts["number"], sum(counts[form] for form in _WRITTEN)
    others = len(values) - numbers - written
    if 2 * (numbers + written) > len(values) and (written > others or 2 * numbers <= len(values)):
        form = max(_WRITTEN, key=counts.__getitem__)
        strange = [value for value, form in zip(values, forms, strict=True) if form != "number" and form not in _WRITTEN]
        return f"looks like numbers with {_WRITTEN[form]}, as {quoted(values[forms.index(form)])}{_others(strange)}"
    if 2 * numbers > len(values):
        if numbers == len(values):
            return f"text, but all of {which} {numbers} distinct values are numbers"
        strange = [value for value, form in zip(values, forms, strict=True) if form != "number"]
        return f"text, but {numbers} of {which} {len(values)} distinct values are numbers{_others(strange)}"
    return None


def dates(values: Sequence[str]) -> str | None:
    """How the distinct `values` of a text column are written, as dates or times of a day; None where they are none. One may be
    something else, or one in twenty: codes often look like dates, but never all of them do."""
    counts = Counter(map(form_of, values[:: len(values) // _MOST_LOOKED_AT + 1]))
    others = counts.total() - sum(counts[form] for form in _DATES)
    is_dated = 2 * others < counts.total() and others <= max(1, counts.total() // 20)
    return _DATES[max(_DATES, key=counts.__getitem__)] if is_dated else None


def number_likeness(values: Sequence[str], codes: NDArray[Any]) -> NumberLike | None:
    """Of codes (N,) into the distinct `values`, −1 where missing; None unless most of the values look like numbers."""
    forms = list(map(form_of, values))
    are_like = np.array([form in NUMBERS for form in forms])
    if len(values) < 2 or 2 * np.count_nonzero(are_like) <= len(values):
        return None
    are_strange = np.array([form != "number" for form in forms])
    times = np.zeros(len(values) + 1, np.int64)
    for _, some in _blocks(codes):
        times += np.bincount(some + 1, minlength=len(values) + 1)
    times = times[1:]
    rows = [row for kind in (~are_like, are_strange & are_like) for row in _first_rows(kind, codes)]
    return NumberLike(
        cells=int(times[are_like].sum()),
        of=int(times.sum()),
        strange=int(times[are_strange].sum()),
        examples=tuple(Cell(row, _shown(values[codes[row]])) for row in rows[:_SHOWN]),
    )


def _first_rows(kind: NDArray[np.bool_], codes: NDArray[Any]) -> list[int]:
    """Where the first few values of this kind are."""
    found: list[int] = []
    if kind.any():
        is_found = np.append(kind, False)  # the last place serves the code −1
        for start, some in _blocks(codes):
            found += (start + np.flatnonzero(is_found[some])[:_SHOWN]).tolist()
            if len(found) >= _SHOWN:
                break
    return found[:_SHOWN]


def _blocks(codes: NDArray[Any]) -> Iterator[tuple[int, NDArray[Any]]]:
    """Where each begins, and its codes; few enough that it costs no memory to look at them."""
    for start in range(0, len(codes), _BLOCK):
        yield start, codes[start : start + _BLOCK]


def form_of(value: str) -> str | None:
    value = value.strip()
    found = _FORMS.fullmatch(value) if len(value) <= _MAX_CHARACTERS else None
    return found.lastgroup if found else None


def _others(strange: Sequence[str]) -> str:
    """The end of the sentence, which names those that are not like most."""
    if not strange:
        return ""
    shown = ", ".join(map(quoted, strange[:_SHOWN])) + (", …" if len(strange) > _SHOWN else "")
    return f"; the {'other is' if len(strange) == 1 else 'others are'} {shown}"


def quoted(value: str) -> str:
    return f'"{_shown(value)}"'


def _shown(value: str) -> str:
    shown = value if len(value) <= _SHOWN_CHARACTERS else value[: _SHOWN_CHARACTERS - 1] + "…"
    return "".join(character if character.isprintable() else " " for character in shown)
