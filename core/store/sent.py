"""Weights that clients sent, for jobs to start from. The same bytes of one tenant are stored once."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import fields
from typing import Any

from sqlalchemy import Connection, select

from core.errors import Conflict, NotFound
from core.ids import new_id
from core.store.blobs import Content, Upload
from core.store.clock import now
from core.store.database import Database
from core.store.needed import hold, remove
from core.store.quotas import check_storage
from core.store.records import Page, SentWeights, SentWeightsSummary
from core.store.rows import no_job, page
from core.store.tables import jobs, sent_weights

_COLUMNS = tuple(sent_weights.c[field.name] for field in fields(SentWeights))
_SUMMARY = tuple(sent_weights.c[field.name] for field in fields(SentWeightsSummary))


class AllSentWeights:
    def __init__(self, database: Database) -> None:
        self._database = database

    def add(
        self, tenant: str, sha256: str, tensors: Mapping[str, Any], content: Content, most_stored_bytes: int | None = None
    ) -> tuple[SentWeights, bool]:
        """Stores the file, whose bytes have this hash; False and what is there where this tenant sent them before.

        QuotaExceeded as in `Datasets.add`.
        """
        known = self.known(tenant, sha256)
        if known is not None:
            return known, False
        with Upload(self._database, content) as upload, self._database.writing() as writer:
            row = writer.execute(
                self._database.insert(sent_weights)
                .values(
                    id=new_id("wt"),
                    tenant=tenant,
                    sha256=sha256,
                    size_bytes=upload.size_bytes,
                    blob_id=upload.blob_id,
                    created_at=now(),
                    tensors=dict(tensors),
                    used_at=now(),
                )
                .on_conflict_do_nothing(index_elements=["tenant", "sha256"])
                .returning(*_COLUMNS)
            ).one_or_none()
            if row is not None:
                check_storage(writer, tenant, most_stored_bytes)
                upload.finish(writer)
                return SentWeights(*row), True
        known = self.known(tenant, sha256)
        if known is None:
            raise Conflict("these weights were deleted while they were sent; send them again")
        return known, False

    def known(self, tenant: str, sha256: str) -> SentWeights | None:
        """What these bytes made before, used now once more; None where there is nothing yet."""
        query = select(*_COLUMNS).where(sent_weights.c.tenant == tenant, sent_weights.c.sha256 == sha256)
        with self._database.reading() as reader:
            row = reader.execute(query).one_or_none()
        if row is None:
            return None
        with suppress(NotFound), self._database.writing() as writer:
            hold(writer, sent_weights, tenant, row.id, _none(row.id))
            return SentWeights(*row)
        return None

    def get(self, tenant: str, id: str) -> SentWeights:
        with self._database.reading() as reader:
            row = reader.execute(
                select(*_COLUMNS).where(sent_weights.c.id == id, sent_weights.c.tenant == tenant)
            ).one_or_none()
        if row is None:
            raise _none(id)
        return SentWeights(*row)

    def page(self, tenant: str, *, cursor: str | None = None, limit: int = 20) -> Page[SentWeightsSummary]:
        """Newest first."""
        query = select(*_SUMMARY).where(sent_weights.c.tenant == tenant)
        with self._database.reading() as reader:
            return page(reader, query, sent_weights.c.id, lambda row: SentWeightsSummary(*row), cursor, limit)

    def delete(self, tenant: str, id: str, unused_for_s: float | None = None) -> None:
        """Conflict while a queued, running or paused job starts from them.

        NotFound where they were used since `unused_for_s`.
        """
        with self._database.writing() as writer:
            remove(writer, sent_weights.c.size_bytes, tenant, id, (jobs.c.start_id,), "weights", _none(id), unused_for_s)


def hold_start(writer: Connection, tenant: str, id: str) -> None:
    """Keeps what a new job starts from until that job is there to forbid its deletion. NotFound where it is gone."""
    if id.startswith("job_"):
        hold(writer, jobs, tenant, id, no_job(id))
        return
    hold(writer, sent_weights, tenant, id, _none(id))


def _none(id: str) -> NotFound:
    return NotFound(f"there are no weights {id}")
