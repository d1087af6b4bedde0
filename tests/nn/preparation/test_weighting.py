"""How much rows count: their own weights times those of their classes, 1 on average."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from core.data.describe import boolean, number, text
from core.data.parsed import schema_of
from core.errors import InvalidData
from core.nn.preparation.choice import problems
from core.nn.preparation.column import Column
from core.nn.preparation.roles import classes, feature_columns
from core.nn.preparation.schema import Schema
from core.nn.preparation.weighting import Weighting, class_places
from core.nn.spec import AnyLoss, BinaryCrossEntropy, DataSpec, MeanSquaredError, SoftmaxCrossEntropy

MSE, BCE, SOFTMAX = MeanSquaredError(), BinaryCrossEntropy(), SoftmaxCrossEntropy()
ALL = np.arange(6)

COLUMNS = [
    number("x", np.arange(6.0)),
    number("count", np.array([1, 2, 3, 2, 0, 10])),
    text("city", np.array([0, 0, 0, 1, 1, 2]), ["Bern", "Oslo", "Rome"]),
    boolean("flag", np.array([True, False, False, False, False, False])),
    number("grade", np.array([1.5, 2, 2, 2, 2, 2])),
]
SCHEMA = schema_of(COLUMNS, 6)
TABLE = {column.name: column.array for column in COLUMNS if column.array is not None}


def weights(rows: Any = ALL, loss: AnyLoss = SOFTMAX, training_rows: Any = ALL, **data: Any) -> np.ndarray:
    spec = DataSpec(**{"target": "city", "features": ("x",), **data})
    assert problems(SCHEMA, spec, loss) == []
    weighting = Weighting.fit(spec, classes(SCHEMA, spec, loss), TABLE, np.array(training_rows))
    assert weighting is not None
    return weighting.weights(TABLE, np.array(rows), np.float64)


def found(loss: AnyLoss = SOFTMAX, schema: Schema = SCHEMA, **data: Any) -> dict[str, str]:
    spec = DataSpec(**{"target": "city", **data})
    return {problem.pointer: problem.message for problem in problems(schema, spec, loss)}


def test_rows_count_by_the_column_and_1_on_average() -> None:
    np.testing.assert_allclose(weights(weight="count"), np.array([1, 2, 3, 2, 0, 10]) / 3)


def test_the_average_is_that_of_the_training_rows_whichever_rows_are_asked_for() -> None:
    np.testing.assert_allclose(weights([3, 5], weight="count", training_rows=[0, 1, 2]), [1, 5])


def test_balanced_classes_count_the_same_in_all() -> None:
    np.testing.assert_allclose(weights(class_weights="balanced"), [2 / 3] * 3 + [1] * 2 + [2])
    w = weights(class_weights="balanced", weight="count")
    np.testing.assert_allclose([w[:3].sum(), w[3:5].sum(), w[5]], [2, 2, 2])
    np.testing.assert_allclose(w[:3] / w[0], [1, 2, 3])


def test_a_class_without_any_training_row_keeps_its_weight() -> None:
    np.testing.assert_allclose(weights([0, 3, 5], class_weights="balanced", training_rows=[0, 1, 2, 3]), [2 / 3, 2, 1])


def test_classes_count_by_their_labels_and_those_that_are_not_named_1() -> None:
    raw = np.array([1, 1, 1, 4, 4, 1])
    np.testing.assert_allclose(weights(class_weights={"Oslo": 4}), raw / raw.mean())
    np.testing.assert_allclose(weights(class_weights={"Oslo": 4.0}, weight="count")[[0, 3]], np.array([1, 8]) / 24 * 6)


@pytest.mark.parametrize(("target", "label"), [("flag", "true"), ("grade", "1.5")])
def test_labels_of_other_types_are_written_as_json_would(target: str, label: str) -> None:
    raw = np.array([5, 1, 1, 1, 1, 1])
    for loss in (BCE, SOFTMAX):
        np.testing.assert_allclose(weights(target=target, loss=loss, class_weights={label: 5}), raw / raw.mean())


def test_whole_numbers_among_others_may_be_written_without_their_point() -> None:
    assert class_places((1.0, 2.5)) == {"1.0": 0, "1": 0, "2.5": 1}
    assert class_places((-1, 2**60)) == {"-1": 0, str(2**60): 1}
    assert class_places((False, True)) == {"false": 0, "true": 1}


def test_several_targets_are_classes_by_their_names() -> None:
    columns = [number("x", np.arange(3)), number("a", np.array([1, 0, 0])), number("b", np.array([0, 1, 1]))]
    table = {column.name: column.array for column in columns if column.array is not None}
    data = DataSpec(target=("a", "b"), class_weights="balanced")
    schema = schema_of(columns, 3)
    assert problems(schema, data, SOFTMAX) == []
    weighting = Weighting.fit(data, classes(schema, data, SOFTMAX), table, np.arange(3))
    assert weighting is not None
    np.testing.assert_allclose(weighting.weights(table, np.arange(3), np.float64), [1.5, 0.75, 0.75])


@given(
    w=arrays.arrays(np.float64, st.integers(1, 12), elements=st.floats(0, 1.7e308)),
    wanted=st.sampled_from([None, "balanced", {"a": 1e6, "b": 1e-300}]),
    data=st.data(),
)
def test_weights_average_1_at_every_magnitude(w: np.ndarray, wanted: Any, data: Any) -> None:
    codes = data.draw(arrays.arrays(np.int32, len(w), elements=st.integers(0, 2)))
    spec = DataSpec(target="y", weight="w", class_weights=wanted)
    table, rows = {"w": w, "y": codes}, np.arange(len(w))
    if not w.any():
        with pytest.raises(InvalidData, match='column "w" is 0 in all'):
            Weighting.fit(spec, ("a", "b", "c"), table, rows)
        return
    weighting = Weighting.fit(spec, ("a", "b", "c"), table, rows)
    assert weighting is not None
    found = weighting.weights(table, rows, np.float64)
    assert (found >= 0).all()
    if wanted != "balanced" or w[w > 0].min() > 1e-300 * w.max():
        assert found.mean() == pytest.approx(1)


def test_nothing_is_weighted_unless_it_is_asked_for() -> None:
    assert Weighting.fit(DataSpec(target="city"), ("Bern", "Oslo", "Rome"), TABLE, ALL) is None


def test_training_rows_that_all_count_nothing_are_refused() -> None:
    with pytest.raises(InvalidData, match='column "count" is 0 in all 1 training rows'):
        weights(weight="count", training_rows=[4])


def test_a_weight_beyond_the_dtype_is_refused_with_its_row() -> None:
    weighting = Weighting.fit(DataSpec(target="x", weight="w"), None, {"w": np.array([1.0, 1e300])}, np.array([0]))
    assert weighting is not None
    with pytest.raises(InvalidData, match=r"row 1 counts 1e\+300 times as much"):
        weighting.weights({"w": np.array([1.0, 1e300])}, np.arange(2), np.float32)


def test_the_weight_is_no_feature() -> None:
    data = DataSpec(target="city", weight="count")
    assert [column.name for column in feature_columns(SCHEMA, data)] == ["x", "flag", "grade"]


@pytest.mark.parametrize(
    ("weight", "message"),
    [
        ("coun", 'there is no column "coun"; near it: "count"'),
        ("flag", 'column "flag" is boolean; weights are numbers, 0 or more'),
        ("city", 'column "city" is a target; it cannot be the rows\' weight too'),
        ("x", 'column "x" is a feature; it cannot be the rows\' weight too'),
        ("holes", 'column "holes" misses 2 of 6 values, in rows 4, 5; every row needs its weight'),
        ("debt", 'column "debt" holds -1.5; a weight is 0 or more'),
        ("nothing", 'column "nothing" is 0 in every row; at least one row must count'),
    ],
)
def test_a_column_that_is_no_weight_is_named_with_what_is_allowed(weight: str, message: str) -> None:
    more = (
        Column(name="holes", kind="number", missing=2, min=0, max=1, missing_rows=(4, 5)),
        Column(name="debt", kind="number", min=-1.5, max=1),
        Column(name="nothing", kind="number", min=0, max=0),
    )
    schema = Schema(rows=6, columns=(*SCHEMA.columns, *more))
    assert found(schema=schema, weight=weight, features=("x",)) == {"/dataset/weight": message}


def test_a_table_of_the_target_and_the_weight_alone_has_no_features() -> None:
    assert list(found(schema=Schema(rows=6, columns=SCHEMA.columns[1:3]), weight="count")) == ["/dataset/features"]


@pytest.mark.parametrize(("target", "loss"), [("x", MSE), (("flag", "flag2"), BCE)])
def test_class_weights_need_classes(target: Any, loss: AnyLoss) -> None:
    flag = Column(name="flag2", kind="boolean", values=(False, True), distinct=2)
    schema = Schema(rows=6, columns=(*SCHEMA.columns, flag))
    messages = found(loss, schema, target=target, class_weights="balanced")
    assert list(messages) == ["/dataset/class_weights"]
    assert f"which {loss.type} does not have here" in messages["/dataset/class_weights"]


def test_an_unknown_class_is_named_with_those_near_it() -> None:
    assert found(class_weights={"Olso": 2, "x/y~": 3, "Rome": 1}) == {
        "/dataset/class_weights/Olso": 'there is no class "Olso"; near it: "Oslo"',
        "/dataset/class_weights/x~1y~0": 'there is no class "x/y~"; the classes are "Bern", "Oslo", "Rome"',
    }
    twice = found(target="grade", class_weights={"2": 2, "2.0": 3})
    assert twice == {"/dataset/class_weights/2.0": "the class 2.0 is named twice"}
