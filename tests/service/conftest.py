"""Services and clients of them for one test."""

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import pytest

from tests.service.running import Running


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Running]]:
    """Starts services; those that still run are ended after the test."""
    started: list[Running] = []

    def start(*arguments: str, data_dir: str = "data") -> Running:
        started.append(Running(tmp_path / data_dir, *arguments))
        return started[-1]

    yield start
    for running in started:
        if running.process.poll() is None:
            running.stop()


@pytest.fixture
def client() -> Iterator[Callable[[Running], httpx2.Client]]:
    """A client of a service, once that is ready."""
    opened: list[httpx2.Client] = []

    def client(running: Running) -> httpx2.Client:
        opened.append(running.client())
        return opened[-1]

    yield client
    for each in opened:
        each.close()
