"""What options and files make of a job, and how what is wrong with it is told."""

import json
import subprocess

import pytest

from core.nn.planning import suggestions
from gradmill.cli import exits
from gradmill.cli.request import LEAST_ROWS_TO_SPLIT, request
from gradmill.cli.words import translated
from tests.client.shell import IRIS, OPTIONS
from tests.service.running import xor

pytestmark = pytest.mark.xdist_group("client")


@pytest.mark.parametrize(("given", "asked"), [("0", 0), ("64", 64), ("full", "full"), ("-1", "-1")])
def test_rows_of_a_step_are_a_number_or_a_word(given, asked):
    assert request(batch_size=given).job == {"training": {"batch_size": asked}}


def test_a_refusal_names_the_option_that_gave_the_value(gradmill_, tmp_path):
    (tmp_path / "job.json").write_text(json.dumps({"training": {"batch_size": 0}}))
    wrong = (
        "--epochs",
        "0",
        "--learning-rate",
        "-1",
        "--layers",
        "0:rleu,3",
        "--set",
        "training.threads=0",
        "--spec",
        "job.json",
    )
    told = gradmill_("check", IRIS, *OPTIONS[:2], *wrong, code=exits.REFUSED).stderr
    for place in ("--epochs: ", "--learning-rate: ", "--layers: layer 0: units is 0", "--set training.threads: "):
        assert f"  {place}" in told
    assert "/training/batch_size: " in told  # which the file gave
    assert "/training/epochs" not in told


def test_advice_is_told_in_options(gradmill_, tmp_path):
    rows = "".join(f"{'k.A.' if i % 9 == 0 else i + 0.5},{i % 7},{3 * i}\n" for i in range(60))
    (tmp_path / "areas.csv").write_text(f"living area,zone,rent\n{rows}")
    told = gradmill_("submit", "areas.csv", "--target", "rent", code=exits.REFUSED).stderr
    assert "gradmill: --feature: column " in told
    assert "upload the data with --number 'living area', and it is one input" in told
    assert "name those that mean a missing value as --missing-value" in told
    assert "if texts are meant, say --text 'living area'; if it is no feature, name the others by --feature" in told
    told = gradmill_("submit", "areas.csv", "--target", "rent", "--number", "living area", code=exits.REFUSED).stderr
    assert "by --missing-value" in told
    read = ("--number", "living area", "--missing-value", "k.A.")
    (tmp_path / "job.json").write_text(json.dumps({"dataset": {"features": ["living area"]}}))
    told = gradmill_("check", "areas.csv", "--spec", "job.json", "--target", "rent", code=exits.REFUSED).stderr
    assert "/dataset/features/0: " in told  # which the file says
    diverging = ("--optimizer", "sgd", "--learning-rate", "1000000", "--layers", "30,30,1", "--epochs", "50", "--watch")
    failed = gradmill_("submit", "areas.csv", "--target", "rent", *read, *diverging, code=exits.FAILED)
    assert "lower --learning-rate, now 1e+06" in failed.stderr
    assert "lower --learning-rate, now 1e+06" in gradmill_("show", failed.stdout.split()[0]).stdout


def test_advice_keeps_what_is_quoted_and_drops_what_is_for_addresses():
    assert translated('column "a; b" is text: upload the data with numbers=a; b (numbers=a%3B%20b in an address)') == (
        "column \"a; b\" is text: upload the data with --number 'a; b'"
    )
    assert translated('there is no column "missing_values"') == 'there is no column "missing_values"'
    assert translated('a class: "loss": "softmax_cross_entropy"') == "a class: --loss softmax_cross_entropy"
    assert translated(
        'shorten gradients that explode with "gradient_clipping": {"norm": 1} in training, or set "preprocessing": false in '
        "training.start, or lower training.optimizer.learning_rate; training.snapshots asks for them"
    ) == (
        "shorten gradients that explode with --set 'training.gradient_clipping={\"norm\": 1}', or --set "
        "training.start.preprocessing=false, or lower --learning-rate; --set training.snapshots asks for them"
    )
    assert translated("GET /v1/jobs/job_1a?wait=30 waits for its end; POST /v1/jobs/job_1a/cancel ends it now") == (
        "gradmill watch job_1a waits for its end; gradmill cancel job_1a ends it now"
    )
    assert translated('say {"fraction": 0.2} to measure; or null where that is not wanted') == (
        "say --validation 0.2 to measure; or --validation none where that is not wanted"
    )


