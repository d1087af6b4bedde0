"""The command line as a person or a script runs it, against a real service."""

import csv
import io
import json
import os
import pty
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import gradmill
from core.nn.planning import suggestions
from gradmill import progress
from gradmill.cli import exits
from gradmill.cli.request import LEAST_ROWS_TO_SPLIT, request
from gradmill.cli.watching import sparkline
from gradmill.cli.words import translated
from tests.polling import until
from tests.service.running import endless, environment, xor

pytestmark = pytest.mark.xdist_group("client")

ROOT = Path(__file__).parents[2]
IRIS = str(ROOT / "examples" / "data" / "iris.csv")
OPTIONS = ("--target", "species", "--layers", "8:tanh,3", "--loss", "softmax_cross_entropy", "--epochs", "30")


def settings(url: str, key: str) -> dict[str, str]:
    source = str(ROOT / "client" / "src")
    shell = {"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1", "COLUMNS": "200"}
    return {**environment(), **shell, "GRADMILL_URL": url, "GRADMILL_API_KEY": key, "PYTHONPATH": source}


@pytest.fixture
def gradmill_(service, key, tmp_path):
    """Runs the program, and checks its exit code."""

    def run(*arguments: str, code: int = 0, url: str = "") -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "gradmill", *arguments]
        env = settings(url or service.url(), key)
        done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == code, done
        assert "Traceback" not in done.stderr
        return done

    return run


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


def test_a_job_that_cannot_learn_and_did_not_is_warned_of(gradmill_, tmp_path):
    (tmp_path / "rents.csv").write_text("area,rent\n" + "".join(f"{i % 37},{200 + 12 * (i % 37)}\n" for i in range(80)))
    made = gradmill_("submit", "rents.csv", "--target", "rent", "--layers", "4:relu,1:sigmoid", "--epochs", "2")
    assert 'the last activation is "sigmoid", which gives numbers from 0 to 1' in made.stderr
    id = made.stdout.strip()
    nothing = "warning: r2 is -"
    assert nothing in gradmill_("watch", id).stderr
    assert nothing in gradmill_("show", id).stderr


def test_where_no_terminal_is_a_job_is_told_in_lines(client):
    request = endless()
    job = client.jobs.create(request["network"], request["dataset"], request["training"])
    often, seldom = io.StringIO(), io.StringIO()
    tellers = progress.Telling(often, 0.0), progress.Telling(seldom, 1e9)

    def tell(job: gradmill.Job) -> None:
        for teller in tellers:
            teller(job)
        if len(often.getvalue().splitlines()) > 5 and job.status == "running":
            client.jobs.cancel(job.id)

    job.wait(progress=tell)
    assert "\x1b" not in often.getvalue()
    assert "\r" not in often.getvalue()
    statuses = [line.split("  ")[1] for line in seldom.getvalue().splitlines()]
    assert statuses[-1] == "cancelled"
    assert len(statuses) == len(set(statuses)) < len(often.getvalue().splitlines())
    assert all(line.startswith(f"{job.id}  ") for line in often.getvalue().splitlines())


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
    assert translated('say {"fraction": 0.2} to measure; or null where that is not wanted') == (
        "say --validation 0.2 to measure; or --validation none where that is not wanted"
    )


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


def test_datasets_are_uploaded_listed_shown_and_removed(gradmill_, tmp_path):
    (tmp_path / "small.csv").write_text("a,b\n1,x\n2,y\n")
    id = gradmill_("datasets", "upload", "small.csv").stdout.strip()
    assert id in gradmill_("datasets", "list").stdout
    assert json.loads(gradmill_("datasets", "show", id, "--json").stdout)["name"] == "small.csv"
    assert "text" in gradmill_("datasets", "show", id).stdout
    gradmill_("datasets", "delete", id)
    gradmill_("datasets", "show", id, code=exits.REFUSED)


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


