"""Predictions of whole rows beside those that PyTorch gives, whose inputs are made and whose outputs are read by hand."""

from typing import Any

import numpy as np
import pytest

from core.nn.initializers import initialize
from core.nn.lower import lower
from core.nn.memory import aligned
from core.nn.predictor import Predictor
from core.nn.preparation.features import Number, Text
from core.nn.preparation.preprocessing import Preprocessing
from core.nn.preparation.rows import columns_of
from core.nn.preparation.targets import Target
from core.nn.saving.model import Card, SavedModel
from core.nn.saving.weights import named_weights
from core.nn.spec import NetworkSpec
from tests.nn.networks import LOSSES, training_spec
from tests.nn.torch_networks import loaded
from tests.nn.torch_optimizers import in_double_precision, torch  # noqa: F401 - a fixture

FEATURES = (Number("age", 40.0, 12.0, 40.0), Text("city", ("Bern", "Oslo")))
CLASSES = ("cat", "dog", "emu")
SHIFT, SCALE = 3.5, 11.0


def rows(count: int) -> tuple[list[Any], Any]:
    """Rows, and their inputs as a tensor."""
    rng = np.random.default_rng(2)
    found = [{"age": float(rng.normal(40, 12)), "city": ("Bern", "Oslo", "Rome")[rng.integers(3)]} for _ in range(count)]
    inputs = [[(row["age"] - 40.0) / 12.0, row["city"] == "Bern", row["city"] == "Oslo"] for row in found]
    return found, torch.tensor(inputs, dtype=torch.float64)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("has_activation", [False, True])
def test_predictions_are_those_of_pytorch(loss: str, has_activation: bool) -> None:
    last = {"binary_cross_entropy": "sigmoid", "softmax_cross_entropy": "softmax"}.get(loss) if has_activation else None
    units = 3 if loss == "softmax_cross_entropy" else 1
    layers = [{"units": 7, "activation": "tanh"}, {"units": units, "activation": last or "identity"}]
    network = NetworkSpec.model_validate({"layers": layers, "dtype": "float64"})
    classes = {"softmax_cross_entropy": CLASSES, "binary_cross_entropy": CLASSES[:2]}.get(loss)
    target = Target("t", "number") if classes or loss == "poisson" else Target("t", "number", SHIFT, SCALE)
    card = Card(network, training_spec(loss).loss, Preprocessing(FEATURES, (target,), classes))
    program = lower(network, card.loss, 3)
    theta = aligned(program.size, program.dtype)
    initialize(program, 5, theta)
    named = named_weights(program, theta)

    predictor = Predictor(SavedModel(card, named))
    asked, x = rows(60)
    found = predictor.predict(columns_of(asked, predictor.fields))
    y = loaded(network, named, 3)(x)
    if loss == "softmax_cross_entropy":
        p = y if last else torch.softmax(y, dim=1)
    elif loss == "binary_cross_entropy":
        p = y if last else torch.sigmoid(y)
        p = torch.cat([1 - p, p], dim=1)
    else:
        numbers = torch.exp(y) if loss == "poisson" else y * SCALE + SHIFT
        np.testing.assert_allclose(found.values["t"], numbers[:, 0].detach().numpy(), rtol=1e-12)
        return
    np.testing.assert_allclose(found.probabilities, p.detach().numpy(), rtol=1e-11)
    assert found.values["t"].tolist() == [CLASSES[i] for i in p.argmax(dim=1).tolist()]
    assert len(set(found.values["t"])) > 1
