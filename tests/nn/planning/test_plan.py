"""The dry run: what a job will be, or everything that is wrong with it."""

from typing import Any

import pytest

from core.errors import InvalidSpec
from core.nn.planning.plan import Limits, plan
from core.nn.preparation.column import Column
from core.nn.preparation.schema import Schema
from core.nn.spec import DataSpec, NetworkSpec, TrainingSpec

IRIS = Schema(
    rows=150,
    columns=(
        Column(name="length", kind="number", mean=5.8, deviation=0.8),
        Column(name="width", kind="number", mean=3.0, deviation=0.4),
        Column(name="colour", kind="text", values=("blue", "red"), distinct=2),
        Column(name="species", kind="text", values=("setosa", "versicolor", "virginica"), distinct=3),
    ),
)
LIMITS = Limits(max_parameters=10_000, max_training_bytes=10**9)


def planned(
    layers: list[dict[str, Any]], target: Any = "species", limits: Limits = LIMITS, schema: Schema = IRIS, **training: Any
):
    return plan(
        NetworkSpec.model_validate({"layers": layers}),
        TrainingSpec.model_validate({"loss": "softmax_cross_entropy", **training}),
        DataSpec(target=target),
        schema,
        limits,
    )


def problems_of(*arguments: Any, **fields: Any) -> dict[str, str]:
    with pytest.raises(InvalidSpec) as caught:
        planned(*arguments, **fields)
    return {problem.pointer: problem.message for problem in caught.value.problems}


def test_a_plan_names_every_layer_and_counts_what_it_learns():
    found = planned([{"units": 8, "activation": "relu"}, {"units": 3, "bias": False}], validation={"fraction": 0.2}, epochs=7)
    assert found.inputs == 4  # two numbers and one of two colours
    assert [(layer.inputs, layer.outputs, layer.activation, layer.parameters) for layer in found.layers] == [
        (4, 8, "relu", 40),
        (8, 3, "identity", 24),
    ]
    assert found.parameters == 64
    assert (found.training_rows, found.validation_rows) == (120, 30)
    assert (found.batch_size, found.steps_per_epoch) == (32, 4)
    # forward for all rows, back to all weights for 120, back to the inputs of the second layer for 120
    assert found.flops_per_epoch == 2 * (56 * 150 + 56 * 120 + 24 * 120)


def test_outputs_that_do_not_fit_the_classes_are_named_with_what_would():
    found = problems_of([{"units": 8}, {"units": 10}])
    assert found == {"/network/layers/1/units": "layer 1 gives 10 outputs, the target has 3 classes; units must be 3"}


@pytest.mark.parametrize(
    ("kind", "distinct", "rows", "is_quantity"),
    [
        ("number", 600, 600, True),
        ("number", 51, 509, True),
        ("number", 51, 510, False),
        ("number", 50, 60, False),
        ("text", 600, 600, False),
    ],
)
def test_classes_that_look_like_a_quantity_are_said_to(kind: Any, distinct: int, rows: int, is_quantity: bool):
    values = tuple(str(i) for i in range(distinct)) if kind == "text" else tuple(range(distinct))
    price = Column(name="price", kind=kind, values=values, distinct=distinct)
    found = problems_of([{"units": 1}], target="price", schema=Schema(rows=rows, columns=(*IRIS.columns, price)))
    message = f"layer 0 gives 1 output, the target has {distinct} classes; units must be {distinct}"
    hint = f"; {distinct} distinct values in {rows} rows look like a quantity: mean_squared_error with 1 unit learns it"
    assert found == {"/network/layers/0/units": message + (hint if is_quantity else "")}


def test_every_problem_comes_at_once():
    found = problems_of(
        [{"units": 8}, {"units": 3, "activation": "relu"}],
        target="specie",
        metrics=["accuracy", "r2"],
        validation={"fraction": 0.999},
    )
    assert set(found) == {
        "/dataset/target",
        "/network/layers/1/activation",
        "/training/metrics/1",
        "/training/validation/fraction",
    }
    assert '"relu"; softmax_cross_entropy takes "softmax"' in found["/network/layers/1/activation"]
    assert "allowed: accuracy" in found["/training/metrics/1"]
    assert "none of the dataset's 150 rows" in found["/training/validation/fraction"]


def test_a_network_beyond_the_limit_of_parameters_is_refused_with_the_figures():
    found = problems_of([{"units": 1_000_000}, {"units": 1_000_000}, {"units": 3}])
    message = found["/network/layers/1/units"]
    assert "1,000,009,000,003 parameters" in message
    assert "10,000 or fewer" in message


