"""Models as programs for PyTorch: the layers that stand in them, beside the service's own predictions."""

import importlib.util
import io
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from core.exports.golden import Golden
from core.exports.torch import export
from core.nn.predictor import Predictor
from core.nn.saving.model import SavedModel
from tests.exports.cases import cases, uncompared
from tests.exports.comparison import BOUNDS, Rows, assert_close, drawn_model, numbers_of, predicted
from tests.nn.random_networks import networks

torch = pytest.importorskip("torch")

CASES = {dtype: cases(dtype) for dtype in ("float32", "float64")}


def unzipped(data: bytes, folder: Path) -> Path:
    """The program."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.namelist() == ["model.py", "model.safetensors"]
        archive.extractall(folder)
    return folder / "model.py"


def loaded(model: SavedModel, folder: Path) -> Any:
    """The model as the program has it, which has compared itself with the service."""
    program = unzipped(export(model, Golden.of(model, Predictor)), folder)
    specification = importlib.util.spec_from_file_location("model", program)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    found = module.load()
    assert " rows are predicted as by the service, to " in found.check()
    return found


def check(model: SavedModel, rows: Rows, folder: Path, bound: float) -> None:
    found, told = loaded(model, folder), predicted(model, rows)
    if told.probabilities is None:
        ours = [list(row.values()) for row in found.predict(rows)]
    else:
        ours = [list(row.values()) for row in found.probabilities(rows)]
        expected = [dict(zip(told.values, row, strict=True)) for row in zip(*told.values.values(), strict=True)]
        assert found.predict(rows) == expected
    assert_close(model, np.array(ours), numbers_of(told), bound)
    assert {*found.network.state_dict()} == {*model.weights}


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths")  # the right zeros are what counts
@pytest.mark.parametrize("name", CASES["float32"])
@pytest.mark.parametrize("dtype", CASES)
def test_pytorch_predicts_what_the_service_predicts(dtype, name, tmp_path):
    check(*CASES[dtype][name], tmp_path, BOUNDS[dtype])


def test_every_layer_activation_loss_and_kind_of_feature_is_compared():
    assert not uncompared({name: made for name, (made, _) in CASES["float32"].items()})


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(drawn=networks())
def test_random_networks_are_the_same(drawn, tmp_path):
    check(*drawn_model(drawn, rows=5), tmp_path, 1e-9)


@pytest.fixture
def program(tmp_path: Path) -> Path:
    made, _ = CASES["float32"]["residual images"]
    return unzipped(export(made, Golden.of(made, Predictor)), tmp_path)


def test_the_program_compares_itself_with_the_service(program):
    done = subprocess.run([sys.executable, program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "rows are predicted as by the service" in done.stdout


def test_the_program_finds_weights_that_are_not_its_own(program):
    made, _ = CASES["float32"]["residual images"]
    turned = SavedModel(
        made.card, {name: -array if name.endswith(".weight") else array for name, array in made.weights.items()}
    )
    other = unzipped(export(turned, Golden.of(made, Predictor)), program.parent)
    done = subprocess.run([sys.executable, other], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "the network makes" in done.stderr


def test_the_same_model_gives_the_same_bytes():
    made, _ = CASES["float32"]["features: all"]
    assert export(made, Golden.none()) == export(made, Golden.none())
