"""Texts that a client wants to be numbers: plain ones, and those with a unit or whose thousands are separated."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.data.describe import Described, ignored, number
from core.data.likeness import quoted
from core.data.styles import Styles
from core.data.units import one_unit, parted
from core.errors import InvalidData
from core.nn.preparation.column import row_at

_SHOWN = 5


def numerals(
    name: str,
    values: Sequence[str],
    codes: NDArray[Any],
    missing: Collection[str],
    *,
    styles: Styles = Styles(),  # noqa: B008  it is frozen
    first_line: int | None = None,
) -> Described:
    """The numbers that codes (N,) into the distinct texts `values` are, negative where missing, as are the texts `missing`.

    They are written in the one of the `styles` in which most of the texts are numbers; of two such in the one with the file's
    sign, or where that is not known in the one in which fewer have separated thousands. All have the same unit, or none.
    InvalidData names the first cells that are no numbers, with their rows, and their lines if `first_line` is that of row 0.
    """
    cells = [value.strip() for value in values]
    is_gone = np.array([not cell or cell in missing for cell in cells], np.bool_)
    texts = [parted(cell)[0] for cell in cells]
    read = [[style.read(text) for text in texts] for style in styles.tried]
    sign, found = min(zip(styles.signs, read, strict=True), key=lambda each: _badness(each[1], styles))
    is_strange = np.append(np.array([each is None for each in found], np.bool_) & ~is_gone, False)
    if (rows := np.flatnonzero(is_strange[codes])).size:
        count = f"{len(rows):,} of its {len(codes):,} cells {'is' if len(rows) == 1 else 'are'} none"
        first = ", ".join(f"{quoted(values[codes[row]])} in {row_at(row, first_line)}" for row in rows[:_SHOWN].tolist())
        raise InvalidData(
            f'column "{name}" is to be numbers, but {count}: '
            f"{first}{', …' if len(rows) > _SHOWN else ''}; correct them or leave them empty, or name the texts that "
            "mean a missing value in missing_values"
        )
    unit = one_unit(name, [cell for cell, gone in zip(cells, is_gone, strict=True) if not gone])
    numbers = [np.nan if gone or each is None else each[0] for each, gone in zip(found, is_gone, strict=True)]
    x = np.array([*numbers, np.nan])[np.maximum(codes, -1)]
    if np.isnan(x).all():
        return ignored(name, "every value is missing", len(x))
    doubtful = styles.doubt(texts, found)
    decimal = None if doubtful is None else sign
    return replace(number(name, x), warning=_as_read(values, found, unit), doubtful=doubtful, decimal=decimal)


def _badness(found: Sequence[tuple[float, bool] | None], styles: Styles) -> tuple[int, int]:
    """How many are no numbers, and where the file's sign is not known, how many have separated thousands."""
    return found.count(None), sum(each is not None and each[1] for each in found) if styles.decimal is None else 0


def _as_read(values: Sequence[str], found: Sequence[tuple[float, bool] | None], unit: str) -> str | None:
    """That thousands are separated or a unit is taken off, by an example."""
    told = [(value, *each) for value, each in zip(values, found, strict=True) if each is not None]
    value, number, is_grouped = max(told, key=lambda each: each[2])
    if not unit:
        return separated(value, number) if is_grouped else None
    thousands = " and its thousands are separated" if is_grouped else ""
    return f"its unit {unit} is taken off{thousands}: {quoted(value)} is read as {number:.15g}"


def separated(text: str, number: float) -> str:
    return f"its thousands are separated: {quoted(text)} is read as {number:.15g}"
