"""From a job's dataset to the arrays that it trains on."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.nn.columns import inputs, used_names
from core.nn.preprocessing import Preprocessing
from core.nn.schema import Schema
from core.nn.spec import DataSpec, NetworkSpec, TrainingSpec
from core.nn.split import split
from core.nn.start import recoded
from core.nn.tensors import Blocks
from core.nn.training import Data
from core.nn.weighting import Weighting
from core.store import Job, Store
from worker.arrays import SMALL_BYTES, Draft, Shelf, key
from worker.datasets import Datasets
from worker.start import kept_preprocessing

BLOCK_CELLS = 1 << 22

Table = Mapping[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Prepared:
    """What a job says, parsed, and its data as numbers."""

    network: NetworkSpec
    training: TrainingSpec
    columns: DataSpec
    preprocessing: Preprocessing
    data: Data

    @property
    def metadata(self) -> dict[str, Any]:
        """What the weights carry along, so that they can be used without the service."""
        return {"format": 1, "network": self.network.model_dump(mode="json"), "preprocessing": self.preprocessing.to_json()}


def prepare(job: Job, store: Store, datasets: Datasets, shelf: Shelf) -> Prepared:
    """The same arrays, bit for bit, at every attempt: the split depends on the seed alone, the statistics on the split."""
    network = NetworkSpec.model_validate(job.spec["network"])
    training = TrainingSpec.model_validate(job.spec["training"])
    columns = DataSpec.model_validate(job.spec["dataset"])
    dataset = store.datasets.get(job.tenant, job.dataset_id)
    schema = Schema.model_validate(dataset.schema)
    dtype = np.dtype(network.dtype)
    fraction = None if training.validation is None else training.validation.fraction
    is_linear = network.last_activation.type == "identity"  # only then the outputs have no bounds of their own

    kept = kept_preprocessing(job.tenant, training.start, store)

    def draft() -> Draft:
        table: Table = datasets.columns(dataset, used_names(schema, columns))
        training_rows, validation_rows = split(schema.rows, fraction, training.seed)
        if kept is None:
            preprocessing = Preprocessing.fit(schema, columns, training.loss, table, training_rows, is_linear=is_linear)
        else:
            preprocessing, table = kept, recoded(table, schema, kept)
        t = preprocessing.targets(table, dtype)
        arrays: dict[str, NDArray[Any] | Blocks] = {
            "x": _inputs(preprocessing, table, dtype, training_rows),
            "t": t[training_rows],
            "validation_x": _inputs(preprocessing, table, dtype, validation_rows),
            "validation_t": t[validation_rows],
        }
        weighting = Weighting.fit(columns, preprocessing.classes, table, training_rows)
        if weighting is not None:
            arrays["weights"] = weighting.weights(table, training_rows, dtype)
            arrays["validation_weights"] = weighting.weights(table, validation_rows, dtype)
        return Draft(arrays, {"preprocessing": json.dumps(preprocessing.to_json())})

    if schema.rows * inputs(schema, columns).width * dtype.itemsize < SMALL_BYTES:
        made = draft().in_memory()
    else:
        spec = [columns.model_dump(mode="json"), training.loss.model_dump(mode="json")]
        kept_away = training.validation and [training.validation.model_dump(mode="json"), training.seed]
        parts = (dataset.table_sha256, spec, dtype.name, kept_away, is_linear, kept and kept.to_json())
        made = shelf.arrays(key(*parts), draft)
    preprocessing = Preprocessing.from_json(json.loads(made.words["preprocessing"]))
    categories = preprocessing.layout.categories
    data = Data(**made.arrays, target_scale=preprocessing.target_scale, categories=categories)
    return Prepared(network, training, columns, preprocessing, data)


def _inputs(preprocessing: Preprocessing, table: Table, dtype: np.dtype[Any], rows: NDArray[np.int64]) -> Blocks:
    step = max(1, BLOCK_CELLS // preprocessing.width)

    def make() -> Iterator[NDArray[Any]]:
        for start in range(0, len(rows), step):
            yield preprocessing.inputs(table, dtype, rows[start : start + step])

    return Blocks((len(rows), preprocessing.width), dtype, make)
