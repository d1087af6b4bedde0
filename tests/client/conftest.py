"""One whole service for all of these tests, and clients of it."""

import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest

import gradmill
from tests.client.answering import Answering
from tests.client.shell import settings
from tests.service.running import Running


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    # Receivers of webhooks are in these tests.
    running = Running(tmp_path_factory.mktemp("client") / "data", GRADMILL_WEBHOOK_PRIVATE_ADDRESSES="true")
    yield running
    running.stop()


@pytest.fixture(scope="session")
def key(service: Running) -> str:
    service.url()
    return (service.data_dir / "key").read_text().strip()


@pytest.fixture
def client(service: Running, key: str) -> Iterator[gradmill.Client]:
    with gradmill.Client(service.url(), key) as client:
        yield client


@pytest.fixture
def connected(service: Running, key: str):
    """Makes a client for an event loop."""

    @asynccontextmanager
    async def connect() -> AsyncIterator[gradmill.AsyncClient]:
        async with gradmill.AsyncClient(service.url(), key) as client:
            yield client

    return connect


@pytest.fixture
def answering() -> Iterator[Answering]:
    """A server that answers what the test says, one thing after another."""
    server = Answering()
    yield server
    server.stop()


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
