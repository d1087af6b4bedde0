"""Jobs as lists show them: what is small of each, whatever was asked for; no more is read of their rows.

A spec may have megabytes, so may a plan, and so may the labels of a confusion matrix; and a page has a hundred jobs.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, exists, func, or_, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.expression import FunctionElement

from core.ids import earliest_id
from core.jobs import State
from core.store.records import JobSummary, Page
from core.store.rows import page
from core.store.tables import jobs, weights
from core.store.usage import used_s

LOOKED_AT = 5000  # jobs, for one page
APART_S = 60.0  # at most, the time of an id from the time that the database gave its job

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


_SUMMARY = tuple(_column(each.name) for each in fields(JobSummary))


@dataclass(frozen=True, slots=True)
class Sought:
    """What the jobs of a list have in common."""

    state: State | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    created_after: float | None = None
    created_before: float | None = None

    def range(self) -> Iterator[ColumnElement[bool]]:
        """What an index finds; a job that is sought is among these."""
        if self.state is not None:
            yield jobs.c.state == self.state
        if self.created_after is not None:
            yield jobs.c.id >= earliest_id("job", self.created_after - APART_S)
        if self.created_before is not None:
            yield jobs.c.id < earliest_id("job", self.created_before + APART_S)

    def rest(self, *, is_sqlite: bool) -> Iterator[ColumnElement[bool]]:
        """What each row must be asked for."""
        if self.created_after is not None:
            yield jobs.c.created_at > self.created_after
        if self.created_before is not None:
            yield jobs.c.created_at < self.created_before
        for key, value in self.metadata.items():
            yield _has_metadata(key, value, is_sqlite=is_sqlite)


def read_page(reader: Connection, tenant: str, sought: Sought, cursor: str | None, limit: int) -> Page[JobSummary]:
    """Newest first, of the next `LOOKED_AT` of the tenant's jobs in the range."""
    theirs = [jobs.c.tenant == tenant, *sought.range()]
    rest = list(sought.rest(is_sqlite=reader.dialect.name == "sqlite"))
    if not rest:
        return page(reader, select(*_SUMMARY).where(*theirs), jobs.c.id, _to_summary, cursor, limit)
    if cursor is not None:
        theirs.append(jobs.c.id < cursor)
    next_ones = select(jobs.c.id).where(*theirs).order_by(jobs.c.id.desc()).limit(LOOKED_AT).subquery()
    last, count = reader.execute(select(func.min(next_ones.c.id), func.count()).select_from(next_ones)).one()
    if count == 0:
        return Page((), None)
    query = select(*_SUMMARY).where(*theirs, jobs.c.id >= last, *rest)
    found = page(reader, query, jobs.c.id, _to_summary, None, limit)
    return Page(found.items, found.next_cursor or (last if count == LOOKED_AT else None))


def _has_metadata(key: str, value: str, *, is_sqlite: bool) -> ColumnElement[bool]:
    """Whatever the key holds: a JSON path would trip over quotes and dollars in it."""
    if is_sqlite:
        pairs = func.json_each(jobs.c.metadata).table_valued("key", "value")
        return exists().select_from(pairs).where(pairs.c.key == key, pairs.c.value == value)
    found: ColumnElement[str] = func.json_extract_path_text(jobs.c.metadata, key)
    return found == value


def _to_summary(row: Row[*tuple[Any, ...]]) -> JobSummary:
    """From a row of the columns `_SUMMARY`."""
    id, state, *others = row
    return JobSummary(id, State(state), *others)
