"""Models as programs for Keras: the layers that stand in them, beside the service's own predictions."""

import pytest
from hypothesis import HealthCheck, given, settings

from core.exports.golden import Golden
from core.exports.keras import export
from core.nn.predictor import Predictor
from tests.exports.cases import cases, uncompared
from tests.exports.comparison import BOUNDS, drawn_model
from tests.exports.models import problem
from tests.exports.zipped import compare, run, turned, unzipped
from tests.nn.random_networks import networks

pytest.importorskip("keras", reason="Keras is a peer of the benchmarks, and in their environment alone")

BOUND = BOUNDS["float32"]  # Keras reckons parts of a float64 network in float32
CASES = {dtype: cases(dtype) for dtype in ("float32", "float64")}


@pytest.mark.parametrize("name", CASES["float32"])
@pytest.mark.parametrize("dtype", CASES)
def test_keras_predicts_what_the_service_predicts(dtype, name, tmp_path):
    compare(export, *CASES[dtype][name], tmp_path, BOUND)


def test_every_layer_activation_loss_and_kind_of_feature_is_compared():
    assert not uncompared({name: made for name, (made, _) in CASES["float32"].items()})


@pytest.mark.filterwarnings("ignore:You are using a softmax over axis")  # of one value, which is 1 here and there
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(drawn=networks())
def test_random_networks_are_the_same(drawn, tmp_path):
    compare(export, *drawn_model(drawn, rows=5), tmp_path, BOUND)


def test_the_program_compares_itself_with_the_service(tmp_path):
    made, _ = CASES["float32"]["residual images"]
    done = run(unzipped(export(made, Golden.of(made, Predictor)), tmp_path))
    assert done.returncode == 0, done.stderr
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


def test_the_same_model_gives_the_same_bytes():
    made, _ = CASES["float32"]["features: all"]
    assert export(made, Golden.none()) == export(made, Golden.none())
