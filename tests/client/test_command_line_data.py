"""Datasets and predictions from the command line, against a real service."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from gradmill.cli import exits
from tests.client.answering import Answer, problem
from tests.client.shell import IRIS, OPTIONS, settings
from tests.client.test_retries import JOB

pytestmark = pytest.mark.xdist_group("client")


def test_datasets_are_uploaded_listed_shown_and_removed(gradmill_, tmp_path):
    (tmp_path / "small.csv").write_text("a,b\n1,x\n2,y\n")
    id = gradmill_("datasets", "upload", "small.csv").stdout.strip()
    assert id in gradmill_("datasets", "list").stdout
    assert json.loads(gradmill_("datasets", "show", id, "--json").stdout)["name"] == "small.csv"
    assert "text" in gradmill_("datasets", "show", id).stdout
    gradmill_("datasets", "delete", id)
    gradmill_("datasets", "show", id, code=exits.REFUSED)


def test_a_file_whose_end_tells_no_format_is_refused_with_what_helps(gradmill_, tmp_path):
    (tmp_path / "areas.dat").write_text("a,b\n1,x\n2,y\n")
    told = gradmill_("datasets", "upload", "areas.dat", code=exits.USAGE).stderr
    assert "one of .csv, " in told
    assert "gradmill datasets upload takes --format instead" in told
    assert gradmill_("datasets", "upload", "areas.dat", "--format", "csv").stdout.startswith("ds_")


def test_what_is_predicted_on_leaves_no_dataset_behind(gradmill_, client, tmp_path):
    id = gradmill_("submit", IRIS, *OPTIONS, "--watch").stdout.split()[0]
    before = {each.id for each in client.datasets.list()}
    (tmp_path / "new.csv").write_text("".join(Path(IRIS).read_text().splitlines(keepends=True)[:8]))
    (tmp_path / "other.csv").write_text("colour\nred\n")
    assert gradmill_("predict", id, "new.csv").stdout.count("setosa") == 8  # the heading's too
    assert "sepal" in gradmill_("predict", id, "other.csv", code=exits.REFUSED).stderr
    gradmill_("predict", id, IRIS)  # which the job was trained on: it stays
    assert {each.id for each in client.datasets.list()} == before


def test_a_file_is_predicted_as_the_training_data_were_read_unless_options_say_otherwise(gradmill_, tmp_path):
    rows = [f"{'k.A.' if i == 3 else f'{i},5'};{i % 3};{2 * i + 1}" for i in range(20)]
    (tmp_path / "areas.csv").write_text("\n".join(["area;zone;rent", *rows]) + "\n")
    read = ("--number", "area", "--text", "zone", "--missing-value", "k.A.")
    id = gradmill_("submit", "areas.csv", "--target", "rent", *read, "--epochs", "2", "--watch").stdout.split()[0]
    (tmp_path / "new.csv").write_text("\n".join(["area;zone", "k.A.;1", "2,5;0"]) + "\n")
    expected = gradmill_("predict", id, "new.csv").stdout
    assert len(expected.splitlines()) == 3
    (tmp_path / "new.csv").write_text("\n".join(["area;zone", "unbekannt;1", "2,5;0"]) + "\n")
    assert "unbekannt" in gradmill_("predict", id, "new.csv", code=exits.REFUSED).stderr
    assert gradmill_("predict", id, "new.csv", "--missing-value", "unbekannt").stdout == expected
    dataset = gradmill_("datasets", "upload", "new.csv", *read[:-1], "unbekannt").stdout.strip()
    assert gradmill_("predict", id, dataset).stdout == expected
    assert "none to upload" in gradmill_("predict", id, dataset, *read, code=exits.USAGE).stderr


def answered(rows: int) -> bytes:
    predictions = [{"values": {"y": i + 0.5}} for i in range(rows)]
    about = {"object": "predictions", "job": "job_1", "epoch": 1, "targets": ["y"], "classes": None, "rows": rows}
    warnings = [{"pointer": "/dataset", "message": "so it is"}]
    return json.dumps({**about, "predictions": predictions, "warnings": warnings}).encode()


def test_predictions_that_break_off_are_an_error_and_leave_the_file_as_it_was(gradmill_, answering, tmp_path):
    broken = [Answer(200, JOB), problem(503, "busy"), Answer(cut=0), Answer(200, answered(1000), cut=20_000)]
    answering.answers = [*broken, *broken]
    (tmp_path / "out.csv").write_text("mine\n")
    asked = ("--url", answering.url, "predict", "job_1", "ds_1")
    done = gradmill_(*asked, "-o", "out.csv", "--force", code=exits.AWAY)
    assert "does not answer" in done.stderr
    assert (done.stdout, (tmp_path / "out.csv").read_text()) == ("", "mine\n")
    assert [each.name for each in tmp_path.iterdir()] == ["out.csv"]
    begun = gradmill_(*asked, code=exits.AWAY).stdout.splitlines()
    assert begun[:2] == ["y", "0.5"]
    assert len(begun) < 1000
    assert not answering.answers


def test_predictions_are_written_as_they_come(service, key, answering):
    content = answered(3)
    answering.answers = [Answer(200, JOB), Answer(200, content[: content.index(b"2.5")], is_open=True)]
    command = [sys.executable, "-m", "gradmill", "--url", answering.url, "predict", "job_1", "ds_1"]
    with subprocess.Popen(command, env=settings(service.url(), key), stdout=subprocess.PIPE, text=True) as writing:
        assert [writing.stdout.readline() for _ in range(3)] == ["y\n", "0.5\n", "1.5\n"]
        writing.kill()


def test_what_the_service_warns_of_is_told_behind_all_rows(gradmill_, answering, tmp_path):
    answering.answers = [Answer(200, JOB), Answer(200, answered(3))] * 3
    asked = ("--url", answering.url, "predict", "job_1", "ds_1")
    done = gradmill_(*asked)
    assert (done.stdout, done.stderr) == ("y\n0.5\n1.5\n2.5\n", "warning: so it is\n")
    written = gradmill_(*asked, "-o", "out.csv")
    assert (written.stdout, written.stderr, (tmp_path / "out.csv").read_text()) == ("", done.stderr, done.stdout)
    gradmill_(*asked, "--json", "-o", "out.json")
    assert json.loads((tmp_path / "out.json").read_text())["values"] == {"y": [0.5, 1.5, 2.5]}


def test_flags_are_predicted_as_the_service_writes_them(gradmill_, client, tmp_path):
    (tmp_path / "flags.csv").write_text("size,is_large\n" + "".join(f"{i},{'true' if i > 9 else 'false'}\n" for i in range(20)))
    spec = ("--target", "is_large", "--epochs", "2", "--set", "training.snapshots=3")
    id = gradmill_("submit", "flags.csv", *spec, "--watch").stdout.split()[0]
    found = gradmill_("predict", id, "flags.csv", "--no-probabilities", "--epoch", "1").stdout.splitlines()
    assert found[0] == "is_large"
    assert set(found[1:]) <= {"true", "false"}
