"""examples/predict.py makes of stored weights what the service does."""

import csv
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from core.exports.contents import metadata
from core.exports.golden import Golden
from core.nn.predictor import Predictor
from core.nn.preparation.reading import Decimal, Reading
from core.nn.saving.weights import to_safetensors
from tests.exports.models import PROBLEMS, problem

EXAMPLE = Path(__file__).parents[2] / "examples" / "predict.py"


@pytest.mark.parametrize("name", PROBLEMS)
def test_it_predicts_what_the_service_predicts(name: str, tmp_path: Path) -> None:
    made = problem(name)
    golden = Golden.of(made, Predictor)
    (tmp_path / "model.safetensors").write_bytes(to_safetensors(made.weights, metadata(made, golden)))
    with open(tmp_path / "rows.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, golden.rows[0])
        writer.writeheader()
        writer.writerows(golden.rows)
    command = [sys.executable, str(EXAMPLE), "model.safetensors", "rows.csv"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    lines, classes = done.stdout.splitlines(), made.card.preprocessing.classes
    assert len(lines) == len(golden.rows)
    for i, (line, prediction) in enumerate(zip(lines, golden.predictions, strict=True)):
        shares = golden.probabilities[i] if golden.probabilities else [*prediction.values()]
        if classes is None:
            assert [float(number) for number in line.split(",")] == pytest.approx(shares, rel=1e-5)
        elif len(prediction) == 1:
            assert line == str(*prediction.values())
        else:
            assert line == classes[shares.index(max(shares))]


def test_it_reads_semicolons_and_decimal_commas_and_is_told_what_is_missing(tmp_path: Path) -> None:
    made = problem("a number")
    golden = Golden.of(made, Predictor)
    (tmp_path / "model.safetensors").write_bytes(to_safetensors(made.weights, metadata(made, golden)))

    def predicted(rows: list[dict[str, object]], delimiter: str, *options: str) -> subprocess.CompletedProcess[str]:
        with open(tmp_path / "rows.csv", "w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, rows[0], delimiter=delimiter, quoting=csv.QUOTE_NONNUMERIC)
            writer.writeheader()
            writer.writerows(rows)
        command = [sys.executable, str(EXAMPLE), "model.safetensors", "rows.csv", *options]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    rows = [{**row, "length": "" if i % 3 == 1 else 1.5 + i} for i, row in enumerate(golden.rows)]
    expected = predicted(rows, ",").stdout
    assert len(expected.splitlines()) == len(rows)
    european = [{**row, "length": str(row["length"]).replace(".", ",") or "k.A."} for row in rows]
    assert predicted(european, ";", "--missing-value", "k.A.").stdout == expected
    named = [{"a, b, c, d, e, f, g, h, i, j, k": "x", **row} for row in european]
    assert predicted(named, ";", "--missing-value", "k.A.").stdout == expected
    refused = predicted(european, ";")
    assert "column length is 'k.A.'" in refused.stderr
    assert "--missing-value 'k.A.'" in refused.stderr
    learned = replace(made, card=replace(made.card, reading=Reading(missing_values=("k.A.",))))
    (tmp_path / "model.safetensors").write_bytes(to_safetensors(learned.weights, metadata(learned, golden)))
    assert predicted(european, ";").stdout == expected
    content = (tmp_path / "rows.csv").read_bytes()
    (tmp_path / "rows.csv").write_bytes(b"sep=;\r\n" + content)
    command = [sys.executable, str(EXAMPLE), "model.safetensors", "rows.csv"]
    assert subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout == expected


@pytest.mark.parametrize(
    ("delimiter", "lengths", "others", "decimal"),
    [
        (";", ["1.500", "12,5", "2.000"], ["3,5", "0,5", "7"], None),
        (";", ["1,500", "12.5", "2,000"], ["3.5", "0.5", "7"], None),
        (";", ["1500", "12,5", "2000"], ["1.234", "1.234", "7"], None),
        (";", ["1.500", "12,5", "2.000"], ["3.5", "0.5", "7"], "comma"),
        (";", ["1500", "12,5", "2000"], ["3.5", "0.5", ""], "point"),
        (",", ["1500", "12.5", "2000"], ["3.5", "0.5", "x"], "comma"),
        (",", ["1.500", "12,5", "2.000"], ["3,5", "7", "7"], "comma"),
    ],
)
def test_it_reads_the_signs_that_a_file_shows_as_the_service_does(
    tmp_path: Path, delimiter: str, lengths: list[str], others: list[str], decimal: Decimal | None
) -> None:
    made = problem("a number")
    golden = Golden.of(made, Predictor)
    made = replace(made, card=replace(made.card, reading=Reading(decimal=decimal)))
    (tmp_path / "model.safetensors").write_bytes(to_safetensors(made.weights, metadata(made, golden)))

    def predicted(lengths: list[str], others: list[str], delimiter: str) -> list[str]:
        with open(tmp_path / "rows.csv", "w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(
                file, ["length", "x", *(name for name in golden.rows[0] if name != "length")], "", delimiter=delimiter
            )
            writer.writeheader()
            writer.writerows({"length": length, "x": other} for length, other in zip(lengths, others, strict=True))
        command = [sys.executable, str(EXAMPLE), "model.safetensors", "rows.csv"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    assert predicted(lengths, others, delimiter) == predicted(["1500", "12.5", "2000"], ["", "", ""], ",")


def test_it_reads_a_file_in_the_encoding_that_the_training_data_had(tmp_path: Path) -> None:
    made = problem("a number")
    made = replace(made, card=replace(made.card, reading=Reading(encoding="windows-1252")))
    golden = Golden.of(made, Predictor)
    (tmp_path / "model.safetensors").write_bytes(to_safetensors(made.weights, metadata(made, golden)))
    rows = [row for row in golden.rows if all(str(value).isascii() for value in row.values())]
    found = []
    for encoding in ("utf-8", "cp1252"):
        with open(tmp_path / "rows.csv", "w", newline="", encoding=encoding) as file:
            writer = csv.DictWriter(file, ["Größe €", *golden.rows[0]])
            writer.writeheader()
            writer.writerows({"Größe €": "Ä", **row} for row in rows)
        command = [sys.executable, str(EXAMPLE), "model.safetensors", "rows.csv"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        found.append(done.stdout)
    assert found[0] == found[1]
    assert len(found[0].splitlines()) == len(rows) > 0
