"""Jobs from the command line, from their submission to their weights, against a real service."""

import csv
import io
import json
import re

import pytest

from gradmill import progress
from gradmill.cli import exits
from tests.client.shell import IRIS, OPTIONS
from tests.service.running import xor

pytestmark = pytest.mark.xdist_group("client")


def test_a_file_is_trained_on_from_its_upload_to_its_weights(gradmill_, tmp_path):
    submitted = gradmill_("submit", IRIS, *OPTIONS, "--metadata", "mark=shell", "--validation", "0.2", "--metric", "accuracy")
    id = submitted.stdout.strip()
    assert submitted.stdout == f"{id}\n"
    assert "150 rows × 5 columns" in submitted.stderr
    watched = gradmill_("watch", id)
    assert watched.stdout.startswith(f"{id}  succeeded  epoch 30 of 30")
    assert "succeeded" not in watched.stderr  # which the standard output tells
    assert f"{id}  succeeded" in gradmill_("watch", id, "--json").stderr
    rows = list(csv.DictReader(io.StringIO(gradmill_("epochs", id).stdout)))
    assert [row["epoch"] for row in rows] == [str(epoch) for epoch in range(1, 31)]
    assert 0 <= float(rows[-1]["accuracy"]) <= 1
    assert gradmill_("weights", id).stdout == f"{id}.safetensors\n"
    assert gradmill_("weights", id, "-o", "w.json", "--format", "json").stdout == "w.json\n"
    refused = gradmill_("weights", id, "-o", "w.json", code=exits.USAGE)
    assert refused.stderr == "gradmill: w.json is there already; --force writes over it, --output names another\n"
    gradmill_("weights", id, "-o", "w.json", "--format", "json", "--force")
    gradmill_("weights", id, code=exits.USAGE)  # under the name that nobody gave
    gradmill_("predict", id, IRIS, "-o", "w.json", code=exits.USAGE)
    assert json.loads((tmp_path / "w.json").read_text())["weights"].keys() == {"0.weight", "0.bias", "2.weight", "2.bias"}
    assert "iris.csv" in gradmill_("datasets", "list").stdout
    predicted = list(csv.DictReader(io.StringIO(gradmill_("predict", id, IRIS).stdout)))
    assert len(predicted) == 150
    assert sum(float(predicted[0][f"probability_{name}"]) for name in ("setosa", "versicolor", "virginica")) == pytest.approx(1)
    values = json.loads(gradmill_("predict", id, IRIS, "--json", "--no-probabilities").stdout)["values"]
    assert values["species"] == [row["species"] for row in predicted]
    shown = gradmill_("show", id).stdout
    assert "mark=shell" in shown
    assert "succeeded" in shown
    assert id in gradmill_("jobs", "--metadata", "mark=shell", "--status", "succeeded").stdout
    gradmill_("delete", id)
    gradmill_("show", id, code=exits.REFUSED)


def test_the_best_epoch_stands_before_the_last(gradmill_, client):
    overfitting = (
        "--optimizer",
        "adam",
        "--learning-rate",
        "0.1",
        "--layers",
        "40:tanh,3",
        "--epochs",
        "60",
        "--metric",
        "accuracy",
    )
    id = gradmill_("submit", IRIS, *OPTIONS[:2], *overfitting, "--metadata", "mark=best").stdout.strip()
    job = client.jobs.get(id).wait()
    best = job.progress.best
    figures = f"validation loss {best.validation_loss:.4g}, accuracy {best.metrics['accuracy']:.4g} on validation rows"
    told = f"epoch {best.epoch}, {figures}"
    shown = gradmill_("show", id).stdout.splitlines()
    assert f"best        {told}" in shown
    last = f"epoch 60 of 60, loss {job.progress.loss:.4g}, validation loss {job.progress.validation_loss:.4g}"
    assert any(line.startswith(f"last        {last}") for line in shown)
    assert f"epoch 60 of 60  best: {told}" in gradmill_("watch", id).stdout
    heading, row = gradmill_("jobs", "--metadata", "mark=best").stdout.splitlines()
    assert "BEST EPOCH  ITS LOSS" in heading
    assert f"{best.validation_loss:.5g}" in row
    assert "validation" in row
    assert job.name == "species from iris.csv"
    assert row.startswith(f"{id}  {job.name}  succeeded")
    unvalidated = client.jobs.create(*xor(3).values()).wait()
    told = progress.line(unvalidated)
    assert told == f"succeeded  epoch 3 of 3  best: epoch 3, loss {unvalidated.progress.loss:.4g} on the training rows"


