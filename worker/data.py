"""From a job's dataset to the arrays that it trains on."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidData
from core.nn.lower import lower
from core.nn.preparation.column import Columns
from core.nn.preparation.division import divided
from core.nn.preparation.preprocessing import Preprocessing
from core.nn.preparation.reading import AS_IT_LOOKS, Reading
from core.nn.preparation.recoding import Recoded
from core.nn.preparation.roles import inputs, used_names
from core.nn.preparation.schema import Schema
from core.nn.preparation.split import Rows
from core.nn.preparation.weighting import Weighting
from core.nn.saving.model import Card
from core.nn.saving.tensors import Blocks
from core.nn.sizes import Sizes
from core.nn.spec import DatasetValidation, DataSpec, NetworkSpec, TrainingSpec
from core.nn.training import Data
from core.store import Dataset, Job, Store
from worker.arrays import SMALL_BYTES, Draft, Shelf, key
from worker.datasets import Datasets
from worker.interruption import Check, Checked, never
from worker.start import kept_preprocessing

BLOCK_CELLS = 1 << 22


@dataclass(frozen=True, slots=True)
class Prepared:
    """What a job says, parsed, and its data as numbers."""

    network: NetworkSpec
    training: TrainingSpec
    columns: DataSpec
    preprocessing: Preprocessing
    data: Data
    reading: Reading = AS_IT_LOOKS

    @property
    def sizes(self) -> Sizes:
        data = self.data
        program = lower(self.network, self.training.loss, data.x.shape[1], data.categories)
        return Sizes.of(program, self.training, len(data.x), len(data.validation_x), data.t.shape[1])

    @property
    def card(self) -> Card:
        """What the weights carry along, so that they can be used without the service."""
        return Card(self.network, self.training.loss, self.preprocessing, self.reading)


def prepare(job: Job, store: Store, datasets: Datasets, shelf: Shelf, check: Check = never) -> Prepared:
    """The same arrays, bit for bit, at every attempt: the split depends on the seed alone, the statistics on the split.

    `check` is called again and again, and raises what is to end the work.
    """
    network = NetworkSpec.model_validate(job.spec["network"])
    training = TrainingSpec.model_validate(job.spec["training"])
    columns = DataSpec.model_validate(job.spec["dataset"])
    dataset = store.datasets.get(job.tenant, job.dataset_id)
    schema = Schema.model_validate(dataset.schema)
    apart = training.validation
    other = store.datasets.get(job.tenant, apart.dataset) if isinstance(apart, DatasetValidation) else None
    dtype = np.dtype(network.dtype)
    is_linear = network.last_activation.type == "identity"  # only then the outputs have no bounds of their own

    kept = kept_preprocessing(job.tenant, training.start, store)

    def draft() -> Draft:
        names = used_names(schema, columns)
        table: Columns = Checked(datasets.columns(dataset, names, check), check)
        training_rows, validation_rows = divided(training, columns, schema, table)
        if kept is None:
            preprocessing = Preprocessing.fit(schema, columns, training.loss, table, training_rows, is_linear=is_linear)
        else:
            preprocessing, table = kept, Recoded(table, schema, kept)
        weighting = Weighting.fit(columns, preprocessing.classes, table, training_rows)
        arrays = _examples(preprocessing, weighting, table, training_rows, dtype)
        if other is None:
            kept_away = _examples(preprocessing, weighting, table, validation_rows, dtype)
        else:
            theirs = Schema.model_validate(other.schema)
            measured = Recoded(Checked(datasets.columns(other, names, check), check), theirs, preprocessing)
            kept_away = _examples(preprocessing, weighting, measured, np.arange(theirs.rows), dtype, "validation data: ")
        arrays |= {f"validation_{name}": array for name, array in kept_away.items()}
        return Draft(arrays, {"preprocessing": json.dumps(preprocessing.to_json())})

    rows = schema.rows + (0 if other is None else other.row_count)
    if rows * inputs(schema, columns).width * dtype.itemsize < SMALL_BYTES:
        made = draft().in_memory()
    else:
        spec = [columns.model_dump(mode="json"), training.loss.model_dump(mode="json")]
        drawn = apart and [apart.model_dump(mode="json"), training.seed]
        tables = [_content(each) for each in (dataset, other) if each is not None]
        made = shelf.arrays(key(tables, spec, dtype.name, drawn, is_linear, kept and kept.to_json()), draft, check)
    preprocessing = Preprocessing.from_json(json.loads(made.words["preprocessing"]))
    categories = preprocessing.layout.categories
    data = Data(**made.arrays, target_scale=preprocessing.target_scale, categories=categories)
    return Prepared(network, training, columns, preprocessing, data, schema.reading or AS_IT_LOOKS)


def _content(dataset: Dataset) -> list[str]:
    """Tells datasets apart: a table holds texts as codes, of which the schema has the words."""
    return [dataset.table_sha256, hashlib.sha256(json.dumps(dataset.schema, sort_keys=True).encode()).hexdigest()]


def _examples(
    preprocessing: Preprocessing, weighting: Weighting | None, table: Columns, rows: Rows, dtype: np.dtype[Any], of: str = ""
) -> dict[str, NDArray[Any] | Blocks]:
    """x, t and, where they differ, weights of these rows. A message about a row begins with `of`, which tells the table."""
    step = max(1, BLOCK_CELLS // preprocessing.width)

    def make() -> Iterator[NDArray[Any]]:
        with _told(of):
            for start in range(0, len(rows), step):
                yield preprocessing.inputs(table, dtype, rows[start : start + step])

    with _told(of):
        arrays: dict[str, NDArray[Any] | Blocks] = {
            "x": Blocks((len(rows), preprocessing.width), dtype, make),
            "t": preprocessing.targets(table, dtype)[rows],
        }
        if weighting is not None:
            arrays["weights"] = weighting.weights(table, rows, dtype)
    return arrays


@contextmanager
def _told(of: str) -> Iterator[None]:
    try:
        yield
    except InvalidData as error:
        raise InvalidData(f"{of}{error.message}") from error
