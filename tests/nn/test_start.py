"""Weights to start from: in the network as they are, or a word about the first tensor that does not fit."""

from typing import Any

import numpy as np
import pytest

from core.errors import InvalidData
from core.nn.lower import lower
from core.nn.preparation.features import Number, Text
from core.nn.preparation.preprocessing import Preprocessing
from core.nn.preparation.recoding import Recoded
from core.nn.preparation.schema import Column, Schema
from core.nn.preparation.targets import Target
from core.nn.saving.checkpoint import SavedCheckpoint
from core.nn.spec import DataSpec, MeanSquaredError, SoftmaxCrossEntropy
from core.nn.start import fill, misfit, strangeness
from core.nn.training import Data, Training
from tests.nn.networks import OPTIMIZERS, examples, name_of, network_spec, training_spec

MSE = MeanSquaredError()
PROGRAM = lower(network_spec(4, 2), MSE, 3)
SHAPES = {"0.weight": [4, 3], "0.bias": [4], "2.weight": [2, 4], "2.bias": [2]}


def test_tensors_of_the_right_names_and_shapes_fit() -> None:
    assert misfit(PROGRAM, SHAPES) is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"2.weight": [2, 5]}, 'their tensor "2.weight" is 2 × 5; in this network it is 2 × 4'),
        ({"0.bias": []}, 'their tensor "0.bias" is one number; in this network it is 4'),
        ({"4.bias": [1]}, 'they have a tensor "4.bias", which this network has not'),
    ],
)
def test_the_first_tensor_that_does_not_fit_is_named_with_both_shapes(change: dict[str, list[int]], message: str) -> None:
    assert misfit(PROGRAM, SHAPES | change) == message


def test_a_count_of_batches_may_be_missing_or_too_much() -> None:
    program = lower(network_spec(4, 2).model_validate({"layers": ["batch_normalisation", {"units": 2}]}), MSE, 3)
    shapes = {tensor.name: tensor.shape for tensor in (*program.tensors, *program.statistics)}
    assert "0.num_batches_tracked" in shapes
    assert misfit(program, shapes) is None
    assert misfit(program, {name: shape for name, shape in shapes.items() if "num_batches" not in name}) is None
    assert misfit(PROGRAM, SHAPES | {"0.num_batches_tracked": []}) is None


def test_a_missing_tensor_is_named_with_those_that_are_there() -> None:
    there = {name: shape for name, shape in SHAPES.items() if name != "0.bias"}
    assert misfit(PROGRAM, there) == (
        'they have no tensor "0.bias", which is 4 in this network; theirs are 0.weight, 2.bias, 2.weight'
    )


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_a_training_begins_with_them_and_calls_them_its_best(dtype: type) -> None:
    x, t = examples("mean_squared_error", 8, 3, 2, "float32")
    rng = np.random.default_rng(1)
    start = {name: rng.standard_normal(shape).astype(dtype) for name, shape in SHAPES.items()}
    training = Training(network_spec(4, 2, dtype="float32"), training_spec(), Data(x, t, x[:0], t[:0]), start=start)
    for which in ("last", "best"):
        weights = training.weights(which)
        assert weights.keys() == start.keys()
        for name, array in start.items():
            np.testing.assert_array_equal(weights[name], array.astype(np.float32))


def test_values_beyond_the_range_of_the_network_are_refused_by_name() -> None:
    program = lower(network_spec(4, 2, dtype="float32"), MSE, 3)
    start = {name: np.zeros(shape) for name, shape in SHAPES.items()}
    start["2.bias"][1] = 1e300
    with pytest.raises(InvalidData, match=r'range of float32 in tensor "2\.bias"'):
        fill(program, start, np.zeros(program.size, np.float32))


KEPT = Preprocessing(
    (Number("age", 1.0, 2.0, 0.0), Text("city", ("Bern", "Oslo", "Rome"))), (Target("score", "number", 5.0, 3.0),)
)
AGE, CITY = Column(name="age", kind="number"), Column(name="city", kind="text", values=("Oslo", "Paris"))
SCORE, FLAG = Column(name="score", kind="number"), Column(name="flag", kind="boolean", values=(False, True))
DATA = DataSpec(target="score")


def test_texts_get_the_codes_of_the_preprocessing_that_is_kept() -> None:
    schema = Schema(rows=4, columns=(AGE, CITY, SCORE))
    columns = {"age": np.ones(4), "city": np.array([0, 1, -1, 0], np.int32), "score": np.ones(4)}
    assert strangeness(KEPT, schema, DATA, MSE) is None
    x = KEPT.inputs(Recoded(columns, schema, KEPT), np.float64)
    assert x[:, 1:].tolist() == [[0, 1, 0], [0, 0, 0], [0, 0, 0], [0, 1, 0]]


@pytest.mark.parametrize(
    ("columns", "field", "message"),
    [
        ((AGE, SCORE), "features", 'there is no column "city", which those weights were learned from'),
        (
            (AGE.model_copy(update={"kind": "boolean"}), CITY, SCORE),
            "features",
            'column "age" is of kind boolean; those weights were learned from number',
        ),
        (
            (AGE, CITY, FLAG, SCORE),
            "features",
            'those weights were not learned from a column "flag"; leave it out of the features',
        ),
    ],
)
def test_other_columns_are_named(columns: tuple[Column, ...], field: str, message: str) -> None:
    assert strangeness(KEPT, Schema(rows=4, columns=columns), DATA, MSE) == (field, message)


def test_another_target_or_other_classes_are_named() -> None:
    schema = Schema(rows=4, columns=(AGE, CITY, SCORE, FLAG))
    data = DataSpec(target="flag", features=("age", "city"))
    assert strangeness(KEPT, schema, data, MSE) == ("target", 'those weights were learned for the target "score"')
    kept = Preprocessing(KEPT.features, (Target("flag", "boolean"),), ("a", "b"))
    found = strangeness(kept, schema, data, SoftmaxCrossEntropy())
    assert found == ("target", 'its classes are false, true; those of the weights are "a", "b"')


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=name_of)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_two_trainings_with_the_optimizers_state_are_one_bit_for_bit(optimizer: dict[str, Any], dtype: str) -> None:
    x, t = examples("mean_squared_error", 24, 3, 2, dtype)
    network, data = network_spec(4, 2, dtype=dtype), Data(x, t, x[:0], t[:0])

    def training(epochs: int, **beginning: Any) -> Training:
        fields = {"optimizer": optimizer, "epochs": epochs, "batch_size": 8, "shuffle": False}
        return Training(network, training_spec(**fields), data, **beginning)

    straight, first = training(5), training(2)
    losses = [result.loss for result in straight.epochs()]
    assert [result.loss for result in first.epochs()] == losses[:2]
    state = first.optimizer_state()
    kept = None if state is None else SavedCheckpoint([state.to_bytes()])
    second = training(3, start=first.weights(), optimizer_state=kept)
    assert [result.loss for result in second.epochs()] == losses[2:]
    np.testing.assert_array_equal(second.theta, straight.theta)
    if state is not None:
        further = second.optimizer_state()
        assert further is not None
        assert further.state == straight.optimizer_state().state  # type: ignore[union-attr]


def test_lbfgs_has_no_state_that_another_training_could_take() -> None:
    x, t = examples("mean_squared_error", 24, 3, 2, "float64")
    training = Training(network_spec(4, 2), training_spec(optimizer="lbfgs", batch_size="full"), Data(x, t, x[:0], t[:0]))
    assert training.optimizer_state() is None