def test_a_job_that_stopped_before_all_epochs_tells_why(gradmill_, client):
    options = (
        "--layers",
        "40:tanh,3",
        "--epochs",
        "500",
        "--learning-rate",
        "0.1",
        "--patience",
        "4",
        "--metadata",
        "mark=early",
    )
    id = gradmill_("submit", IRIS, *OPTIONS[:2], *options).stdout.strip()
    job = client.jobs.get(id).wait()
    ended, best = job.result.epochs, job.result.best_epoch
    assert (job.result.stopped, ended) == ("early", best + 4)
    told = f"early at epoch {ended}: no better for 4 epochs"
    assert gradmill_("watch", id).stdout.startswith(f"{id}  succeeded  stopped {told}  best: epoch {best}, ")
    shown = gradmill_("show", id).stdout.splitlines()
    assert f"stopped         {told}" in shown
    assert any(line.startswith(f"last            epoch {ended}, loss ") for line in shown)
    heading, row = gradmill_("jobs", "--metadata", "mark=early").stdout.splitlines()
    assert row[heading.index("STOPPED") :].startswith("early  ")


def test_features_and_warnings_are_shown(gradmill_, tmp_path):
    (tmp_path / "rents.csv").write_text("area,zone,rent\n" + "".join(f"{i % 37},{i % 3},{200 + i % 37}\n" for i in range(80)))
    id = gradmill_("submit", "rents.csv", "--target", "rent", "--layers", "4:relu,1:sigmoid", "--epochs", "2").stdout.strip()
    shown = gradmill_("show", id)
    assert "features    area, zone" in shown.stdout
    assert 'warning: the last activation is "sigmoid"' in shown.stderr
    one = gradmill_("submit", "rents.csv", "--target", "rent", "--feature", "zone", "--epochs", "2").stdout.strip()
    assert re.search("^features +zone$", gradmill_("show", one).stdout, re.MULTILINE)


def test_a_job_that_cannot_learn_and_did_not_is_warned_of(gradmill_, tmp_path):
    (tmp_path / "rents.csv").write_text("area,rent\n" + "".join(f"{i % 37},{200 + 12 * (i % 37)}\n" for i in range(80)))
    made = gradmill_("submit", "rents.csv", "--target", "rent", "--layers", "4:relu,1:sigmoid", "--epochs", "2")
    assert 'the last activation is "sigmoid", which gives numbers from 0 to 1' in made.stderr
    id = made.stdout.strip()
    nothing = "warning: r2 is -"
    assert nothing in gradmill_("watch", id).stderr
    assert nothing in gradmill_("show", id).stderr


def test_what_a_job_learns_and_what_was_chosen_for_it_are_shown(gradmill_):
    def shown(*options: str) -> dict[str, str]:
        id = gradmill_("submit", IRIS, "--target", "species", *options).stdout.strip()
        lines = gradmill_("show", id).stdout.splitlines()
        assert len({re.search(r"  +", line).end() for line in lines}) == 1  # in columns
        return dict(line.split("  ", 1) for line in lines)

    chosen = {name: value.strip() for name, value in shown().items()}
    assert chosen["target"] == "species"
    assert chosen["dataset"].startswith("ds_")
    assert chosen["loss"] == "softmax_cross_entropy  (chosen)"
    assert chosen["optimizer"].startswith("adamw, learning rate ")
    for name in ("layers", "optimizer", "batch size", "validation"):
        assert chosen[name].endswith("  (chosen)")
    assert "epochs" in chosen["also chosen"]
    given = {name: value.strip() for name, value in shown(*OPTIONS[2:], "--optimizer", "sgd", "--learning-rate", "0.5").items()}
    assert given["layers"] == "8:tanh, 3"
    assert given["loss"] == "softmax_cross_entropy"
    assert given["optimizer"] == "sgd, learning rate 0.5"


def test_a_job_that_is_watched_at_once_has_its_id_alone_among_the_data(gradmill_, client):
    done = gradmill_("submit", IRIS, *OPTIONS, "--watch")
    id = done.stdout.removesuffix("\n")
    assert client.jobs.get(id).status == "succeeded"
    assert done.stderr.splitlines()[-1].startswith(f"{id}  succeeded  ")


def test_json_is_what_the_service_answers(gradmill_, client):
    job = json.loads(gradmill_("submit", IRIS, *OPTIONS, "--json", "--watch").stdout)
    assert job == json.loads(gradmill_("show", job["id"], "--json").stdout)
    assert job["status"] == "succeeded"
    assert job["weights"] == f"/v1/jobs/{job['id']}/weights"
    listed = json.loads(gradmill_("jobs", "--json", "--limit", "1").stdout)
    assert [each["id"] for each in listed] == [job["id"]]
    assert len(json.loads(gradmill_("epochs", job["id"], "--json", "--points", "3").stdout)) == 3
    plan = json.loads(gradmill_("check", job["dataset"]["id"], *OPTIONS, "--json").stdout)["plan"]
    assert plan["parameters"] == job["plan"]["parameters"] == 67


def test_a_job_is_called_by_its_file_also_where_that_was_sent_without_a_name(gradmill_, client, tmp_path):
    content = b"size,cost\n" + b"".join(b"%d,%d\n" % (i, 3 * i) for i in range(20))
    assert client.datasets.upload(content, format="csv").name is None
    (tmp_path / "costs.csv").write_bytes(content)
    id = gradmill_("submit", "costs.csv", "--target", "cost", "--epochs", "1").stdout.strip()
    [line] = (line for line in gradmill_("jobs").stdout.splitlines() if id in line)
    assert "cost from costs.csv" in line
