"""A network as a program predicts what the service predicts."""

import ast
import csv
import io
import json
import os
import pty
import re
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from core.exports import FORMS, Name, exporter
from core.exports.golden import Golden, golden_rows
from core.exports.steps import every, steps_of
from core.nn import spec
from core.nn.predictor import Predictor
from core.nn.preparation.features import Category, Feature, Number
from core.nn.preparation.rows import columns_of, fields_of
from core.nn.preparation.targets import Target
from core.nn.saving.model import SavedModel
from tests.exports.models import PROBLEMS, TABLE, coded, every_model, layered, model, numbers, outputs, problem, random_weights
from tests.exports.programs import ENVIRONMENT, PROGRAMS, interpreter, results, run, self_test, written
from tests.nn.random_networks import Drawn, networks

EXACT = {"float32": 1e-6, "float64": 1e-9}
MODELS = {dtype: every_model(dtype) for dtype in EXACT}


def agrees(form: Name, made: SavedModel, folder: Path) -> None:
    """Other rows than those in the file, since these it knows."""
    card = made.card
    rows = golden_rows(replace(made, weights=random_weights(card, 7))) + golden_rows(made)
    predictor, precision = Predictor(made), EXACT[card.network.dtype]
    columns = columns_of(rows, fields_of(card.preprocessing))
    y = predictor.outputs(card.preprocessing.inputs(columns, card.network.dtype))
    told = predictor.meaning(y)
    found = results(form, written(form, made, folder), rows)
    close([each["outputs"] for each in found], y, precision)
    if told.probabilities is None:
        close([each["predictions"] for each in found], np.stack([*told.values.values()], axis=1), precision)
    else:
        assert [each["predictions"] for each in found] == [list(row) for row in zip(*told.values.values(), strict=True)]
        close([each["probabilities"] for each in found], told.probabilities, precision)


def close(found: Any, expected: Any, precision: float) -> None:
    """As shares of the largest; float32 rounds each value a few times on its way."""
    np.testing.assert_allclose(found, expected, rtol=0, atol=precision * max(1.0, np.abs(expected).max()))


@pytest.mark.parametrize("name", MODELS["float32"])
@pytest.mark.parametrize("dtype", EXACT)
@pytest.mark.parametrize("form", PROGRAMS)
def test_it_predicts_what_the_service_predicts(form: Name, dtype: str, name: str, tmp_path: Path) -> None:
    agrees(form, MODELS[dtype][name], tmp_path)


@pytest.mark.parametrize("form", PROGRAMS)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(drawn=networks())
def test_any_network_predicts_what_the_service_predicts(form: Name, drawn: Drawn, tmp_path: Path) -> None:
    first = drawn.network.layers[0]
    features: list[Feature] = list(numbers(drawn.inputs))
    for place, count in drawn.categories.items():
        features[place] = Category(f"x{place}", tuple(str(i) for i in range(count - 1)))
    if isinstance(first, spec.Embedding) and first.vocabulary is not None:
        features = [Number(f"x{i}", 0.0, 1.0, 0.0) for i in range(drawn.inputs)]
    classes = tuple(range(drawn.outputs)) if drawn.loss == "softmax_cross_entropy" else None
    targets = outputs(1 if classes else drawn.outputs)
    if drawn.loss in ("binary_cross_entropy", "poisson", "softmax_cross_entropy"):
        targets = tuple(replace(target, shift=0.0, scale=1.0) for target in targets)
    layers = [layer.model_dump(mode="json") for layer in drawn.network.layers]
    agrees(form, model(layers, tuple(features), targets, classes, drawn.loss), tmp_path)


def test_the_models_have_every_layer_and_every_activation() -> None:
    found = {layer.type for made in MODELS["float32"].values() for layer in unfolded(made.card.network.layers)}
    assert found == {member.model_fields["type"].default for member in get_args(spec.AnyLayer)}


def unfolded(layers: Any) -> Any:
    for layer in layers:
        yield layer
        yield from unfolded(getattr(layer, "layers", ()))
        if hasattr(layer, "activation"):
            yield layer.activation


def test_the_problems_have_every_loss_with_an_answer_of_its_own_and_every_link() -> None:
    cards = [problem(name).card for name in PROBLEMS]
    assert {card.link for card in cards} == {"identity", "sigmoid", "softmax", "exp"}
    assert {card.loss.type for card in cards} >= {"poisson", "binary_cross_entropy", "softmax_cross_entropy"}


