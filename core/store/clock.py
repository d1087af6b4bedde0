"""The time, which comes from the database: one clock for every process on every machine."""

from typing import Any

from sqlalchemy import Double
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.expression import FunctionElement


class now(FunctionElement[float]):
    """Seconds since 1970, UTC, as the statement starts."""

    name = "now"
    type = Double()
    inherit_cache = True


@compiles(now, "sqlite")
def _sqlite(_element: now, _compiler: SQLCompiler, **_options: Any) -> str:
    return "unixepoch('subsec')"


@compiles(now, "postgresql")
def _postgresql(_element: now, _compiler: SQLCompiler, **_options: Any) -> str:
    # statement_timestamp() is stable, so the planner may use an index for `column <= now()`; clock_timestamp() is not.
    return "CAST(extract(epoch FROM statement_timestamp()) AS double precision)"
