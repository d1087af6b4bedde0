"""Messages name the thing, its value and what is allowed; pointers lead to the place in the request as it was sent."""

from collections.abc import Iterable
from typing import Any

import pytest
from starlette.testclient import TestClient

from api import synonyms, wording
from api.bodies import judged
from api.schemas import JobRequest
from tests.api.conftest import JSON, messages, xor

METRICS = (
    '"accuracy", "top_k_accuracy", "precision", "recall", "f1", "roc_auc", "confusion_matrix", "mean_squared_error", '
    '"root_mean_squared_error", "mean_absolute_error", "r2"'
)


def refused(client: TestClient, document: Any) -> dict[str, str]:
    answer = client.post("/v1/networks/check", json=document)
    assert answer.status_code == 422, answer.text
    return messages(answer)


def with_layer(**fields: Any) -> JSON:
    return xor(network={"layers": [{"type": "dense", "units": 3}, {"type": "dense", "units": 1, **fields}]})


def with_training(**fields: Any) -> JSON:
    return xor(training={"loss": "mean_squared_error", **fields})


def with_data(**fields: Any) -> JSON:
    return xor(dataset={"inputs": [[0], [1]], "targets": ["a", "b"], **fields})


@pytest.mark.parametrize(
    ("document", "pointer", "message"),
    [
        (with_layer(units=0), "/network/layers/1/units", "layer 1: units is 0; it must be 1 or more"),
        (
            with_layer(units=2.5),
            "/network/layers/1/units",
            "layer 1: units is 2.5; it must be a whole number from 1 to 1000000",
        ),
        (
            with_layer(units="many"),
            "/network/layers/1/units",
            'layer 1: units is "many"; it must be a whole number from 1 to 1000000',
        ),
        (
            with_layer(activation="rleu"),
            "/network/layers/1/activation",
            'layer 1: activation is "rleu"; it must be one of "identity", "sigmoid", "tanh", "relu", "leaky_relu", '
            '"prelu", "elu", "selu", "gelu", "silu", "softplus", "softsign", "hard_tanh", "softmax". '
            'Did you mean "relu"?',
        ),
        (
            with_layer(activation={"type": "leaky_relu", "negative_slope": 3}),
            "/network/layers/1/activation/negative_slope",
            "layer 1: activation.negative_slope is 3; it must be below 1",
        ),
        (
            with_layer(unit=3),
            "/network/layers/1/unit",
            'layer 1 has no field "unit"; its fields are type, units, activation, bias, weight_initializer, bias_initializer, '
            'l1, l2, max_norm. Did you mean "units"?',
        ),
        (
            with_layer(bias="yes"),
            "/network/layers/1/bias",
            'layer 1: bias is "yes"; it must be true or false',
        ),
        (
            xor(network={"layers": [{"activation": "relu"}]}),
            "/network/layers/0/units",
            "layer 0: units is missing; it must be a whole number from 1 to 1000000",
        ),
        (
            xor(network={"layers": [{"units": 1, "activaton": "relu"}]}),
            "/network/layers/0/activaton",
            'layer 0 has no field "activaton"; its fields are type, units, activation, bias, weight_initializer, '
            'bias_initializer, l1, l2, max_norm. Did you mean "activation"?',
        ),
        (
            xor(network={"layers": ["dense"]}),
            "/network/layers/0/units",
            "layer 0: units is missing; it must be a whole number from 1 to 1000000",
        ),
        (
            xor(network={"layers": [{"type": "convolution_2d", "filters": 2, "kernel": [1, 2, 3]}]}),
            "/network/layers/0/kernel",
            "layer 0: kernel is a list of 3; it must be a list of 2, each item a whole number from 1 to 10000",
        ),
        (
            xor(network={"layers": [{"units": 1, "activation": "softmax"}]}),
            "/network/layers/0/activation",
            "softmax over 1 output is 1 whatever comes in, so nothing can be learned; take another last activation, such "
            'as "identity", or "sigmoid" for numbers between 0 and 1',
        ),
        (
            xor(
                network={
                    "layers": [{"type": "reshape", "shape": [1, 2]}, {"type": "convolution_1d", "filters": 1, "kernel": 1}]
                }
            ),
            "/network/layers/1",
            "layer 1 gives 2 outputs, there is 1 target column; a last dense layer must have 1 unit",
        ),
        (
            with_training(schedule="exponential"),
            "/training/schedule/factor",
            "schedule.factor is missing; it must be a number above 0 and below 1",
        ),
        (
            with_training(optimizer="lbfgs", keep_optimizer_state=True),
            "/training/keep_optimizer_state",
            "keep_optimizer_state is true, but lbfgs keeps nothing that another job could go on with: leave it out",
        ),
        (
            xor(dataset=7),
            "/dataset",
            'dataset is 7; it must be an object: {"id": …, "target": …} for an uploaded dataset, '
            'or {"inputs": [[…], …], "targets": […]} with the data itself',
        ),
        (xor(network={"layers": []}), "/network/layers", "layers has 0 items; it must have at least 1 item"),
        (
            with_training(batch_size=0),
            "/training/batch_size",
            'batch_size is 0; it must be "auto", or a whole number from 1 to 1000000, or "full"',
        ),
        (
            with_training(batch_size="ful"),
            "/training/batch_size",
            'batch_size is "ful"; it must be "auto", or a whole number from 1 to 1000000, or "full". Did you mean "full"?',
        ),
        (
            with_training(optimizer={"type": "sgd", "learning_rate": 0}),
            "/training/optimizer/learning_rate",
            "optimizer.learning_rate is 0; it must be above 0",
        ),
        (
            with_training(optimizer={"learning_rate": 1}),
            "/training/optimizer/type",
            'optimizer.type is missing; it must be one of "adadelta", "adagrad", "adam", "adamw", "lbfgs", "lion", "nadam", '
            '"rmsprop", "sgd"',
        ),
        (
            with_training(optimizer="lbfgs", batch_size=32),
            "/training/batch_size",
            'batch_size is 32, but lbfgs takes all rows in every step: leave it out or say "full"',
        ),
        (
            with_training(epochs=3, schedule={"type": "cosine", "warmup": {"epochs": 3}}),
            "/training/schedule",
            "schedule warms up for 3 epochs of 3; it must end before the training",
        ),
        (
            with_training(optimizer={"type": "sgd", "nesterov": True}),
            "/training/optimizer/nesterov",
            "optimizer.nesterov is true, momentum is 0: Nesterov's step needs a momentum above 0, for example 0.9",
        ),
        (
            with_training(early_stopping={"patience": 3}),
            "/training/early_stopping",
            'early_stopping watches the validation rows: give "validation" too, for example {"fraction": 0.2}',
        ),
        (
            with_data(class_weights={"a": -1}),
            "/dataset/class_weights/a",
            "class_weights.a is -1; it must be above 0",
        ),
        (
            with_data(class_weights="balance"),
            "/dataset/class_weights",
            'class_weights is "balance"; it must be "balanced", or an object, or null. Did you mean "balanced"?',
        ),
        (
            with_training(seed=2**53),
            "/training/seed",
            "seed is 9007199254740992; it must be below 9007199254740992",
        ),
        (
            with_training(learning_rate=0.1),
            "/training/learning_rate",
            'training has no field "learning_rate"; it belongs in training.optimizer',
        ),
        (xor(epochs=3), "/epochs", 'the request has no field "epochs"; it belongs in training'),
        (
            with_layer(negative_slope=0.1),
            "/network/layers/1/negative_slope",
            'layer 1 has no field "negative_slope"; it belongs in network.layers[1].activation',
        ),
        (
            with_training(metrics=["mse"]),
            "/training/metrics/0",
            f'metrics[0] is "mse"; it must be one of {METRICS}. Did you mean "mean_squared_error"?',
        ),
        (
            with_training(metrics=["rmse"]),
            "/training/metrics/0",
            f'metrics[0] is "rmse"; it must be one of {METRICS}. Did you mean "root_mean_squared_error"?',
        ),
        (
            with_training(metrics=[{"type": "top_k_accuracy", "k": 0}]),
            "/training/metrics/0/k",
            "metrics[0].k is 0; it must be 1 or more",
        ),
        (
            with_training(metrics=["r2"], validation={"fraction": 0.5}, early_stopping={"monitor": "r"}),
            "/training/early_stopping",
            'early_stopping monitors "r", which is not among the metrics; there are: "validation_loss", "r2"',
        ),
        (
            with_training(metrics=["acuracy"]),
            "/training/metrics/0",
            f'metrics[0] is "acuracy"; it must be one of {METRICS}. Did you mean "accuracy"?',
        ),
        (
            with_training(loss=None),
            "/training/loss",
            'loss is null; it must be "auto", or one of "binary_cross_entropy", "huber", "log_cosh", "mean_absolute_error", '
            '"mean_squared_error", "poisson", "softmax_cross_entropy"',
        ),
        (xor(dataset={"inputs": [[0]]}), "/dataset/targets", "targets is missing; it must be a list"),
        (xor(metadata={"a": 1}), "/metadata/a", "a is 1; it must be a text of 0 to 500 characters"),
        (xor(metadata={str(i): "" for i in range(60)}), "/metadata", "metadata has 60 keys; it must have at most 50"),
        (xor(metadata={"": ""}), "/metadata", "metadata has a key of 0 characters; a key must have 1 to 64"),
        (
            xor(netwrk=1),
            "/netwrk",
            'the request has no field "netwrk"; its fields are network, dataset, training, priority, name, metadata. '
            'Did you mean "network"?',
        ),
        (
            {},
            "/dataset",
            'dataset is missing; it must be an object {"id": …, "target": …}, or an object {"inputs": …, "targets": …}',
        ),
        (xor(training=None), "/training", None),
        *(
            (
                xor(network=network),
                "/network",
                f'network is {told}; it must be "auto", or an object such as {{"layers":[{{"units":16}},{{"units":3}}]}}',
            )
            for network, told in (([], "an empty list"), ([{"units": 1}], "a list of 1"), ("16:tanh,3", '"16:tanh,3"'))
        ),
        (xor(dataset=7), "/dataset", None),
        ([], "", None),
        (7, "", None),
    ],
    ids=lambda value: value if isinstance(value, str) and value.startswith("/") else "",
)
def test_a_problem_is_told_in_the_words_of_its_author(
    client: TestClient, document: Any, pointer: str, message: str | None
) -> None:
    found = refused(client, document)
    assert list(found) == [pointer]
    assert message is None or found[pointer] == message


