"""What a trained network says of new rows, in the words and the units of the data that it learned from."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidData
from core.nn.builder import Misfit
from core.nn.lower import lower
from core.nn.network import CAPACITY, Matrix, Network, vocabularies
from core.nn.planning.duration import seconds_to_predict
from core.nn.preparation.column import Columns, Value
from core.nn.preparation.indices import indices_of
from core.nn.preparation.rows import fields_of
from core.nn.saving.model import Link, SavedModel
from core.nn.saving.tensors import Arrays
from core.nn.saving.weights import mismatch, weight_views

BLOCK_CELLS = 1 << 22  # inputs, or values of all layers, that are in memory at once
BLOCK_PRODUCTS = 1 << 31  # multiplications of a block, some tenths of a second


@dataclass(frozen=True, slots=True)
class Predictions:
    """Of N rows.

    `values` (N,) for each target column: float64 numbers, NaN or infinite where the network's own are, or else labels, None
    where it gives no finite number. `probabilities` (N, k) are those of `labels`: the classes, whose probabilities sum to 1, or
    where each target column is a flag, or one of a one-hot code, these columns. None where the targets are numbers.
    """

    values: Mapping[str, NDArray[Any]]
    labels: tuple[Value, ...] = ()
    probabilities: NDArray[np.float64] | None = None

    def __len__(self) -> int:
        return len(next(iter(self.values.values())))


class Predictor:
    """A trained network, ready to predict; several threads may ask at once."""

    def __init__(self, model: SavedModel) -> None:
        """InvalidData where the weights are none of this network."""
        self.card = card = model.card
        self.fields = fields_of(card.preprocessing)
        layout = card.preprocessing.layout
        try:
            program = lower(card.network, card.loss, layout.width, layout.categories)
        except Misfit as misfit:
            raise InvalidData(f"the network does not fit its preprocessing: {misfit.message}") from misfit
        wrong = mismatch(program, {name: array.shape for name, array in model.weights.items()})
        if wrong is not None:
            raise InvalidData(f"the weights are none of this network: {wrong}")
        self._network = Network.from_weights(program, model.weights)
        self.indices = indices_of(card.preprocessing, vocabularies(program))

    @property
    def dtype(self) -> np.dtype[np.floating]:
        """In which it computes."""
        return self._network.program.dtype

    @property
    def weights(self) -> Arrays:
        """By the names of `core.nn.saving.weights`, in place."""
        return weight_views(self._network.program, self._network.theta)

    @property
    def products(self) -> int:
        """How many multiplications one row takes."""
        return self._network.program.products

    def seconds(self, rows: int) -> float:
        """How long so many rows take in the network, as jobs are reckoned."""
        return seconds_to_predict(self._network.program, rows, CAPACITY)

    @property
    def targets(self) -> tuple[str, ...]:
        """The columns that are predicted."""
        return tuple(target.column for target in self.card.preprocessing.outputs)

    @property
    def labels(self) -> tuple[Value, ...]:
        """What probabilities are given of: the classes, or where each target column is a flag these columns; else nothing."""
        if self.card.preprocessing.classes is not None:
            return self.card.preprocessing.classes
        return self.targets if self._has_flags else ()

    @property
    def block_rows(self) -> int:
        """How many rows run through the network before something else may: they are in memory as inputs at once."""
        program = self._network.program
        rows = max(1, min(BLOCK_CELLS // max(program.inputs, program.width), BLOCK_PRODUCTS // max(1, program.products)))
        return rows - rows % CAPACITY if rows > CAPACITY else rows

    def outputs(self, x: Matrix) -> Matrix:
        """y (N, m) of the last layer for inputs x (N, n), its activation included."""
        return self._network.outputs(x)

    def predict(self, columns: Columns) -> Predictions:
        """Of whole columns as stored, texts in the codes of the preprocessing. InvalidData where a number leaves the range of
        the network's dtype, and names its row and column."""
        program, preprocessing = self._network.program, self.card.preprocessing
        count, step = len(columns[preprocessing.features[0].column]), self.block_rows
        y = np.empty((count, program.outputs), program.dtype)
        for start in range(0, count, step):
            rows = np.arange(start, min(start + step, count))
            y[start : start + step] = self.outputs(preprocessing.inputs(columns, program.dtype, rows))
        return self.meaning(y)

    def meaning(self, y: Matrix) -> Predictions:
        """The predictions that outputs y (N, m) are. A class is the likeliest, of equal ones the first; a flag is set where it
        is likelier than not, as the metrics see it."""
        preprocessing, link = self.card.preprocessing, self.card.link
        outputs, classes = preprocessing.outputs, preprocessing.classes
        is_finite = np.asarray(np.isfinite(y).all(axis=1))
        p = linked(link, y)
        if self._has_flags:
            is_set = y > 0 if link == "sigmoid" else y > 0.5
            if classes is not None:
                values = {outputs[0].column: _labelled(is_set[:, 0].astype(np.intp), classes, is_finite)}
                return Predictions(values, classes, np.stack([1 - p[:, 0], p[:, 0]], axis=1))
            values = {
                target.column: _labelled(is_set[:, i].astype(np.intp), _flag(target.kind), is_finite)
                for i, target in enumerate(outputs)
            }
            return Predictions(values, self.targets, p)
        if classes is None:
            numbers = {target.column: p[:, i] * target.scale + target.shift for i, target in enumerate(outputs)}
            return Predictions(numbers)
        likeliest = y.argmax(axis=1)
        if len(outputs) == 1:
            return Predictions({outputs[0].column: _labelled(likeliest, classes, is_finite)}, classes, p)
        code = {
            target.column: _labelled((likeliest == i).astype(np.intp), _flag(target.kind), is_finite)
            for i, target in enumerate(outputs)
        }
        return Predictions(code, classes, p)

    @property
    def _has_flags(self) -> bool:
        return self.card.loss.type == "binary_cross_entropy"


def linked(link: Link, y: Matrix) -> NDArray[np.float64]:
    """What outputs y (N, m) predict, in float64: themselves, 1 / (1 + e⁻ʸ), eʸ / Σ eʸ or eʸ; infinite beyond the range."""
    z = y.astype(np.float64)
    with np.errstate(over="ignore", invalid="ignore"):
        if link == "sigmoid":
            e = np.exp(-np.abs(z))
            return np.where(z >= 0, 1 / (1 + e), e / (1 + e))
        if link == "softmax":
            e = np.exp(z - z.max(axis=1, keepdims=True))
            p: NDArray[np.float64] = e / e.sum(axis=1, keepdims=True)
            return p
        return np.exp(z) if link == "exp" else z


def _flag(kind: str) -> tuple[Value, Value]:
    """Not set, set."""
    return (False, True) if kind == "boolean" else (0, 1)


def _labelled(index: NDArray[np.intp], labels: tuple[Value, ...], is_finite: NDArray[np.bool_]) -> NDArray[Any]:
    """(N,) objects."""
    found = np.empty(len(labels), object)
    found[:] = labels
    chosen: NDArray[Any] = found[index]
    chosen[~is_finite] = None
    return chosen
