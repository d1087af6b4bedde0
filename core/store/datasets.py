"""Datasets: a schema, a preview and a table in chunks. The same bytes of one tenant are one dataset, named as it was last."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Select, select, update

from core.errors import Conflict, CoreError
from core.ids import new_id
from core.store.blobs import CHUNK, Blobs, Upload
from core.store.clock import now
from core.store.database import Database
from core.store.idempotency import forget, made_by, mismatch, remember
from core.store.needed import remove
from core.store.quotas import check_storage
from core.store.records import Dataset, DatasetSummary, Idempotency, Page, Preview
from core.store.rows import DATASET, DATASET_SUMMARY, no_dataset, page
from core.store.sizes import json_bytes
from core.store.tables import datasets, jobs
from core.store.uses import use


class Datasets:
    def __init__(self, database: Database, blobs: Blobs) -> None:
        self._database = database
        self._blobs = blobs

    def add(
        self,
        tenant: str,
        sha256: str,
        format: str,
        schema: Mapping[str, Any],
        preview: Sequence[Mapping[str, Any]],
        size_bytes: int,
        name: str | None,
        source_kind: str,
        table: Path,
        idempotency: Idempotency | None = None,
        most_stored_bytes: int | None = None,
    ) -> tuple[Dataset, bool]:
        """Stores the table and its description; False and the dataset that is there where this tenant sent these bytes before,
        by its new name if they have one.

        `sha256` and `size_bytes` are those of Dataset. `idempotency` must differ where `sha256` or `format` does.
        Raises IdempotencyMismatch where the key came with another request, QuotaExceeded where all that the tenant stores
        would be more than `most_stored_bytes`.
        """
        known = self.known(tenant, sha256, format, idempotency, name)
        if known is not None:
            return known, False
        lines = [dict(line) for line in preview]
        with _upload(self._database, table) as upload, self._database.writing() as writer:
            row = writer.execute(
                self._database.insert(datasets)
                .values(
                    id=new_id("ds"),
                    tenant=tenant,
                    sha256=sha256,
                    format=format,
                    name=name,
                    source_kind=source_kind,
                    size_bytes=size_bytes,
                    table_sha256=upload.sha256,
                    table_bytes=upload.size_bytes,
                    blob_id=upload.blob_id,
                    created_at=now(),
                    row_count=schema.get("rows", 0),
                    column_count=len(schema.get("columns", ())),
                    schema=dict(schema),
                    preview=lines,
                    used_at=now(),
                    stored_bytes=upload.size_bytes + json_bytes(dict(schema), lines),
                )
                .on_conflict_do_nothing(index_elements=["tenant", "sha256", "format"])
                .returning(*DATASET)
            ).one_or_none()
            dataset = Dataset(*row) if row is not None else _used(writer, tenant, sha256, format, name)
            if dataset is None:
                raise Conflict("this dataset was deleted while it was sent; send it again")
            if idempotency is not None:
                self._remember(writer, dataset, idempotency)
            if row is not None:
                check_storage(writer, tenant, most_stored_bytes)
                upload.finish(writer)
        return dataset, row is not None

    def known(
        self, tenant: str, sha256: str, format: str, idempotency: Idempotency | None = None, name: str | None = None
    ) -> Dataset | None:
        """The dataset that these bytes made before, from now on remembered as what the key made and called `name`, unless
        that is None or the key made it before; None where there is none yet.

        Worth a look before a file is read; `add` decides. Raises IdempotencyMismatch as it does.
        """
        with self._database.reading() as reader:
            made = None if idempotency is None else made_by(reader, tenant, idempotency, "ds")
            dataset = _same(reader, tenant, sha256, format)
        if dataset is None:
            return None
        with self._database.writing() as writer:
            dataset = _used(writer, tenant, sha256, format, None if dataset.id == made else name)
            if dataset is not None and idempotency is not None and dataset.id != made:
                self._remember(writer, dataset, idempotency)
        return dataset

    def find(self, tenant: str, sha256: str, format: str) -> Dataset | None:
        with self._database.reading() as reader:
            return _same(reader, tenant, sha256, format)

    def get(self, tenant: str, id: str) -> Dataset:
        with self._database.reading() as reader:
            row = reader.execute(select(*DATASET).where(datasets.c.id == id, datasets.c.tenant == tenant)).one_or_none()
        if row is None:
            raise no_dataset(id)
        return Dataset(*row)

    def preview(self, tenant: str, id: str) -> Preview:
        query = select(datasets.c.row_count, datasets.c.preview).where(datasets.c.id == id, datasets.c.tenant == tenant)
        with self._database.reading() as reader:
            row = reader.execute(query).one_or_none()
        if row is None:
            raise no_dataset(id)
        return Preview(*row)

    def page(self, tenant: str, *, cursor: str | None = None, limit: int = 20) -> Page[DatasetSummary]:
        """Newest first."""
        query = select(*DATASET_SUMMARY).where(datasets.c.tenant == tenant)
        with self._database.reading() as reader:
            return page(reader, query, datasets.c.id, lambda row: DatasetSummary(*row), cursor, limit)

    def delete(self, tenant: str, id: str, unused_for_s: float | None = None) -> None:
        """Conflict while a queued, running or paused job needs it; finished jobs keep their weights and their history.

        NotFound where it was used since `unused_for_s`.
        """
        with self._database.writing() as writer:
            needs = (jobs.c.dataset_id, jobs.c.validation_dataset_id)
            remove(writer, datasets.c.table_bytes, tenant, id, needs, "dataset", no_dataset(id), unused_for_s)
            forget(writer, id)

    def download(self, dataset_id: str, into: Path, each: Callable[[], None] = lambda: None) -> Dataset:
        """Writes the stored table to the file `into`, chunk by chunk, before each of which it calls `each`; for workers, so it
        asks for no tenant.

        CoreError where the bytes are not those that were stored.
        """
        with self._database.reading() as reader:
            row = reader.execute(select(*DATASET).where(datasets.c.id == dataset_id)).one_or_none()
        if row is None:
            raise no_dataset(dataset_id)
        dataset = Dataset(*row)
        with into.open("wb") as file:
            digest = hashlib.sha256()
            for piece in self._blobs.read(dataset.blob_id, 0, dataset.table_bytes):
                each()
                digest.update(piece)
                file.write(piece)
        if digest.hexdigest() != dataset.table_sha256:
            raise CoreError(f"the stored table of {dataset_id} is damaged")
        return dataset

    def _remember(self, writer: Connection, dataset: Dataset, idempotency: Idempotency) -> None:
        if remember(self._database, writer, dataset.tenant, idempotency, dataset.id) != dataset.id:
            raise mismatch(idempotency)


def _upload(database: Database, table: Path) -> Upload:
    with table.open("rb") as file:
        return Upload(database, iter(partial(file.read, CHUNK), b""))


def _same(reader: Connection, tenant: str, sha256: str, format: str) -> Dataset | None:
    """The dataset of these bytes."""
    row = reader.execute(_of(tenant, sha256, format)).one_or_none()
    return None if row is None else Dataset(*row)


def _used(writer: Connection, tenant: str, sha256: str, format: str, name: str | None) -> Dataset | None:
    """The dataset of these bytes, which is not deleted until the transaction ends; tells of its use, and of its new name."""
    row = writer.execute(_of(tenant, sha256, format).with_for_update(read=True, key_share=True)).one_or_none()
    if row is None:
        return None
    use(writer, row.id)
    dataset = Dataset(*row)
    if name is None or name == dataset.name:
        return dataset
    writer.execute(update(datasets).where(datasets.c.id == dataset.id).values(name=name))
    return replace(dataset, name=name)


def _of(tenant: str, sha256: str, format: str) -> Select[*tuple[Any, ...]]:
    return select(*DATASET).where(datasets.c.tenant == tenant, datasets.c.sha256 == sha256, datasets.c.format == format)
