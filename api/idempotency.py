"""`Idempotency-Key`: a request that may be repeated without doing its work twice."""

import re
from typing import Annotated

from fastapi import Depends, Header

from api.errors import ParameterProblem, Refused

# On the answer to a request that made nothing, since one before it did.
REPLAYED = {"Idempotency-Replayed": "true"}

_KEY = re.compile(r"[!-~]{1,255}")


async def _key(
    idempotency_key: Annotated[
        str | None,
        Header(
            description="Any text of your own, 1 to 255 visible ASCII characters.",
            examples=["5f0c3d7e-9a41-4b57-8a0e-2f6d1c9b8e73"],
            json_schema_extra={"pattern": f"^{_KEY.pattern}$"},
        ),
    ] = None,
) -> str | None:
    if idempotency_key is None or _KEY.fullmatch(idempotency_key):
        return idempotency_key
    message = f"Idempotency-Key has {len(idempotency_key)} characters; it must have 1 to 255, all of them visible ASCII"
    raise Refused("bad_request", message, [ParameterProblem("Idempotency-Key", message)])


IdempotencyKey = Annotated[str | None, Depends(_key)]