def test_a_training_beyond_the_limit_of_memory_is_refused_before_anything_is_allocated():
    large = Schema(rows=10**9, columns=IRIS.columns)
    found = problems_of([{"units": 3}], schema=large, batch_size="full")
    assert "for the values of 1,000,000,000 rows at once" in found["/dataset"]


def test_more_threads_than_the_service_gives_are_refused():
    limits = Limits(max_parameters=10_000, max_training_bytes=10**9, max_threads=2)
    assert planned([{"units": 3}], limits=limits, threads=2).outputs == 3
    found = problems_of([{"units": 3}], limits=limits, threads=3)
    assert found == {"/training/threads": "threads is 3; this service gives a training 2 or fewer"}


def test_one_output_is_wanted_for_one_number():
    found = problems_of([{"units": 2}], target="length", loss="mean_squared_error")
    assert found == {"/network/layers/0/units": "layer 0 gives 2 outputs, there is 1 target column; units must be 1"}


def test_lbfgs_is_refused_where_the_loss_is_not_of_the_weights_alone():
    layers = [{"units": 8, "max_norm": 2.0}, {"units": 3}]
    assert "/network/layers/0/max_norm" in problems_of(layers, optimizer="lbfgs")
    assert planned(layers, optimizer="adam")
    assert planned([{"units": 3}], optimizer="lbfgs").batch_size == 150


def test_lbfgs_is_refused_for_a_network_that_it_would_not_hear_a_cancellation_beside():
    limits = Limits(max_parameters=10**9, max_training_bytes=10**12)

    def network(units):  # 4 inputs: 7 weights for each unit
        return [{"units": units, "bias": False}, {"units": 3, "bias": False}]

    largest, larger, huge = network(571_428), network(571_429), [{"units": 1_000_000}, *network(13)]
    assert planned(largest, limits=limits, optimizer="lbfgs").parameters == 3_999_996
    assert problems_of(larger, limits=limits, optimizer="lbfgs") == {
        "/training/optimizer": "the network has 4,000,003 parameters; lbfgs with a memory of 10 takes 4,000,000 or fewer; "
        "take a memory of 9 or less or another optimizer, which all take larger networks"
    }
    assert planned(larger, limits=limits, optimizer={"type": "lbfgs", "memory": 9})
    assert planned(larger, limits=limits, optimizer="adam")
    assert problems_of(huge, limits=limits, optimizer={"type": "lbfgs", "memory": 1}) == {
        "/training/optimizer": "the network has 18,000,039 parameters; lbfgs with a memory of 1 takes 16,000,000 or fewer; "
        "take another optimizer, which all take larger networks"
    }


def test_orthogonal_weights_that_take_long_to_draw_are_refused_with_the_largest_of_them():
    limits = Limits(max_parameters=10**9, max_training_bytes=10**12)

    def problems(*units, **layer):
        layers = [
            *({"units": m, "activation": "relu", **layer} for m in units),
            {"units": 3, "weight_initializer": "orthogonal"},
        ]
        return problems_of(layers, limits=limits)

    orthogonal = {"weight_initializer": "orthogonal"}
    assert planned([*({"units": 2500, **orthogonal},) * 2, {"units": 3}], limits=limits)
    assert planned([*({"units": 1000, **orthogonal},) * 11, {"units": 3}], limits=limits)
    assert planned([*({"units": 10_000},) * 2, {"units": 3, **orthogonal}], limits=limits)
    assert planned([*({"units": 10_000, **orthogonal},) * 2, {"units": 3}], limits=limits, start={"job": "job_x"})
    allowed = (
        "take too long to draw; a network takes one matrix of 2,500 × 2,500, or ten of 1,000 × 1,000: draw larger ones by "
        "another initializer, such as glorot_normal"
    )
    assert problems(100, 10_000, 10_000, **orthogonal) == {
        "/network/layers/2": f"orthogonal weights of 10,000 × 10,000 in layer 2, the largest of 4 such, {allowed}"
    }
    assert problems(*(1000,) * 20, **orthogonal) == {
        "/network/layers/1": f"orthogonal weights of 1,000 × 1,000 in layer 1, the largest of 21 such, {allowed}"
    }
    assert problems(1, 500_000, 50, **orthogonal).keys() == {"/network/layers/2"}


