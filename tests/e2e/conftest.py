"""One whole service for all of these tests, and a client of it."""

from collections.abc import Iterator

import httpx2
import pytest

from tests.service.running import Running


@pytest.fixture(scope="session")
def service_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    running = Running(tmp_path_factory.mktemp("e2e") / "data")
    yield running.url()
    running.stop()


@pytest.fixture
def client(service_url: str) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=service_url, timeout=60) as client:
        yield client
