"""Data and networks at the edge of what makes sense still have a sensible answer."""

from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from core.errors import Diverged, InvalidData
from core.nn.builder import Misfit
from core.nn.lower import lower
from core.nn.network import Network
from core.nn.preparation.column import Column
from core.nn.preparation.preprocessing import Preprocessing
from core.nn.preparation.schema import Schema
from core.nn.program import BRANCH, DROPOUT
from core.nn.spec import DataSpec, NetworkSpec
from core.nn.training import Data, Training
from tests.nn.networks import examples, random_network, training_spec

SGD = {"type": "sgd", "learning_rate": 0.1}
STILL = {"type": "sgd", "learning_rate": 1e-300}
BATCH, LAYER = "batch_normalisation", "layer_normalisation"
ONE: Any = {"units": 1}
CONVOLUTION: dict[str, Any] = {"type": "convolution_2d", "filters": 2}
SIGNAL: dict[str, Any] = {"type": "convolution_1d", "filters": 3}


def dense(m: int, activation: str = "identity", **fields: Any) -> dict[str, Any]:
    return {"type": "dense", "units": m, "activation": activation, **fields}


def residual(*layers: Any) -> dict[str, Any]:
    return {"type": "residual", "layers": list(layers)}


def spec_of(layers: list[Any], dtype: str) -> NetworkSpec:
    return NetworkSpec.model_validate({"layers": layers, "dtype": dtype})


def started(layers: list[Any], x: Any, t: Any, apart: Any = None, loss: Any = "mean_squared_error", **fields: Any) -> Training:
    validation_x, validation_t = (x[:0], t[:0]) if apart is None else apart
    return Training(spec_of(layers, str(x.dtype)), training_spec(loss, **fields), Data(x, t, validation_x, validation_t))


def trained(*arguments: Any, **fields: Any) -> tuple[Training, list[Any]]:
    run = started(*arguments, **fields)
    results = list(run.epochs())
    assert all(np.isfinite([result.loss, result.gradient_norm]).all() for result in results)
    assert np.isfinite(run.theta).all()
    return run, results


# Tiny and huge numbers


@pytest.mark.parametrize("size", [1e-30, 1e-42])
def test_tiny_inputs_are_as_good_as_none_and_the_biases_learn_the_mean(size):
    x, t = examples("mean_squared_error", 30, 4, 1, "float32")
    run, results = trained([dense(1)], x * np.float32(size), t, optimizer=SGD, epochs=100, batch_size="full")
    assert results[-1].loss == pytest.approx(t.var(), rel=1e-4)
    assert run.weights()["0.bias"] == pytest.approx(t.mean(), abs=1e-4)


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "adagrad", "rmsprop", "adamw", "nadam", "lion", "adadelta"])
def test_a_tiny_learning_rate_changes_no_weight_and_no_loss(optimizer):
    x, t = examples("mean_squared_error", 16, 4, 1, "float32")
    run = started([dense(8, "tanh"), ONE], x, t, optimizer={"type": optimizer, "learning_rate": 1e-30}, shuffle=False)
    before = run.theta.copy()
    losses = {result.loss for result in run.epochs()}
    assert len(losses) == 1
    is_weight = before != 0  # a bias of 0 takes any step
    np.testing.assert_array_equal(run.theta[is_weight], before[is_weight])


@pytest.mark.parametrize(("dtype", "size"), [("float32", 1e30), ("float64", 1e150)])
def test_a_softmax_of_very_distant_logits_is_certain_and_its_loss_their_distance(dtype, size):
    network = random_network(spec_of([dense(3)], dtype), "softmax_cross_entropy", inputs=2)
    x = np.array([[1, 0.5]], dtype) * np.array(size, dtype)
    logits = network.outputs(x)[0].astype(np.float64)
    order = np.argsort(logits)
    for place, distance in ((order[-1], 0.0), (order[0], logits[order[-1]] - logits[order[0]])):
        run = started(
            [dense(3)],
            x,
            np.array([[place]], dtype),
            loss="softmax_cross_entropy",
            optimizer=STILL,
            epochs=1,
        )
        run.theta[:] = network.theta
        (result,) = run.epochs()
        assert result.loss == pytest.approx(distance, rel=1e-6)


@pytest.mark.parametrize("last", ["sigmoid", "identity"])
def test_a_binary_cross_entropy_of_very_certain_outputs_is_finite(last):
    x, t = examples("binary_cross_entropy", 20, 3, 2, "float32")
    trained([dense(2, last)], x * np.float32(1e30), t, loss="binary_cross_entropy", optimizer={"type": "adam"}, epochs=2)


