"""Whole numbers that only number the rows: they say nothing of a row, and those of new rows lie beyond all that was learned."""

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.nn.preparation.column import Numbering

_LEAST_ROWS = 20  # in fewer, neither that numbers rise by 1 nor that all are different tells much
_LEAST_IDS = 3
_FIRST = 20_000  # rows that are looked at before all are counted
_OWNERS = "account|case|client|customer|employee|invoice|item|member|object|order|patient|person|product|sample|session|user"
_IDS = re.compile(
    r"(?:^|[\W_])(?:id|key|identifier)\.?$"  # id, order_id
    r"|^id[\W_]"  # id_client
    rf"|^(?:{_OWNERS})s?id$"  # customerid
    r"|(?-i:[a-z](?:Id|ID|Key)\.?)$"  # CustomerID, but not humid
    r"|^(?:row|record|sample)?[\W_]?index$|^row[\W_]?names?$|^Unnamed: \d+$",  # as pandas and R write them; no price_index
    re.IGNORECASE,
)
_NUMBERS = re.compile(  # which may be quantities too, as the atomic number
    r"(?:^|[\W_])(?:no|nr)\.?$"  # Cust. No.
    rf"|^(?:{_OWNERS})s?no$"
    r"|(?-i:[a-z]No\.?)$"  # InvoiceNo, but not piano
    r"|(?:nr\.?|nummer|number|n[uú]m[eé]ro)$"  # Kundennr., Kundennummer, order_number
    r"|(?:^|[\W_])n°$|№$|#$",
    re.IGNORECASE,
)


def numbering(name: str, x: NDArray[Any], distinct: int | None) -> Numbering | None:
    """How numbers x (N,), those that are there, show that they only number the rows; None where they are quantities.

    `distinct` is how many different ones there are, None where they are many.
    """
    is_whole, are_many = x.dtype.kind == "i", len(x) >= _LEAST_ROWS
    if is_whole and are_many and int(x[-1]) - int(x[0]) == len(x) - 1 and (np.diff(x) == 1).all():
        return "rising"
    name = name.strip()
    is_named = (len(x) >= _LEAST_IDS and _IDS.search(name)) or (are_many and _NUMBERS.search(name))
    if not is_named or not (is_whole or (np.trunc(x) == x).all()):
        return None
    return "named" if _hardly_repeat(x, distinct) else None


def _hardly_repeat(x: NDArray[Any], distinct: int | None) -> bool:
    """Whether nine of ten are different."""
    if distinct is None:
        first = x[:_FIRST]
        distinct = len(np.unique(x)) if 10 * len(np.unique(first)) >= 9 * len(first) else 0
    return 10 * distinct >= 9 * len(x)