@pytest.mark.parametrize("suffix", ["json", "toml"])
def test_a_job_is_read_from_a_file_and_changed_by_options(gradmill_, client, tmp_path, suffix):
    request = {**xor(5), "metadata": {"mark": suffix}}
    layers = "{units = 2, activation = 'sigmoid'}, {units = 1}"
    (tmp_path / "job.toml").write_text(
        f"network = {{layers = [{layers}]}}\ndataset = {{inputs = [[0, 0], [1, 1]], targets = [0, 1]}}\n"
        "metadata = {mark = 'toml'}\n[training]\nepochs = 5\nloss = 'mean_squared_error'\n"
    )
    (tmp_path / "job.json").write_text(json.dumps(request))
    changed = ("--epochs", "7", "--learning-rate", "0.5", "--set", "training.batch_size=full", "--set", "training.threads=1")
    id = gradmill_("submit", "--spec", f"job.{suffix}", *changed).stdout.strip()
    job = client.jobs.get(id).wait().check()
    assert (job.progress.epoch, job.training["optimizer"]["learning_rate"], job.training["threads"]) == (7, 0.5, 1)
    assert job.metadata == {"mark": suffix}


def test_a_number_of_epochs_leaves_rows_to_measure_on_unless_none_are_wanted(gradmill_, client):
    def training(*options: str) -> dict[str, object]:
        submitted = gradmill_("submit", IRIS, *OPTIONS, *options)
        assert ("--validation none" in submitted.stderr) == (not options)
        return client.jobs.get(submitted.stdout.strip()).training

    assert training()["validation"]["fraction"] == 0.2
    assert training("--validation", "0.4")["validation"]["fraction"] == 0.4
    assert training("--validation", "none")["validation"] is None
    assert training("--set", "training.validation.fraction=0.3")["validation"]["fraction"] == 0.3
    assert LEAST_ROWS_TO_SPLIT == suggestions.LEAST_ROWS_TO_SPLIT


def test_a_file_is_sent_as_it_stands(gradmill_, client, tmp_path):
    def submitted(document: object, *options: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        (tmp_path / "job.json").write_text(json.dumps(document))
        return gradmill_("submit", "--spec", "job.json", *options, code=code)

    data = {"inputs": [[0, 0], [0, 1], [1, 0], [1, 1]], "targets": [0, 1, 1, 0]}
    chosen = {"network": "auto", "dataset": data, "training": {"epochs": 1}, "name": "mine", "metadata": {"a": "1"}}
    job = client.jobs.get(submitted(chosen, "--metadata", "b=2", "--seed", "3").stdout.strip())
    assert (job.name, job.metadata, job.training["epochs"], job.training["seed"]) == ("mine", {"a": "1", "b": "2"}, 1, 3)
    assert "trainning" in submitted({**chosen, "trainning": {}}, code=exits.REFUSED).stderr
    assert "/metadata" in submitted({**chosen, "metadata": [1]}, code=exits.REFUSED).stderr
    assert "/training" in submitted({**chosen, "training": [1]}, code=exits.REFUSED).stderr
    assert "training is [1]" in submitted({**chosen, "training": [1]}, "--epochs", "2", code=exits.USAGE).stderr
    assert "trainning" in gradmill_("check", "--spec", "job.json", "--set", "trainning=1", code=exits.REFUSED).stderr