def test_huge_inputs_are_named_unless_they_are_scaled():
    x, t = examples("mean_squared_error", 30, 4, 1, "float64")
    columns: dict[str, Any] = {f"x{i}": x[:, i] * 1e30 for i in range(4)} | {"price": t[:, 0]}
    schema = Schema(rows=30, columns=tuple(Column(name=name, kind="number") for name in columns))
    loss = training_spec().loss
    layers = [dense(8, "relu"), ONE]
    for scaling, is_fine in (("none", False), ("standard", True), ("min_max", True), ("robust", True)):
        data = DataSpec.model_validate({"target": "price", "scaling": scaling, "target_scaling": "none"})
        fitted = Preprocessing.fit(schema, data, loss, columns, np.arange(30))
        made, targets = fitted.inputs(columns, "float32"), fitted.targets(columns, "float32")
        if is_fine:
            trained(layers, made, targets)
        else:
            with pytest.raises(Diverged, match="epoch 1 of"):
                trained(layers, made, targets)


@pytest.mark.parametrize("scaling", ["standard", "min_max", "robust", "none"])
@pytest.mark.parametrize("first", [None, BATCH, LAYER])
@pytest.mark.parametrize("value", [0.0, 7.25, -1e30, 1e-30])
def test_constant_columns_tell_nothing_and_harm_nothing(scaling, first, value):
    rng = np.random.default_rng(0)
    columns: dict[str, Any] = {"a": np.full(20, value), "b": np.full(20, 3.0), "price": rng.standard_normal(20)}
    schema = Schema(rows=20, columns=tuple(Column(name=name, kind="number") for name in columns))
    data = DataSpec.model_validate({"target": "price", "scaling": scaling})
    fitted = Preprocessing.fit(schema, data, training_spec().loss, columns, np.arange(20))
    x, t = fitted.inputs(columns, "float32"), fitted.targets(columns, "float32")
    if scaling == "none" and abs(value) > 1e20:
        if first == BATCH:  # constant over the rows, though not within one
            trained([first, ONE], x, t, optimizer=SGD, epochs=3)
        return
    assert np.ptp(x, axis=0).tolist() == [0, 0]
    assert scaling == "none" or not x.any()
    trained([*([first] if first else []), ONE], x, t, optimizer=SGD | {"learning_rate": 0.01}, epochs=3)


# Few rows


@pytest.mark.parametrize("layers", [[ONE], [dense(4), BATCH, "relu", ONE], [LAYER, ONE], [BATCH, ONE]], ids=str)
@pytest.mark.parametrize("rows", [[0], [0, 0], [0, 0, 0]])
def test_a_single_row_and_rows_that_are_the_same_are_learned(layers, rows):
    """Batch normalisation has a variance of 0 there, and gives β."""
    x, t = examples("mean_squared_error", 1, 4, 1)
    _, results = trained(layers, x[rows], t[rows], optimizer={"type": "adam", "learning_rate": 0.05}, epochs=300)
    assert results[-1].loss < 1e-3


def test_batch_normalisation_of_one_row_gives_its_shift_and_its_running_variance_goes_to_0():
    x, t = examples("mean_squared_error", 1, 3, 3)
    run, _ = trained([BATCH, dense(3)], x, t, optimizer=STILL, epochs=1)
    np.testing.assert_allclose(run.weights()["0.running_var"], 0.9)
    np.testing.assert_allclose(run.weights()["0.running_mean"], 0.1 * x[0])


