"""What a tenant causes to be stored counts among its bytes, wherever it is stored."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select

from core.errors import QuotaExceeded
from core.store import Dataset, Job, NewJob, Store
from core.store.tables import datasets, jobs
from tests.conformance.rows import ERROR, counted, epoch_rows

ROOT = Path(__file__).parents[2]
SPEC = {"network": {"layers": ["ключ" * 100]}, "training": {}}
RESULT = {"best_epoch": 2, "last": "x" * 50}
ASKED = len(json.dumps(SPEC, separators=(",", ":"), ensure_ascii=False).encode()) + len('{"a":"b"}{"p":1}')
EPOCH = 200


@pytest.fixture
def submitted(store: Store, add_dataset: Callable[..., Dataset]) -> Callable[..., Job]:
    dataset = add_dataset().id

    def submit(most: int = 10**9, **more: int) -> Job:
        new = NewJob(SPEC, dataset, 9, metadata={"a": "b"}, plan={"p": 1}, **more)
        return store.jobs.submit("default", new, None, None, most)

    return submit


def test_a_dataset_counts_with_all_that_describes_it(store: Store, tmp_path: Path) -> None:
    (tmp_path / "table").write_bytes(b"x" * 100)
    schema, preview = {"columns": ["ü" * 10**6]}, [{"a": "b" * 1000}]
    described = len('{"columns":["' + '"]}') + 2 * 10**6 + len('[{"a":"' + '"}]') + 1000
    for tenant in ("default", "other"):
        store.datasets.add(tenant, "a" * 64, "csv", schema, preview, 1, None, "upload", tmp_path / "table")
    assert counted(store) == 100 + described
    with pytest.raises(QuotaExceeded, match="stored_bytes"):
        store.datasets.add(
            "default", "b" * 64, "csv", schema, preview, 1, None, "upload", tmp_path / "table", None, 2 * (100 + described) - 1
        )
    store.sent_weights.add("default", "a" * 64, {}, b"y" * 70)
    assert counted(store) == 170 + described


def test_a_job_counts_with_what_it_asks_for_and_with_what_it_is_to_keep(store: Store, submitted: Callable[..., Job]) -> None:
    before = counted(store)
    submitted(snapshot_bytes=1000, weights_bytes=100)
    assert counted(store) - before == ASKED + 1100
    submitted()
    with pytest.raises(QuotaExceeded, match=f"there would be {before + 3 * ASKED + 1100:,} bytes"):
        submitted(before + 3 * ASKED + 1099)
    submitted(before + 3 * ASKED + 1100)


def test_a_job_counts_its_checkpoint_where_that_is_more_and_at_its_end_what_is_there(
    store: Store, submitted: Callable[..., Job]
) -> None:
    before = counted(store) + ASKED
    job = submitted(snapshot_bytes=1000, weights_bytes=100)
    claim = store.jobs.claim("worker-1", 60)
    assert claim is not None
    for size, more in ((99, 1100), (5000, 6000), (300, 1300)):
        store.jobs.record_epochs(claim, [], b"c" * size)
        assert counted(store) - before == more
    store.jobs.record_snapshot(claim, epoch_rows(1, 3), b"s" * 40)
    store.jobs.succeed(claim, RESULT, {"best": b"w" * 70, "last": b"w" * 70, "optimizer": b"o" * 30})
    told = len(json.dumps(RESULT, separators=(",", ":")))
    assert counted(store) - before == 40 + 100 + 3 * EPOCH + told
    while store.retention.epochs(-1.0) == 100:
        pass
    assert counted(store) - before == 100 + told
    store.jobs.delete("default", job.id)
    assert counted(store) == before - ASKED


@pytest.mark.parametrize("end", ["fail", "stop", "cancel", "reap"])
def test_a_job_that_does_not_succeed_gives_back_what_it_does_not_keep(
    end: str, store: Store, submitted: Callable[..., Job]
) -> None:
    before = counted(store) + ASKED
    job = submitted(snapshot_bytes=1000, weights_bytes=100)
    claim = store.jobs.claim("worker-1", 0.001 if end == "reap" else 60)
    assert claim is not None
    if end != "reap":
        store.jobs.record_epochs(claim, epoch_rows(1, 2), b"c" * 500)
    match end:
        case "fail":
            store.jobs.fail(claim, ERROR, {"last": b"w" * 10})
        case "stop":
            store.jobs.cancel("default", job.id)
            store.jobs.stop(claim, {"last": b"w" * 10})
        case "cancel":
            store.jobs.release(claim)
            store.jobs.cancel("default", job.id)
        case "reap":
            while not store.jobs.reap(1):
                pass
    kept = 0 if end == "reap" else 2 * EPOCH
    kept += 10 if end in ("fail", "stop") else 0
    error = store.jobs.get("default", job.id).error
    kept += 0 if error is None else len(json.dumps(error, separators=(",", ":")))
    assert counted(store) - before == kept


def test_of_many_at_once_as_many_get_in_as_there_is_room_for(store: Store, submitted: Callable[..., Job]) -> None:
    room = counted(store) + 3 * (ASKED + 10)

    def submit(_: int) -> bool:
        try:
            return bool(submitted(room, weights_bytes=10))
        except QuotaExceeded:
            return False

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(submit, range(12))) == 3


def test_the_migration_counts_what_was_there_before(
    store: Store, submitted: Callable[..., Job], engine: Engine, tmp_path: Path
) -> None:
    from alembic import command
    from alembic.config import Config

    submitted()
    for kept in ({"best": b"w" * 70, "last": b"w" * 70}, {"best": b"w", "last": b"v" * 70}):
        submitted()
        claim = store.jobs.claim("worker-1", 60)
        assert claim is not None
        store.jobs.record_snapshot(claim, epoch_rows(1, 3), b"s" * 40)
        store.jobs.succeed(claim, RESULT, kept)
    failed = store.jobs.claim("worker-1", 60)
    assert failed is not None
    store.jobs.fail(failed, ERROR)
    submitted(snapshot_bytes=1000)
    waiting = store.jobs.claim("worker-1", 60)
    assert waiting is not None
    store.jobs.record_epochs(waiting, [], b"c" * 500)

    def sizes() -> list[Any]:
        with engine.connect() as connection:
            found = connection.execute(select(jobs.c.id, jobs.c.asked_bytes, jobs.c.stored_bytes)).all()
            return sorted([*found, *connection.execute(select(datasets.c.id, datasets.c.stored_bytes))])

    before = sizes()
    config = Config()
    config.set_main_option("script_location", str(ROOT / "migrations"))
    config.attributes["engine"] = engine
    store.close()
    command.downgrade(config, "0010")
    command.upgrade(config, "head")
    assert sizes() == before
    assert len(before) == 5
