"""From a job's dataset to the arrays that it trains on."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from core.nn.columns import feature_columns
from core.nn.preprocessing import Preprocessing
from core.nn.schema import Schema
from core.nn.spec import DataSpec, NetworkSpec, TrainingSpec
from core.nn.split import split
from core.nn.training import Data
from core.store import Job, Store
from worker.datasets import Datasets


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


def prepare(job: Job, store: Store, datasets: Datasets) -> Prepared:
    """The same arrays, bit for bit, at every attempt: the split depends on the seed alone, the statistics on the split."""
    network = NetworkSpec.model_validate(job.spec["network"])
    training = TrainingSpec.model_validate(job.spec["training"])
    columns = DataSpec.model_validate(job.spec["dataset"])
    dataset = store.datasets.get(job.tenant, job.dataset_id)
    schema = Schema.model_validate(dataset.schema)
    names = dict.fromkeys([*(column.name for column in feature_columns(schema, columns)), *columns.targets])
    table = datasets.columns(dataset, list(names))

    fraction = None if training.validation is None else training.validation.fraction
    training_rows, validation_rows = split(schema.rows, fraction, training.seed)
    is_linear = network.last_activation.type == "identity"  # only then the outputs have no bounds of their own
    preprocessing = Preprocessing.fit(schema, columns, training.loss, table, training_rows, is_linear=is_linear)
    dtype = np.dtype(network.dtype)
    t = preprocessing.targets(table, dtype)
    data = Data(
        x=preprocessing.inputs(table, dtype, training_rows),
        t=t[training_rows],
        validation_x=preprocessing.inputs(table, dtype, validation_rows),
        validation_t=t[validation_rows],
        target_scale=preprocessing.target_scale,
    )
    return Prepared(network, training, columns, preprocessing, data)