@pytest.mark.parametrize(
    ("name", "guess"),
    [
        ("mse", '"mean_squared_error"'),
        ("MAE", '"mean_absolute_error"'),
        ("crossentropy", '"binary_cross_entropy" or "softmax_cross_entropy"'),
        ("cross_entropy", '"binary_cross_entropy" or "softmax_cross_entropy"'),
    ],
)
def test_the_names_of_other_libraries_are_understood(client: TestClient, name: str, guess: str) -> None:
    message = refused(client, xor(training={"loss": name}))["/training/loss"]
    assert message.endswith(f"Did you mean {guess}?")


@pytest.mark.parametrize(
    ("document", "pointer", "end"),
    [
        (with_training(epoch=3), "/training/epoch", 'Did you mean "epochs"?'),
        (with_training(n_epochs=3), "/training/n_epochs", 'Did you mean "epochs"?'),
        (with_training(max_iter=3), "/training/max_iter", 'Did you mean "epochs"?'),
        (with_training(batchsize=3), "/training/batchsize", 'Did you mean "batch_size"?'),
        (with_training(criterion="mse"), "/training/criterion", 'Did you mean "loss"?'),
        (with_training(lr=0.1), "/training/lr", 'has no field "lr"; learning_rate belongs in training.optimizer'),
        (with_training(momentum=0.9), "/training/momentum", 'has no field "momentum"; it belongs in training.optimizer'),
        (with_training(target="x"), "/training/target", 'has no field "target"; it belongs in dataset'),
        (
            with_training(patience=3),
            "/training/patience",
            'has no field "patience"; it belongs in training.schedule or training.early_stopping',
        ),
        (xor(lr=0.1), "/lr", 'has no field "lr"; learning_rate belongs in training.optimizer'),
        (xor(layers=[]), "/layers", 'has no field "layers"; it belongs in network'),
        (xor(hidden=[64]), "/hidden", 'has no field "hidden"; layers belongs in network'),
        (xor(batch_size=3), "/batch_size", 'has no field "batch_size"; it belongs in training'),
        (xor(network={"hidden": [64]}), "/network/hidden", 'Did you mean "layers"?'),
        (with_layer(activations="relu"), "/network/layers/1/activations", 'Did you mean "activation"?'),
        (with_layer(neurons=3), "/network/layers/1/neurons", 'Did you mean "units"?'),
        (with_layer(kernel=3), "/network/layers/1/kernel", "l1, l2, max_norm"),
        (with_data(y=[1, 2]), "/dataset/y", 'Did you mean "targets"?'),
        (with_data(epochs=3), "/dataset/epochs", 'has no field "epochs"; it belongs in training'),
    ],
)
def test_an_unknown_field_is_told_the_one_that_was_meant_here_before_a_place_elsewhere(
    client: TestClient, document: Any, pointer: str, end: str
) -> None:
    message = refused(client, document)[pointer]
    assert message.endswith(end)


