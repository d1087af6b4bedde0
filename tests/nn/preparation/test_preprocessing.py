import json
import statistics
from functools import partial
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from core.data.describe import Described, boolean, number, text
from core.data.parsed import schema_of
from core.errors import InvalidData
from core.nn.preparation.choice import problems
from core.nn.preparation.column import Column
from core.nn.preparation.features import Number
from core.nn.preparation.preprocessing import Preprocessing
from core.nn.preparation.roles import inputs, target_width
from core.nn.preparation.scaling import fitted as fitted_scale
from core.nn.preparation.schema import Schema
from core.nn.preparation.statistics import moments, quartiles
from core.nn.spec import AnyLoss, BinaryCrossEntropy, DataSpec, MeanSquaredError, Scaling, SoftmaxCrossEntropy

NAN = np.nan
MSE, BCE, SOFTMAX = MeanSquaredError(), BinaryCrossEntropy(), SoftmaxCrossEntropy()
FINITE = st.floats(-1e6, 1e6, allow_subnormal=False)  # the deviation of subnormal numbers may vanish


def table(*columns: Described) -> tuple[Schema, dict[str, np.ndarray]]:
    stored = {column.name: column.array for column in columns if column.array is not None}
    return schema_of(columns, len(next(iter(stored.values())))), stored


def people() -> tuple[Schema, dict[str, np.ndarray]]:
    return table(
        number("age", np.array([10.0, 20.0, NAN, 60.0])),
        text("city", np.array([1, 0, -1, 2]), ["Oslo", "Bern", "Rome"]),
        boolean("member", np.array([True, False, True, True])),
        number("score", np.array([5, 7, 9, 11])),
        text("answer", np.array([0, 1, 1, 0]), ["yes", "no"]),
    )


def fitted(data: DataSpec, loss: AnyLoss = MSE, rows: Any = (0, 1, 2, 3)) -> tuple[Preprocessing, dict[str, np.ndarray]]:
    schema, columns = people()
    assert problems(schema, data, loss) == []
    return Preprocessing.fit(schema, data, loss, columns, np.array(rows)), columns


def test_each_kind_of_column_becomes_inputs_by_its_rule() -> None:
    preprocessing, columns = fitted(DataSpec(target="score", features=("member", "city", "age")))
    x = preprocessing.inputs(columns, np.float64)
    # age: mean 30, deviation √((400 + 100 + 900) / 3); the missing one is the mean
    scale = (1400 / 3) ** 0.5
    expected = [
        [1, 1, 0, 0, -20 / scale],
        [0, 0, 1, 0, -10 / scale],
        [1, 0, 0, 0, 0],
        [1, 0, 0, 1, 30 / scale],
    ]
    np.testing.assert_allclose(x, expected, rtol=1e-15)
    assert x.flags.c_contiguous


def test_statistics_come_from_the_training_rows_alone() -> None:
    preprocessing, columns = fitted(DataSpec(target="score", features=("age",)), rows=[0, 1])
    np.testing.assert_array_equal(preprocessing.inputs(columns, np.float64)[:, 0], [-1, 1, 0, 9])


def test_without_scaling_numbers_stay_and_a_missing_one_is_the_training_mean() -> None:
    preprocessing, columns = fitted(DataSpec(target="score", features=("age",), scaling="none"), rows=[0, 1])
    np.testing.assert_array_equal(preprocessing.inputs(columns, np.float32)[:, 0], np.float32([10, 20, 15, 60]))


@given(x=arrays.arrays(np.float64, st.integers(2, 50), elements=FINITE))
def test_standardised_training_rows_have_mean_zero_and_deviation_one(x: np.ndarray) -> None:
    schema, columns = table(number("x", x), number("y", np.arange(len(x))))
    preprocessing = Preprocessing.fit(schema, DataSpec(target="y"), MSE, columns, np.arange(len(x)))
    z = preprocessing.inputs(columns, np.float64)[:, 0]
    if np.ptp(x) == 0:
        np.testing.assert_array_equal(z, 0)
    elif np.ptp(x) > 1e-6 * np.abs(x).max():
        assert z.mean() == pytest.approx(0, abs=1e-6)
        assert z.std() == pytest.approx(1, abs=1e-6)


