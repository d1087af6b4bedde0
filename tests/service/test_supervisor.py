"""One command starts everything, and nothing of it outlives that command."""

import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import httpx2
import psutil
import pytest

from tests.polling import until
from tests.service.running import ROOT, Running, endless, environment, finished, xor

pytestmark = pytest.mark.xdist_group("service")

Start = Callable[..., Running]
Client = Callable[[Running], httpx2.Client]

STARTING = "service | starting: the database, the broker and the kernels, then the API, the sweeper and the workers"


def test_a_job_is_trained_and_an_interrupt_ends_every_process(start: Start, client: Client) -> None:
    service = start()
    api = client(service)
    job = api.post("/v1/jobs", json=xor(epochs=50)).json()
    assert finished(api, job["id"])["status"] == "succeeded"
    assert len(service.members()) >= 6  # guard, broker, API, sweeper, worker and its child
    assert service.stop(signal.SIGINT) == 0
    assert service.members() == []
    assert sorted(path.name for path in service.data_dir.glob("*.sock")) == []


def test_each_step_of_a_start_is_told_and_at_last_where_the_key_and_the_page_are(start: Start) -> None:
    service = start()
    url = service.url()
    until(lambda: f"page      {url}/" in service.output, 30, lambda: service.output)
    said = [line for line in service.output.splitlines() if line.startswith("service")]
    assert said[0] == STARTING
    there = {line.partition("the ")[2].partition(";")[0] for line in said if "; starting the" in line}
    assert there == {"database and the broker are there", "kernels are there"}
    assert [line.split() for line in said[-3:]] == [
        ["service", "|", "documents", f"{url}/docs"],
        ["service", "|", "key", f"{service.data_dir}/key"],
        ["service", "|", "page", f"{url}/"],
    ]
    assert httpx2.get(f"{url}/").headers["Content-Type"].startswith("text/html")


def test_no_process_survives_a_supervisor_that_is_killed(start: Start, client: Client) -> None:
    service = start()
    api = client(service)
    job = api.post("/v1/jobs", json=endless()).json()
    until(lambda: api.get(f"/v1/jobs/{job['id']}").json()["status"] == "running", 30, lambda: service.output)
    assert service.members()
    service.process.kill()
    service.process.wait()
    until(lambda: service.members() == [], 5, lambda: service.output)


def test_jobs_go_on_after_a_restart(start: Start, client: Client) -> None:
    first = start()
    api = client(first)
    job = api.post("/v1/jobs", json=endless()).json()
    until(lambda: (api.get(f"/v1/jobs/{job['id']}").json()["progress"]["epoch"] or 0) > 0, 30, lambda: first.output)
    first.stop(signal.SIGTERM)

    api = client(start())
    resumed = until(lambda: (now := api.get(f"/v1/jobs/{job['id']}").json())["status"] == "running" and now, 30)
    assert resumed["attempt"] == 2
    assert resumed["progress"]["epoch"] > 0
    api.post(f"/v1/jobs/{job['id']}/cancel")
    assert finished(api, job["id"])["status"] == "cancelled"


@pytest.mark.parametrize("words", [("uvicorn",), ("worker.sweep",), ("celery",)], ids=lambda words: words[0])
def test_a_child_that_dies_is_started_again(start: Start, client: Client, words: tuple[str, ...]) -> None:
    service = start()
    api = client(service)
    victim = service.member(*words)
    before = {each.pid for each in service.found(*words)}  # with its own children
    victim.kill()
    until(lambda: not victim.is_running() or victim.status() == psutil.STATUS_ZOMBIE, 10)
    job = api.post("/v1/jobs", json=xor(epochs=5)).json()  # waits in the socket's queue while the API is away
    assert finished(api, job["id"])["status"] == "succeeded"
    until(lambda: any(other.pid not in before for other in service.found(*words)), 30, lambda: service.output)
    assert "was ended by SIGKILL; starting it again" in service.output


def test_a_killed_broker_comes_back_and_jobs_are_trained(start: Start, client: Client) -> None:
    service = start()
    api = client(service)
    next(member for member in service.members() if "valkey-server" in member.exe()).kill()
    job = api.post("/v1/jobs", json=xor(epochs=5)).json()
    assert finished(api, job["id"])["status"] == "succeeded"


