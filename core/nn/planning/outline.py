"""What a job leaves out, or asks for by "auto", chosen from its data before the spec is read.

An outline is the request's document as it was sent. Only what is missing there or "auto" is filled in, by the rules of thumb of
`core.nn.planning.suggestions`; whatever else stands in a place is left to the spec, which judges the whole document afterwards.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from core.errors import Problem
from core.nn.planning import suggestions
from core.nn.preparation.column import Column
from core.nn.preparation.roles import feature_columns, inputs, left_out, target_place
from core.nn.preparation.schema import Schema
from core.nn.preparation.split import validation_count
from core.nn.preparation.targets import scaling_of
from core.nn.program import FUSED
from core.nn.spec import DataSpec, NetworkSpec

AUTO = "auto"
JSON = dict[str, Any]

# They stand for data that cannot be used, so that what is wrong elsewhere is found all the same.
_TARGET = Column(name="target", kind="number")
_NOTHING = Schema(rows=1, columns=(_TARGET,))
_COLUMNS = DataSpec(target="target")


class Outline:
    """`document` with what was chosen filled in; `chosen` tells of it by JSON pointers, `problems` what cannot be chosen."""

    def __init__(self, document: Any) -> None:
        self.document: Any = dict(document) if isinstance(document, Mapping) else document
        self.chosen: JSON = {}
        self.problems: list[Problem] = []
        self._network = self._part("network", or_auto=True)
        self._training = self._part("training")
        data = self.document.get("dataset") if isinstance(self.document, dict) else None
        if isinstance(data, Mapping) and self._scales(data):
            self.document["dataset"] = {**data, "scaling": "standard"}
            self.chosen["/dataset/scaling"] = "standard"

    @property
    def has_open_layers(self) -> bool:
        """Whether the layers are still to be chosen."""
        return self._network is not None and _is_open(self._network, "layers")

    def choose(self, part: str, field: str, value: Any) -> None:
        """Fills in a field of the network or the training, unless that is no object."""
        inner = self._network if part == "network" else self._training
        if inner is not None:
            inner[field] = value
            self.document[part] = inner
            self.chosen[f"/{part}/{field}"] = value

    def choose_features(self, data: DataSpec, schema: Schema) -> DataSpec:
        """The columns with the features chosen, where the rules leave some out and the client names none."""
        without = left_out(schema, data)
        if not without or not isinstance(self.document, dict):
            return data
        features = tuple(column.name for column in feature_columns(schema, data) if column.name not in without)
        self.document["dataset"] = {**self.document["dataset"], "features": list(features)}
        self.chosen["/dataset/features"] = list(features)
        return data.model_copy(update={"features": features})

    def complete(self, data: DataSpec | None, schema: Schema | None) -> None:
        """Chooses all that is open; without a schema, something that fits the rest."""
        facts = _Facts(data, schema) if data is not None and schema is not None else _Facts(_COLUMNS, _NOTHING)
        if self._training is not None:
            self._choose_loss(self._training, facts)
        if self.has_open_layers:
            loss = _type(self._training or {}, "loss")
            last = FUSED.get(loss, "identity")
            outputs = facts.outputs(loss)
            self.choose("network", "layers", suggestions.layers(facts.rows, facts.inputs, outputs, last, facts.vocabulary))
        if self._training is not None:
            self._choose_steps(self._training, facts.rows, data or _COLUMNS)

    def _choose_loss(self, training: JSON, facts: "_Facts") -> None:
        if not _is_open(training, "loss"):
            return
        last = _last(self._network)
        outputs = _count(last.get("units"))
        loss = suggestions.loss(facts.targets, facts.rows, outputs)
        if last.get("activation") == "softmax" or last.get("type") == "softmax":
            loss = "softmax_cross_entropy"
        elif (message := suggestions.doubt(facts.targets, facts.schema, outputs)) is not None:
            self.problems.append(Problem(facts.place, message))
        self.choose("training", "loss", loss)
        if "metrics" not in training:
            self.choose("training", "metrics", ["accuracy" if loss in FUSED else "r2"])

    def _choose_steps(self, training: JSON, rows: int, data: DataSpec) -> None:
        if _is_open(training, "epochs") and "validation" not in training:
            fraction = suggestions.validation_fraction(rows)
            if fraction is not None:
                self.choose("training", "validation", {"fraction": fraction})
        self._choose_rate(training, rows, data)
        rows -= _validation_rows(training.get("validation"), rows)
        if _is_open(training, "batch_size"):
            if _type(training, "optimizer") == "lbfgs":
                training.pop("batch_size", None)
            else:
                self.choose("training", "batch_size", suggestions.batch_size(rows))
        if _is_open(training, "epochs"):
            steps = -(-rows // (_count(training.get("batch_size")) or max(rows, 1))) or 1
            self._choose_epochs(training, steps)

    def _choose_rate(self, training: JSON, rows: int, data: DataSpec) -> None:
        widest = max((_count(layer.get("units")) or 1 for layer in _layers(self._network)), default=1)
        if _is_open(training, "optimizer"):
            self.choose("training", "optimizer", suggestions.optimizer(rows, widest, is_scaled=self._is_scaled(training, data)))
            return
        optimizer = training["optimizer"]
        if isinstance(optimizer, Mapping) and optimizer.get("learning_rate") == AUTO:
            given = optimizer.get("momentum")
            momentum = given if isinstance(given, float) and 0 <= given < 1 else 0.0
            rate = suggestions.learning_rate(_type(training, "optimizer"), momentum, widest)
            if rate is not None:
                training["optimizer"] = {**optimizer, "learning_rate": rate}
                self.chosen["/training/optimizer/learning_rate"] = rate

    def _is_scaled(self, training: JSON, data: DataSpec) -> bool:
        """Whether numbers of about 1 go into the network and come out of it."""
        loss = _type(training, "loss")
        try:
            is_linear = NetworkSpec.model_validate(self._network).last_activation.type == "identity"
        except ValidationError:  # of which the client is told when the spec is read
            is_linear = False
        return data.scaling != "none" and (loss in FUSED or scaling_of(data, loss, is_linear=is_linear) != "none")

    def _choose_epochs(self, training: JSON, steps: int) -> None:
        is_validated = training.get("validation") is not None
        if training.get("budget_s") is not None:
            self.choose("training", "epochs", suggestions.MOST_EPOCHS)
            return
        self.choose("training", "epochs", suggestions.epochs(steps, is_validated=is_validated))
        if is_validated and "early_stopping" not in training:
            self.choose("training", "early_stopping", {"patience": suggestions.patience(steps)})

    def _part(self, name: str, *, or_auto: bool = False) -> JSON | None:
        """The object of that name, a copy; an empty one where it is left out; None where something else stands there."""
        if not isinstance(self.document, dict):
            return None
        value = self.document.get(name, {})
        if or_auto and value == AUTO:
            value = {}
        if not isinstance(value, Mapping):
            return None
        part = dict(value)
        self.document[name] = part
        return part

    def _scales(self, data: Mapping[str, Any]) -> bool:
        """Rows in the request go into a network of their author's as they are, into one that is chosen for them scaled."""
        return data.get("scaling") == AUTO or ("scaling" not in data and "id" not in data and self.has_open_layers)


