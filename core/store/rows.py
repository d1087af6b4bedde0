"""From rows to records."""

from collections.abc import Callable
from dataclasses import fields
from typing import Any, TypeVar

from sqlalchemy import Column, Connection, Row, Select, select

from core.errors import NotFound
from core.jobs import State
from core.store.records import Dataset, DatasetSummary, Job, Page
from core.store.tables import datasets, jobs
from core.store.usage import used_s

T = TypeVar("T")

JOB = tuple(used_s().label("used_s") if field.name == "used_s" else jobs.c[field.name] for field in fields(Job))
DATASET = tuple(datasets.c[field.name] for field in fields(Dataset))
DATASET_SUMMARY = tuple(datasets.c[field.name] for field in fields(DatasetSummary))


def to_job(row: Row[*tuple[Any, ...]]) -> Job:
    """From a row that begins with the columns `JOB`."""
    id, tenant, state, *others = row[: len(JOB)]
    return Job(id, tenant, State(state), *others)


def page(
    reader: Connection,
    query: Select[*tuple[Any, ...]],
    id: Column[str],
    to_item: Callable[[Row[*tuple[Any, ...]]], T],
    cursor: str | None,
    limit: int,
) -> Page[T]:
    """The rows of the query with the highest ids below the cursor, which are the newest, made into items."""
    query = query.order_by(id.desc()).limit(limit + 1)
    if cursor is not None:
        query = query.where(id < cursor)
    found = reader.execute(query).all()
    return Page(tuple(map(to_item, found[:limit])), found[limit - 1].id if len(found) > limit else None)


def require_job(reader: Connection, tenant: str, job_id: str) -> int:
    """The last recorded epoch of a job of this tenant, or NotFound."""
    epoch = reader.scalar(select(jobs.c.epoch).where(jobs.c.id == job_id, jobs.c.tenant == tenant))
    if epoch is None:
        raise no_job(job_id)
    return int(epoch)


def no_job(job_id: str) -> NotFound:
    return NotFound(f"there is no job {job_id}")


def no_dataset(dataset_id: str) -> NotFound:
    return NotFound(f"there is no dataset {dataset_id}")
