"""One whole service for all of these tests, and clients of it."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest

import gradmill
from tests.client.answering import Answering
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
