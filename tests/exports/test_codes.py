"""What numbers no row of an embedding's table is refused by programs as by the service, and told alike by both of them."""

import json
import re
from pathlib import Path

import pytest

from core.errors import InvalidData
from core.exports import Name, exporter
from core.exports.golden import Golden
from core.nn.predictor import Predictor
from core.nn.preparation.features import Boolean, Feature, Number, Text
from core.nn.preparation.rows import columns_of, fields_of
from core.nn.saving.model import SavedModel
from tests.exports.models import coded, model, numbers, outputs
from tests.exports.programs import PROGRAMS, run, written

VALUES = [0, 4, 4.0, -0.0, True, 5, -1, 1.5, 1e300, None]


def looked_up(features: tuple[Feature, ...], vocabulary: int = 5) -> SavedModel:
    return model([{"type": "embedding", "dimension": 2, "vocabulary": vocabulary}, {"units": 1}], features, outputs(1))


def refuses(made: SavedModel, row: dict[str, object]) -> bool:
    """Whether the service does."""
    try:
        Predictor(made).predict(columns_of([row], fields_of(made.card.preprocessing)))
    except InvalidData:
        return True
    return False


def alike(told: str) -> str:
    """In the quotes and the numbers of either language."""
    return re.sub(r"(\d)\.0\b", r"\1", told.replace("'", '"')).strip()


@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize("form", PROGRAMS)
def test_a_row_is_refused_where_the_service_refuses_it(form: Name, value: float | None, tmp_path: Path) -> None:
    made = looked_up(numbers(2))
    row = {"x0": 1, "x1": value}
    done = run(form, written(form, made, tmp_path), given=f'{{"x0": 0, "x1": 4}}\n{json.dumps(row)}\n')
    is_refused = refuses(made, row)
    assert is_refused == (value not in (0, 4, True))
    assert (done.returncode, len(done.stdout.splitlines())) == ((1, 1) if is_refused else (0, 2))
    has = "missing, which counts as 0.5" if value is None else f"{value}"
    wanted = f'line 2: column "x1" is {has}; a whole number from 0 to 4 is expected'
    assert alike(done.stderr) == (wanted if is_refused else "")


@pytest.mark.parametrize("form", PROGRAMS)
def test_it_is_told_where_it_stands_in_a_file(form: Name, tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_text("x0,x1\n0,4\n7,0\n")
    done = run(form, written(form, looked_up(numbers(2)), tmp_path), str(file))
    assert done.returncode == 1
    assert alike(done.stderr) == f'{file}: row 1 (line 3 of the file): column "x0" is 7; a whole number from 0 to 4 is expected'


@pytest.mark.parametrize(
    ("feature", "value", "told"),
    [
        (Number("x0", 10.0, 1.0, 0.0), 10, "10"),
        (Boolean("x0", 0.0), True, "[Tt]rue"),
        (Text("x0", ("Bern", "Köln")), "Köln", '"Köln"'),
    ],
)
@pytest.mark.parametrize("form", PROGRAMS)
def test_any_column_may_be_looked_up(form: Name, feature: Feature, value: object, told: str, tmp_path: Path) -> None:
    file = written(form, looked_up((feature,), vocabulary=1), tmp_path, Golden.none())
    if isinstance(feature, Number):
        assert run(form, file, given=json.dumps({"x0": value})).returncode == 0  # it is the first row's number
        return
    done = run(form, file, given=json.dumps({"x0": value}, ensure_ascii=False))
    assert done.returncode == 1
    assert re.fullmatch(f'line 1: column "x0" is {told}; a whole number from 0 to 0 is expected', alike(done.stderr))


@pytest.mark.parametrize("form", PROGRAMS)
def test_codes_of_texts_are_not_looked_at(form: Name) -> None:
    assert "a whole number" not in exporter(form)(coded(), Golden.none()).decode()
