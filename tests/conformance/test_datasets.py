"""Datasets and the bytes behind them, on every database."""

import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple
from pathlib import Path

import pytest
from sqlalchemy import Engine, event, func, select, update

from core.errors import Conflict, NotFound
from core.ids import is_id, new_id
from core.store import Claim, Dataset, DatasetSummary, Idempotency, Job, NewJob, Preview, Store
from core.store.blobs import CHUNK
from core.store.tables import blobs, uploads
from tests.conformance.rows import checkpoint


def _bytes(size: int) -> bytes:
    """Bytes of which no two chunks are alike."""
    return b"".join(hashlib.sha512(str(number).encode()).digest() for number in range(-(-size // 64)))[:size]


def test_a_dataset_reads_back_as_it_was_given(store: Store, tmp_path: Path) -> None:
    table = tmp_path / "table"
    table.write_bytes(b"columns")
    schema = {"rows": 3, "columns": [{"name": "größe", "min": 0.1, "max": 1e300, "mean": -0.0, "values": [1, "a", None, True]}]}
    preview = [{"größe": 0.1}, {"größe": None}]
    added, created = store.datasets.add("default", "a" * 64, "csv", schema, preview, 99, "iris", "upload", table)
    assert created
    assert is_id("ds", added.id)
    assert (added.schema, added.size_bytes, added.name, added.format) == (schema, 99, "iris", "csv")
    assert (added.row_count, added.column_count) == (3, 1)
    assert store.datasets.preview("default", added.id) == Preview(3, preview)
    assert (added.sha256, added.source_kind, added.tenant) == ("a" * 64, "upload", "default")
    assert (added.table_bytes, added.table_sha256) == (7, hashlib.sha256(b"columns").hexdigest())
    assert store.datasets.get("default", added.id) == added
    assert store.datasets.find("default", "a" * 64, "csv") == added
    assert store.datasets.find("default", "a" * 64, "jsonl") is None
    assert store.datasets.find("other", "a" * 64, "csv") is None


def test_the_same_bytes_are_the_same_dataset(store: Store, add_dataset: Callable[..., Dataset], tmp_path: Path) -> None:
    first = add_dataset(b"x,y\n1,2\n")
    assert add_dataset(b"x,y\n1,2\n") == first
    other = add_dataset(b"x,y\n1,2\n", tenant="other")
    assert other.id != first.id
    table = tmp_path / "table"
    table.write_bytes(b"")
    in_other_format, created = store.datasets.add("default", first.sha256, "jsonl", {}, [], 0, None, "upload", table)
    assert created
    assert in_other_format.id != first.id


def test_a_dataset_has_the_name_that_it_got_last(store: Store, tmp_path: Path) -> None:
    table = tmp_path / "table"
    table.write_bytes(b"columns")

    def sent_as(name: str | None) -> Dataset:
        dataset, _ = store.datasets.add("default", "a" * 64, "csv", {}, [], 1, name, "upload", table)
        assert dataset == store.datasets.get("default", dataset.id)
        return dataset

    assert [sent_as(name).name for name in (None, "rents", None, "rents of May")] == [None, "rents", "rents", "rents of May"]
    assert store.datasets.known("default", "a" * 64, "csv", None, "rents").name == "rents"  # type: ignore[union-attr]
    assert len({sent_as(name).id for name in (None, "rents")}) == 1


def test_a_request_that_is_repeated_under_its_key_renames_nothing(store: Store, tmp_path: Path) -> None:
    table = tmp_path / "table"
    table.write_bytes(b"columns")

    def sent_as(name: str, key: str) -> str | None:
        asked = Idempotency(key, name.ljust(64, "0"))
        return store.datasets.add("default", "a" * 64, "csv", {}, [], 1, name, "upload", table, asked)[0].name

    assert [sent_as("rents", "k1"), sent_as("rents of May", "k2"), sent_as("rents", "k1")] == [
        "rents",
        "rents of May",
        "rents of May",
    ]


def test_the_same_bytes_sent_at_once_are_one_dataset(store: Store, add_dataset: Callable[..., Dataset], engine: Engine) -> None:
    with ThreadPoolExecutor(8) as pool:
        added = list(pool.map(lambda _: add_dataset(b"the same"), range(16)))
    assert len({dataset.id for dataset in added}) == 1
    with engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(blobs)) == 1


@pytest.mark.parametrize("size", [0, 1, CHUNK, CHUNK + 1, 8 * CHUNK, 8 * CHUNK + 1, 20 * CHUNK + 5])
def test_a_table_of_any_size_comes_back_as_it_was(
    size: int, store: Store, add_dataset: Callable[..., Dataset], engine: Engine, tmp_path: Path
) -> None:
    data = _bytes(size)
    dataset = add_dataset(data)
    assert store.datasets.download(dataset.id, tmp_path / "copy") == dataset
    assert (tmp_path / "copy").read_bytes() == data
    with engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(uploads)) == 0


@pytest.mark.parametrize(
    ("start", "stop"),
    [
        (0, 0),
        (0, 1),
        (0, CHUNK),
        (5, CHUNK + 5),
        (CHUNK - 1, CHUNK + 1),
        (CHUNK, 2 * CHUNK),
        (2 * CHUNK + 3, 3 * CHUNK),
        (2 * CHUNK, 3 * CHUNK),
        (7, 7),
    ],
)
@pytest.mark.parametrize("size", [3 * CHUNK, 3 * CHUNK + 100])
def test_any_range_of_a_blob_can_be_read(
    size: int, start: int, stop: int, store: Store, add_dataset: Callable[..., Dataset]
) -> None:
    data = _bytes(size)
    pieces = list(store.blobs.read(add_dataset(data).blob_id, start, stop))
    assert b"".join(pieces) == data[start:stop]
    assert all(0 < len(piece) <= CHUNK for piece in pieces)


@pytest.mark.parametrize("size", [CHUNK // 2, CHUNK, CHUNK + 1])
def test_reading_past_the_end_of_a_blob_is_an_error(size: int, store: Store, add_dataset: Callable[..., Dataset]) -> None:
    blob_id = add_dataset(_bytes(size)).blob_id
    with pytest.raises(NotFound):
        list(store.blobs.read(blob_id, 0, size + 1))
    with pytest.raises(NotFound):
        list(store.blobs.read(new_id("blob"), 0, 1))
    assert list(store.blobs.read(blob_id, size, size)) == []


def test_a_reader_holds_nothing_open_and_notices_a_deletion(store: Store, add_dataset: Callable[..., Dataset]) -> None:
    dataset = add_dataset(_bytes(3 * CHUNK))
    reader = store.blobs.read(dataset.blob_id, 0, dataset.table_bytes)
    assert len(next(reader)) == CHUNK
    store.datasets.delete("default", dataset.id)
    with pytest.raises(NotFound):
        next(reader)


def test_a_dataset_that_a_job_needs_is_not_deleted(store: Store, submit: Callable[..., Job]) -> None:
    job = submit()
    with pytest.raises(Conflict, match=job.id):
        store.datasets.delete("default", job.dataset_id)
    claim = store.jobs.claim("worker-1", 60)
    assert claim is not None
    with pytest.raises(Conflict, match=job.id):
        store.datasets.delete("default", job.dataset_id)
    store.jobs.succeed(claim, {}, {"last": b"weights"})
    store.datasets.delete("default", job.dataset_id)
    assert store.jobs.get("default", job.id).dataset_id == job.dataset_id
    assert store.weights.get("default", job.id, "last").size_bytes == 7


def test_a_dataset_that_a_job_validates_on_is_not_deleted(store: Store, add_dataset: Callable[..., Dataset]) -> None:
    training, validation = add_dataset(b"training"), add_dataset(b"validation")
    new = NewJob({}, training.id, 1, validation_dataset_id=validation.id)
    job = store.jobs.submit("default", new)
    for claim in (lambda: None, lambda: store.jobs.claim("worker-1", 60)):
        claimed = claim()
        with pytest.raises(Conflict, match=job.id):
            store.datasets.delete("default", validation.id)
    assert claimed is not None
    store.jobs.succeed(claimed, {}, {"last": b"weights"})
    store.datasets.delete("default", validation.id)
    with pytest.raises(NotFound, match=validation.id):
        store.jobs.submit("default", new)


def test_a_deleted_dataset_is_gone_with_its_bytes(
    store: Store, add_dataset: Callable[..., Dataset], engine: Engine, tmp_path: Path
) -> None:
    dataset = add_dataset(b"gone")
    store.datasets.delete("default", dataset.id)
    for ask in (
        lambda: store.datasets.get("default", dataset.id),
        lambda: store.datasets.preview("default", dataset.id),
        lambda: store.datasets.delete("default", dataset.id),
        lambda: store.datasets.download(dataset.id, tmp_path / "copy"),
    ):
        with pytest.raises(NotFound):
            ask()
    with engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(blobs)) == 0
    assert add_dataset(b"gone").id != dataset.id


def test_submitting_and_deleting_at_once_leave_no_job_without_its_dataset(
    store: Store, add_dataset: Callable[..., Dataset], submit: Callable[..., Job]
) -> None:
    for _ in range(10):
        dataset = add_dataset()

        def submit_one(dataset: Dataset = dataset) -> Job | None:
            try:
                return store.jobs.submit("default", NewJob({}, dataset.id, 1))
            except NotFound:
                return None

        def delete_it(dataset: Dataset = dataset) -> bool:
            try:
                store.datasets.delete("default", dataset.id)
            except Conflict:
                return False
            return True

        with ThreadPoolExecutor(2) as pool:
            job, deleted = pool.submit(submit_one), pool.submit(delete_it)
        assert (job.result() is None) == deleted.result()


def test_datasets_are_listed_from_the_newest_to_the_oldest(store: Store, add_dataset: Callable[..., Dataset]) -> None:
    datasets = [add_dataset() for _ in range(5)]
    first = store.datasets.page("default", limit=3)
    second = store.datasets.page("default", cursor=first.next_cursor, limit=3)
    newest_first = [DatasetSummary(*astuple(dataset)[:-1]) for dataset in datasets[::-1]]
    assert [*first.items, *second.items] == newest_first
    assert second.next_cursor is None


def test_neither_a_list_nor_a_look_reads_long_columns_that_it_does_not_show(
    engine: Engine, add_dataset: Callable[..., Dataset]
) -> None:
    dataset = add_dataset()
    asked: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *arguments: asked.append(arguments[2]))
    store = Store(engine)
    assert store.datasets.page("default").items[0].row_count == dataset.row_count
    assert store.datasets.find("default", dataset.sha256, dataset.format) == dataset
    listing, look = (sql for sql in asked if "FROM datasets" in sql)
    assert "preview" not in listing + look
    assert "schema" not in listing


def test_what_an_upload_left_behind_is_swept_away(store: Store, add_dataset: Callable[..., Dataset], engine: Engine) -> None:
    with engine.begin() as connection:
        blob_id = new_id("blob")
        connection.execute(uploads.insert().values(blob_id=blob_id, started_at=0.0))
        connection.execute(blobs.insert().values(blob_id=blob_id, number=0, data=b"orphan"))
    kept = add_dataset(_bytes(9 * CHUNK))
    assert store.blobs.sweep() == 1
    assert store.blobs.sweep() == 0
    with pytest.raises(NotFound):
        list(store.blobs.read(blob_id, 0, 6))
    assert sum(map(len, store.blobs.read(kept.blob_id, 0, kept.table_bytes))) == 9 * CHUNK


def test_a_file_that_cannot_be_read_leaves_nothing_behind(store: Store, engine: Engine, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        store.datasets.add("default", "a" * 64, "csv", {}, [], 1, None, "upload", tmp_path / "missing")
    with engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(uploads)) == 0
    assert store.datasets.page("default").items == ()


def test_a_damaged_checkpoint_is_noticed(store: Store, claimed: Callable[..., Claim], engine: Engine) -> None:
    claim = claimed()
    store.jobs.record_epochs(claim, [], b"checkpoint")
    with engine.begin() as connection:
        connection.execute(update(blobs).where(blobs.c.data == b"checkpoint").values(data=b"checkpainT"))
    with pytest.raises(Exception, match="damaged"):
        checkpoint(store, claim)
