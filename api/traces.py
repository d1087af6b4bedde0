"""What one row does in a job's network: looked up, computed, and told as JSON and as models for OpenAPI."""

from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from api.answers import JSON, Answer, PredictionAnswer
from api.cells import Cells, value
from api.predictions import key, told
from core.errors import Conflict
from core.nn.preparation.column import Columns, Value
from core.nn.preparation.division import divided
from core.nn.preparation.features import Indicator, Text
from core.nn.preparation.preprocessing import Preprocessing
from core.nn.preparation.recoding import Recoded, strangeness
from core.nn.preparation.roles import used_names
from core.nn.preparation.schema import Schema
from core.nn.preparation.weighting import Weighting
from core.nn.spec import LBFGS, DatasetValidation, DataSpec, InlineValidation, TrainingSpec
from core.nn.trace import LayerTrace, Trace, trace
from core.store import Dataset, Job, Store

if TYPE_CHECKING:
    from core.nn.predictor import Predictor

Numbers = list[float | None]


class TracedInput(Answer):
    name: str = Field(description="The column; of a text `column = text`, of an indicator `column is missing`.")
    value: float | bool | str | None = Field(description="As in the data; null where it is missing.")
    input: float = Field(description="The number that goes into the network.")


class TracedParameters(Answer):
    """As in the layer; null where it has none."""

    weights: list[Numbers] | None
    bias: Numbers | None


class TracedLayer(Answer):
    """`weights[to][from]`; an activation that is a layer of its own has none. Layers that change nothing are left out."""

    type: str
    activation: str
    weights: list[Numbers] | None
    bias: Numbers | None
    weighted_sums: Numbers = Field(description="z = W x + b of each node.")
    activations: Numbers = Field(description="f(z), which goes into the next layer.")
    errors: Numbers = Field(description="dL/dz: each node's share of the error.")
    gradients: TracedParameters = Field(description="dL/dw of each weight, dL/db of each bias.")
    steps: TracedParameters = Field(description="−learning_rate · gradient: plain gradient descent for this row alone.")


class TracedOutput(Answer):
    name: str = Field(description="The class, or the target column.")
    output: float | None
    target: float = Field(description="What the output should be, in the network's own terms: scaled; of a class 1 or 0.")


class TraceAnswer(Answer):
    object: Literal["trace"]
    job: str
    epoch: int = Field(description="The one whose weights are shown; 0 is before the first step.")
    epochs: list[int] = Field(description="All that there are weights of by now.")
    row: int = Field(description="Of the job's dataset, from 0.")
    rows: int
    is_validation: bool = Field(description="The row is only measured; nothing is learned from it.")
    weight: float = Field(description="How much the row counts by its weight and its class; 1 on average.")
    learning_rate: float = Field(
        description="That of the epoch's last step, of epoch 0 that of the first epoch's, as far as it is recorded; else the "
        "optimizer's."
    )
    inputs: list[TracedInput]
    layers: list[TracedLayer]
    outputs: list[TracedOutput]
    target: float | bool | str | dict[str, float | bool | str] = Field(
        description="As in the data; of several target columns by their names."
    )
    prediction: PredictionAnswer = Field(description="As `POST …/predict` gives it.")
    loss: float | None = Field(
        description="Of this row alone as the training counts it: times its weight, with label smoothing; without dropout and "
        "without the penalties l1 and l2 and weight decay, which belong to no row."
    )