@given(permutation=st.permutations(range(4)))
def test_permuted_rows_give_permuted_inputs_and_targets(permutation: list[int]) -> None:
    preprocessing, columns = fitted(DataSpec(target="answer"), SOFTMAX)
    moved = {name: column[permutation] for name, column in columns.items()}
    x, t = preprocessing.inputs(columns, np.float32), preprocessing.targets(columns, np.float32)
    np.testing.assert_array_equal(preprocessing.inputs(moved, np.float32), x[permutation])
    np.testing.assert_array_equal(preprocessing.targets(moved, np.float32), t[permutation])


def test_many_rows_are_filled_block_by_block_alike() -> None:
    rng = np.random.default_rng(5)
    raw = rng.normal(3, 4, size=(20_000, 70))
    schema, columns = table(*(number(f"x{i}", raw[:, i].copy()) for i in range(70)), number("y", np.arange(20_000)))
    x = Preprocessing.fit(schema, DataSpec(target="y"), MSE, columns, np.arange(20_000)).inputs(columns, np.float64)
    np.testing.assert_allclose(x, (raw - raw.mean(0)) / raw.std(0), rtol=1e-9, atol=1e-12)


def test_few_rows_are_filled_as_many_are_bit_for_bit() -> None:
    rng = np.random.default_rng(7)
    raw = rng.normal(3, 4, size=(1000, 12))
    raw[rng.random(raw.shape) < 0.1] = NAN
    numbers = [number(f"x{i}", column.copy()) for i, column in enumerate(raw.T)]
    numbers[5] = number("x5", rng.integers(-(2**60), 2**60, 1000))
    flags = boolean("flag", rng.integers(0, 2, 1000))
    schema, columns = table(*numbers[:7], flags, *numbers[7:], number("y", np.arange(1000)))
    data = DataSpec(target="y", missing="indicator", scaling="robust")
    preprocessing = Preprocessing.fit(schema, data, MSE, columns, np.arange(1000))
    whole = preprocessing.inputs(columns, np.float64)
    for rows in (np.arange(1), np.array([999, 3, 500]), np.arange(20, 45)):
        np.testing.assert_array_equal(preprocessing.inputs(columns, np.float64, rows), whole[rows])


@pytest.mark.parametrize(
    ("target", "loss", "expected", "classes"),
    [
        ("score", MSE, [[5], [7], [9], [11]], None),
        (("score", "member"), MSE, [[5, 1], [7, 0], [9, 1], [11, 1]], None),
        ("score", SOFTMAX, [[0], [1], [2], [3]], (5, 7, 9, 11)),
        ("answer", SOFTMAX, [[1], [0], [0], [1]], ("no", "yes")),
        ("member", SOFTMAX, [[1], [0], [1], [1]], (False, True)),
        ("answer", BCE, [[1], [0], [0], [1]], ("no", "yes")),
        ("member", BCE, [[1], [0], [1], [1]], (False, True)),
    ],
)
def test_targets_are_numbers_or_the_indices_of_sorted_classes(
    target: str | tuple[str, ...], loss: AnyLoss, expected: list[list[float]], classes: tuple[object, ...] | None
) -> None:
    preprocessing, columns = fitted(DataSpec(target=target, features=("age",)), loss)
    t = preprocessing.targets(columns, np.float32)
    assert t.dtype == np.float32
    assert t.flags.c_contiguous
    np.testing.assert_array_equal(t, expected)
    assert preprocessing.classes == classes
    assert list(map(type, preprocessing.classes or ())) == list(map(type, classes or ()))