@pytest.mark.parametrize("name", PROBLEMS)
@pytest.mark.parametrize("form", PROGRAMS)
def test_the_self_test_passes_and_one_wrong_weight_lets_it_fail(form: Name, name: str, tmp_path: Path) -> None:
    made = problem(name, dtype="float32")
    golden = Golden.of(made, Predictor)
    right = self_test(form, written(form, made, tmp_path, golden))
    assert (right.returncode, right.stdout, right.stderr) == (0, "8 rows compared, 0 differences\n", "")
    for tensor, array in made.weights.items():
        spoilt = array.copy()
        spoilt.flat[0] += 0.001
        wrong = self_test(form, written(form, replace(made, weights={**made.weights, tensor: spoilt}), tmp_path, golden))
        assert wrong.returncode == 1, tensor
        assert "should be" in wrong.stdout


@pytest.mark.parametrize("classes", [(1_000_000, 1_000_001), (1e6, 1e6 + 0.5), (2**62, 2**62 + 1), ("a", "b"), (False, True)])
@pytest.mark.parametrize("form", PROGRAMS)
def test_the_self_test_fails_where_labels_are_others_however_near(form: Name, classes: tuple[Any, Any], tmp_path: Path) -> None:
    for units, loss in ((1, "binary_cross_entropy"), (2, "softmax_cross_entropy")):
        made = model([{"units": units}], numbers(2), outputs(1), classes, loss, dtype="float32")
        file = written(form, made, tmp_path)
        assert self_test(form, file).returncode == 0
        text = file.read_text()
        labels = re.search(r"CLASSES = \[(.+), (.+)\]", text)
        assert labels is not None
        file.write_text(text.replace(labels[0], f"CLASSES = [{labels[2]}, {labels[1]}]"))
        assert self_test(form, file).returncode == 1


@pytest.mark.parametrize("form", PROGRAMS)
def test_the_self_test_fails_where_the_unit_of_one_target_is_another_however_small(form: Name, tmp_path: Path) -> None:
    targets = (Target("large", "number", 0.0, 1e9), Target("small", "number", 0.0, 0.0078125))
    file = written(form, model([{"units": 2}], numbers(2), targets), tmp_path)
    assert self_test(form, file).returncode == 0
    text = file.read_text()
    assert text.count("0.0078125 *") == 1
    file.write_text(text.replace("0.0078125 *", "0.00782 *"))
    assert self_test(form, file).returncode == 1


@pytest.mark.parametrize("form", PROGRAMS)
def test_the_self_test_passes_where_what_is_left_of_sums_is_rounding_alone(form: Name, tmp_path: Path) -> None:
    made = model([{"units": 50}, {"units": 1}], numbers(9), (Target("nothing", "number"),))
    made.weights["1.weight"][0, 25:] = -made.weights["1.weight"][0, :25]
    made.weights["0.weight"][25:] = made.weights["0.weight"][:25]
    made.weights["0.bias"][25:] = made.weights["0.bias"][:25]
    made.weights["1.bias"][:] = 0
    golden = Golden.of(made, Predictor)
    assert 0 < max(abs(y) for [y] in golden.outputs) < 1e-12
    assert self_test(form, written(form, made, tmp_path, golden)).returncode == 0


@pytest.mark.parametrize("largest", [2**53 - 1, 2**53 + 1, 2**63 - 1, -(2**63)])
@pytest.mark.parametrize("form", PROGRAMS)
def test_whole_numbers_as_classes_keep_all_their_digits(form: Name, largest: int, tmp_path: Path) -> None:
    classes = (5, largest - 1 if largest > 0 else largest + 1, largest)
    made = model([{"units": 3}], numbers(1), outputs(1), classes, "softmax_cross_entropy")
    rows = [{"x0": float(x)} for x in range(-20, 20)]
    expected = Predictor(made).predict(columns_of(rows, fields_of(made.card.preprocessing))).values["y0"].tolist()
    assert len({*expected}) > 1
    file = written(form, made, tmp_path)
    assert self_test(form, file).returncode == 0
    done = run(form, file, given="\n".join(map(json.dumps, rows)))
    assert [json.loads(line)["y0"] for line in done.stdout.splitlines()] == expected
    (tmp_path / "rows.csv").write_text("x0\n" + "\n".join(str(row["x0"]) for row in rows))
    assert run(form, file, str(tmp_path / "rows.csv")).stdout.split() == ["y0", *map(str, expected)]


@pytest.mark.parametrize("form", PROGRAMS)
def test_a_self_test_without_rows_fails(form: Name, tmp_path: Path) -> None:
    assert self_test(form, written(form, problem("a number"), tmp_path, Golden.none())).returncode == 1


