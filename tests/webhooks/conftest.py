"""A receiver as a customer would write it, with the reference library."""

import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from standardwebhooks import Webhook as Verifier

from core.settings import Settings
from core.store import Job, Store, Webhook
from core.webhooks import EVENTS, new_secret


class Receiver:
    """Answers `status`, and keeps what came with a good signature, by its `webhook-id`, in the order in which it came."""

    def __init__(self) -> None:
        self.status = 204
        self.secret = ""
        self.came: list[tuple[str, dict[str, Any]]] = []
        self.refused = 0
        self.pause_s = 0.0
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                data = Verifier(receiver.secret).verify(body, dict(self.headers.items()))
                time.sleep(receiver.pause_s)
                if receiver.status < 300:
                    receiver.came.append((self.headers["webhook-id"], data))
                else:
                    receiver.refused += 1
                self.send_response(receiver.status)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/hook"
        Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.stop()


@pytest.fixture
def options(tmp_path: Path) -> Settings:
    return Settings(
        data_dir=tmp_path, webhook_private_addresses=True, webhook_timeout_s=5, webhook_schedule_s=(0.0, 0.0, 0.0, 0.0)
    )


@pytest.fixture
def webhook(store: Store, receiver: Receiver) -> Webhook:
    receiver.secret = new_secret()
    return store.webhooks.add("default", receiver.url, EVENTS, receiver.secret)


def happened(store: Store, submit: Callable[..., Job], count: int = 3) -> list[tuple[str, int]]:
    """(job, seq) of what is to be told."""
    told = []
    for _ in range(count):
        job = submit()
        store.jobs.cancel("default", job.id)
        told += [(job.id, 1), (job.id, 2)]
    store.feed.number_some()
    return told


def came(receiver: Receiver) -> list[tuple[str, int]]:
    return [(data["data"]["job"], data["data"]["seq"]) for _, data in receiver.came]
