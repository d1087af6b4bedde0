"""What is chosen where a job says nothing: it learns, it fits the rest, and what was said stays as it was."""

from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.nn.planning import suggestions
from core.nn.planning.outline import Outline
from core.nn.planning.plan import Limits, plan
from core.nn.preparation.column import Cell, Column, NumberLike
from core.nn.preparation.schema import Schema
from core.nn.preparation.targets import scaling_of
from core.nn.spec import AnyOptimizer, DataSpec, NetworkSpec, TrainingSpec
from tests.nn.planning.tables import EXAMPLES, prices, table, trained, two_moons

SEEDS = range(3)
UNLIMITED = Limits(max_parameters=2**40, max_training_bytes=2**60, max_threads=1)


def number(name: str, values: tuple[float, ...] | None = None) -> Column:
    return Column(name=name, kind="number", values=values, distinct=None if values is None else len(values))


def schema(target: Column, inputs: int = 4, rows: int = 150) -> Schema:
    return Schema(rows=rows, columns=(*(number(f"x{i}") for i in range(inputs)), target))


SPECIES = Column(name="species", kind="text", values=("a", "b", "c"))


def completed(document: Any, target: Column = SPECIES, **sizes: int) -> Outline:
    outline = Outline(document)
    outline.complete(DataSpec(target=target.name), schema(target, **sizes))
    return outline


@pytest.mark.parametrize(
    ("name", "target", "metric", "least"),
    [
        ("iris", "species", "accuracy", 0.93),
        ("digits", "digit", "accuracy", 0.96),
        ("diabetes", "progression", "r2", 0.4),
        ("moons", "moon", "accuracy", 0.97),
        ("prices", "price", "r2", 0.88),
    ],
)
def test_what_is_chosen_learns_on_rows_that_it_has_not_seen(
    tmp_path: Path, name: str, target: str, metric: str, least: float
) -> None:
    made = {"moons": two_moons, "prices": prices}
    source = made[name](tmp_path) if name in made else EXAMPLES / f"{name}.csv"
    read = table(source, tmp_path)
    reached = []
    for seed in SEEDS:
        chosen, best = trained(read, target, {"training": {"seed": seed}})
        assert best.validation_loss is not None
        reached.append(best.metrics[metric])
    assert {"/network/layers", "/training/loss", "/training/batch_size", "/training/epochs"} <= chosen.keys()
    assert np.mean(reached) >= least, reached


@pytest.mark.parametrize("network", [None, "auto", {}, {"layers": "auto"}])
@pytest.mark.parametrize("training", [None, {}, {"loss": "auto", "epochs": "auto", "batch_size": "auto", "optimizer": "auto"}])
def test_left_out_empty_and_auto_are_the_same(network: Any, training: Any) -> None:
    document = {name: value for name, value in (("network", network), ("training", training)) if value is not None}
    assert completed(document).chosen == completed({}).chosen


def test_what_was_chosen_stands_in_the_document_where_the_pointer_says() -> None:
    outline = completed({"training": {"optimizer": {"type": "sgd", "momentum": 0.9, "learning_rate": "auto"}}})
    assert outline.chosen["/training/optimizer/learning_rate"] == 0.005
    for pointer, value in outline.chosen.items():
        place = outline.document
        for part in pointer.split("/")[1:]:
            place = place[part]
        assert place == value, pointer


def test_what_was_sent_is_not_changed() -> None:
    sent = {"network": {"layers": "auto"}, "training": {"optimizer": {"type": "adam", "learning_rate": "auto"}}}
    completed(sent)
    assert sent == {"network": {"layers": "auto"}, "training": {"optimizer": {"type": "adam", "learning_rate": "auto"}}}


def test_weights_decay_unless_the_rows_are_a_handful() -> None:
    many, few = (completed({}, rows=rows).chosen["/training/optimizer"] for rows in (20, 19))
    assert many == {"type": "adamw", "learning_rate": 0.003, "weight_decay": 0.3}
    assert few == {"type": "adam", "learning_rate": 0.003}
    said = {"type": "adam", "learning_rate": "auto"}
    assert completed({"training": {"optimizer": said}}).document["training"]["optimizer"] == {**said, "learning_rate": 0.003}


PRICE = number("price")


AFTER = ([], ["identity"], ["flatten"], ["layer_normalisation"], [{"type": "dropout", "rate": 0.1}, "identity"])


