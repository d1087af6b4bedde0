"""Last activations against the ranges of targets."""

from math import inf
from typing import Any, get_args

import numpy as np
import pytest
from pydantic import TypeAdapter

from core.nn.lower import lower
from core.nn.network import Network
from core.nn.planning.reach import MOST_TOLD, given_by, warnings
from core.nn.preparation.column import Column
from core.nn.preparation.schema import Schema
from core.nn.spec import Activation, DataSpec, MeanSquaredError, NetworkSpec, TrainingSpec
from core.nn.spec.activations import AnyActivation

RENT = Column(name="rent", kind="number", min=214.0, max=2918.0, mean=1200.0, deviation=400.0)
SHARE = Column(name="share", kind="number", min=0.0, max=1.0, mean=0.5, deviation=0.25)
FLAG = Column(name="flag", kind="boolean", values=(False, True), min=0.0, max=1.0, mean=0.5, deviation=0.5)
AREA = Column(name="area", kind="number", min=10.0, max=90.0)


def warned(activation: Any, target: Any = "rent", loss: str = "mean_squared_error", **data: Any) -> list[tuple[str, str]]:
    network = NetworkSpec.model_validate({"layers": [{"units": 8}, {"units": 1, "activation": activation}]})
    training = TrainingSpec.model_validate({"loss": loss})
    schema = Schema(rows=600, columns=(AREA, RENT, SHARE, FLAG))
    found = warnings(network, training, DataSpec(target=target, **data), schema)
    return [(problem.pointer, problem.message) for problem in found]


@pytest.mark.parametrize("kind", [each.model_fields["type"].default for each in get_args(AnyActivation)])
def test_every_activation_gives_what_is_said_of_it_up_to_both_ends(kind: str) -> None:
    activation: AnyActivation = TypeAdapter(Activation).validate_python({"type": kind})
    units = 2 if kind == "softmax" else 1
    layer = {"units": units, "activation": kind}
    network = NetworkSpec.model_validate({"layers": [layer], "dtype": "float64"})
    program = lower(network, MeanSquaredError(), 1)
    theta = np.zeros(program.size)
    theta[:units] = np.arange(units) + 1.0
    if kind == "prelu":
        theta[program.parameters - 1] = 0.25
    y = Network(program, theta).outputs(np.linspace(-400, 400, 80_001)[:, None])
    low, high = given_by(activation)
    assert low - 1e-12 <= y.min() <= max(low, -3) + 0.01
    assert min(high, 3) - 0.01 <= y.max() <= high + 1e-12


def test_a_sigmoid_for_prices_is_warned_of_with_both_ranges() -> None:
    assert warned("sigmoid") == [
        (
            "/network/layers/1/activation",
            'the last activation is "sigmoid", which gives numbers from 0 to 1; column "rent" goes from 214 to 2918, which it '
            'cannot reach; take "identity", or "target_scaling": "min_max"',
        )
    ]
    [(_, told)] = warned("relu", target_scaling="standard")
    assert 'gives numbers from 0 on; column "rent" goes from 214 to 2918, as it is scaled -2.465 to 4.295, which' in told


@pytest.mark.parametrize(
    ("activation", "fields"),
    [
        ("identity", {}),
        ("relu", {}),
        ("softplus", {}),
        ("leaky_relu", {"target_scaling": "standard"}),
        ("sigmoid", {"target": "share"}),
        ("sigmoid", {"target": "flag", "target_scaling": "standard"}),
        ("sigmoid", {"target_scaling": "min_max"}),
        ("tanh", {"target_scaling": "min_max"}),
        ({"type": "hard_tanh", "minimum": 200, "maximum": 3000}, {}),
        ("sigmoid", {"target": "flag", "loss": "binary_cross_entropy"}),
        ("identity", {"loss": "poisson"}),
    ],
)
def test_what_reaches_its_targets_is_not_warned_of(activation: Any, fields: dict[str, Any]) -> None:
    assert warned(activation, **fields) == []


@pytest.mark.parametrize(
    "activation",
    [
        "tanh",
        "softsign",
        "relu",
        "softplus",
        "gelu",
        "silu",
        "elu",
        "selu",
        "hard_tanh",
        {"type": "leaky_relu", "negative_slope": 0.0},
    ],
)
def test_what_does_not_reach_standardised_targets_is(activation: Any) -> None:
    assert len(warned(activation, target_scaling="standard")) == 1


def test_a_layer_of_its_own_is_named_and_of_many_targets_the_first_are_told() -> None:
    columns = tuple(Column(name=f"y{i}", kind="number", min=-5.0, max=5.0) for i in range(20))
    layers = [{"units": 20}, {"type": "relu"}]
    network, training = NetworkSpec.model_validate({"layers": layers}), TrainingSpec.model_validate({"loss": "huber"})
    data = DataSpec(target=tuple(column.name for column in columns))
    found = warnings(network, training, data, Schema(rows=9, columns=(AREA, *columns)))
    assert [problem.pointer for problem in found] == ["/network/layers/1"] * MOST_TOLD
    assert given_by(network.last_activation) == (0, inf)
