"""Numbers with a decimal comma or separated thousands, which Arrow leaves as texts; and what tells a file's decimal sign."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import compute, types

from core.nn.preparation.reading import OTHER, Decimal

SIGNS: dict[Decimal, str] = {"comma": ",", "point": "."}

_EXPONENT = r"(?:[eE][+-]?[0-9]+)?"
_GROUPS = r"[1-9][0-9]{0,2}(?:[SIGN][0-9]{3})+"
_SAMPLE = 1000
_THOUSANDTH = 1e-6  # how far a number times 1000 is from a whole one at most that was written with three decimals


def _patterns(form: str) -> dict[Decimal, str]:
    """The form of a whole cell by the sign of its decimals; POINT stands for that, SIGN for the one of thousands."""
    return {
        decimal: rf"^\s*[+-]?(?:{form})\s*$".replace("POINT", sign).replace("SIGN", SIGNS[OTHER[decimal]])
        for decimal, sign in SIGNS.items()
    }


_GROUPED = _patterns(rf"{_GROUPS}(?:[POINT][0-9]*)?")
_NUMBER = _patterns(rf"(?:[0-9]+[POINT]?[0-9]*|[POINT][0-9]+){_EXPONENT}|{_GROUPS}(?:[POINT][0-9]*)?")
ONLY = _patterns(  # what no number of the other sign is: that may separate groups of three, behind one to three digits
    rf"(?:0[0-9]*)?[POINT][0-9]+{_EXPONENT}|[0-9]+[POINT](?:[0-9]{{0,2}}|[0-9]{{4,}}){_EXPONENT}"
    rf"|[0-9]{{4,}}[POINT][0-9]*{_EXPONENT}|[0-9]+[POINT][0-9]+[eE][+-]?[0-9]+|{_GROUPS}[POINT][0-9]*"
    r"|[1-9][0-9]{0,2}(?:[SIGN][0-9]{3}){2,}"
)


@dataclass(frozen=True, slots=True)
class Numbers:
    """`x` (N,): float64, NaN where missing. `grouped` is a text whose thousands are separated, with its number; `are_decimal`
    where some can be read with this sign alone."""

    x: NDArray[np.float64]
    grouped: tuple[str, float] | None
    are_decimal: bool


def numbers(column: Any, decimal: Decimal) -> Numbers | None:
    """Those of a ChunkedArray of texts, None unless every one of its texts is a number whose decimals begin with that sign."""
    if not _holds_texts(column):
        return None
    sign, separator = SIGNS[decimal], SIGNS[OTHER[decimal]]
    parts, grouped, are_decimal = [], None, False
    for chunk, texts in _texts(column):
        if not _all(compute.match_substring_regex(texts, _NUMBER[decimal])):
            return None
        are_decimal = are_decimal or has(texts, ONLY[decimal])
        bare = compute.utf8_ltrim(compute.utf8_trim_whitespace(texts), "+")
        if grouped is None and (example := first(texts, _GROUPED[decimal])) is not None:
            grouped = example.strip(), float(example.strip().replace(separator, "").replace(sign, "."))
        if grouped is not None:
            bare = compute.replace_substring(bare, separator, "")
        found = (compute.replace_substring(bare, sign, ".") if sign != "." else bare).cast(pa.float64())
        parts.append((found.take(chunk.indices) if chunk is not texts else found).to_numpy(zero_copy_only=False))
    return Numbers(np.concatenate(parts), grouped, are_decimal)


def shown(column: Any) -> set[Decimal]:
    """The signs that a ChunkedArray shows which Arrow took for texts: those with which alone some of its cells are numbers.
    None where its first texts are mostly something else."""
    found: set[Decimal] = set()
    if not _are_numbers(column):
        return found
    for _, texts in _texts(column):
        found |= {decimal for decimal in SIGNS if decimal not in found and has(texts, ONLY[decimal])}
        if len(found) == len(SIGNS):
            break
    return found


def has_commas(column: Any, *, are_meant: bool) -> bool:
    """Whether a ChunkedArray has texts with commas, most of its first ones being numbers, or all as somebody `meant`."""
    return (_holds_texts(column) if are_meant else _are_numbers(column)) and example(column, "comma") is not None


def may_be_thousands(column: Any) -> bool:
    """Whether all that Arrow read in a ChunkedArray of floats may be thousands, parted by the sign that it took for the one of
    decimals: 1.234 and 12.5 may, as 1.234 and 12.500; 0.5, 1234.5 and 1.2345 may not. Whole ones tell nothing."""
    for chunk in column.chunks:
        x = chunk.to_numpy(zero_copy_only=False)
        if not (_may_be_thousands(x[:_SAMPLE]) and _may_be_thousands(x)):
            return False
    return True


def _may_be_thousands(x: NDArray[np.float64]) -> bool:
    broken = np.abs(x[np.isfinite(x) & (np.trunc(x) != x)])
    if ((broken < 1) | (broken >= 1000)).any():
        return False
    thousands = 1000 * broken
    return bool((np.abs(thousands - np.rint(thousands)) < _THOUSANDTH).all())


def has(texts: Any, pattern: str) -> bool:
    return compute.any(compute.match_substring_regex(texts, pattern)).as_py() is True


def example(column: Any, sign: Decimal) -> str | None:
    """The first text of a ChunkedArray that has the sign."""
    return next((found for _, texts in _texts(column) if (found := first(texts, re.escape(SIGNS[sign]))) is not None), None)


def first(texts: Any, pattern: str) -> str | None:
    """The first of an array of texts that has the pattern."""
    place = compute.index(compute.match_substring_regex(texts, pattern), True).as_py()
    return texts[place].as_py() if place >= 0 else None


def _are_numbers(column: Any) -> bool:
    """Whether most of the first different texts of a ChunkedArray are numbers, with one sign or the other."""
    for _, texts in _texts(column) if _holds_texts(column) else ():
        present = texts.filter(compute.not_equal(compute.utf8_trim_whitespace(texts), ""))
        if len(sample := present[:_SAMPLE]):
            return 2 * max(_count(sample, _NUMBER[decimal]) for decimal in SIGNS) > len(sample)
    return False


def _holds_texts(column: Any) -> bool:
    return bool(types.is_string(column.type.value_type if types.is_dictionary(column.type) else column.type))


def _texts(column: Any) -> Iterator[tuple[Any, Any]]:
    """Each chunk, and its texts: where they are encoded, the distinct ones."""
    is_dictionary = types.is_dictionary(column.type)
    for chunk in column.chunks:
        yield chunk, chunk.dictionary if is_dictionary else chunk


def _all(found: Any) -> bool:
    """Of those that are not null."""
    return compute.all(found).as_py() is not False


def _count(texts: Any, pattern: str) -> int:
    return compute.sum(compute.match_substring_regex(texts, pattern)).as_py() or 0