@pytest.mark.parametrize("after", AFTER, ids=str)
@pytest.mark.parametrize("activation", ["identity", "tanh"])
@pytest.mark.parametrize("scaling", ["auto", "standard", "none"])
def test_weights_decay_where_what_the_network_learns_is_scaled(activation: str, after: list[Any], scaling: str) -> None:
    layers = [{"units": 8, "activation": "relu"}, {"units": 1, "activation": activation}, *after]
    document = {"network": {"layers": [each if isinstance(each, dict) else {"type": each} for each in layers]}}
    data = DataSpec(target="price", target_scaling=scaling)
    outline = Outline(document)
    outline.complete(data, schema(PRICE))
    network = NetworkSpec.model_validate(outline.document["network"])
    loss = TrainingSpec.model_validate(outline.document["training"]).loss
    is_scaled = scaling_of(data, loss.type, is_linear=network.last_activation.type == "identity") != "none"
    assert outline.chosen["/training/optimizer"]["type"] == ("adamw" if is_scaled else "adam")


@pytest.mark.parametrize(
    ("layers", "target", "scaling", "chosen"),
    [
        ([{"units": 4}, {"units": 1}], PRICE, {}, "adamw"),
        ([{"units": 4}, {"units": 1, "activation": "identity"}], PRICE, {}, "adamw"),
        ([{"units": 1, "activation": "relu"}], PRICE, {}, "adam"),
        ([{"units": 1}, "relu"], PRICE, {}, "adam"),
        ([{"units": 1, "activation": "relu"}], PRICE, {"target_scaling": "min_max"}, "adamw"),
        ("auto", PRICE, {"target_scaling": "none"}, "adam"),
        ("auto", PRICE, {"scaling": "none"}, "adam"),
        ("auto", SPECIES, {"target_scaling": "none"}, "adamw"),
    ],
)
def test_weights_decay_only_where_numbers_of_about_one_go_in_and_come_out(
    layers: Any, target: Column, scaling: dict[str, Any], chosen: str
) -> None:
    outline = Outline({"network": {"layers": layers}, "dataset": {"id": "ds", **scaling}})
    outline.complete(DataSpec(target=target.name, **scaling), schema(target))
    assert outline.chosen["/training/optimizer"]["type"] == chosen


def test_with_given_epochs_no_rows_are_put_aside_and_nothing_stops_early() -> None:
    chosen = completed({"training": {"epochs": 3}}).chosen
    assert not {"/training/epochs", "/training/validation", "/training/early_stopping"} & chosen.keys()


def test_with_chosen_epochs_a_given_validation_and_stopping_stay() -> None:
    said = {"validation": {"fraction": 0.5}, "early_stopping": None}
    outline = completed({"training": said})
    assert {name: outline.document["training"][name] for name in said} == said
    assert "/training/early_stopping" in completed({"training": {"validation": {"fraction": 0.5}}}).chosen
    assert "/training/early_stopping" not in completed({"training": {"validation": None}}).chosen


def test_a_budget_bounds_the_epochs_so_nothing_else_does() -> None:
    chosen = completed({"training": {"budget_s": 30.0}}).chosen
    assert chosen["/training/epochs"] == suggestions.MOST_EPOCHS
    assert "/training/validation" in chosen
    assert "/training/early_stopping" not in chosen


FLAG = Column(name="flag", kind="boolean", values=(False, True))
DIGIT = number("digit", tuple(range(10)))


@pytest.mark.parametrize(
    ("target", "last", "loss"),
    [
        (SPECIES, None, "softmax_cross_entropy"),
        (FLAG, None, "binary_cross_entropy"),
        (FLAG, {"units": 1, "activation": "sigmoid"}, "binary_cross_entropy"),
        (FLAG, {"units": 2}, "softmax_cross_entropy"),
        (number("y"), None, "mean_squared_error"),
        (number("y", (0.5, 1.5)), None, "mean_squared_error"),
        (number("y", (0, 1)), None, "binary_cross_entropy"),
        (DIGIT, None, "softmax_cross_entropy"),
        (DIGIT, {"units": 10}, "softmax_cross_entropy"),
        (DIGIT, {"units": 1}, "mean_squared_error"),
        (number("count", tuple(range(60))), None, "mean_squared_error"),
    ],
)
def test_the_loss_follows_the_target_and_the_outputs_that_are_there(target: Column, last: Any, loss: str) -> None:
    network = "auto" if last is None else {"layers": [{"units": 8, "activation": "relu"}, last]}
    outline = completed({"network": network}, target)
    assert outline.chosen["/training/loss"] == loss


def disguised(distinct: int, share: float = 0.99, rows: int = 150) -> Column:
    """A column of numbers that one text or more have made a text."""
    like = NumberLike(round(share * rows), rows, rows - round(share * rows), (Cell(6, "12,5x"),))
    return Column(name="price", kind="text", values=tuple(map(str, range(distinct))), distinct=distinct, number_like=like)


