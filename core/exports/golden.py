"""Golden vectors: a few rows and what the network must predict of them, so that whoever loads the weights can prove it right.

No row is taken from the data. All are made of what the preprocessing knows, numbers near their mean and texts that have
codes of their own, drawn by a seed that is the weights' hash. The first is plain, in the second everything is missing, in the
third no text was ever seen; the others mix these.
"""

import hashlib
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidData
from core.nn.preparation.features import Boolean, Category, Feature, Number, Text
from core.nn.preparation.rows import columns_of, fields_of
from core.nn.saving.model import SavedModel
from core.nn.saving.weights import weights_file
from core.nn.spec import Embedding, NetworkSpec

Row = dict[str, Any]  # the value of each column: a number, a flag, a text, or None where it is missing

ROWS = range(3, 9)
CELLS = 4_000  # of all rows; wide tables and many classes get fewer rows
SPARSE = 0.15  # how often a value is missing, or a text unseen, in the rows that mix


class Predictor(Protocol):
    """What is used of `core.nn.predictor.Predictor`, which brings the compiled engine along."""

    def outputs(self, x: NDArray[Any]) -> NDArray[Any]: ...

    def meaning(self, y: NDArray[Any]) -> "Predictions": ...


class Predictions(Protocol):
    @property
    def values(self) -> Mapping[str, NDArray[Any]]: ...

    @property
    def probabilities(self) -> NDArray[np.float64] | None: ...


@dataclass(frozen=True, slots=True)
class Golden:
    """What the service makes of `rows`: `outputs` (N, m) of the last layer, `predictions` by column, and where the targets are
    classes or flags `probabilities` (N, k), in the order of the classes, or of the targets.

    All are reckoned in float64, whatever the network's own type is, so that what differs elsewhere is the other's rounding.
    """

    rows: list[Row]
    outputs: list[list[float]]
    predictions: list[Row]
    probabilities: list[list[float]] | None

    @classmethod
    def of(cls, model: SavedModel, predictor: Callable[[SavedModel], Predictor]) -> Self:
        """Those of the model; rows whose outputs or predictions are not finite are left out."""
        precise = model.card.network.model_copy(update={"dtype": "float64"})
        asked = predictor(SavedModel(replace(model.card, network=precise), model.weights))
        preprocessing = model.card.preprocessing
        fields = fields_of(preprocessing)
        found = cls.none()
        probabilities: list[list[float]] = []
        for row in golden_rows(model):
            try:
                y = asked.outputs(preprocessing.inputs(columns_of([row], fields), np.float64))
            except InvalidData:  # a code that an embedding does not know
                continue
            told = asked.meaning(y)
            prediction = {column: _plain(values[0]) for column, values in told.values.items()}
            if np.isfinite(y).all() and all(isinstance(v, str) or math.isfinite(v) for v in prediction.values()):
                found.rows.append(row)
                found.outputs.append(y[0].tolist())
                found.predictions.append(prediction)
                if told.probabilities is not None:
                    probabilities.append(told.probabilities[0].tolist())
        return replace(found, probabilities=probabilities or None)

    @classmethod
    def none(cls) -> Self:
        return cls([], [], [], None)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """The inverse of `to_json`."""
        return cls(**document)


def _plain(value: Any) -> Any:
    """A label, or a number of Python's own."""
    return value.item() if isinstance(value, np.generic) else value


def golden_rows(model: SavedModel) -> list[Row]:
    """Rows that a client may send, the same for the same weights; three to eight of them."""
    card = model.card
    features = card.preprocessing.features
    rng = np.random.Generator(np.random.Philox(seed(model)))
    cells = max(len(features), len(card.preprocessing.classes or ()), 1)
    count = min(max(CELLS // cells, ROWS[0]), ROWS[-1])
    drawing = _Drawing(rng, vocabulary_of(card.network))
    return [drawing.row(features, *_share(i)) for i in range(count)]


def seed(model: SavedModel) -> int:
    """The hash of the weights alone, in the order of their names."""
    digest = hashlib.sha256()
    for piece in weights_file(dict(sorted(model.weights.items())), {}):
        digest.update(piece)
    return int.from_bytes(digest.digest()[:8], "little")


def _share(row: int) -> tuple[float, float]:
    """How often a value is missing in this row, and how often a text unseen."""
    return {0: (0.0, 0.0), 1: (1.0, 0.0), 2: (0.0, 1.0)}.get(row, (SPARSE, SPARSE))


def vocabulary_of(network: NetworkSpec) -> int | None:
    """Below which number all inputs are, where an embedding says so."""
    first = network.layers[0]
    return first.vocabulary if isinstance(first, Embedding) else None


@dataclass(frozen=True, slots=True)
class _Drawing:
    rng: np.random.Generator
    vocabulary: int | None

    def row(self, features: Iterable[Feature], missing: float, unseen: float) -> Row:
        """Where inputs are indices, what stands for a missing number may be none: nothing is missing there."""
        row: Row = {}
        for feature in features:
            if feature.column in row:
                continue
            is_missing = self.rng.random() < missing and self.vocabulary is None
            row[feature.column] = None if is_missing else self.value(feature, unseen)
        return row

    def value(self, feature: Feature, unseen: float) -> Any:
        if isinstance(feature, Number):
            return self.number(feature)
        if isinstance(feature, Boolean):
            return bool(self.rng.random() < 0.5) and self.vocabulary != 1
        if isinstance(feature, Text | Category):
            if not feature.values or self.rng.random() < unseen:
                return _unseen(feature.values)
            return feature.values[int(self.rng.integers(len(feature.values)))]
        return None

    def number(self, feature: Number) -> float:
        """A number that lies as far from `shift` as the column's own do, with about as many digits as show that."""
        if self.vocabulary is not None:
            return feature.shift + feature.scale * int(self.rng.integers(self.vocabulary))
        value = feature.shift + feature.scale * float(self.rng.uniform(-2, 2))
        if not math.isfinite(value):
            return feature.missing
        return round(value, 2 - math.floor(math.log10(feature.scale))) if 1e-200 < feature.scale < 1e200 else value


def _unseen(values: Iterable[str]) -> str:
    """A text that is none of these."""
    seen, text = set(values), "never seen"
    while text in seen:
        text += "!"
    return text
