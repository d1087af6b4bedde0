"""What an export is compared with: the service's own predictions."""

from typing import Any

import numpy as np

from core.nn.predictor import Predictions, Predictor
from core.nn.preparation.features import Category, Feature, Number
from core.nn.preparation.rows import columns_of, fields_of
from core.nn.saving.model import SavedModel
from tests.exports.models import model, outputs
from tests.nn.random_networks import Drawn

Rows = list[dict[str, Any]]

# How far predictions may be from the service's, in units of the network's outputs, by the type in which they are reckoned.
BOUNDS = {"float32": 2e-6, "float64": 1e-9}


def predicted(model: SavedModel, rows: Rows) -> Predictions:
    """What the service makes of the rows."""
    return Predictor(model).predict(columns_of(rows, fields_of(model.card.preprocessing)))


def numbers_of(found: Predictions) -> Any:
    """(N, m): probabilities, or numbers in their own units."""
    return np.stack(list(found.values.values()), axis=1) if found.probabilities is None else found.probabilities


def assert_close(model: SavedModel, found: Any, expected: Any, bound: float) -> None:
    """Both (N, m) as `numbers_of` gives them; a difference counts beside what the network itself gives."""
    targets = model.card.preprocessing
    is_number = model.card.loss.type not in ("softmax_cross_entropy", "binary_cross_entropy")
    scale = np.array([target.scale for target in targets.outputs]) if is_number else 1.0
    shift = np.array([target.shift for target in targets.outputs]) if is_number else 0.0
    assert found.shape == expected.shape
    difference = np.abs(found - expected) / scale
    assert (difference <= bound * (1 + np.abs((expected - shift) / scale))).all(), difference.max()


def rows_of(x: Any) -> Rows:
    """Those of an array (N, n)."""
    return [{f"x{i}": float(value) for i, value in enumerate(row)} for row in x]


def drawn_model(drawn: Drawn, rows: int, dtype: str = "float64") -> tuple[SavedModel, Rows]:
    """A network drawn at random behind plain numbers, and texts where it looks codes up; and rows for it."""
    x, _ = drawn.examples(rows)
    columns: list[Feature] = [Number(f"x{i}", 0.0, 1.0, 0.0) for i in range(drawn.inputs)]
    made = rows_of(x)
    for place, codes in drawn.categories.items():
        columns[place] = Category(f"x{place}", tuple(f"text {code}" for code in range(codes - 1)))
        for row in made:
            row[f"x{place}"] = f"text {row[f'x{place}']:.0f}"
    layers = drawn.network.model_dump()["layers"]
    if drawn.loss == "softmax_cross_entropy":
        classes = tuple(f"class {i}" for i in range(drawn.outputs))
        return model(layers, tuple(columns), outputs(1), classes, drawn.loss, dtype), made
    return model(layers, tuple(columns), outputs(drawn.outputs), None, drawn.loss, dtype), made
