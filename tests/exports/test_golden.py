"""Golden vectors: rows that nobody sent, and what the service makes of them."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from core.exports.golden import Golden, golden_rows
from core.nn.predictor import Predictor
from core.nn.preparation.features import Number
from core.nn.preparation.rows import columns_of, fields_of
from tests.exports.models import CODED, TABLE, coded, every_model, layered, model, numbers, problem


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_they_are_what_the_service_predicts(dtype: str) -> None:
    for name, made in every_model(dtype).items():
        golden, predictor = Golden.of(made, Predictor), Predictor(made)
        assert len(golden.rows) >= 3, name
        told = predictor.predict(columns_of(golden.rows, fields_of(made.card.preprocessing)))
        for column, values in told.values.items():
            mine = [prediction[column] for prediction in golden.predictions]
            if told.probabilities is None:
                np.testing.assert_allclose(mine, values, 1e-5, 1e-5)
            else:
                assert mine == list(values), name
        if told.probabilities is None:
            assert golden.probabilities is None
        else:
            assert golden.probabilities is not None
            np.testing.assert_allclose(golden.probabilities, told.probabilities, atol=1e-6)


def test_the_same_weights_give_the_same_rows_and_others_others() -> None:
    first, again, other = (golden_rows(problem("a number", seed=seed)) for seed in (0, 0, 1))
    assert first == again
    assert first != other


def test_the_rows_tell_what_is_missing_and_what_was_never_seen() -> None:
    plain, missing, unseen, *_ = golden_rows(model([{"units": 1}], (*TABLE, *CODED[1:])))
    assert None not in plain.values()
    assert set(missing.values()) == {None}
    for text in ("city", "day", TABLE[3].column):
        values = {value for feature in (*TABLE, *CODED) if feature.column == text for value in getattr(feature, "values", ())}
        assert plain[text] in values
        assert isinstance(unseen[text], str)
        assert unseen[text] not in values


def test_a_number_is_about_as_large_as_those_of_its_column() -> None:
    column = Number("mass", 5e9, 2e3, 5e9)
    rows = golden_rows(model([{"units": 1}], (column,)))
    assert all(abs(row["mass"] - 5e9) <= 4e3 for row in rows if row["mass"] is not None)
    assert len({row["mass"] for row in rows}) > 3


@pytest.mark.parametrize(("shift", "scale"), [(0.0, 1e-300), (1e308, 1e308), (-1e300, 3.0)])
def test_columns_of_extreme_numbers_have_rows_too(shift: float, scale: float) -> None:
    made = model([{"units": 1}], (Number("x", shift, scale, shift),))
    assert len(Golden.of(made, Predictor).rows) >= 3


def test_an_embedding_gets_indices_of_its_table() -> None:
    for row in golden_rows(layered("embedded")):
        assert all(value in range(11) for value in row.values())
    assert len(Golden.of(coded(), Predictor).rows) == 8


def test_wide_tables_get_fewer_rows() -> None:
    assert len(golden_rows(model([{"units": 1}], numbers(2_000)))) == 3


def test_rows_of_which_nothing_finite_is_predicted_are_left_out() -> None:
    made = problem("a count")
    made.weights["2.bias"][:] = 1000.0
    assert Golden.of(made, Predictor).rows == []


def test_they_are_written_and_read_again() -> None:
    golden = Golden.of(problem("flags"), Predictor)
    assert Golden.from_json(golden.to_json()) == golden


def test_they_differ_where_a_weight_does() -> None:
    made = problem("a number")
    weights: dict[str, Any] = {name: array.copy() for name, array in made.weights.items()}
    weights["0.weight"][0, 0] += 0.01
    golden, other = (Golden.of(each, Predictor) for each in (made, replace(made, weights=weights)))
    assert golden.predictions != other.predictions
