"""What weights carry along, written and read again."""

from dataclasses import replace

import numpy as np
import pytest

from core.errors import InvalidData
from core.nn.lower import lower
from core.nn.network import Network
from core.nn.preparation.preprocessing import Preprocessing
from core.nn.preparation.reading import AS_IT_LOOKS, Reading
from core.nn.saving.model import Card, SavedModel
from core.nn.saving.weights import named_weights, to_safetensors
from core.nn.spec import AnyLoss, BinaryCrossEntropy, Huber, NetworkSpec, Poisson, SoftmaxCrossEntropy

PREPROCESSING = Preprocessing.from_json(
    {
        "features": [{"kind": "number", "column": "x", "shift": 0.1, "scale": 3.0, "missing": 0.1}],
        "targets": [{"column": "y", "kind": "number", "shift": 0.25, "scale": 7.0}],
        "classes": None,
    }
)


def card(loss: AnyLoss, activation: str = "identity") -> Card:
    network = NetworkSpec.model_validate({"layers": [{"units": 2, "activation": activation}]})
    return Card(network, loss, PREPROCESSING)


def test_a_model_that_was_saved_predicts_as_before() -> None:
    described = card(Huber(delta=2.5))
    program = lower(described.network, described.loss, 1)
    theta = np.array([0.5, -1.25, 3.0, 0.125], program.dtype)
    x = np.linspace(-2, 2, 5, dtype=program.dtype)[:, None]

    read = SavedModel.from_safetensors(to_safetensors(named_weights(program, theta), described.to_json()))
    assert read.card == described
    again = Network.from_weights(lower(read.card.network, read.card.loss, read.card.preprocessing.width), read.weights)
    assert (again.outputs(x) == Network(program, theta).outputs(x)).all()


def test_how_the_data_were_read_is_kept_where_anything_was_said_of_it() -> None:
    plain = card(Huber())
    assert "reading" not in plain.to_json()
    assert Card.from_json(plain.to_json()).reading == AS_IT_LOOKS
    said = replace(plain, reading=Reading(numbers=("x",), missing_values=("k.A.", "?!")))
    weights = to_safetensors({"0.bias": np.zeros(2)}, said.to_json())
    assert SavedModel.from_safetensors(weights).card == said


@pytest.mark.parametrize(
    ("loss", "activation", "link"),
    [
        (SoftmaxCrossEntropy(), "identity", "softmax"),
        (SoftmaxCrossEntropy(), "softmax", "identity"),
        (BinaryCrossEntropy(), "identity", "sigmoid"),
        (BinaryCrossEntropy(), "sigmoid", "identity"),
        (Poisson(), "identity", "exp"),
        (Poisson(), "softplus", "exp"),
        (Huber(), "identity", "identity"),
    ],
)
def test_logits_become_probabilities_and_logarithms_numbers(loss: AnyLoss, activation: str, link: str) -> None:
    assert card(loss, activation).link == link


def test_weights_that_are_not_a_jobs_are_refused() -> None:
    with pytest.raises(InvalidData, match="the weights do not say their loss and their preprocessing"):
        Card.from_json({"network": {"layers": [{"units": 1}]}})
