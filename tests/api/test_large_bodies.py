"""Bodies as large as they may be, and made to be slow or to grow: each is judged in time and in little memory."""

from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.api.conftest import xor
from tests.api.server import Server
from tests.databases import SQLite

LARGEST = 10 * 2**20
HEADERS = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def server(sqlite: SQLite, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    directory: Path = tmp_path_factory.mktemp("large")
    server = Server(sqlite.copy(directory / "test.db"), directory)
    yield server
    server.stop()


@pytest.fixture
def client(server: Server) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=server.address, timeout=60, headers=HEADERS) as client:
        yield client


def filled(start: bytes, item: bytes, end: bytes = b"") -> bytes:
    """As many items as the largest body has room for."""
    return start + item * ((LARGEST - len(start) - len(end)) // len(item)) + end


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "body",
    [
        filled(b"[" * 65 + b'"', rb"\""),
        filled(b"[" * 65 + b'"', b"\\"),
        filled(b"[" * 65 + b'"', rb"\"[", b'"'),
        filled(b'["[[[', b'","[[['),
        filled(b"[", b"{},"),
    ],
    ids=["an open text", "backslashes", "a text of brackets", "texts of brackets", "objects"],
)
def test_a_body_of_texts_and_brackets_is_judged_in_time(client: httpx2.Client, body: bytes) -> None:
    answer = client.post("/v1/networks/check", content=body)
    assert answer.status_code in (400, 422), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