def test_two_numbers_are_two_classes_whatever_they_are() -> None:
    schema, columns = table(number("x", np.arange(3)), number("y", np.array([2.5, -1, 2.5])))
    preprocessing = Preprocessing.fit(schema, DataSpec(target="y"), BCE, columns, np.arange(3))
    np.testing.assert_array_equal(preprocessing.targets(columns, np.float64), [[1], [0], [1]])
    assert preprocessing.classes == (-1.0, 2.5)


def test_a_flag_that_is_always_set_stays_one() -> None:
    schema, columns = table(number("x", np.arange(3)), boolean("y", np.ones(3)))
    preprocessing = Preprocessing.fit(schema, DataSpec(target="y"), BCE, columns, np.arange(3))
    np.testing.assert_array_equal(preprocessing.targets(columns, np.float64), [[1], [1], [1]])


def one_hot(*codes: list[float]) -> tuple[Preprocessing, dict[str, np.ndarray]]:
    schema, columns = table(number("x", np.arange(3)), *(number(f"is_{i}", np.array(code)) for i, code in enumerate(codes)))
    data = DataSpec(target=tuple(f"is_{i}" for i in range(len(codes))))
    assert problems(schema, data, SOFTMAX) == []
    return Preprocessing.fit(schema, data, SOFTMAX, columns, np.arange(3)), columns


def test_several_flags_are_a_one_hot_code_of_the_class() -> None:
    preprocessing, columns = one_hot([1, 0, 0], [0, 0, 1], [0, 1, 0])
    np.testing.assert_array_equal(preprocessing.targets(columns, np.float32), [[0], [2], [1]])
    assert preprocessing.classes == ("is_0", "is_1", "is_2")


def test_a_row_of_two_classes_is_refused() -> None:
    preprocessing, columns = one_hot([1, 0, 1], [0, 1, 1])
    with pytest.raises(InvalidData, match="row 2: 2 of the 2 target columns are 1"):
        preprocessing.targets(columns, np.float32)


def test_a_missing_target_names_the_column_the_count_and_the_first_row() -> None:
    schema = Schema(rows=4, columns=(Column(name="x", kind="number"), Column(name="y", kind="number")))
    columns = {"x": np.arange(4), "y": np.array([1.0, NAN, 3.0, NAN])}
    with pytest.raises(InvalidData, match='"y" misses 2 of 4 values, in rows 1, 3'):
        Preprocessing.fit(schema, DataSpec(target="y"), MSE, columns, np.arange(4))


def flags() -> tuple[Schema, dict[str, np.ndarray]]:
    absent = np.array([False, False, True, False, False])
    return table(number("x", np.arange(5)), boolean("flag", np.array([True, False, False, True, True]), absent))


@pytest.mark.parametrize(("rows", "mean"), [((0, 1, 2, 3, 4), 0.75), ((0, 1, 2), 0.5), ((2,), 0)])
def test_a_missing_boolean_is_the_mean_of_the_training_rows(rows: tuple[int, ...], mean: float) -> None:
    schema, columns = flags()
    preprocessing = Preprocessing.fit(schema, DataSpec(target="x"), MSE, columns, np.array(rows))
    np.testing.assert_array_equal(preprocessing.inputs(columns, np.float32)[:, 0], [1, 0, mean, 1, 1])
    assert preprocessing.to_json()["features"] == [{"column": "flag", "kind": "boolean", "missing": mean}]


@pytest.mark.parametrize("loss", [MSE, BCE, SOFTMAX])
def test_a_missing_boolean_is_no_target(loss: AnyLoss) -> None:
    schema, columns = flags()
    [problem] = problems(schema, DataSpec(target="flag"), loss)
    assert (
        problem.message
        == 'column "flag" misses 1 of 5 values, in row 2; a target must have all of them: fill them in, or leave these rows out'
    )
    with pytest.raises(InvalidData, match='"flag" misses 1 of 5 values, in row 2'):
        Preprocessing.fit(schema, DataSpec(target="flag"), loss, columns, np.arange(5))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_number_beyond_the_dtype_is_refused_with_its_row(dtype: Any) -> None:
    schema, columns = table(number("x", np.array([1.0, 2.0, 1e308])), number("y", np.array([1.0, 1e308, 0.5])))
    preprocessing = Preprocessing.fit(schema, DataSpec(target="y", scaling="none"), MSE, columns, np.arange(2))
    if dtype == np.float64:
        assert preprocessing.inputs(columns, dtype)[2, 0] == 1e308
        return
    with pytest.raises(InvalidData, match=r'"x", row 2: 1e\+308 leaves the range of float32'):
        preprocessing.inputs(columns, dtype)
    with pytest.raises(InvalidData, match=r'"y", row 1: 1e\+308 leaves the range of float32'):
        preprocessing.targets(columns, dtype)


