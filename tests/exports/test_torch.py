"""Models as programs for PyTorch: the layers that stand in them, beside the service's own predictions."""

import re
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings

from core.exports.golden import Golden
from core.exports.torch import export
from core.nn.predictor import Predictor
from tests.exports.cases import cases, uncompared
from tests.exports.comparison import BOUNDS, drawn_model
from tests.exports.models import PROBLEMS, TABLE, model, numbers, outputs, problem
from tests.exports.zipped import compare, loaded, opened, run, turned, unzipped
from tests.nn.random_networks import networks

pytest.importorskip("torch")

CASES = {dtype: cases(dtype) for dtype in ("float32", "float64")}


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths")  # the right zeros are what counts
@pytest.mark.parametrize("name", CASES["float32"])
@pytest.mark.parametrize("dtype", CASES)
def test_pytorch_predicts_what_the_service_predicts(dtype, name, tmp_path):
    made, rows = CASES[dtype][name]
    found = compare(export, made, rows, tmp_path, BOUNDS[dtype])
    assert {*found.network.state_dict()} == {*made.weights}


def test_every_layer_activation_loss_and_kind_of_feature_is_compared():
    assert not uncompared({name: made for name, (made, _) in CASES["float32"].items()})


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(drawn=networks())
def test_random_networks_are_the_same(drawn, tmp_path):
    compare(export, *drawn_model(drawn, rows=5), tmp_path, BOUNDS["float64"])


def test_the_program_compares_itself_with_the_service(tmp_path):
    made, _ = CASES["float32"]["residual images"]
    done = run(unzipped(export(made, Golden.of(made, Predictor)), tmp_path))
    assert (done.returncode, done.stderr) == (0, "")
    assert "rows are predicted as by the service" in done.stdout


def test_the_program_finds_weights_that_are_not_its_own(tmp_path):
    made, _ = CASES["float32"]["residual images"]
    done = run(unzipped(export(turned(made, "1.0.weight"), Golden.of(made, Predictor)), tmp_path))
    assert done.returncode == 1
    assert "the network makes" in done.stderr


def test_the_program_fails_where_it_has_nothing_to_compare(tmp_path):
    done = run(unzipped(export(problem("a number"), Golden.none()), tmp_path))
    assert (done.returncode, done.stdout) == (1, "")
    assert "no rows to compare" in done.stderr


@pytest.mark.parametrize("name", PROBLEMS)
def test_the_program_finds_outputs_that_it_takes_for_others(name, tmp_path):
    made = problem(name)
    golden = Golden.of(made, Predictor)
    opened(export, made, golden, tmp_path).check()
    spoilt = [replace(golden, predictions=[{name: other(value) for name, value in row.items()} for row in golden.predictions])]
    if golden.probabilities is not None:
        spoilt.append(replace(golden, probabilities=[[p + 1e-6 for p in row] for row in golden.probabilities]))
    for each in spoilt:
        with pytest.raises(ValueError, match="are taken for"):
            opened(export, made, each, tmp_path).check()


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"length": "1,5"}, "row 1: column 'length' is '1,5'; a number is expected, or None"),
        ({'"""is new"""': "yes"}, "is 'yes'; True or False is expected, or None"),
        ({TABLE[3].column: 5}, "is 5; a text is expected, or None"),
    ],
)
def test_a_value_that_is_not_as_it_must_be_is_named_with_its_row(changes, told, tmp_path):
    made = problem("a number")
    golden = Golden.of(made, Predictor)
    found = opened(export, made, golden, tmp_path)
    plain = golden.rows[0]
    with pytest.raises(ValueError, match=re.escape(told)):
        found.predict([plain, {**plain, **changes}])
    with pytest.raises(ValueError, match="row 0 has no column 'length'; where its value is missing, let it be None"):
        found.predict([{}])


@pytest.mark.parametrize(
    ("code", "told"), [(5, "5"), (-1, "-1"), (1.5, "1.5"), (1e300, "1e+300"), (None, "missing, which counts as 0.5")]
)
def test_what_numbers_no_row_of_a_table_is_named_with_its_row(code, told, tmp_path):
    layers = [{"type": "embedding", "dimension": 2, "vocabulary": 5}, {"units": 1}]
    found = loaded(export, model(layers, numbers(2), outputs(1)), tmp_path)
    assert len(found.predict([{"x0": 1, "x1": 4}, {"x0": True, "x1": 4.0}])) == 2
    wanted = f"row 1: column 'x1' is {told}; a whole number from 0 to 4 is expected"
    with pytest.raises(ValueError, match=re.escape(wanted)):
        found.predict([{"x0": 0, "x1": 4}, {"x0": 1, "x1": code}])


def other(value):
    """A prediction that is another one, however near."""
    return f"{value}!" if isinstance(value, str) else value * (1 + 1e-6) + 1e-12


def test_labels_that_are_numbers_are_not_rounded(tmp_path):
    made = model([{"units": 2}], numbers(1), outputs(1), (1e10, 1e10 + 1), "softmax_cross_entropy")
    golden = Golden.of(made, Predictor)
    swapped = replace(golden, predictions=[{"y0": 2e10 + 1 - row["y0"]} for row in golden.predictions])
    opened(export, made, golden, tmp_path).check()
    with pytest.raises(ValueError, match="are taken for"):
        opened(export, made, swapped, tmp_path).check()


def test_the_same_model_gives_the_same_bytes():
    made, _ = CASES["float32"]["features: all"]
    assert export(made, Golden.none()) == export(made, Golden.none())