class _Facts:
    """What the rules ask about the data, of the columns that can be used."""

    def __init__(self, data: DataSpec, schema: Schema) -> None:
        usable = {column.name for column in schema.columns if column.kind != "ignored"}
        self.schema, self.rows = schema, schema.rows
        self.place = target_place(data, 0)
        self.targets = [schema.column(name) for name in data.targets if name in usable] or [_TARGET]
        features = None if data.features is None else tuple(name for name in data.features if name in usable)
        known = data.model_copy(update={"features": features})
        self.inputs, categories = inputs(schema, known)
        self.vocabulary = max(categories.values(), default=0)

    def outputs(self, loss: str) -> int:
        if loss == "softmax_cross_entropy" and len(self.targets) == 1:
            return len(self.targets[0].values or ())
        return len(self.targets)


def _is_open(part: Mapping[str, Any], field: str) -> bool:
    return field not in part or part[field] == AUTO


def _type(part: Mapping[str, Any], field: str) -> str:
    """The type of the member that stands there, in its short form or its long one; empty where it is neither."""
    value = part.get(field)
    name = value.get("type") if isinstance(value, Mapping) else value
    return name if isinstance(name, str) else ""


def _layers(network: Mapping[str, Any] | None) -> list[Mapping[str, Any]]:
    layers = (network or {}).get("layers")
    found = layers if isinstance(layers, list) else []
    return [layer if isinstance(layer, Mapping) else {"type": layer} for layer in found[:100]]


def _last(network: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """The last layer that says how many units it has, with the activation that follows it; or the last of all."""
    layers = _layers(network)
    if not layers:
        return {}
    last = layers[-1]
    sized = next((layer for layer in reversed(layers) if "units" in layer), last)
    return sized if sized is last else {**last, "units": sized.get("units")}


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**53 else None


def _validation_rows(validation: Any, rows: int) -> int:
    if not isinstance(validation, Mapping):
        return 0
    numbers = validation.get("rows")
    if isinstance(numbers, list):
        return min(len(numbers), rows)
    fraction = validation.get("fraction")
    return validation_count(rows, fraction) if isinstance(fraction, float) and 0 < fraction < 1 and rows else 0