class Row:
    """One row of a job's dataset, as its training sees it."""

    def __init__(self, store: Store, job: Job, dataset: Dataset, number: int) -> None:
        """CoreError where the stored table is damaged."""
        self.number = number
        self.schema = Schema.model_validate(dataset.schema)
        self.data = DataSpec.model_validate(job.spec["dataset"])
        self.training = TrainingSpec.model_validate(job.spec["training"])
        self._cells = Cells(store, dataset)
        self.columns: Columns = self._cells.row(used_names(self.schema, self.data), number)

    def value(self, name: str) -> Value | None:
        """As in the data."""
        return value(self.schema.column(name), self.columns[name])

    @property
    def is_validation(self) -> bool:
        validation = self.training.validation
        if validation is None or isinstance(validation, DatasetValidation | InlineValidation):
            return False
        _, apart = self._division
        return bool(np.isin(self.number, apart))

    def weight(self, preprocessing: Preprocessing) -> float:
        """As the loss counts it. The weights follow from all training rows, so that their columns are read."""
        if self.data.weight is None and self.data.class_weights is None:
            return 1.0  # and no column is read
        table = Recoded(self._cells, self.schema, preprocessing)
        training_rows, _ = self._division
        weighting = Weighting.fit(self.data, preprocessing.classes, table, training_rows)
        if weighting is None:
            return 1.0
        return float(weighting.counted(table, np.array([self.number]))[0])

    @cached_property
    def _division(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        return divided(self.training, self.data, self.schema, self._cells)


def trace_answer(job: Job, row: Row, predictor: "Predictor", epoch: int, epochs: list[int], learning_rate: float) -> JSON:
    """Everything about the row in the network of the predictor. Takes a while where the training weighs its rows.

    Conflict where the weights were not learned from columns such as those of the job's dataset.
    """
    card = predictor.card
    if (strange := strangeness(card.preprocessing, row.schema, row.data, card.loss)) is not None:
        raise Conflict(f"the weights of job {job.id} and its dataset {job.dataset_id} do not belong together: {strange[1]}")
    columns = Recoded(row.columns, row.schema, card.preprocessing)
    x = card.preprocessing.inputs(columns, predictor.dtype)[0]
    t = card.preprocessing.targets(columns, predictor.dtype)[0]
    weight = row.weight(card.preprocessing)
    found = trace(card.network, card.loss, predictor.weights, x, t, weight)
    targets = {name: row.value(name) for name in row.data.targets}
    return {
        "object": "trace",
        "job": job.id,
        "epoch": epoch,
        "epochs": epochs,
        "row": row.number,
        "rows": row.schema.rows,
        "is_validation": row.is_validation,
        "weight": weight,
        "learning_rate": learning_rate,
        "inputs": _inputs(row, card.preprocessing, x),
        "layers": [_layer(layer, learning_rate) for layer in found.layers],
        "outputs": _outputs(card.preprocessing, found),
        "target": targets if len(targets) > 1 else next(iter(targets.values())),
        "prediction": told(predictor.predict(columns))[0],
        "loss": found.loss,
    }


def rate_of(store: Store, job: Job, epoch: int) -> float:
    """The learning rate that an epoch's step is shown with."""
    recorded = store.epochs.page(job.tenant, job.id, max(epoch, 1) - 1, 1)
    if recorded and recorded[0].epoch == max(epoch, 1):
        return recorded[0].learning_rate
    optimizer = TrainingSpec.model_validate(job.spec["training"]).optimizer
    return 1.0 if isinstance(optimizer, LBFGS) else optimizer.learning_rate


def _inputs(row: Row, preprocessing: Preprocessing, x: NDArray[Any]) -> list[JSON]:
    names: list[tuple[str, str]] = []
    for feature in preprocessing.features:
        column = feature.column
        if isinstance(feature, Text):
            names += [(column, f"{column} = {text}") for text in feature.values]
        else:
            names.append((column, f"{column} is missing" if isinstance(feature, Indicator) else column))
    return [
        {"name": name, "value": row.value(column), "input": number}
        for (column, name), number in zip(names, x.tolist(), strict=True)
    ]


def _layer(layer: LayerTrace, learning_rate: float) -> JSON:
    gradients = layer.weights_gradient, layer.bias_gradient
    return {
        "type": layer.type,
        "activation": layer.activation,
        "weights": _listed(layer.weights),
        "bias": _listed(layer.bias),
        "weighted_sums": layer.weighted_sums.tolist(),
        "activations": layer.activations.tolist(),
        "errors": layer.errors.tolist(),
        "gradients": _parameters(*gradients),
        "steps": _parameters(*(None if each is None else -learning_rate * each for each in gradients)),
    }


def _parameters(weights: NDArray[Any] | None, bias: NDArray[Any] | None) -> JSON:
    return {"weights": _listed(weights), "bias": _listed(bias)}


def _listed(array: NDArray[Any] | None) -> Any:
    return None if array is None else array.tolist()


def _outputs(preprocessing: Preprocessing, found: Trace) -> list[JSON]:
    classes, columns = preprocessing.classes, [target.column for target in preprocessing.outputs]
    names = columns if classes is None or len(classes) != len(found.outputs) else list(map(key, classes))
    numbers = zip(names, found.outputs.tolist(), found.targets.tolist(), strict=True)
    return [{"name": name, "output": output, "target": target} for name, output, target in numbers]
