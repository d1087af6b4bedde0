"""The door: HEAD for GET, names of hosts, pages of other sites, and how many come in at once."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from starlette.testclient import TestClient
from starlette.types import Message, Receive, Scope, Send

from api.edge import Door
from api.limits.places import AT_END
from tests.api.conftest import JSON
from tests.api.server import Server
from tests.keys import AUTHORIZED


def test_head_is_answered_wherever_get_is(client: TestClient, trained: JSON) -> None:
    job, dataset = trained["id"], trained["dataset"]["id"]
    for path in (
        "/healthz",
        "/docs",
        "/openapi.json",
        "/v1/jobs",
        f"/v1/jobs/{job}",
        f"/v1/jobs/{job}/epochs",
        f"/v1/jobs/{job}/events",
        f"/v1/jobs/{job}/weights",
        f"/v1/datasets/{dataset}/preview",
        "/v1/jobs/unknown",
    ):
        head, get = client.head(path), client.get(path)
        assert (head.status_code, head.content) == (get.status_code, b""), path
        for name in ("content-length", "content-type", "etag"):
            assert head.headers.get(name) == get.headers.get(name), (path, name)


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [("PUT", "/v1/jobs", "GET, POST"), ("POST", "/v1/weights/wt_1", "GET, DELETE"), ("DELETE", "/v1/networks/check", "POST")],
)
def test_a_method_that_is_not_allowed_is_answered_with_all_that_are(
    client: TestClient, method: str, path: str, allowed: str
) -> None:
    refused = client.request(method, path)
    assert (refused.status_code, refused.headers["allow"]) == (405, allowed)
    assert refused.json()["detail"] == f"{method} is not allowed here; allowed: {allowed}"


@pytest.fixture
def server(database_url: str, tmp_path: Path) -> Iterator[Server]:
    server = Server(database_url, tmp_path, GRADMILL_ALLOWED_HOSTS='["api.example.com"]')
    yield server
    server.stop()


def test_over_loopback_only_known_hosts_are_answered(server: Server) -> None:
    for host, status in {
        f"127.0.0.1:{server.port}": 200,
        "localhost": 200,
        "[::1]:8000": 200,
        "API.example.com": 200,
        "rebound.example.com": 421,
        "localhost.example.com:8000": 421,
        "": 421,
    }.items():
        answer = httpx2.get(f"{server.address}/v1/jobs", headers=AUTHORIZED | {"Host": host})
        assert answer.status_code == status, host
        if status != 200:
            assert answer.json()["code"] == "misdirected"


def test_a_page_of_another_site_changes_nothing(client: TestClient) -> None:
    for headers, status in (
        ({}, 201),
        ({"Origin": "http://testserver", "Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Origin": "https://example.com"}, 403),
        ({"Origin": "http://testserver:3000"}, 403),
        ({"Origin": "null"}, 403),
    ):
        answer = client.post("/v1/datasets?format=csv", content=b"a\n1\n", headers={"Content-Type": "text/plain", **headers})
        assert answer.status_code == status, headers
        if status == 403:
            assert answer.json()["code"] == "cross_site"
            assert client.get("/v1/datasets", headers=headers).status_code == 200


def test_more_requests_than_there_is_room_for_are_told_to_come_back() -> None:
    async def run() -> list[int]:
        free = asyncio.Event()
        statuses: list[int] = []

        async def app(_: Scope, __: Receive, send: Send) -> None:
            await free.wait()
            await send({"type": "http.response.start", "status": 200, "headers": []})

        async def receive() -> Message:
            return {"type": "http.request"}

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                statuses.append(message["status"])

        door = Door(app, (), most_requests=2)

        async def ask(path: str) -> None:
            await door({"type": "http", "method": "GET", "path": path, "headers": [], "server": None}, receive, send)

        async with asyncio.TaskGroup() as tasks:
            for path in ("/", "/", "/", "/healthz"):
                tasks.create_task(ask(path))
            while not statuses:
                await asyncio.sleep(0)
            free.set()
        return statuses

    assert asyncio.run(run()) == [503, 200, 200, 200]


@pytest.mark.parametrize("failing", range(3))
def test_all_is_given_back_though_one_of_it_fails(failing: int) -> None:
    given: list[int] = []

    def give_back(number: int) -> None:
        given.append(number)
        if number == failing:
            raise OSError("full")

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        for number in range(3):
            scope[AT_END].callback(give_back, number)

    scope = {"type": "http", "method": "GET", "path": "/", "headers": []}
    with pytest.raises(OSError, match="full"):
        asyncio.run(Door(app, ())(scope, None, None))  # type: ignore[arg-type]
    assert sorted(given) == [0, 1, 2]
