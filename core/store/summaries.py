"""Jobs as lists show them: what is small of each, whatever was asked for; no more is read of their rows.

A spec may have megabytes, so may a plan, and so may the labels of a confusion matrix; and a page has a hundred jobs.
"""

from dataclasses import fields
from typing import Any

from sqlalchemy import ColumnElement, Row, exists, or_
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.expression import FunctionElement

from core.jobs import State
from core.store.records import JobSummary
from core.store.tables import jobs, weights
from core.store.usage import used_s

_SQLITE = "json_remove({}, '$.confusion_matrix')"
# Not by way of jsonb, which knows no -0.0 and writes 5e-324 with all its zeros.
_POSTGRESQL = "(SELECT json_object_agg(key, value) FROM json_each({}) WHERE key <> 'confusion_matrix')"


class _WithoutConfusion(FunctionElement[Any]):
    """A result without its confusion matrix; every other number stays as it is written."""

    name = "without_confusion"
    type = jobs.c.result.type
    inherit_cache = True


@compiles(_WithoutConfusion, "sqlite")
def _sqlite(element: _WithoutConfusion, compiler: SQLCompiler, **options: Any) -> str:
    return _SQLITE.format(compiler.process(element.clauses, **options))


@compiles(_WithoutConfusion, "postgresql")
def _postgresql(element: _WithoutConfusion, compiler: SQLCompiler, **options: Any) -> str:
    return _POSTGRESQL.format(compiler.process(element.clauses, **options))


def _column(name: str) -> ColumnElement[Any]:
    match name:
        case "used_s":
            return used_s().label(name)
        case "result":
            return _WithoutConfusion(jobs.c.result).label(name)
        case "has_weights":
            kept = exists().where(weights.c.job_id == jobs.c.id, weights.c.which == "last")
            return or_(jobs.c.state == State.SUCCEEDED, kept).label(name)
    return jobs.c[name]


SUMMARY = tuple(_column(field.name) for field in fields(JobSummary))


def to_summary(row: Row[*tuple[Any, ...]]) -> JobSummary:
    """From a row of the columns `SUMMARY`."""
    id, state, *others = row
    return JobSummary(id, State(state), *others)
