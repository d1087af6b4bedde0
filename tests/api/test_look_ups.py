"""Names of receivers whose servers say nothing: each is waited for briefly, and nobody else waits for them."""

import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from api.deps import RESOLVERS, RESOLVERS_OF_ONE
from api.routes import webhooks
from core.settings import Settings
from core.store import Store
from tests.api.conftest import messages
from tests.keys import AUTHORIZED, issued
from tests.polling import until

SILENT = {"url": "https://silent.example/hook"}


class Names:
    """In the place of the system's look-up: some are known, the others lead nowhere until `answered` is set."""

    def __init__(self) -> None:
        self.answered = threading.Event()
        self.asked = 0
        self.most_at_once = 0
        self._at_once = 0
        self._lock = threading.Lock()

    def getaddrinfo(self, host: str, port: int, **_: Any) -> list[Any]:
        if host == "known.example":
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("8.8.8.8", port))]
        with self._lock:
            self.asked += 1
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        self.answered.wait()
        with self._lock:
            self._at_once -= 1
        raise OSError("no answer")


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Iterator[Names]:
    found = Names()
    monkeypatch.setattr(socket, "getaddrinfo", found.getaddrinfo)
    yield found
    found.answered.set()


@pytest.fixture
def client(settings: Settings) -> Iterator[TestClient]:
    changed = settings.model_copy(update={"webhook_private_addresses": False})
    with TestClient(create_app(changed), headers=AUTHORIZED) as client:
        yield client


def test_a_name_that_nobody_tells_of_is_given_up(client: TestClient, names: Names, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhooks, "LOOK_UP_S", 0.05)
    answer = client.post("/v1/webhooks", json=SILENT)
    assert (answer.status_code, messages(answer)) == (
        422,
        {"/url": "nobody could tell what silent.example is within 0.05 s"},
    )
    assert names.asked == 1


def test_a_tenant_that_names_many_silent_receivers_keeps_nobody_else_waiting(
    client: TestClient, names: Names, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhooks, "LOOK_UP_S", 30.0)
    other = issued(store, "other")
    with ThreadPoolExecutor(RESOLVERS + 2) as pool:
        waiting = [pool.submit(client.post, "/v1/webhooks", json=SILENT) for _ in range(RESOLVERS + 2)]
        until(lambda: names.asked == RESOLVERS_OF_ONE)
        answer = client.post("/v1/webhooks", json={"url": "https://known.example/hook"}, headers=other)
        assert answer.status_code == 201, answer.text
        names.answered.set()
        assert {each.result().status_code for each in waiting} == {422}
    assert names.asked == RESOLVERS + 2
    assert names.most_at_once == RESOLVERS_OF_ONE
