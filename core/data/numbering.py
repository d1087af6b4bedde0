"""Whole numbers that only number the rows: they say nothing of a row, and those of new rows lie beyond all that was learned."""

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.nn.preparation.column import Numbering

_LEAST_ROWS = 20  # whose rising by 1 is no accident
_LEAST_NAMED = 3
_FIRST = 20_000  # rows that are looked at before all are counted
_OWNERS = "account|case|client|customer|employee|invoice|item|member|object|order|patient|person|product|sample|session|user"
_NAMES = re.compile(
    r"(?:^|[\W_])(?:id|key|identifier|no|nr)\.?$"  # id, order_id, Cust. No.
    r"|^id[\W_]"  # id_client
    rf"|^(?:{_OWNERS})s?(?:id|no)$"  # customerid
    r"|(?-i:[a-z](?:Id|ID|Key|No)\.?)$"  # CustomerID, but neither humid nor piano
    r"|(?:nr\.?|nummer|number|n[uú]m[eé]ro)$"  # Kundennr., Kundennummer, order_number
    r"|(?:^|[\W_])n°$|№$|#$"
    r"|^(?:row|record|sample)?[\W_]?index$|^row[\W_]?names?$|^Unnamed: \d+$",  # as pandas and R write them; no price_index
    re.IGNORECASE,
)


def numbering(name: str, x: NDArray[Any], distinct: int | None) -> Numbering | None:
    """How numbers x (N,), those that are there, show that they only number the rows; None where they are quantities.

    `distinct` is how many different ones there are, None where they are many.
    """
    is_whole = x.dtype.kind == "i"
    if is_whole and len(x) >= _LEAST_ROWS and int(x[-1]) - int(x[0]) == len(x) - 1 and (np.diff(x) == 1).all():
        return "rising"
    if len(x) < _LEAST_NAMED or not _NAMES.search(name.strip()) or not (is_whole or (np.trunc(x) == x).all()):
        return None
    return "named" if _hardly_repeat(x, distinct) else None


def _hardly_repeat(x: NDArray[Any], distinct: int | None) -> bool:
    """Whether nine of ten are different."""
    if distinct is None:
        first = x[:_FIRST]
        distinct = len(np.unique(x)) if 10 * len(np.unique(first)) >= 9 * len(first) else 0
    return 10 * distinct >= 9 * len(x)
