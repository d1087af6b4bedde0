"""Idempotency keys, whatever they make, on every database."""

import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select

from core.errors import Conflict, IdempotencyMismatch, NotFound
from core.ids import new_id
from core.store import Dataset, Idempotency, NewJob, Store
from core.store.blobs import CHUNK
from core.store.tables import blobs, datasets, idempotency_keys, jobs, uploads

Upload = Callable[[bytes, str], tuple[Dataset, bool]]


@pytest.fixture
def upload(store: Store, tmp_path: Path) -> Upload:
    """Sends these bytes under this key, as the API does."""

    def upload(data: bytes, key: str) -> tuple[Dataset, bool]:
        table = tmp_path / new_id("table")
        table.write_bytes(data)
        sha256 = hashlib.sha256(data).hexdigest()
        idempotency = Idempotency(key, hashlib.sha256(b"upload" + data).hexdigest())
        return store.datasets.add("default", sha256, "csv", {}, [], len(data), None, "upload", table, idempotency)

    return upload


def keys_of(engine: Engine) -> dict[str, str]:
    """What each key made."""
    with engine.connect() as connection:
        return {row.key: row.made for row in connection.execute(select(idempotency_keys))}


def test_the_same_key_and_file_give_the_first_dataset(upload: Upload, engine: Engine) -> None:
    first, created = upload(b"file", "k")
    assert created
    assert upload(b"file", "k") == (first, False)
    assert keys_of(engine) == {"k": first.id}


def test_a_key_is_kept_with_the_dataset_that_was_there_before(
    store: Store, upload: Upload, add_dataset: Callable[..., Dataset], engine: Engine
) -> None:
    before = add_dataset(b"file")
    assert upload(b"file", "k") == (before, False)
    assert store.datasets.known("default", before.sha256, "csv", Idempotency("other", "a" * 64)) == before
    assert keys_of(engine) == {"k": before.id, "other": before.id}
    with pytest.raises(IdempotencyMismatch, match="k"):
        upload(b"another", "k")


@pytest.mark.parametrize("size", [10, 9 * CHUNK])
def test_the_same_key_with_another_file_is_refused_and_leaves_nothing(size: int, upload: Upload, engine: Engine) -> None:
    first, _ = upload(b"file", "k")
    with pytest.raises(IdempotencyMismatch):
        upload(b"x" * size, "k")
    assert keys_of(engine) == {"k": first.id}
    with engine.connect() as connection:
        for table, rows in ((datasets, 1), (blobs, 1), (uploads, 0)):
            assert connection.scalar(select(func.count()).select_from(table)) == rows


def test_a_key_makes_one_webhook_however_many_ask_at_once_and_is_free_when_that_is_gone(store: Store, engine: Engine) -> None:
    key = Idempotency("k", "a" * 64)

    def add(number: int) -> str:
        return store.webhooks.add("default", "https://example.com/", ["job.failed"], f"whsec_{number}", True, key).id

    with ThreadPoolExecutor(4) as pool:
        (made,) = set(pool.map(add, range(8)))
    assert [each.id for each in store.webhooks.page("default").items] == [made]
    assert store.webhooks.made_by("default", key) == store.webhooks.get("default", made)
    assert keys_of(engine) == {"k": made}
    with pytest.raises(IdempotencyMismatch):
        store.webhooks.made_by("default", Idempotency("k", "b" * 64))
    with pytest.raises(IdempotencyMismatch):
        store.idempotency.job("default", key)
    store.webhooks.delete("default", made)
    assert keys_of(engine) == {}
    assert store.webhooks.made_by("default", key) is None
    assert add(9) != made


def test_a_key_cannot_make_a_job_and_a_dataset(store: Store, upload: Upload, add_dataset: Callable[..., Dataset]) -> None:
    dataset, _ = upload(b"file", "for a dataset")
    request = hashlib.sha256(b"uploadfile").hexdigest()
    new = NewJob({}, dataset.id, 1)
    for ask in (store.jobs.submit, lambda tenant, _, key: store.idempotency.job(tenant, key)):
        with pytest.raises(IdempotencyMismatch):
            ask("default", new, Idempotency("for a dataset", request))
    store.jobs.submit("default", new, Idempotency("for a job", request))
    with pytest.raises(IdempotencyMismatch):
        upload(b"file", "for a job")
    assert len(store.jobs.page("default").items) == 1


def test_a_deleted_dataset_frees_its_keys(store: Store, upload: Upload, engine: Engine) -> None:
    first, _ = upload(b"file", "k")
    upload(b"file", "another key")
    kept, _ = upload(b"kept", "kept")
    store.datasets.delete("default", first.id)
    assert keys_of(engine) == {"kept": kept.id}
    again, created = upload(b"file", "k")
    assert created
    assert again.id != first.id
    upload(b"something else", "another key")


def test_a_job_keeps_its_key_when_its_dataset_is_deleted(store: Store, add_dataset: Callable[..., Dataset]) -> None:
    dataset = add_dataset()
    new, key = NewJob({}, dataset.id, 1), Idempotency("k", "a" * 64)
    job = store.jobs.submit("default", new, key)
    cancelled = store.jobs.cancel("default", job.id)
    store.datasets.delete("default", dataset.id)
    assert store.idempotency.job("default", key) == cancelled
    assert store.jobs.submit("default", new, key) == cancelled


def test_many_uploads_at_once_with_one_key_make_one_dataset(upload: Upload, engine: Engine) -> None:
    with ThreadPoolExecutor(8) as pool:
        added = list(pool.map(lambda _: upload(b"file", "k"), range(24)))
    assert len({dataset.id for dataset, _ in added}) == 1
    assert sum(created for _, created in added) == 1
    assert keys_of(engine) == {"k": added[0][0].id}


def test_of_many_requests_at_once_with_one_key_only_one_is_done(
    store: Store, upload: Upload, add_dataset: Callable[..., Dataset], engine: Engine
) -> None:
    dataset = add_dataset(b"there before")

    def ask(number: int) -> str | None:
        try:
            if number % 2:
                return upload(b"file %d" % number, "k")[0].id
            return store.jobs.submit("default", NewJob({}, dataset.id, 1), Idempotency("k", f"{number}")).id
        except IdempotencyMismatch:
            return None

    with ThreadPoolExecutor(8) as pool:
        made = [id for id in pool.map(ask, range(24)) if id is not None]
    assert keys_of(engine) == {"k": made[0]}
    assert len(made) == 1
    with engine.connect() as connection:
        count = sum(connection.scalar(select(func.count()).select_from(table)) or 0 for table in (jobs, datasets))
    assert count == 2


def test_uploads_and_deletions_at_once_leave_no_key_without_its_dataset(store: Store, upload: Upload, engine: Engine) -> None:
    def send(number: int) -> None:
        with suppress(Conflict, IdempotencyMismatch):
            dataset, _ = upload(b"file %d" % (number % 2), f"key {number % 3}")
            assert dataset.size_bytes == 6

    def delete(_: int) -> None:
        for dataset in store.datasets.page("default").items:
            with suppress(NotFound):
                store.datasets.delete("default", dataset.id)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: (send if number % 4 else delete)(number), range(120)))
    with engine.connect() as connection:
        there = set(connection.scalars(select(datasets.c.id)))
        assert connection.scalar(select(func.count(blobs.c.blob_id.distinct()))) == len(there)
    assert set(keys_of(engine).values()) <= there
