"""What the command line exits with and says of itself."""

import subprocess
import sys

import pytest

import gradmill
from gradmill.cli import exits
from tests.client.shell import IRIS, OPTIONS, settings
from tests.service.running import xor

pytestmark = pytest.mark.xdist_group("client")


def test_a_job_that_fails_is_told_by_the_exit_code(gradmill_, client):
    options = ("--optimizer", "sgd", "--learning-rate", "1000000", "--layers", "30,30,3")
    failed = gradmill_("submit", IRIS, *OPTIONS[:2], *options, "--epochs", "50", "--watch", code=exits.FAILED)
    id = failed.stdout.removesuffix("\n")
    assert client.jobs.get(id).status == "failed"
    *_, end, why = failed.stderr.splitlines()
    assert end.startswith(f"{id}  failed  ")
    assert why.startswith("gradmill: job ")


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
        (["weights", "job_none", "--format", "exe"], exits.USAGE, "'--format'"),
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