def test_a_job_is_called_by_its_file_also_where_that_was_sent_without_a_name(gradmill_, client, tmp_path):
    content = b"size,cost\n" + b"".join(b"%d,%d\n" % (i, 3 * i) for i in range(20))
    assert client.datasets.upload(content, format="csv").name is None
    (tmp_path / "costs.csv").write_bytes(content)
    id = gradmill_("submit", "costs.csv", "--target", "cost", "--epochs", "1").stdout.strip()
    [line] = (line for line in gradmill_("jobs").stdout.splitlines() if id in line)
    assert "cost from costs.csv" in line


def test_an_interrupted_prediction_leaves_no_dataset_behind(client, monkeypatch, tmp_path):
    request = xor(5)
    job = client.jobs.create(request["network"], request["dataset"], request["training"]).wait()
    (tmp_path / "new.csv").write_text("input0,input1\n0.25,0.75\n")
    before = {each.id for each in client.datasets.list()}
    lent = set()

    def interrupted(self: gradmill.Job, asked: dict[str, str], params: object) -> None:
        lent.add(client.datasets.get(asked["dataset"]).name)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(gradmill.Job, "_predicted", interrupted)
        with pytest.raises(KeyboardInterrupt):
            job.predict(tmp_path / "new.csv")
    assert lent == {"new.csv"}
    assert {each.id for each in client.datasets.list()} == before
    assert job.predict(tmp_path / "new.csv").values == job.predict([[0.25, 0.75]]).values


def test_flags_are_predicted_as_the_service_writes_them(gradmill_, client, tmp_path):
    (tmp_path / "flags.csv").write_text("size,is_large\n" + "".join(f"{i},{'true' if i > 9 else 'false'}\n" for i in range(20)))
    spec = ("--target", "is_large", "--epochs", "2", "--set", "training.snapshots=3")
    id = gradmill_("submit", "flags.csv", *spec, "--watch").stdout.split()[0]
    found = gradmill_("predict", id, "flags.csv", "--no-probabilities", "--epoch", "1").stdout.splitlines()
    assert found[0] == "is_large"
    assert set(found[1:]) <= {"true", "false"}


def test_a_job_that_fails_is_told_by_the_exit_code(gradmill_, client):
    options = ("--optimizer", "sgd", "--learning-rate", "1000000", "--layers", "30,30,3")
    failed = gradmill_("submit", IRIS, *OPTIONS[:2], *options, "--epochs", "50", "--watch", code=exits.FAILED)
    assert "failed" in failed.stdout
    assert failed.stderr.splitlines()[-1].startswith("gradmill: job ")


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["nosuch"], exits.USAGE, "No such command"),
        (["show"], exits.USAGE, "JOB"),
        (["submit", "none.csv", "--target", "a"], exits.USAGE, "there is no file none.csv"),
        (["submit", IRIS], exits.USAGE, "--target"),
        (["submit", IRIS, "--target", "species", "--layers", "a:b"], exits.USAGE, "64:relu"),
        (["submit", IRIS, "--target", "species", "--layers", "²"], exits.USAGE, "64:relu"),
        (["submit", "--set", "training"], exits.USAGE, "PATH=VALUE"),
        (["submit", IRIS, "--validation", "some"], exits.USAGE, "or none"),
        (["submit", IRIS, "--target", "specie"], exits.REFUSED, "specie"),
        (["show", "job_none"], exits.REFUSED, "job_none"),
        (["--url", "nowhere", "jobs"], exits.USAGE, "no address"),
        (["--url", "http://127.0.0.1:1", "jobs"], exits.AWAY, "scripts/up starts one"),
        (["--key-file", "none", "jobs"], exits.USAGE, "none"),
    ],
)
def test_what_went_wrong_is_one_line_and_a_code(gradmill_, arguments, code, told):
    done = gradmill_(*arguments, code=code)
    assert done.stdout == ""
    *_, last = done.stderr.splitlines()
    assert last.startswith("gradmill: ")
    assert told in last


def test_without_a_service_in_the_folder_it_is_told_what_helps(tmp_path):
    env = {name: value for name, value in settings("", "").items() if name not in ("GRADMILL_URL", "GRADMILL_API_KEY")}
    command = [sys.executable, "-m", "gradmill", "jobs"]
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=60, check=False)
    told = "no service runs in this folder: scripts/up starts one; GRADMILL_URL and GRADMILL_API_KEY name another"
    assert (done.returncode, done.stderr) == (exits.AWAY, f"gradmill: {told}\n")