def test_a_class_that_was_not_there_is_refused() -> None:
    preprocessing, columns = fitted(DataSpec(target="score", features=("age",)), SOFTMAX)
    with pytest.raises(InvalidData, match='"score", row 0: 6 is none of the 4 classes'):
        preprocessing.targets({**columns, "score": np.array([6, 7, 9, 11])}, np.float32)


@given(shift=st.floats(allow_nan=False, allow_infinity=False), scale=st.floats(1e-300, 1e300), fill=FINITE)
def test_json_keeps_every_bit(shift: float, scale: float, fill: float) -> None:
    preprocessing, _ = fitted(DataSpec(target="answer"), SOFTMAX)
    features = (*preprocessing.features, Number("x", shift, scale, fill))
    changed = Preprocessing(features, preprocessing.outputs, (1, 2.5, True, "x"))
    again = Preprocessing.from_json(json.loads(json.dumps(changed.to_json())))
    assert again == changed
    assert list(map(type, again.classes or ())) == [int, float, bool, str]


def test_its_json_explains_itself() -> None:
    preprocessing, _ = fitted(DataSpec(target="answer", features=("age", "city", "member")), SOFTMAX, rows=[0, 1])
    assert preprocessing.to_json() == {
        "features": [
            {"column": "age", "kind": "number", "shift": 15.0, "scale": 5.0, "missing": 15.0},
            {"column": "city", "kind": "text", "values": ["Bern", "Oslo", "Rome"]},
            {"column": "member", "kind": "boolean", "missing": 0.5},
        ],
        "targets": [{"column": "answer", "kind": "text"}],
        "classes": ["no", "yes"],
    }


@pytest.mark.parametrize(
    ("data", "loss"),
    [
        (DataSpec(target="answer"), SOFTMAX),
        (DataSpec(target="answer"), BCE),
        (DataSpec(target=("age", "score"), features=("city",)), MSE),
        (DataSpec(target="score", features=("member", "city")), SOFTMAX),
        (DataSpec(target="score", missing="indicator"), MSE),
        (DataSpec(target="score", missing="indicator", categories="embedding"), MSE),
    ],
)
def test_the_sizes_are_those_that_the_dry_run_gives(data: DataSpec, loss: AnyLoss) -> None:
    schema, columns = people()
    if "age" in data.targets:
        columns = {**columns, "age": np.arange(4.0)}
    preprocessing = Preprocessing.fit(schema, data, loss, columns, np.arange(4))
    assert preprocessing.inputs(columns, np.float32).shape == (4, inputs(schema, data).width)
    assert preprocessing.layout == inputs(schema, data)
    outputs = preprocessing.targets(columns, np.float32).shape[1]
    assert target_width(schema, data, loss) == (len(preprocessing.classes or ()) if loss == SOFTMAX else outputs)


@given(
    x=arrays.arrays(np.float64, st.integers(1, 30), elements=st.floats(allow_nan=False, allow_infinity=False, width=64)),
)
def test_moments_are_finite_for_finite_numbers(x: np.ndarray) -> None:
    mean, deviation = moments(x)
    assert np.isfinite(mean)
    assert np.isfinite(deviation)
    assert deviation >= 0


