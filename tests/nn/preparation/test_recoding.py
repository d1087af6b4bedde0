"""A preprocessing that was fitted on one table, and another table that is to go through it."""

from dataclasses import replace

import numpy as np
import pytest

from core.nn.preparation.column import Column
from core.nn.preparation.features import Number, Text
from core.nn.preparation.preprocessing import Preprocessing
from core.nn.preparation.recoding import Recoded, strangeness
from core.nn.preparation.schema import Schema
from core.nn.preparation.targets import Target
from core.nn.spec import DataSpec, MeanSquaredError, SoftmaxCrossEntropy

MSE = MeanSquaredError()
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
            (replace(AGE, kind="boolean"), CITY, SCORE),
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
