"""What an export is compared with: the service's own predictions.

In float32 the service's predictions are rounded as much as the export's, each in another order: the two may differ by more
than either is wrong. So an export keeps two bounds. Each number is what the service reckons of the same weights in float64, as
in the golden vectors; and what the service predicts in the network's own type, as a share of the largest output, since what a
sum loses by rounding depends on its terms, not on what is left of them.
"""

from dataclasses import replace
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
BOUNDS = {"float32": 1e-6, "float64": 1e-9}


def predicted(model: SavedModel, rows: Rows) -> Predictions:
    """What the service makes of the rows."""
    return Predictor(model).predict(columns_of(rows, fields_of(model.card.preprocessing)))


def numbers_of(found: Predictions) -> Any:
    """(N, m): probabilities, or numbers in their own units."""
    return np.stack(list(found.values.values()), axis=1) if found.probabilities is None else found.probabilities


def precise(model: SavedModel) -> SavedModel:
    """The same weights in float64."""
    network = model.card.network.model_copy(update={"dtype": "float64"})
    return SavedModel(replace(model.card, network=network), model.weights)


def assert_close(model: SavedModel, rows: Rows, found: Any, bound: float) -> None:
    """`found` (N, m) as `numbers_of` gives it; a difference counts beside what the network itself gives."""
    ours, service, exact = (
        _outputs(model, each)
        for each in (found, numbers_of(predicted(model, rows)), numbers_of(predicted(precise(model), rows)))
    )
    assert ours.shape == exact.shape
    difference = np.abs(ours - exact) / (1 + np.abs(exact))
    assert difference.max() <= bound, difference.max()
    difference = np.abs(ours - service) / max(1.0, np.abs(exact).max())
    assert difference.max() <= bound, difference.max()


def _outputs(model: SavedModel, numbers: Any) -> Any:
    """In units of the network's outputs."""
    if model.card.loss.type in ("softmax_cross_entropy", "binary_cross_entropy"):
        return numbers
    targets = model.card.preprocessing.outputs
    return (numbers - np.array([target.shift for target in targets])) / np.array([target.scale for target in targets])


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