@given(x=arrays.arrays(np.float64, st.integers(1, 30), elements=FINITE), power=st.sampled_from([-290, -200, 0, 200, 290]))
def test_moments_are_those_of_numpy_at_every_magnitude(x: np.ndarray, power: int) -> None:
    x = x * 10.0**power
    exact, extent = x.astype(np.longdouble), float(np.abs(x).max())
    mean, deviation = moments(x)
    assert mean == pytest.approx(float(exact.mean()), abs=1e-12 * extent)
    assert deviation == pytest.approx(float(exact.std()), abs=1e-7 * extent)


def test_auto_standardises_numeric_targets_where_the_features_are_scaled_and_the_last_layer_is_linear() -> None:
    schema, columns = people()
    fit = partial(Preprocessing.fit, schema, loss=MSE, columns=columns, training_rows=np.array([0, 2]))
    scaled = fit(data=DataSpec(target="score", features=("age",)), is_linear=True)
    assert (scaled.outputs[0].shift, scaled.outputs[0].scale) == (7, 2)
    np.testing.assert_allclose(scaled.targets(columns, np.float64)[:, 0], [-1, 0, 1, 2])
    np.testing.assert_array_equal(scaled.target_scale, [2])
    assert Preprocessing.from_json(scaled.to_json()) == scaled
    for unscaled in (
        fit(data=DataSpec(target="score", features=("age",)), is_linear=False),
        fit(data=DataSpec(target="score", features=("age",), scaling="none"), is_linear=True),
        fit(data=DataSpec(target="score", features=("age",), target_scaling="none"), is_linear=True),
        fit(data=DataSpec(target="member", features=("age",)), is_linear=True),
    ):
        assert (unscaled.outputs[0].shift, unscaled.outputs[0].scale) == (0, 1)


def test_targets_are_scaled_as_they_are_asked_to_whatever_the_last_layer() -> None:
    data = DataSpec(target=("score", "member"), features=("age",), scaling="none", target_scaling="min_max")
    preprocessing, columns = fitted(data, rows=[0, 2])
    np.testing.assert_array_equal(preprocessing.targets(columns, np.float64), [[0, 1], [0.5, 0], [1, 1], [1.5, 1]])
    np.testing.assert_array_equal(preprocessing.target_scale, [4, 1])
    assert preprocessing.to_json()["targets"] == [
        {"column": "score", "kind": "number", "shift": 5.0, "scale": 4.0},
        {"column": "member", "kind": "boolean"},
    ]


def test_the_least_and_the_greatest_training_row_become_0_and_1() -> None:
    preprocessing, columns = fitted(DataSpec(target="score", features=("age",), scaling="min_max"), rows=[0, 1])
    np.testing.assert_array_equal(preprocessing.inputs(columns, np.float64)[:, 0], [0, 1, 0.5, 5])


def test_the_median_and_the_quartiles_of_the_training_rows_scale_robustly() -> None:
    x = np.array([0, 1, 2, 3, 1000.0, 5])
    schema, columns = table(number("x", x), number("y", np.arange(6)))
    data = DataSpec(target="y", scaling="robust")
    z = Preprocessing.fit(schema, data, MSE, columns, np.arange(5)).inputs(columns, np.float64)[:, 0]
    np.testing.assert_array_equal(z, (x - 2) / (3 - 1))


def test_where_half_of_the_numbers_are_equal_the_deviation_is_the_robust_scale() -> None:
    x = np.array([0, 0, 0, 0, 0, 0, 0, 100.0])
    schema, columns = table(number("x", x), number("y", np.arange(8)))
    preprocessing = Preprocessing.fit(schema, DataSpec(target="y", scaling="robust"), MSE, columns, np.arange(8))
    np.testing.assert_allclose(preprocessing.inputs(columns, np.float64)[:, 0], x / x.std())


@pytest.mark.parametrize("scaling", get_args(Scaling))
@pytest.mark.parametrize("value", [0.0, -3.5, 1e308, 5e-324])
def test_a_constant_column_becomes_zeros_however_it_is_scaled(scaling: Any, value: float) -> None:
    schema, columns = table(number("x", np.full(4, value)), number("y", np.arange(4)))
    x = Preprocessing.fit(schema, DataSpec(target="y", scaling=scaling), MSE, columns, np.arange(4)).inputs(columns, np.float64)
    np.testing.assert_array_equal(x, value if scaling == "none" else 0)


