"""Parameters of the query that several endpoints share, and the refusal of those that none knows."""

import re
from typing import Annotated

from fastapi import Depends, Query, Request
from fastapi.dependencies.utils import get_flat_params
from fastapi.params import Query as InQuery
from fastapi.routing import APIRoute

from api.errors import wrong_parameter
from api.wording import nearest, shown

LARGEST = 2**31 - 1

Limit = Annotated[int, Query(ge=1, le=100, description="How many at most.")]

_CURSOR = re.compile(r"[a-z]{1,10}_[0-9a-f]{32}")


async def _cursor(
    cursor: Annotated[
        str | None,
        Query(description="`next_cursor` of the page before.", json_schema_extra={"pattern": f"^{_CURSOR.pattern}$"}),
    ] = None,
) -> str | None:
    if cursor is None or _CURSOR.fullmatch(cursor):
        return cursor
    raise wrong_parameter("cursor", f"cursor is {shown(cursor)}; it must be the next_cursor of the page before")


Cursor = Annotated[str | None, Depends(_cursor)]


async def known_parameters(request: Request) -> None:
    """Refuses every parameter that the route does not document, and texts that no database takes."""
    if not request.scope["query_string"]:
        return
    known, prefixes = _documented(request.scope["route"])
    for name, value in request.query_params.multi_items():
        if "\0" in name or "\0" in value:
            raise wrong_parameter(name.replace("\0", "\\0")[:100], "a parameter holds %00, which is not taken")
        if name not in known and not name.startswith(prefixes):
            all_known = [*known, *(f"{prefix}key]" for prefix in prefixes)]
            guess = nearest(name, all_known)
            hint = f'. Did you mean "{guess}"?' if guess else ""
            taken = ", ".join(all_known) or "none"
            raise wrong_parameter(name[:100], f"there is no parameter {shown(name)} here; there are: {taken}{hint}")


def _documented(route: APIRoute) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The names of a route's parameters, and how those begin that take a key in brackets."""
    names = tuple(field.alias for field in get_flat_params(route.dependant) if isinstance(field.field_info, InQuery))
    objects = (each for each in (route.openapi_extra or {}).get("parameters", ()) if each["style"] == "deepObject")
    return names, tuple(f"{each['name']}[" for each in objects)