@pytest.mark.parametrize("rows", [5, 9, 13])
def test_a_last_batch_of_one_row_is_normalised_too(rows):
    x, t = examples("mean_squared_error", rows + 8, 4, 1)
    fields: dict[str, Any] = {"validation": {"fraction": 0.5}, "early_stopping": {"patience": 2}, "batch_size": 4, "epochs": 30}
    run, results = trained([dense(8), BATCH, "relu", ONE], x[:rows], t[:rows], (x[rows:], t[rows:]), **fields)
    assert all(np.isfinite(result.validation_loss) for result in results)
    assert run.weights()["1.num_batches_tracked"] == run.epoch * (rows // 4 + 1)


def test_a_batch_larger_than_the_data_is_all_of_them():
    x, t = examples("mean_squared_error", 10, 4, 1)
    one, other = (trained([dense(4, "tanh"), ONE], x, t, batch_size=size)[0] for size in (1_000_000, 10))
    np.testing.assert_array_equal(one.theta, other.theta)


# Networks


def test_zero_epochs_are_refused():
    with pytest.raises(ValidationError, match="greater than or equal to 1"):
        training_spec(epochs=0)


NOTHING: list[list[Any]] = [
    ["relu"],
    ["identity"],
    ["flatten"],
    [{"type": "dropout", "rate": 0.5}],
    ["tanh", "softmax"],
    [residual("gelu", residual("sigmoid"))],
    [{"type": "reshape", "shape": [2, 2]}, {"type": "max_pooling_1d", "size": 1}, "flatten"],
]


@pytest.mark.parametrize("layers", NOTHING, ids=str)
@pytest.mark.parametrize("loss", ["mean_squared_error", "softmax_cross_entropy", "binary_cross_entropy"])
def test_a_network_that_has_nothing_to_learn_is_refused(layers, loss):
    with pytest.raises(Misfit, match="no weights to learn; add a layer"):
        lower(spec_of(layers, "float32"), training_spec(loss).loss, 4)


@pytest.mark.parametrize(
    "layers",
    [
        ["prelu"],
        [BATCH],
        [LAYER],
        ["tanh", ONE],
        ["softmax", ONE],
        [{"type": "dropout", "rate": 0.5}, ONE],
        [BATCH, ONE],
        [LAYER, ONE],
        [residual(dense(4, "tanh")), ONE],
        [residual(dense(4), residual(LAYER, "gelu", residual(BATCH, residual("silu", dense(4))))), ONE],
        [dense(8), {"type": "dropout", "rate": 0.0}, ONE],
        [dense(8), {"type": "dropout", "rate": 0.99}, ONE],
        [ONE, {"type": "dropout", "rate": 0.5}],
        [ONE, "flatten"],
        [dense(1, "sigmoid"), {"type": "reshape", "shape": [1]}],
        [{"type": "reshape", "shape": [1, 2, 2]}, {"type": "max_pooling_2d", "size": 2}, "flatten", ONE],
        [{"type": "reshape", "shape": [1, 4]}, {"type": "average_pooling_1d", "size": 4}, "flatten", ONE],
        [{"type": "reshape", "shape": [2, 2, 1]}, CONVOLUTION | {"kernel": 1}, "flatten", ONE],
        [{"type": "reshape", "shape": [1, 4]}, SIGNAL | {"kernel": 1, "stride": 3}, "flatten", ONE],
        [{"type": "reshape", "shape": [1, 1, 4]}, CONVOLUTION | {"kernel": [1, 3]}, "flatten", ONE],
        [{"type": "reshape", "shape": [1, 4, 1]}, CONVOLUTION | {"kernel": [3, 1]}, "flatten", ONE],
        [{"type": "reshape", "shape": [4, 1, 1]}, CONVOLUTION | {"kernel": 3, "padding": 1}, "flatten", ONE],
    ],
    ids=str,
)  # fmt: skip
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_any_layer_may_come_first_or_stand_alone_and_learns(layers, dtype):
    x, t = examples("mean_squared_error", 40, 4, 4 if len(layers) == 1 else 1, dtype)
    t = np.tanh(x[:, : t.shape[1]] + 0.1 * t)
    run, results = trained(layers, x, t, optimizer={"type": "adam", "learning_rate": 0.01}, epochs=60, batch_size=8)
    if not any(layer["type"] == "dropout" for layer in run_layers(layers)):
        assert results[-1].loss < results[0].loss
    assert np.isfinite(Network(run.program, run.theta).outputs(x)).all()


def run_layers(layers: list[Any]) -> list[dict[str, Any]]:
    return [layer if isinstance(layer, dict) and "type" in layer else {"type": layer} for layer in layers]


@pytest.mark.parametrize("last", ["sigmoid", "softmax"])
@pytest.mark.parametrize("after", [{"type": "dropout", "rate": 0.5}, {"type": "dropout", "rate": 0.0}, "flatten"])
def test_what_is_trained_and_what_is_measured_end_alike(last, after):
    """The loss includes a last activation in both, or in neither."""
    loss = "binary_cross_entropy" if last == "sigmoid" else "softmax_cross_entropy"
    program = lower(spec_of([dense(3, last), after], "float64"), training_spec(loss).loss, 2)
    trained, evaluated = (
        [code for code in table.code if code not in (DROPOUT, BRANCH)] for table in (program.trained, program.evaluated)
    )
    assert trained == evaluated
    assert len(program.operations) - len(program.evaluated) == (after == "flatten")


def test_a_hundred_layers_are_trained():
    x, t = examples("mean_squared_error", 20, 4, 1)
    run, _ = trained([*([dense(4, "tanh")] * 99), ONE], x, t, epochs=2)
    assert len(run.weights()) == 200
    with pytest.raises(ValidationError, match="at most 100"):
        spec_of([ONE] * 101, "float32")


def test_a_tiny_max_norm_leaves_tiny_weights_and_a_network_that_gives_its_bias():
    x, t = examples("mean_squared_error", 30, 4, 1)
    run, results = trained([dense(1, max_norm=1e-30)], x, t, optimizer=SGD, epochs=200, batch_size="full")
    assert np.linalg.norm(run.weights()["0.weight"]) <= 1e-30 * (1 + 1e-12)
    assert results[-1].loss == pytest.approx(t.var(), rel=1e-9)


def test_a_strong_l1_drives_the_weights_to_0():
    x, t = examples("mean_squared_error", 30, 4, 1)
    rate = {"type": "sgd", "learning_rate": 1e-4}
    run, _ = trained([dense(1, l1=50.0)], x, t, optimizer=rate, epochs=500, batch_size="full")
    assert np.abs(run.weights()["0.weight"]).max() <= 1.1e-4 * 50


def test_smoothed_labels_of_two_classes_pull_the_certainty_to_what_they_say():
    """The best softmax for the target (1 − s + s/2, s/2) is that target itself."""
    x, t = np.zeros((4, 1)), np.ones((4, 1))
    loss = {"type": "softmax_cross_entropy", "label_smoothing": 0.2}
    run, _ = trained([dense(2, "softmax")], x, t, loss=loss, optimizer={"type": "sgd", "learning_rate": 1.0}, epochs=500)
    np.testing.assert_allclose(Network(run.program, run.theta).outputs(x), [[0.1, 0.9]] * 4, rtol=1e-9)


# Embeddings


@pytest.mark.parametrize("strange", [3, -1, 0.5, np.nan, np.inf, 1e30])
def test_what_is_no_index_of_an_embeddings_table_is_refused_before_training(strange):
    x, t = np.array([[0.0, 1.0], [2.0, strange]]), np.ones((2, 1))
    layers = [{"type": "embedding", "vocabulary": 3, "dimension": 2}, ONE]
    with pytest.raises(InvalidData, match=r"input 1 of row 1 is .*; the embedding takes whole numbers from 0 to 2"):
        started(layers, x, t)
    with pytest.raises(InvalidData, match="input 1 of row 1"):
        started(layers, x[:1], t[:1], (x, t), validation={"fraction": 0.5})


def test_texts_that_are_missing_or_unseen_have_a_place_in_the_table_of_an_embedding():
    columns: dict[str, Any] = {"colour": np.array([0, 1, -1, 0], np.int32), "price": np.arange(4.0)}
    colour = Column(name="colour", kind="text", values=("red", "blue"), distinct=2, missing=1)
    schema = Schema(rows=4, columns=(colour, Column(name="price", kind="number")))
    data = DataSpec.model_validate({"target": "price", "categories": "embedding"})
    fitted = Preprocessing.fit(schema, data, training_spec().loss, columns, np.arange(4))
    x = fitted.inputs(columns, "float64")
    assert x.tolist() == [[0], [1], [2], [0]]
    spec = spec_of([{"type": "embedding", "dimension": 2}, ONE], "float64")
    t = fitted.targets(columns, "float64")
    run = Training(spec, training_spec(epochs=2), Data(x, t, x[:0], t[:0], categories=fitted.layout.categories))
    assert [len(table) for name, table in run.weights().items() if name == "0.0.weight"] == [3]
    assert len(list(run.epochs())) == 2


# Weights of rows


def test_rows_to_validate_on_that_have_no_weights_all_weigh_the_same():
    x, t = examples("mean_squared_error", 30, 4, 1)
    spec, fields = spec_of([ONE], "float64"), training_spec(epochs=1, validation={"fraction": 0.5})
    weights = np.linspace(0.1, 1.9, 20)
    run = Training(spec, fields, Data(x[:20], t[:20], x[20:], t[20:], weights=weights))
    (result,) = run.epochs()
    outputs = Network(run.program, run.theta).outputs(x[20:])
    assert result.validation_loss == pytest.approx(float(np.mean((outputs - t[20:]) ** 2)), rel=1e-12)