@pytest.mark.parametrize("scaling", get_args(Scaling))
@given(x=arrays.arrays(np.float64, st.integers(1, 20), elements=st.floats(allow_nan=False, allow_infinity=False, width=64)))
def test_a_scale_is_finite_and_above_0_for_all_finite_numbers(scaling: Any, x: np.ndarray) -> None:
    shift, scale = fitted_scale(scaling, x)
    assert np.isfinite(shift)
    assert 0 < scale < np.inf


@given(x=arrays.arrays(np.float64, st.integers(1, 40), elements=FINITE), power=st.sampled_from([-290, 0, 290]))
def test_quartiles_are_those_of_the_standard_library_at_every_magnitude(x: np.ndarray, power: int) -> None:
    x = x * 10.0**power
    expected = statistics.quantiles(x.tolist(), method="inclusive") if len(x) > 1 else [x[0]] * 3
    np.testing.assert_allclose(quartiles(x), expected, rtol=1e-12, atol=1e-12 * np.abs(x).max())


@pytest.mark.parametrize("scaling", get_args(Scaling))
def test_training_rows_without_any_number_leave_the_others_as_they_are(scaling: Any) -> None:
    preprocessing, columns = fitted(DataSpec(target="score", features=("age",), scaling=scaling), rows=[2])
    np.testing.assert_array_equal(preprocessing.inputs(columns, np.float64)[:, 0], [10, 20, 0, 60])


@pytest.mark.parametrize(("missing", "filled"), [("mean", 30), ("median", 20), ("indicator", 30)])
def test_a_missing_number_becomes_the_mean_or_the_median(missing: Any, filled: float) -> None:
    data = DataSpec(target="score", features=("age",), scaling="none", missing=missing)
    preprocessing, columns = fitted(data)
    assert preprocessing.inputs(columns, np.float64)[2, 0] == filled


def test_the_median_of_a_boolean_is_what_most_rows_have() -> None:
    schema, columns = flags()
    preprocessing = Preprocessing.fit(schema, DataSpec(target="x", missing="median"), MSE, columns, np.arange(5))
    np.testing.assert_array_equal(preprocessing.inputs(columns, np.float32)[:, 0], [1, 0, 1, 1, 1])


def test_an_indicator_follows_each_number_or_boolean_that_misses_values_in_any_row() -> None:
    data = DataSpec(target="score", features=("age", "member", "city"), scaling="none", missing="indicator")
    preprocessing, columns = fitted(data, rows=[0, 1])
    expected = [[10, 0, 1, 1, 0, 0], [20, 0, 0, 0, 1, 0], [15, 1, 1, 0, 0, 0], [60, 0, 1, 0, 0, 1]]
    np.testing.assert_array_equal(preprocessing.inputs(columns, np.float32), expected)
    assert preprocessing.to_json()["features"][1] == {"column": "age", "kind": "missing"}


def test_a_text_for_an_embedding_is_its_code_and_the_last_code_where_it_is_missing() -> None:
    preprocessing, columns = fitted(DataSpec(target="score", features=("age", "city"), categories="embedding"))
    np.testing.assert_array_equal(preprocessing.inputs(columns, np.float32)[:, 1], [0, 1, 3, 2])
    values = ["Bern", "Oslo", "Rome"]
    assert preprocessing.to_json()["features"][1] == {"column": "city", "kind": "category", "values": values}
    assert Preprocessing.from_json(json.loads(json.dumps(preprocessing.to_json()))) == preprocessing


def test_some_rows_become_the_inputs_that_they_are_among_all() -> None:
    fitted_, columns = fitted(DataSpec(target="score"))
    rows = np.array([3, 0])
    np.testing.assert_array_equal(fitted_.inputs(columns, np.float64, rows), fitted_.inputs(columns, np.float64)[rows])