def test_a_wrong_key_is_refused_with_a_hint(gradmill_, tmp_path):
    (tmp_path / "key").write_text("gm_wrong\n")
    assert "GRADMILL_API_KEY" in gradmill_("--key-file", "key", "jobs", code=exits.REFUSED).stderr


def test_ctrl_c_lets_go_of_a_job_that_goes_on(service, key, client):
    request = endless()
    job = client.jobs.create(request["network"], request["dataset"], request["training"])
    command = [sys.executable, "-m", "gradmill", "watch", job.id]
    watching = subprocess.Popen(
        command,
        env=settings(service.url(), key),
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        # Where these tests run in the background, Ctrl-C is ignored, and that is inherited.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    said = watching.stderr.readline()
    assert job.id in said
    watching.send_signal(signal.SIGINT)
    out, err = watching.communicate(timeout=60)
    assert (watching.returncode, out) == (exits.INTERRUPTED, "")
    assert f"gradmill watch {job.id}" in err
    assert client.jobs.get(job.id).status in ("queued", "running")
    job.cancel()


def test_a_wait_that_is_bounded_ends_with_a_code_of_its_own(gradmill_, client):
    request = endless()
    job = client.jobs.create(request["network"], request["dataset"], request["training"])
    assert job.id in gradmill_("watch", job.id, "--timeout-s", "0.5", code=exits.TOO_LONG).stderr
    assert gradmill_("pause", job.id).stdout.startswith(job.id)
    until(lambda: job.refresh().status == "paused")
    gradmill_("resume", job.id)
    gradmill_("cancel", job.id)
    job.wait()
    again = gradmill_("retry", job.id).stdout.strip()
    assert client.jobs.get(again).retry_of == job.id
    client.jobs.cancel(again)


def test_on_a_terminal_progress_is_drawn_beside_the_data(service, key, client):
    request = xor(300)
    job = client.jobs.create(request["network"], request["dataset"], request["training"])
    ours, theirs = pty.openpty()
    env = {**settings(service.url(), key), "TERM": "xterm-256color"}
    command = [sys.executable, "-m", "gradmill", "watch", job.id, "--json"]
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=theirs, text=True) as watching:
        os.close(theirs)
        drawn = b""
        while piece := _read(ours):
            drawn += piece
        out = watching.stdout.read()
    os.close(ours)
    assert watching.returncode == 0
    assert json.loads(out)["id"] == job.id
    assert "300/300" in drawn.decode()
    assert "\x1b[" in drawn.decode()


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 2**16)
    except OSError:  # nobody is on the other side any more
        return b""


def test_a_reader_that_has_had_enough_is_no_error(service, key, client):
    request = xor(5000)
    job = client.jobs.create(request["network"], request["dataset"], request["training"]).wait()
    command = f"{sys.executable} -m gradmill epochs {job.id} | head -1"
    done = subprocess.run(
        ["sh", "-c", command], env=settings(service.url(), key), capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("epoch,loss")


def test_it_tells_its_version_its_help_and_its_completion(gradmill_):
    assert gradmill_("--version").stdout == f"gradmill {gradmill.__version__}\n"
    told = " ".join(gradmill_("--help").stdout.split())
    for code in (exits.FAILED, exits.USAGE, exits.REFUSED, exits.AWAY, exits.TOO_LONG, exits.INTERRUPTED):
        assert f" {code} when" in told
    assert "complete" in gradmill_("--show-completion", "bash").stdout  # for the shell that is named


def test_a_sparkline_is_as_wide_as_it_may_be():
    assert sparkline([8.0, 3.0, 1.0]) == "█▃▁"
    assert sparkline([]) == ""
    assert sparkline([1.0, 1.0]) == "▁▁"
    assert len(sparkline([float(i) for i in range(1000)], 10)) == 10


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