@pytest.mark.parametrize("form", PROGRAMS)
def test_large_networks_are_written_as_base64_and_say_the_same(form: Name, tmp_path: Path) -> None:
    layers = [{"type": "reshape", "shape": [1, 4, 4]}, {"type": "convolution_2d", "filters": 30, "kernel": 3, "padding": 1}]
    layers += [{"type": "layer_normalisation"}, {"type": "flatten"}, {"units": 20}, {"units": 1}]
    for dtype in EXACT:
        made = model(layers, numbers(16), dtype=dtype)
        assert "stored(" in exporter(form)(made, Golden.none()).decode()
        agrees(form, made, tmp_path)


@pytest.mark.parametrize("form", PROGRAMS)
def test_it_reads_rows_from_the_standard_input(form: Name, tmp_path: Path) -> None:
    made = problem("two classes by a logit")
    golden = Golden.of(made, Predictor)
    lines = "\n".join(json.dumps(row) for row in golden.rows)
    done = run(form, written(form, made, tmp_path, golden), given=lines + "\n")
    assert [json.loads(line) for line in done.stdout.splitlines()] == golden.predictions


@pytest.mark.parametrize("form", PROGRAMS)
def test_a_number_that_is_not_finite_is_null_as_json_and_empty_as_csv(form: Name, tmp_path: Path) -> None:
    made = model([{"units": 1, "bias": False}], numbers(1), (Target("n", "number"),), None, "poisson")
    made.weights["0.weight"][:] = 1.0
    file = written(form, made, tmp_path)
    done = run(form, file, given='{"x0": 0}\n{"x0": 1e6}\n')
    assert done.stdout.replace(" ", "").replace("1.0", "1") == '{"n":1}\n{"n":null}\n'
    (tmp_path / "rows.csv").write_text("x0\n1e6\n-1e6\n")
    done = run(form, file, str(tmp_path / "rows.csv"))
    infinite, zero = csv.DictReader(io.StringIO(done.stdout))
    assert (infinite["n"], float(zero["n"])) == ("", 0)


@pytest.mark.parametrize("form", PROGRAMS)
def test_empty_lines_among_the_rows_are_passed_over(form: Name, tmp_path: Path) -> None:
    done = run(
        form, written(form, model([{"units": 1}], numbers(1)), tmp_path), given='\n{"x0": 0}\n \n{"x0": 1}\n\n\n{"x0": "a"}\n'
    )
    assert len(done.stdout.splitlines()) == 2
    assert done.stderr.startswith("line 7: ")


@pytest.mark.parametrize(
    "layer", [{"type": "layer_normalisation"}, {"units": 2, "activation": {"type": "gelu", "approximation": "tanh"}}]
)
@pytest.mark.parametrize("form", PROGRAMS)
def test_numbers_beyond_all_bounds_end_no_program(form: Name, layer: dict[str, Any], tmp_path: Path) -> None:
    file = written(form, model([layer, {"units": 1}], numbers(2)), tmp_path)
    done = run(form, file, given='{"x0": 1e200, "x1": -1e200}\n{"x0": 1, "x1": 2}\n')
    assert (done.returncode, done.stderr, len(done.stdout.splitlines())) == (0, "", 2)


@pytest.mark.parametrize("form", PROGRAMS)
def test_a_whole_number_beyond_all_floats_is_refused_with_its_line(form: Name, tmp_path: Path) -> None:
    done = run(form, written(form, model([{"units": 1}], numbers(1)), tmp_path), given=f'{{"x0": 1{"0" * 400}}}\n')
    assert done.returncode == 1
    assert done.stderr.startswith("line 1: ")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("name", PROBLEMS)
@pytest.mark.parametrize("form", PROGRAMS)
def test_it_predicts_the_rows_of_a_csv_file(form: Name, name: str, tmp_path: Path) -> None:
    made = problem(name)
    golden = Golden.of(made, Predictor)
    with open(tmp_path / "rows.csv", "w", newline="", encoding="utf-8-sig") as file:
        writer = csv.DictWriter(file, golden.rows[0])
        writer.writeheader()
        writer.writerows(golden.rows)
    done = run(form, written(form, made, tmp_path, golden), str(tmp_path / "rows.csv"))
    assert (done.returncode, done.stderr) == (0, "")
    found = list(csv.DictReader(io.StringIO(done.stdout)))
    for row, expected in zip(found, golden.predictions, strict=True):
        assert list(row) == list(expected)
        for column, value in expected.items():
            if isinstance(value, float):
                assert float(row[column]) == pytest.approx(value)
            else:
                assert row[column] == (str(value).lower() if isinstance(value, bool) else str(value))


@pytest.mark.parametrize(
    ("words", "status"), [(["--help"], 0), (["-h"], 0), (["--selftest"], 2), (["a.csv", "b.csv"], 2), (["--self-test", "x"], 2)]
)
@pytest.mark.parametrize("form", PROGRAMS)
def test_it_tells_how_it_is_used(form: Name, words: list[str], status: int, tmp_path: Path) -> None:
    done = run(form, written(form, problem("a number"), tmp_path), *words)
    assert done.returncode == status
    for shown in ("rows.csv", "rows.jsonl", "--self-test"):
        assert shown in (done.stderr if status else done.stdout)
    assert (done.stdout if status else done.stderr) == ""