def test_a_second_service_on_the_same_data_is_refused(start: Start) -> None:
    first = start()
    url = first.url()
    second = start()
    assert second.process.wait(30) == 1
    assert f"a service already runs on {first.data_dir} (process {first.process.pid} at {url})" in second.output
    assert httpx2.get(f"{url}/healthz").status_code == 200


def test_a_command_finds_the_service_and_its_status_is_passed_on(start: Start) -> None:
    script = """
import os, sys, urllib.request
headers = {"Authorization": f"Bearer {os.environ['GRADMILL_API_KEY']}"}
request = urllib.request.Request(os.environ["GRADMILL_URL"] + "/v1/jobs", headers=headers)
print(urllib.request.urlopen(request).status)
sys.exit(7)
"""
    service = start("--", sys.executable, "-c", script)
    assert service.process.wait(120) == 7
    assert "200" in service.output.splitlines()


@pytest.mark.parametrize("data_dir", [f"a long {'path ' * 20}end", "why? #1 100%"])
def test_a_data_directory_of_any_name_works(start: Start, client: Client, data_dir: str) -> None:
    """Too long for a socket, or with characters that mean something in an address."""
    service = start(data_dir=data_dir)
    assert client(service).get("/readyz").json()["status"] == "ready"
    assert (service.data_dir / "gradmill.db").exists()
    service.stop()


def test_the_first_start_makes_a_key_that_only_its_owner_can_read_and_that_stays(start: Start, client: Client) -> None:
    first = start()
    assert client(first).get("/v1/jobs").status_code == 200
    assert httpx2.get(f"{first.url()}/v1/jobs").status_code == 401
    file = first.data_dir / "key"
    assert file.stat().st_mode & 0o777 == 0o600
    key = file.read_text()
    secret = key.strip().rpartition("_")[2]
    first.stop()
    told = [first.output, *(log.read_text() for log in (first.data_dir / "logs").iterdir())]
    assert not [text for text in told if secret in text]
    assert not [path for path in first.data_dir.glob("gradmill.db*") if secret.encode() in path.read_bytes()]
    assert f"key       {file}" in first.output
    again = start()
    assert client(again).get("/v1/jobs").status_code == 200
    assert file.read_text() == key


def test_without_keys_no_service_is_started_that_others_can_reach(tmp_path: Path) -> None:
    said = refused(tmp_path, "--host", "0.0.0.0", "--port", "0", GRADMILL_AUTH="off")
    assert "cannot start: GRADMILL_AUTH is 'off', but --host is '0.0.0.0'" in said


def refused(tmp_path: Path, *arguments: str, **settings: str) -> str:
    """What a service says that must not start."""
    command = [sys.executable, "-m", "service", "--data-dir", str(tmp_path / "data"), *arguments]
    done = subprocess.run(command, cwd=ROOT, env=environment() | settings, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert not [line for line in done.stderr.splitlines() if line.startswith("Traceback")]
    return done.stderr


def test_a_taken_port_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        said = refused(tmp_path, "--port", str(port))
    assert f"cannot listen on 127.0.0.1 port {port}: another program uses it; --port 0 takes a free one" in said


def test_a_wrong_setting_is_named(tmp_path: Path) -> None:
    said = refused(tmp_path, "--port", "99999", GRADMILL_WORKER_PROCESSES="0")
    assert "GRADMILL_WORKER_PROCESSES is '0'; it must be a whole number of at least 1" in said
    assert "--port is '99999'; it must be a whole number of at least 0 and at most 65535" in said
    assert "GRADMILL_PORT" not in said
    assert [line for line in said.splitlines() if "must be" not in line] == [STARTING]


def test_a_broker_that_anyone_on_the_network_could_use_is_refused(tmp_path: Path) -> None:
    said = refused(tmp_path, "--port", "0", REDIS_URL="redis://broker.example:6379/0")
    assert "cannot start: REDIS_URL names no password for the broker on broker.example" in said


def test_a_database_that_does_not_answer_is_a_clear_failure(tmp_path: Path) -> None:
    said = refused(tmp_path, "--port", "0", DATABASE_URL="postgresql://nobody@127.0.0.1:1/none?connect_timeout=2")
    assert "cannot start: database ended with status 1. The last that it said:" in said