def test_lbfgs_counts_the_memory_of_its_steps():
    few, many = (planned([{"units": 3}], optimizer={"type": "lbfgs", "memory": memory}).memory_bytes for memory in (5, 50))
    assert many - few > 2 * 8 * 45 * 15


def test_a_warm_up_longer_than_the_training_is_refused_with_the_figures():
    found = problems_of([{"units": 3}], epochs=2, schedule={"type": "cosine", "warmup": {"steps": 10}})
    assert found == {
        "/training/schedule/warmup/steps": "warmup takes 10 steps of 10 (2 epochs of 5); it must end before the training"
    }
    assert planned([{"units": 3}], epochs=2, schedule={"type": "cosine", "warmup": {"steps": 9}})


FLAGS = Schema(
    rows=100,
    columns=(
        Column(name="size", kind="number", mean=5.8, deviation=0.8),
        *(Column(name=name, kind="number", values=(0, 1), distinct=2) for name in ("red", "round")),
    ),
)


@pytest.mark.parametrize(
    ("loss", "metrics", "allowed"),
    [
        ("mean_squared_error", ["r2", "accuracy"], "mean_squared_error, root_mean_squared_error, mean_absolute_error, r2"),
        ("binary_cross_entropy", ["f1", "top_k_accuracy"], "accuracy, precision, recall, f1, roc_auc, confusion_matrix"),
        (
            "softmax_cross_entropy",
            ["recall", "r2"],
            "accuracy, top_k_accuracy, precision, recall, f1, roc_auc, confusion_matrix",
        ),
    ],
)
def test_a_metric_that_says_nothing_of_the_loss_is_refused_with_those_that_do(loss: str, metrics: list[str], allowed: str):
    found = problems_of([{"units": 1}], target="red", schema=FLAGS, loss=loss, metrics=metrics)
    assert found == {"/training/metrics/1": f'metric "{metrics[1]}" says nothing of {loss}; with it are allowed: {allowed}'}


def test_a_row_cannot_miss_its_class_among_as_many_as_there_are():
    text = "k is {}, the target has 3 classes; k must be below their number, or every row is a hit"
    metrics = ["top_k_accuracy", {"type": "top_k_accuracy", "k": 3}, {"type": "top_k_accuracy", "k": 2}]
    found = problems_of([{"units": 3}], metrics=metrics)
    assert found == {"/training/metrics/0": text.format(5), "/training/metrics/1/k": text.format(3)}


def test_a_confusion_matrix_takes_few_exclusive_classes():
    assert planned([{"units": 1}], target="red", schema=FLAGS, loss="binary_cross_entropy", metrics=["confusion_matrix"])
    found = problems_of(
        [{"units": 2}], target=["red", "round"], schema=FLAGS, loss="binary_cross_entropy", metrics=["confusion_matrix"]
    )
    assert found == {
        "/training/metrics/0": "confusion_matrix needs exclusive classes, there are 2 targets; softmax_cross_entropy, or "
        "binary_cross_entropy with 1 target, has them"
    }
    many = Column(name="word", kind="text", values=tuple(map(str, range(201))), distinct=201)
    schema = Schema(rows=1000, columns=(*FLAGS.columns, many))
    found = problems_of([{"units": 201}], target="word", schema=schema, metrics=["confusion_matrix"])
    assert found == {"/training/metrics/0": "the target has 201 classes; confusion_matrix takes 200 or fewer"}


def test_memory_to_rank_the_rows_is_counted():
    schema = Schema(rows=10**7, columns=IRIS.columns)
    found = problems_of([{"units": 3}], schema=schema, metrics=["roc_auc"], limits=Limits(10_000, 7 * 10**8))
    assert list(found) == ["/dataset"]
    ranked = planned([{"units": 3}], schema=schema, metrics=["roc_auc"], limits=Limits(10_000, 10**10))
    plain = planned([{"units": 3}], schema=schema, metrics=["accuracy"], limits=Limits(10_000, 10**10))
    assert ranked.memory_bytes - plain.memory_bytes == 4 * 10**7 * (3 + 1)


def test_lbfgs_is_refused_beside_dropout_however_deep_it_stands():
    block = {"type": "residual", "layers": [{"type": "dropout", "rate": 0.5}]}
    layers = [{"type": "dense", "units": 8}, block, {"type": "dense", "units": 3}]
    found = problems_of(layers, optimizer="lbfgs")
    message = "dropout is another in every step, but lbfgs needs a loss that depends on the weights alone"
    assert found == {"/network/layers/1/layers/0": message}
    assert planned(layers, optimizer="adam")
