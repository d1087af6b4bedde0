"""Bodies as large as they may be, and made to be slow or to grow: each is judged in time and in little memory."""

from collections.abc import Iterator
from pathlib import Path

import httpx2
import orjson
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
    with server.client(**HEADERS) as client:
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


@pytest.mark.parametrize(
    ("part", "start", "end"),
    [
        ("network", b'{"layers":[0', b"]}"),
        ("training", b'{"loss":"mean_squared_error","metrics":[0', b"]}"),
        ("dataset", b'{"id":"ds_x","target":"a","features":[0', b"]}"),
        ("dataset", b'{"id":"ds_x","target":[0', b"]}"),
        ("dataset", b'{"inputs":[0', b'],"targets":[0]}'),
        ("metadata", b"[0", b"]"),
    ],
    ids=["layers", "metrics", "features", "targets", "rows", "metadata"],
)
def test_a_list_of_a_million_mistakes_costs_no_more_than_its_bytes(
    server: Server, client: httpx2.Client, part: str, start: bytes, end: bytes
) -> None:
    before, after = orjson.dumps(xor(**{part: "here"})).split(b'"here"')
    client.post("/v1/networks/check", content=filled(b"[0", b",0", b"]"))
    bound = server.resident_bytes() + 40 * LARGEST
    answer = client.post("/v1/networks/check", content=filled(before + start, b",0", end + after))
    assert answer.status_code == 422
    assert len(answer.content) < 50_000
    assert server.most_resident_bytes() < bound
