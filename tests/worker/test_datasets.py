"""The tables that a worker keeps on its disk."""

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import select, update

from core.data.table import write_table
from core.errors import CapacityError, CoreError
from core.store import Dataset, Store, connect
from core.store.tables import blobs
from worker.cache import ABANDONED_AFTER_S, Cache
from worker.datasets import Datasets

SIZE = 8_000


def add(store: Store, directory: Path, value: int, kind: str = "upload") -> Dataset:
    table = directory / f"{value}.table"
    write_table(table, {"x": np.full(SIZE // 8, value), "y": np.arange(SIZE // 8)})
    return store.datasets.add("default", f"{value}", "csv", {}, [], SIZE, None, kind, table)[0]


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def files(cache: Path) -> list[Path]:
    return sorted(cache.iterdir(), key=lambda path: path.stat().st_mtime_ns)


def test_the_columns_asked_for_come_back(store: Store, tmp_path: Path, cache: Path) -> None:
    datasets = Datasets(store, Cache(cache, 10 * SIZE))
    dataset = add(store, tmp_path, 7)
    for _ in range(2):
        columns = datasets.columns(dataset, ["x"])
        assert list(columns) == ["x"]
        assert (columns["x"] == 7).all()
    assert len(files(cache)) == 1


def test_a_file_that_vanished_is_fetched_again(store: Store, tmp_path: Path, cache: Path) -> None:
    datasets = Datasets(store, Cache(cache, 10 * SIZE))
    dataset = add(store, tmp_path, 7)
    before = datasets.columns(dataset, ["x"])
    files(cache)[0].unlink()
    assert (datasets.columns(dataset, ["x"])["x"] == before["x"]).all()


@pytest.mark.parametrize("length", [0, 7, 20, SIZE])
def test_a_file_that_was_damaged_is_fetched_again(store: Store, tmp_path: Path, cache: Path, length: int) -> None:
    datasets = Datasets(store, Cache(cache, 10 * SIZE))
    dataset = add(store, tmp_path, 7)
    datasets.columns(dataset, ["y"])
    os.truncate(files(cache)[0], length)
    for _ in range(2):
        assert (datasets.columns(dataset, ["y"])["y"] == np.arange(SIZE // 8)).all()
    assert len(files(cache)) == 1


@pytest.mark.parametrize("kind", ["upload", "inline"])
def test_what_was_damaged_in_the_database_is_our_fault_and_not_kept(
    store: Store, sqlite_url: str, tmp_path: Path, cache: Path, kind: str
) -> None:
    dataset = add(store, tmp_path, 7, kind)
    engine = connect(sqlite_url)
    with engine.begin() as connection:
        damaged = connection.scalar(select(blobs.c.data)) or b""
        connection.execute(update(blobs).values(data=damaged[:-1] + b"?"))
    engine.dispose()
    with pytest.raises(CoreError, match="damaged") as raised:
        Datasets(store, Cache(cache, 10 * SIZE)).columns(dataset, ["x"])
    assert raised.value.fault == "system"
    assert files(cache) == []


def test_a_table_that_never_was_one_is_our_fault_too(store: Store, tmp_path: Path, cache: Path) -> None:
    table = tmp_path / "table"
    table.write_bytes(b"no table")
    dataset, _ = store.datasets.add("default", "a", "csv", {}, [], SIZE, None, "upload", table)
    with pytest.raises(CoreError, match="damaged") as raised:
        Datasets(store, Cache(cache, 10 * SIZE)).columns(dataset, ["x"])
    assert raised.value.fault == "system"


def test_data_from_inside_a_request_are_not_kept(store: Store, tmp_path: Path, cache: Path) -> None:
    dataset = add(store, tmp_path, 7, "inline")
    assert (Datasets(store, Cache(cache, 10 * SIZE)).columns(dataset, ["x"])["x"] == 7).all()
    assert files(cache) == []


def test_what_was_not_used_for_longest_goes_first(store: Store, tmp_path: Path, cache: Path) -> None:
    datasets = Datasets(store, Cache(cache, 5 * SIZE))
    stored = [add(store, tmp_path, value) for value in range(3)]
    for age, dataset in zip((30, 20), stored, strict=False):
        datasets.columns(dataset, ["x"])
        place = cache / f"{dataset.table_sha256}.safetensors"
        os.utime(place, (place.stat().st_mtime - age,) * 2)
    datasets.columns(stored[0], ["x"])
    datasets.columns(stored[2], ["x"])
    assert {path.stem for path in files(cache)} == {stored[0].table_sha256, stored[2].table_sha256}


def test_a_table_larger_than_the_cache_can_still_be_trained_on(store: Store, tmp_path: Path, cache: Path) -> None:
    datasets = Datasets(store, Cache(cache, 0))
    for value in range(2):
        assert (datasets.columns(add(store, tmp_path, value), ["x"])["x"] == value).all()
    assert len(files(cache)) == 1


def test_what_a_killed_worker_left_half_written_is_removed_in_time(store: Store, tmp_path: Path, cache: Path) -> None:
    cache.mkdir()
    for name, age in (("old.part", 2 * ABANDONED_AFTER_S), ("new.part", 0.0)):
        part = cache / name
        part.touch()
        os.utime(part, (part.stat().st_mtime - age,) * 2)
    Datasets(store, Cache(cache, 10 * SIZE)).columns(add(store, tmp_path, 7), ["x"])
    assert {path.name for path in files(cache) if path.suffix == ".part"} == {"new.part"}


def test_a_full_disk_lets_the_cache_make_room_once(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    datasets = Datasets(store, Cache(tmp_path / "cache", 10 * SIZE))
    kept, wanted = add(store, tmp_path, 1), add(store, tmp_path, 2)
    datasets.columns(kept, ["x"])
    download = store.datasets.download

    def without_room(id: str, into: Path, each: Callable[[], None]) -> Any:
        if list(into.parent.glob("*.safetensors")):
            raise OSError(errno.ENOSPC, "No space left on device")
        return download(id, into, each)

    monkeypatch.setattr(store.datasets, "download", without_room)
    assert (datasets.columns(wanted, ["x"])["x"] == 2).all()


def test_a_disk_that_stays_full_is_a_matter_of_capacity(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(id: str, into: Path, each: Callable[[], None]) -> Any:
        raise OSError(errno.ENOSPC, "No space left on device")

    dataset = add(store, tmp_path, 1)
    monkeypatch.setattr(store.datasets, "download", full)
    with pytest.raises(CapacityError, match=rf"no room for the [\d,]+ bytes of {dataset.id}"):
        Datasets(store, Cache(tmp_path / "cache", 10 * SIZE)).columns(dataset, ["x"])