@pytest.mark.parametrize(
    ("target", "document"),
    [
        (disguised(120), {}),
        (disguised(21), {}),
        (disguised(120, 0.9), {"training": {"loss": "auto"}}),
        (disguised(120), {"network": {"layers": [{"units": 1}]}}),
    ],
)
def test_no_loss_is_chosen_for_many_texts_that_are_nearly_all_numbers(target: Column, document: Any) -> None:
    [problem] = completed(document, target).problems
    assert problem.pointer == "/dataset/target"
    assert 'column "price" is text, though' in problem.message
    assert '"12,5x" in row 6' in problem.message
    assert '"loss": "softmax_cross_entropy"' in problem.message


@pytest.mark.parametrize(
    ("target", "document"),
    [
        (disguised(20), {}),
        (disguised(120, 0.89), {}),
        (replace(disguised(120), number_like=None), {}),
        (number("price", tuple(range(120))), {}),
        (disguised(120), {"training": {"loss": "softmax_cross_entropy"}}),
        (disguised(120), {"network": {"layers": [{"units": 120}]}}),
        (disguised(120), {"network": {"layers": [{"units": 1, "activation": "softmax"}]}}),
    ],
)
def test_few_texts_and_classes_that_are_asked_for_are_taken_as_such(target: Column, document: Any) -> None:
    assert completed(document, target).problems == []


def test_several_flags_are_labels_and_several_numbers_quantities() -> None:
    columns = (number("x"), FLAG, replace(FLAG, name="other"), number("y"))
    for targets, loss in ((("flag", "other"), "binary_cross_entropy"), (("flag", "y"), "mean_squared_error")):
        outline = Outline({})
        outline.complete(DataSpec(target=targets), Schema(rows=100, columns=columns))
        assert outline.chosen["/training/loss"] == loss
        assert outline.chosen["/network/layers"][-1]["units"] == 2


def test_codes_of_texts_go_through_an_embedding() -> None:
    words = Column(name="words", kind="text", values=tuple("abcdef"))
    data, columns = Schema(rows=100, columns=(number("x"), words, SPECIES)), DataSpec(target="species", categories="embedding")
    outline = Outline({})
    outline.complete(columns, data)
    assert outline.chosen["/network/layers"][0] == {"type": "embedding", "dimension": 5}
    network = NetworkSpec.model_validate(outline.document["network"])
    assert plan(network, TrainingSpec.model_validate(outline.document["training"]), columns, data, UNLIMITED).inputs == 2


def test_every_optimizer_that_has_a_rate_is_given_one() -> None:
    for optimizer in get_args(AnyOptimizer):
        name = optimizer.model_fields["type"].default
        if "learning_rate" in optimizer.model_fields:
            outline = completed({"training": {"optimizer": {"type": name, "learning_rate": "auto"}}})
            assert outline.chosen["/training/optimizer/learning_rate"] > 0, name


def test_raw_rows_are_scaled_for_a_network_that_is_chosen_and_for_no_other() -> None:
    rows = {"inputs": [[0]], "targets": [0]}
    assert Outline({"dataset": rows}).document["dataset"]["scaling"] == "standard"
    assert Outline({"dataset": rows, "network": {"layers": [{"units": 1}]}}).document["dataset"] == rows
    assert Outline({"dataset": {"id": "ds", "target": "t", "scaling": "auto"}}).chosen == {"/dataset/scaling": "standard"}


@given(
    rows=st.integers(1, 10**9),
    inputs=st.integers(1, 10**5),
    target=st.sampled_from([SPECIES, FLAG, DIGIT, number("y")]),
    optimizer=st.sampled_from(["auto", "sgd", "adam"]),
)
def test_whatever_the_sizes_what_is_chosen_can_be_trained(rows: int, inputs: int, target: Column, optimizer: str) -> None:
    wide = Column(name="words", kind="text", values=tuple(map(str, range(min(inputs, 1000)))))
    data = Schema(rows=rows, columns=(number("x"), wide, target))
    outline = Outline({"training": {"optimizer": optimizer}})
    outline.complete(DataSpec(target=target.name), data)
    network, training = (
        NetworkSpec.model_validate(outline.document["network"]),
        TrainingSpec.model_validate(outline.document["training"]),
    )
    planned = plan(network, training, DataSpec(target=target.name), data, UNLIMITED)
    assert 1 <= planned.batch_size <= rows


WORDS = (
    "network layers units training loss optimizer type learning_rate momentum batch_size epochs validation fraction dataset "
    "scaling budget_s"
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(["auto", "adam", "x"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(WORDS.split()),
            inner,
            max_size=4,
        )
    ),
    max_leaves=10,
)


@given(document=JSON, usable=st.booleans())
def test_any_document_is_taken_and_what_is_no_gap_stays(document: Any, usable: bool) -> None:
    outline = Outline(document)
    outline.complete(*(DataSpec(target="species"), schema(SPECIES)) if usable else (None, None))
    if not isinstance(document, dict):
        assert outline.document is document