@pytest.mark.parametrize("form", PROGRAMS)
def test_on_a_terminal_without_a_file_it_tells_how_it_is_used(form: Name, tmp_path: Path) -> None:
    command = [*interpreter(form), str(written(form, problem("a number"), tmp_path))]
    ours, theirs = pty.openpty()
    done = subprocess.run(command, stdin=theirs, text=True, capture_output=True, env=ENVIRONMENT, timeout=60)
    os.close(ours)
    os.close(theirs)
    assert (done.returncode, done.stdout) == (2, "")
    assert "rows.csv" in done.stderr


@pytest.mark.parametrize(("line", "told"), [("1,2,3", "as many cells"), ("long", "a finite number is expected")])
@pytest.mark.parametrize("form", PROGRAMS)
def test_it_says_which_row_of_a_file_cannot_be_read(form: Name, line: str, told: str, tmp_path: Path) -> None:
    made = model([{"units": 1}], numbers(1))
    (tmp_path / "rows.csv").write_text(f"x0\n1.5\n{line}\n")
    done = run(form, written(form, made, tmp_path), str(tmp_path / "rows.csv"))
    assert done.returncode == 1
    assert told in done.stderr
    assert "line 3" in done.stderr or "row 1" in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"length": "long"}, "a finite number is expected"),
        ({"length": True}, None),
        ({TABLE[3].column: 5}, "a text is expected"),
        ({'"""is new"""': "yes"}, "is expected"),
        ({"unknown": 1}, None),
    ],
)
@pytest.mark.parametrize("form", PROGRAMS)
def test_it_says_what_a_row_must_hold(form: Name, changes: dict[str, Any], told: str | None, tmp_path: Path) -> None:
    made = problem("a number")
    golden = Golden.of(made, Predictor)
    done = run(form, written(form, made, tmp_path, golden), given=json.dumps({**golden.rows[0], **changes}))
    assert (done.returncode == 0) is (told is None)
    assert told is None or told in done.stderr


@pytest.mark.parametrize("form", PROGRAMS)
def test_a_column_that_is_not_there_is_named(form: Name, tmp_path: Path) -> None:
    done = run(form, written(form, problem("a number"), tmp_path), given="{}")
    assert done.returncode != 0
    assert "length" in done.stderr
    assert "the row has no column" in done.stderr


@pytest.mark.parametrize("form", PROGRAMS)
def test_only_what_the_network_needs_is_in_the_file(form: Name) -> None:
    text = exporter(form)(layered("normalised rows"), Golden.none()).decode()
    for needed in ("dense", "tanh", "relu", "sigmoid"):
        assert needed in text
    for other in ("convolution", "gelu", "softmax", "embedding", "float32", "base64"):
        assert other not in text


def test_python_of_3_9_reads_every_program() -> None:
    for made in [*MODELS["float32"].values(), *MODELS["float64"].values()]:
        ast.parse(exporter("python")(made, Golden.none()), feature_version=(3, 9))


@pytest.mark.parametrize("form", PROGRAMS)
def test_equal_models_give_equal_bytes(form: Name) -> None:
    first, second = (exporter(form)(made, Golden.of(made, Predictor)) for made in (coded(), coded()))
    assert first == second


def test_every_step_of_every_model_is_known_by_its_tensors() -> None:
    for name, made in MODELS["float64"].items():
        used = [tensor for step in every(steps_of(made.card)) for tensor in step.tensors]
        assert sorted(used) == sorted(tensor for tensor in made.weights if not tensor.endswith("num_batches_tracked")), name


def test_forms_of_text_are_small() -> None:
    assert all(FORMS[form].most_bytes == 16 * 2**20 for form in PROGRAMS)


def test_the_module_asks_for_nothing_of_node_where_it_is_imported_by_a_page(tmp_path: Path) -> None:
    made = problem("classes by logits")
    golden = Golden.of(made, Predictor)
    file = written("javascript", made, tmp_path, golden)
    code = """
        const { log } = console, { MODEL } = process.env;
        for (const name of ["process", "Buffer", "require", "global", "setImmediate"]) delete globalThis[name];
        const { GOLDEN, predict } = await import(MODEL);
        log(JSON.stringify(GOLDEN.map(({ row }) => predict(row))));
    """
    command = [*interpreter("javascript"), "--input-type=module", "-e", code]
    done = subprocess.run(command, env={**ENVIRONMENT, "MODEL": file.as_uri()}, text=True, capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == golden.predictions
