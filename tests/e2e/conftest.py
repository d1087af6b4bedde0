"""One whole service for all of these tests, and a client of it."""

from collections.abc import Iterator

import httpx2
import pytest

from tests.service.running import Running


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    running = Running(tmp_path_factory.mktemp("e2e") / "data")
    yield running
    running.stop()


@pytest.fixture
def client(service: Running) -> Iterator[httpx2.Client]:
    with service.client() as client:
        yield client
