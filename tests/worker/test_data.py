"""From a job's datasets to the arrays that it trains on, measures on, and how much each row counts."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.data.describe import Described, boolean, number, text
from core.data.parsed import schema_of
from core.data.table import write_table
from core.errors import InvalidData
from core.nn.preparation.reading import AS_IT_LOOKS, Reading
from core.store import Dataset, Job, NewJob, Store
from tests.faults.jobs import TENANT
from worker import data as worker_data
from worker.data import Prepared, prepare
from worker.run import Worker

RNG = np.random.default_rng(2)
ROWS = 60


def people(cities: list[str], rows: int = ROWS, seed: int = 0) -> list[Described]:
    rng = np.random.default_rng(seed)
    age = rng.normal(40, 10, rows)
    age[1] = np.nan
    return [
        number("age", age),
        text("city", np.arange(rows) % len(cities), cities),
        boolean("flag", np.arange(rows) % 3 == 0),
        number("grade", np.arange(rows) % 4),
        number("times", np.arange(rows) % 5),
    ]


@pytest.fixture
def stored(store: Store, tmp_path: Path) -> Callable[[list[Described]], Dataset]:
    def add(columns: list[Described], reading: Reading | None = None) -> Dataset:
        file = tmp_path / "table"
        arrays = {column.name: column.array for column in columns if column.array is not None}
        rows = len(next(iter(arrays.values())))
        write_table(file, arrays)
        schema = schema_of(columns, rows).model_copy(update={"reading": reading}).model_dump(mode="json")
        sha256 = hashlib.sha256(repr(schema).encode() + file.read_bytes()).hexdigest()
        return store.datasets.add(TENANT, sha256, "csv", schema, [], 1, None, "upload", file)[0]

    return add


@pytest.fixture
def prepared(store: Store, make_worker: Callable[..., Worker]) -> Callable[..., Prepared]:
    def make(dataset: Dataset, validation: Any = None, loss: str = "softmax_cross_entropy", **columns: Any) -> Prepared:
        spec = {
            "network": {"layers": [{"type": "dense", "units": 4}], "dtype": "float64"},
            "training": {"loss": loss, "validation": validation, "seed": 5},
            "dataset": {"target": "grade", "features": ["age", "city"], **columns},
        }
        other = (validation or {}).get("dataset")
        job: Job = store.jobs.submit(TENANT, NewJob(spec, dataset.id, 10, validation_dataset_id=other))
        worker = make_worker()
        return prepare(job, store, worker.datasets, worker.shelf)

    return make


def test_given_rows_are_measured_and_all_others_trained_on(stored: Any, prepared: Any) -> None:
    dataset = stored(people(["Bern", "Oslo"]))
    data = prepared(dataset, {"rows": [7, 0, 4]}).data
    np.testing.assert_array_equal(data.validation_t[:, 0], [0, 0, 3])
    assert len(data.x) == len(data.t) == ROWS - 3


def test_the_weights_carry_along_how_the_dataset_was_read(stored: Any, prepared: Any) -> None:
    said = Reading(numbers=("age",), missing_values=("k.A.",))
    assert prepared(stored(people(["Bern"]), said)).card.reading == said
    assert prepared(stored(people(["Bern"]))).card.reading == AS_IT_LOOKS


def test_a_fraction_is_drawn_from_every_class_alike_where_there_are_classes(stored: Any, prepared: Any) -> None:
    dataset = stored(people(["Bern", "Oslo"]))
    for validation in ({"fraction": 0.2}, {"fraction": 0.2, "stratify": True}):
        assert np.bincount(prepared(dataset, validation).data.validation_t[:, 0].astype(int)).tolist() == [3, 3, 3, 3]
    free = prepared(dataset, {"fraction": 0.2, "stratify": False}).data
    assert np.bincount(free.validation_t[:, 0].astype(int)).tolist() != [3, 3, 3, 3]
    quantity = prepared(dataset, {"fraction": 0.2}, loss="mean_squared_error", scaling="none").data
    np.testing.assert_array_equal(quantity.validation_t, free.validation_t)


def test_another_dataset_is_measured_in_the_words_of_the_first(stored: Any, prepared: Any) -> None:
    first, second = people(["Bern", "Oslo", "Rome"]), people(["Kyiv", "Oslo", "Bern"], rows=12, seed=1)
    made = prepared(stored(first), {"dataset": stored(second).id})
    x = made.data.validation_x
    assert (len(made.data.x), len(x)) == (ROWS, 12)
    np.testing.assert_array_equal(x[:4, 1:], [[0, 0, 0], [0, 1, 0], [1, 0, 0], [0, 0, 0]])
    ages = next(column.array for column in first if column.name == "age")
    assert ages is not None
    other = next(column.array for column in second if column.name == "age")
    assert other is not None
    np.testing.assert_allclose(x[0, 0], (other[0] - np.nanmean(ages)) / np.nanstd(ages))
    assert x[1, 0] == 0  # missing: the mean of the training rows
    np.testing.assert_array_equal(made.data.validation_t[:, 0], np.arange(12) % 4)
    codes = prepared(stored(first), {"dataset": stored(second).id}, categories="embedding").data
    np.testing.assert_array_equal(codes.validation_x[:4, 1], [3, 1, 0, 3])


def test_both_kinds_of_weights_meet_in_one_for_each_row(stored: Any, prepared: Any) -> None:
    dataset, other = stored(people(["Bern"])), stored(people(["Bern"], rows=10))
    assert prepared(dataset, {"rows": [0, 1]}).data.weights is None
    for validation, rows in (({"rows": [1, 2, 3]}, [1, 2, 3]), ({"dataset": other.id}, range(10))):
        data = prepared(dataset, validation, weight="times", class_weights={"3": 7}).data
        times = np.arange(ROWS) % 5 * np.where(np.arange(ROWS) % 4 == 3, 7, 1)
        trained = np.setdiff1d(np.arange(ROWS), rows) if "rows" in validation else np.arange(ROWS)
        assert data.weights.dtype == data.validation_weights.dtype == np.float64
        np.testing.assert_allclose(data.weights, times[trained] / times[trained].mean())
        np.testing.assert_allclose(data.validation_weights, times[list(rows)] / times[trained].mean())


def test_rows_to_measure_on_of_which_none_counts_are_refused(stored: Any, prepared: Any) -> None:
    with pytest.raises(InvalidData, match='none of the 2 rows counts: column "times" is 0 in all of them'):
        prepared(stored(people(["Bern"])), {"rows": [0, 5]}, weight="times")


def test_a_number_beyond_the_range_is_said_to_be_in_the_validation_data(stored: Any, prepared: Any) -> None:
    wild = people(["Bern"], rows=10)
    wild[0] = number("age", np.array([1e308] * 9 + [-1e308]))
    first = people(["Bern"])
    first[0] = replace(first[0], array=np.arange(ROWS) * 1e-9)
    dataset, other = stored(first), stored(wild)
    with pytest.raises(InvalidData, match=r'^validation data: column "age", row 0: 1e\+308 leaves the range of float64'):
        prepared(dataset, {"dataset": other.id})


def test_tables_that_differ_in_their_words_alone_are_told_apart_on_the_shelf(
    stored: Any, prepared: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_data, "SMALL_BYTES", 0)
    for cities in (["Bern", "Oslo"], ["Kyiv", "Rome"]):
        [_, city] = prepared(stored(people(cities))).preprocessing.to_json()["features"]
        assert city["values"] == cities


def test_what_is_kept_on_the_shelf_is_what_is_made_in_memory(
    stored: Any, prepared: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, other = stored(people(["Bern", "Oslo"])), stored(people(["Oslo", "Rome"], rows=12))
    ways = [{"fraction": 0.2}, {"rows": [3, 4]}, {"rows": [3, 5]}, {"dataset": other.id}, None]
    small = [prepared(first, way, weight="times", features=["age", "city"]).data for way in ways]
    monkeypatch.setattr(worker_data, "SMALL_BYTES", 0)
    for way, expected in [*zip(ways, small, strict=True), *zip(ways, small, strict=True)]:
        data = prepared(first, way, weight="times", features=["age", "city"]).data
        for name in ("x", "t", "weights", "validation_x", "validation_t", "validation_weights"):
            np.testing.assert_array_equal(getattr(data, name), getattr(expected, name))
