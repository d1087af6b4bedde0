"""Numbers with a decimal comma, which Arrow leaves as texts."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import compute, types

_NUMBER = r"^\s*[+-]?[0-9]*,?[0-9]+([eE][+-]?[0-9]+)?\s*$"
_DECIMAL = r"^\s*[+-]?(0?|[0-9]{4,}),|,([0-9]{1,2}|[0-9]{4,})\s*$|[eE]"  # what no number with a thousands separator has


@dataclass(frozen=True, slots=True)
class Points:
    """`numbers` (N,): float64, NaN where missing. `are_ambiguous`: their commas may as well separate thousands."""

    numbers: NDArray[np.float64]
    are_ambiguous: bool


def with_points(column: Any) -> Points | None:
    """The numbers of a ChunkedArray of texts, None unless every one of its texts is a number with a decimal comma or none."""
    is_dictionary = types.is_dictionary(column.type)
    if not types.is_string(column.type.value_type if is_dictionary else column.type):
        return None
    parts, are_decimal = [], False
    for chunk in column.chunks:
        texts = chunk.dictionary if is_dictionary else chunk
        if not _all(compute.match_substring_regex(texts, _NUMBER)):
            return None
        are_decimal = are_decimal or _any(compute.match_substring_regex(texts, _DECIMAL))
        bare = compute.utf8_ltrim(compute.utf8_trim_whitespace(texts), "+")
        numbers = compute.replace_substring(bare, ",", ".").cast(pa.float64())
        parts.append((numbers.take(chunk.indices) if is_dictionary else numbers).to_numpy(zero_copy_only=False))
    return Points(np.concatenate(parts), not are_decimal)


def _all(found: Any) -> bool:
    """Of those that are not null."""
    return compute.all(found).as_py() is not False


def _any(found: Any) -> bool:
    return compute.any(found).as_py() is True