def test_every_synonym_means_something_that_there_is() -> None:
    schema = str(wording.schema_of(JobRequest))
    for name, meant in synonyms._SYNONYMS.items():
        assert f"'{name}'" not in schema
        assert all(f"'{each}'" in schema for each in meant), name


def test_every_problem_is_told_at_once_and_each_only_once(client: TestClient) -> None:
    found = refused(
        client,
        {
            "network": {"layers": [{"type": "dense", "units": 0}, {"type": "conv", "units": 1}], "dtype": "float16"},
            "dataset": {"id": "ds_nowhere", "target": ["a", 3]},
            "training": {"loss": "mse", "epochs": -1},
            "extra": 1,
        },
    )
    assert set(found) == {
        "/network/layers/0/units",
        "/network/layers/1/type",
        "/network/dtype",
        "/dataset/target/1",
        "/training/loss",
        "/training/epochs",
        "/extra",
    }


def test_data_are_judged_although_the_network_is_wrong(client: TestClient) -> None:
    found = refused(
        client, xor(network={"layers": [{"units": 0}]}, dataset={"inputs": [[0, 0], [1], [2, "x"]], "targets": [1, 2, 3]})
    )
    assert {"/network/layers/0/units", "/dataset/inputs/1", "/dataset/inputs/2/1"} <= set(found)


