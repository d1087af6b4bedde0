"""Predictions: the network's own outputs, in the words and the units of the data."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from core.errors import InvalidData
from core.nn import predictor as module
from core.nn.initializers import initialize
from core.nn.lower import lower
from core.nn.memory import aligned
from core.nn.network import Network
from core.nn.predictor import Predictor
from core.nn.preparation.column import Value
from core.nn.preparation.features import Feature, Number, Text
from core.nn.preparation.preprocessing import Preprocessing
from core.nn.preparation.rows import columns_of, fields_of
from core.nn.preparation.targets import Target
from core.nn.saving.model import Card, SavedModel
from core.nn.saving.weights import named_weights, to_safetensors
from core.nn.spec import NetworkSpec, TrainingSpec
from tests.nn.layered import NETWORKS, layered
from tests.nn.networks import LOSSES

LENGTH = Number("length", 2.5, 4.0, 2.5)
NUMBER = Target("price", "number", 3.25, 17.0)


def card(
    loss: str,
    layers: list[Any],
    outputs: tuple[Target, ...],
    classes: tuple[Value, ...] | None = None,
    features: tuple[Feature, ...] = (LENGTH, Text("city", ("Bern", "Oslo"))),
    dtype: str = "float32",
) -> Card:
    network = NetworkSpec.model_validate({"layers": layers, "dtype": dtype})
    return Card(network, TrainingSpec.model_validate({"loss": loss}).loss, Preprocessing(features, outputs, classes))


def trained(card: Card, seed: int = 3) -> tuple[Predictor, Network]:
    """Of random weights, read from the file that they were written to; and the network that they come from."""
    layout = card.preprocessing.layout
    program = lower(card.network, card.loss, layout.width, layout.categories)
    theta = aligned(program.size, program.dtype)
    initialize(program, seed, theta)
    theta[: program.parameters] += np.random.default_rng(seed).normal(0, 0.3, program.parameters).astype(program.dtype)
    data = to_safetensors(named_weights(program, theta), card.to_json())
    return Predictor(SavedModel.from_safetensors(data)), Network(program, theta)


def columns(count: int, seed: int = 1) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    return {"length": rng.normal(2.5, 4, count), "city": rng.integers(-1, 2, count).astype(np.int32)}


def both(card: Card, count: int = 700) -> tuple[Any, Any]:
    """The predictions, and the outputs y that the network gives by itself."""
    predictor, network = trained(card)
    table = columns(count)
    return predictor.predict(table), network.outputs(card.preprocessing.inputs(table, network.program.dtype))


HIDDEN = {"type": "dense", "units": 5, "activation": "tanh"}
CATS = ("cat", "dog", "emu")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_numbers_are_the_outputs_in_the_unit_of_each_target(dtype: str) -> None:
    outputs = (NUMBER, Target("weight", "number", -1.0, 0.5), Target("flag", "boolean"))
    found, y = both(card("mean_squared_error", [HIDDEN, {"units": 3}], outputs, dtype=dtype))
    y = y.astype(np.float64)
    np.testing.assert_array_equal(found.values["price"], y[:, 0] * 17.0 + 3.25)
    np.testing.assert_array_equal(found.values["weight"], y[:, 1] * 0.5 - 1.0)
    np.testing.assert_array_equal(found.values["flag"], y[:, 2])
    assert found.probabilities is None
    assert len(found) == 700


@pytest.mark.parametrize("last", ["identity", "softplus"])
def test_counts_are_the_exponentials_of_the_outputs(last: str) -> None:
    found, y = both(card("poisson", [HIDDEN, {"units": 1, "activation": last}], (Target("visits", "number"),)))
    np.testing.assert_array_equal(found.values["visits"], np.exp(y[:, 0].astype(np.float64)))


def test_a_count_beyond_all_numbers_is_infinite_and_warns_of_nothing() -> None:
    predictor, _ = trained(card("poisson", [{"units": 1}], (Target("visits", "number"),)))
    assert predictor.meaning(np.array([[1e4]], np.float32)).values["visits"] == np.inf


def test_probabilities_of_classes_are_the_outputs_of_softmax() -> None:
    found, y = both(
        card("softmax_cross_entropy", [HIDDEN, {"units": 3, "activation": "softmax"}], (Target("pet", "text"),), CATS)
    )
    np.testing.assert_array_equal(found.probabilities, y)
    assert found.labels == CATS
    assert found.values["pet"].tolist() == [CATS[i] for i in y.argmax(axis=1)]
    assert len(set(found.values["pet"])) > 1


def test_logits_of_classes_become_probabilities_as_a_softmax_layer_would_give() -> None:
    target = (Target("pet", "text"),)
    with_softmax, _ = both(card("softmax_cross_entropy", [HIDDEN, {"units": 3, "activation": "softmax"}], target, CATS))
    logits, y = both(card("softmax_cross_entropy", [HIDDEN, {"units": 3}], target, CATS))
    np.testing.assert_allclose(logits.probabilities, with_softmax.probabilities, rtol=2e-6)
    np.testing.assert_allclose(logits.probabilities.sum(axis=1), 1, rtol=1e-15)
    assert logits.values["pet"].tolist() == [CATS[i] for i in y.argmax(axis=1)]


def test_a_one_hot_target_is_one_in_the_likeliest_column() -> None:
    outputs = (Target("a", "number"), Target("b", "number"), Target("c", "number"))
    found, y = both(card("softmax_cross_entropy", [HIDDEN, {"units": 3}], outputs, ("a", "b", "c")))
    np.testing.assert_array_equal(np.stack(list(found.values.values()), axis=1), np.eye(3)[y.argmax(axis=1)])
    assert found.labels == ("a", "b", "c")
    assert found.probabilities.shape == (700, 3)


@pytest.mark.parametrize("labels", [("no", "yes"), (False, True), (-1.0, 2.5)])
def test_two_classes_of_one_output_have_two_probabilities(labels: tuple[Value, Value]) -> None:
    layers = [HIDDEN, {"units": 1, "activation": "sigmoid"}]
    found, y = both(card("binary_cross_entropy", layers, (Target("answer", "text"),), labels))
    np.testing.assert_array_equal(found.probabilities[:, 1], y[:, 0])
    np.testing.assert_allclose(found.probabilities.sum(axis=1), 1, rtol=1e-15)
    assert found.values["answer"].tolist() == [labels[int(p > 0.5)] for p in y[:, 0]]
    assert set(found.values["answer"]) == set(labels)


def test_the_logit_of_a_flag_decides_it_as_the_metrics_do() -> None:
    predictor, _ = trained(card("binary_cross_entropy", [{"units": 1}], (Target("answer", "text"),), ("no", "yes")))
    found = predictor.meaning(np.array([[0], [1e-9], [-1e-9], [800], [-800]], np.float32))
    assert found.values["answer"].tolist() == ["no", "yes", "no", "yes", "no"]
    assert found.probabilities is not None
    assert found.probabilities[3:].tolist() == [[0, 1], [1, 0]]


def test_several_flags_have_a_probability_each_that_they_are_set() -> None:
    outputs = (Target("sweet", "boolean"), Target("sour", "number"))
    found, y = both(card("binary_cross_entropy", [HIDDEN, {"units": 2}], outputs))
    np.testing.assert_allclose(found.probabilities, 1 / (1 + np.exp(-y.astype(np.float64))), rtol=1e-15)
    assert found.labels == ("sweet", "sour")
    assert found.values["sweet"].tolist() == (y[:, 0] > 0).tolist()
    assert {type(value) for value in found.values["sweet"]} == {bool}
    assert found.values["sour"].tolist() == [int(z > 0) for z in y[:, 1]]


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_no_number_gets_no_label(value: float) -> None:
    predictor, _ = trained(card("softmax_cross_entropy", [{"units": 3}], (Target("pet", "text"),), CATS))
    assert predictor.meaning(np.array([[0, value, 1], [0, 1, 2]], np.float32)).values["pet"].tolist() == [None, "emu"]


def test_rows_of_a_request_are_predicted_as_those_of_a_table_bit_for_bit() -> None:
    predictor, _ = trained(card("mean_squared_error", [HIDDEN, {"units": 1}], (NUMBER,)))
    table = columns(300)
    names = {-1: "Paris", 0: "Bern", 1: "Oslo"}
    rows = [
        {"length": x, "city": names[code]} for x, code in zip(table["length"].tolist(), table["city"].tolist(), strict=True)
    ]
    from_rows = predictor.predict(columns_of(rows, fields_of(predictor.card.preprocessing)))
    np.testing.assert_array_equal(from_rows.values["price"], predictor.predict(table).values["price"])


@pytest.mark.parametrize("bound", ["BLOCK_CELLS", "BLOCK_PRODUCTS"])
def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch, bound: str) -> None:
    predictor, network = trained(card("mean_squared_error", [HIDDEN, {"units": 1}], (NUMBER,)))
    table = columns(5_000)
    whole = predictor.predict(table).values["price"]
    each = {"BLOCK_CELLS": network.program.width, "BLOCK_PRODUCTS": network.program.products}[bound]
    monkeypatch.setattr(module, bound, 300 * each)
    assert predictor.block_rows == 256
    np.testing.assert_array_equal(predictor.predict(table).values["price"], whole)


def test_a_number_beyond_the_range_is_told_with_its_row(monkeypatch: pytest.MonkeyPatch) -> None:
    predictor, _ = trained(card("mean_squared_error", [{"units": 1}], (NUMBER,)))
    monkeypatch.setattr(module, "BLOCK_CELLS", 1)
    table = columns(9)
    table["length"][7] = 1e300
    with pytest.raises(InvalidData, match='column "length", row 7: 1e\\+300 leaves the range of float32'):
        predictor.predict(table)


@pytest.mark.parametrize("loss", LOSSES)
def test_every_loss_has_predictions(loss: str) -> None:
    classes = {"softmax_cross_entropy": CATS, "binary_cross_entropy": ("no", "yes")}.get(loss)
    found, _ = both(card(loss, [{"units": 3 if loss == "softmax_cross_entropy" else 1}], (Target("t", "number"),), classes))
    assert list(found.values) == ["t"]
    assert (found.probabilities is None) == (classes is None)


@pytest.mark.parametrize("name", NETWORKS)
def test_every_layer_predicts_what_its_network_gives(name: str) -> None:
    spec, x, _ = layered(name, "softmax_cross_entropy", 40, "float32")
    features = tuple(Number(f"x{i}", 0.0, 1.0, 0.0) for i in range(x.shape[1]))
    preprocessing = Preprocessing(features, (Target("t", "text"),), CATS)
    predictor, network = trained(Card(spec, TrainingSpec.model_validate({"loss": "softmax_cross_entropy"}).loss, preprocessing))
    table = {f"x{i}": column for i, column in enumerate(x.T)}
    np.testing.assert_array_equal(predictor.predict(table).probabilities, network.outputs(x))


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda weights: weights.pop("0.bias"), 'they have no tensor "0.bias"'),
        (lambda weights: weights.update({"0.bias": np.zeros(7)}), "has the shape"),
    ],
)
def test_weights_of_another_network_are_refused(spoil: Callable[[dict[str, Any]], Any], message: str) -> None:
    described = card("mean_squared_error", [{"units": 1}], (NUMBER,))
    weights: dict[str, Any] = {"0.weight": np.zeros((1, 3), np.float32), "0.bias": np.zeros(1, np.float32)}
    spoil(weights)
    with pytest.raises(InvalidData, match=message):
        Predictor(SavedModel(described, weights))
