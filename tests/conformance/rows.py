"""Rows and errors to write, and what is counted of them."""

import pytest

from core.errors import QuotaExceeded
from core.store import Claim, EpochRow, Store

ERROR = {"fault": "user", "code": "diverged", "message": "the loss became NaN in epoch 2"}


def epoch_rows(first: int, last: int) -> list[EpochRow]:
    """Epochs `first` to `last`, each with numbers that its own tells."""
    return [
        EpochRow(
            epoch, 1 / epoch, None if epoch % 2 else 2 / epoch, {"accuracy": 1 - 1 / epoch}, 0.1, 0.5 * epoch, 0.01, 1e6 / 3
        )
        for epoch in range(first, last + 1)
    ]


def checkpoint(store: Store, of: Claim | str) -> bytes | None:
    """The whole of it."""
    pieces = store.jobs.checkpoint(of)
    return None if pieces is None else b"".join(pieces)


def counted(store: Store) -> int:
    """The bytes of the default tenant, as a refusal tells them."""
    with pytest.raises(QuotaExceeded, match=r"there would be [\d,]+ bytes") as refused:
        store.sent_weights.add("default", "0" * 64, {}, b"x", 0)
    return int(refused.value.message.split()[6].replace(",", "")) - 1