def test_columns_are_judged_although_the_network_is_wrong(client: TestClient) -> None:
    upload = client.post("/v1/datasets", content=b"length,species\n1,a\n2,b\n", headers={"Content-Type": "text/csv"})
    data = {"id": upload.json()["id"], "target": "spezies"}
    document = xor(network={"layers": [{"units": 0}]}, dataset=data, training={"loss": "softmax_cross_entropy"})
    found = refused(client, document)
    assert set(found) == {"/network/layers/0/units", "/dataset/target"}
    assert "species" in found["/dataset/target"]


def test_a_target_that_is_left_out_is_told_with_the_columns_to_choose_from(client: TestClient) -> None:
    upload = client.post("/v1/datasets", content=b"length,species\n1,a\n2,b\n", headers={"Content-Type": "text/csv"})
    data = {"id": upload.json()["id"]}
    message = 'target is missing; it must be the column to learn, or a list of such; the columns are "length", "species"'
    assert refused(client, {"dataset": data}) == {"/dataset/target": message}
    found = refused(client, xor(network={"layers": [{"units": 0}]}, dataset=data))
    assert found.keys() == {"/network/layers/0/units", "/dataset/target"}
    assert found["/dataset/target"] == message
    unknown = refused(client, {"dataset": {"id": "ds_nowhere"}})
    assert unknown.keys() == {"/dataset/id", "/dataset/target"}
    assert refused(client, {"dataset": {"id": 7}}).keys() == {"/dataset/id", "/dataset/target"}


def test_problems_with_inline_columns_point_at_the_lists_that_were_sent(client: TestClient) -> None:
    found = refused(client, xor(dataset={"inputs": [[0], [1]], "targets": ["a", "b"]}))
    assert "/dataset/targets" in found


def test_problems_with_weights_point_at_what_was_sent(client: TestClient) -> None:
    data = {"inputs": [[0], [1], [2]], "targets": ["a", "b", "c"], "weights": [1, -1, 2], "class_weights": {"d": 1}}
    network = {"layers": [{"type": "dense", "units": 3}]}
    found = refused(client, xor(network=network, dataset=data, training={"loss": "softmax_cross_entropy"}))
    assert found == {
        "/dataset/weights": 'column "weight" holds -1; a weight is 0 or more',
        "/dataset/class_weights/d": 'there is no class "d"; the classes are "a", "b", "c"',
    }


def test_the_outputs_must_fit_the_classes(client: TestClient) -> None:
    data = {"inputs": [[0], [1], [2]], "targets": ["a", "b", "c"]}
    network = {"layers": [{"type": "dense", "units": 2}]}
    found = refused(client, xor(network=network, dataset=data, training={"loss": "softmax_cross_entropy"}))
    assert list(found) == ["/network/layers/0/units"]
    assert "3 classes" in found["/network/layers/0/units"]


def test_thousands_of_problems_are_told_by_the_first_hundred(client: TestClient) -> None:
    found = refused(client, xor(dataset={"id": "ds_x", "target": "a", "features": [0] * 5000}))
    assert len(found) == 100


def test_no_more_is_worded_than_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    worded: list[str] = []
    known = wording.nearest

    def nearest(name: object, names: Iterable[str]) -> str | None:
        worded.append(str(name))
        return known(name, names)

    monkeypatch.setattr(wording, "nearest", nearest)
    value, problems = judged(JobRequest, xor() | {f"unknown {i}": i for i in range(5_000)})
    assert value is None
    assert [problem.pointer for problem in problems] == [f"/unknown {i}" for i in range(wording.MOST_PROBLEMS)]
    assert len(worded) == wording.MOST_PROBLEMS
