"""Models as ONNX files, run by onnxruntime beside the service's own predictions."""

import json
import subprocess
import sys
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from hypothesis import given, settings

from core.exports.golden import Golden, golden_rows
from core.exports.onnx import export
from core.nn.preparation.features import Number
from core.nn.saving.model import Card, SavedModel
from tests.exports.cases import FEATURES, cases, uncompared
from tests.exports.comparison import BOUNDS, Rows, assert_close, drawn_model, predicted
from tests.exports.models import AREA, KIND, PRICE, model
from tests.nn.random_networks import networks

CASES = {dtype: cases(dtype) for dtype in ("float32", "float64")}


class Runner:
    """An exported model as onnxruntime has it."""

    def __init__(self, file: bytes) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
        known = self.session.get_modelmeta()
        self.words, self.description = known.custom_metadata_map, known.description
        self.outputs = [output.name for output in self.session.get_outputs()]

    def __call__(self, rows: Rows) -> dict[str, Any]:
        found = self.session.run(None, {each.name: self.fed(each, rows) for each in self.session.get_inputs()})
        return dict(zip(self.outputs, found, strict=True))

    def fed(self, each: Any, rows: Rows) -> Any:
        """A column, or the columns that were one array, (N, width)."""
        is_array = each.name not in rows[0]
        names = [f"{each.name}{i}" for i in range(each.shape[1])] if is_array else [each.name]
        if each.type == "tensor(string)":
            return np.array([["a missing one" if row[name] is None else row[name] for name in names] for row in rows], object)
        return np.array([[np.nan if row[name] is None else row[name] for name in names] for row in rows], np.float64)


def predictions(model: SavedModel, found: dict[str, Any]) -> Any:
    """(N, m)"""
    if model.card.preprocessing.classes is not None:
        return found["probabilities"]
    return np.hstack(list(found.values()))


def exported(model: SavedModel) -> bytes:
    return export(model, Golden.none())


def check(model: SavedModel, rows: Rows, bound: float) -> None:
    runner, told = Runner(exported(model)), predicted(model, rows)
    found = runner(rows)
    assert_close(model, rows, predictions(model, found), BOUNDS["float32"] if "precision" in runner.words else bound)
    if model.card.preprocessing.classes is not None and len(told.values) == 1:
        assert [found["label"].tolist()] == [values.tolist() for values in told.values.values()]


@pytest.mark.parametrize("name", CASES["float32"])
@pytest.mark.parametrize("dtype", CASES)
def test_onnxruntime_predicts_what_the_service_predicts(dtype, name):
    check(*CASES[dtype][name], BOUNDS[dtype])


def test_every_layer_activation_loss_and_kind_of_feature_is_compared():
    assert not uncompared({name: model for name, (model, _) in CASES["float32"].items()})


@pytest.mark.parametrize("dtype", CASES)
def test_only_what_the_runtime_lacks_in_double_precision_is_reckoned_in_single(dtype):
    runners = [Runner(exported(model)) for model, _ in CASES[dtype].values()]
    assert all(runner.description == runner.words.get("precision", "") for runner in runners)
    told = [runner.words.get("precision") for runner in runners]
    kinds = {kind for words in told if words for kind in words.partition(": ")[2].partition(", for")[0].split(", ")}
    lacking = {"gelu", *(f"{kind}_{sides}d" for kind in ("convolution", "average_pooling") for sides in (1, 2))}
    assert kinds == (set() if dtype == "float32" else lacking)


@settings(max_examples=40, deadline=None)
@given(drawn=networks())
def test_random_networks_are_the_same(drawn):
    check(*drawn_model(drawn, rows=5), 1e-9)


def test_a_column_is_an_input_in_its_own_unit_and_an_array_is_one_input():
    graph = onnx.load_from_string(exported(model([{"units": 2}], FEATURES["all"][:-2], (PRICE, AREA)))).graph
    inputs = {
        each.name: (each.type.tensor_type.elem_type, each.type.tensor_type.shape.dim[1].dim_value) for each in graph.input
    }
    assert inputs == {"t": (onnx.TensorProto.STRING, 1), "a": (onnx.TensorProto.DOUBLE, 3)}
    assert [each.name for each in graph.output] == ["price", "constructor"]
    assert all(each.doc_string for each in (*graph.input, *graph.output))


def test_an_output_never_takes_the_name_of_an_input():
    features = (Number("label", 0.0, 1.0, 0.0), Number("probabilities", 0.0, 1.0, 0.0))
    made = model([{"units": 2}], features, (KIND,), ("a", "b"), "softmax_cross_entropy")
    found = Runner(exported(made))(golden_rows(made))
    assert [*found] == ["predicted label", "predicted probabilities"]


def test_the_metadata_are_the_card_again():
    made, _ = CASES["float32"]["softmax_cross_entropy"]
    golden = Golden([{"a": 1.0}], [[0.5]], [{"kind": "a"}], None)
    words = {name: json.loads(text) for name, text in Runner(export(made, golden)).words.items()}
    assert Card.from_json(words) == made.card
    assert words["golden"]["rows"] == golden.rows


def test_any_number_of_rows_may_be_asked_for_at_once():
    made, rows = CASES["float32"]["features: all"]
    runner, rows = Runner(exported(made)), 10 * rows
    together = predictions(made, runner(rows))
    assert np.abs(together - np.vstack([predictions(made, runner([row])) for row in rows])).max() < 1e-5


def test_the_api_starts_without_onnx():
    program = "import sys, api.app, core.exports.onnx; sys.exit('onnx' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_the_same_model_gives_the_same_bytes():
    made, _ = CASES["float32"]["features: all"]
    assert exported(made) == exported(made)
