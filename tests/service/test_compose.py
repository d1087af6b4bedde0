"""The composed service: hardened on paper, and working where a Docker engine is found."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from typing import Any

import httpx2
import pytest
from ruamel.yaml import YAML

from api.deps import PARSERS
from service.health import PULSE_FILE
from tests.polling import until
from tests.service.running import ROOT, endless, finished, xor

COMPOSE = ROOT / "docker-compose.yml"
ONCE = {"migrate", "secrets"}
SERVICES: dict[str, dict[str, Any]] = YAML(typ="safe").load(COMPOSE)["services"]


@pytest.mark.parametrize("name", SERVICES)
def test_every_container_has_no_more_rights_than_it_needs(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert int(service["user"].split(":")[0]) > 0
    assert {"cpus", "memory", "pids"} <= set(service["deploy"]["resources"]["limits"])
    assert ("healthcheck" in service) == (name not in ONCE)
    assert service["restart"] == ("no" if name in ONCE else "unless-stopped")


@pytest.mark.parametrize("name", ["worker", "sweeper"])
def test_the_pulse_that_a_health_check_feels_is_the_one_that_is_kept(name: str) -> None:
    assert SERVICES[name]["environment"]["GRADMILL_PULSE_FILE"] == str(PULSE_FILE)
    assert SERVICES[name]["healthcheck"]["test"][-1] == name


def test_the_uploads_that_are_read_at_once_fit_into_the_memory_of_the_api() -> None:
    api = SERVICES["api"]
    assert api["deploy"]["resources"]["limits"]["memory"] == "6g"
    assert PARSERS * int(api["environment"]["GRADMILL_PARSE_MEMORY_BYTES"]) + 2**30 <= 6 * 2**30


def test_only_the_api_can_be_reached_and_only_from_this_machine() -> None:
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["api"]
    assert SERVICES["api"]["ports"] == ["${GRADMILL_BIND:-127.0.0.1}:${GRADMILL_PORT:-8000}:8000"]


# What tells a password, in a name or a value; and the one way in which it may be spoken of, as a file that is read.
PASSWORD = re.compile(r"passw|requirepass|masterauth|REDISCLI_AUTH=(?!\$\$\(cat )|://[^\s/@]*:[^\s/@]*@", re.IGNORECASE)
FILE = re.compile(r"(\bPOSTGRES_PASSWORD_FILE=)?/run/secrets/password\b")


def said(value: Any, name: str = "") -> Iterator[str]:
    """Every value of a document, as `name=value`."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from said(inner, str(key))
    elif isinstance(value, list):
        for inner in value:
            yield from said(inner, name)
    else:
        yield f"{name}={value}"


def passwords(texts: Iterable[str]) -> list[str]:
    return [text for text in texts if PASSWORD.search(FILE.sub("", text))]


def test_no_file_names_a_password() -> None:
    document = list(said(YAML(typ="safe").load(COMPOSE)))
    image = (ROOT / "Dockerfile").read_text().splitlines()
    assert "POSTGRES_PASSWORD_FILE=/run/secrets/password" in document
    assert len(image) > 10
    assert passwords([*document, *image]) == []


@pytest.mark.parametrize(
    "change",
    [
        {"environment": {"POSTGRES_PASSWORD": "hunter2"}},
        {"environment": {"POSTGRES_PASSWORD_FILE": "hunter2"}},
        {"environment": ["PGPASSWORD=hunter2"]},
        {"environment": {"REDIS_URL": "redis://:hunter2@redis:6379/0"}},
        {"environment": {"DATABASE_URL": "postgresql://gradmill:${WORD}@postgres/gradmill"}},
        {"command": ["redis-server", "--requirepass", "hunter2"]},
        {"command": "redis-server --requirepass hunter2"},
        {"healthcheck": {"test": ["CMD-SHELL", "REDISCLI_AUTH=hunter2 redis-cli ping"]}},
        {"build": {"args": ["URL=redis://a:hunter2@redis"]}},
    ],
    ids=str,
)
def test_a_password_would_be_found_wherever_it_stood(change: dict[str, Any]) -> None:
    assert passwords(said({"services": {"redis": SERVICES["redis"] | change}}))


def has_engine() -> bool:
    docker = shutil.which("docker")
    return docker is not None and all(
        subprocess.run([docker, *command], capture_output=True, timeout=30).returncode == 0
        for command in (["info"], ["compose", "version"])
    )


class Composed:
    """The service under a project name of this test run; `url` is where it answers."""

    def __init__(self) -> None:
        self.project = f"gradmill-test-{os.getpid()}"

    def compose(self, *arguments: str) -> str:
        return self._docker("compose", "--project-name", self.project, *arguments)

    def client(self) -> httpx2.Client:
        key = self.compose("exec", "-T", "api", "python", "-m", "service.keys", "create").strip()
        return httpx2.Client(base_url=self.url, headers={"Authorization": f"Bearer {key}"}, timeout=30)

    def kill_worker(self, number: int) -> None:
        self._docker("kill", f"{self.project}-worker-{number}")

    @property
    def url(self) -> str:
        return f"http://{self.compose('port', 'api', '8000').strip()}"

    def _docker(self, *arguments: str) -> str:
        done = subprocess.run(
            ["docker", *arguments],
            cwd=ROOT,
            env={**os.environ, "GRADMILL_PORT": "0"},
            capture_output=True,
            text=True,
            timeout=1200,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def composed() -> Iterator[Composed]:
    service = Composed()
    try:
        service.compose("up", "--build", "--wait", "--scale", "worker=3")
        yield service
    finally:
        service.compose("down", "--volumes", "--timeout", "20")


@pytest.mark.skipif(not has_engine(), reason="no Docker engine with Compose here")
@pytest.mark.xdist_group("service")
@pytest.mark.timeout(1800)
class TestComposed:
    def test_jobs_are_spread_over_three_workers(self, composed: Composed) -> None:
        with composed.client() as api:
            jobs = [api.post("/v1/jobs", json=endless()).json()["id"] for _ in range(3)]
            until(lambda: all(api.get(f"/v1/jobs/{job}").json()["status"] == "running" for job in jobs), 60)
            for job in jobs:
                api.post(f"/v1/jobs/{job}/cancel")
            assert [finished(api, job)["status"] for job in jobs] == ["cancelled"] * 3

    def test_a_killed_worker_loses_nothing(self, composed: Composed) -> None:
        with composed.client() as api:
            jobs = [api.post("/v1/jobs", json=xor(epochs=3_000, units=700)).json()["id"] for _ in range(3)]
            until(lambda: all(api.get(f"/v1/jobs/{job}").json()["progress"]["epoch"] > 0 for job in jobs), 60)
            composed.kill_worker(1)
            ended = [finished(api, job) for job in jobs]
        assert [job["status"] for job in ended] == ["succeeded"] * 3
        assert max(job["attempt"] for job in ended) == 2
