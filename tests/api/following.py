"""A client that follows a stream of events over connections that break, and comes again with the last id that it has seen."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from random import Random
from typing import Any

import httpx2

from tests.keys import AUTHORIZED

Seen = tuple[str, str, dict[str, Any]]  # id, event, data
PATIENCE_S = 120.0


class Cutter:
    """A context: a door to a server that breaks each connection after so many bytes of its answer as chance will have it."""

    def __init__(self, target: Callable[[], int], random: Random, most_bytes: int) -> None:
        self._target = target  # the server's port, which may be another one after it was started anew
        self._random = random
        self._most = most_bytes
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.cuts = 0

    def __enter__(self) -> "Cutter":
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                allowed = self._random.randint(1, self._most)
                threading.Thread(target=self._pass, args=(client, allowed), daemon=True).start()

    def _pass(self, client: socket.socket, allowed: int) -> None:
        with client, suppress(OSError), socket.create_connection(("127.0.0.1", self._target()), 30) as server:
            threading.Thread(target=_pump, args=(client, server), daemon=True).start()
            while allowed > 0 and (data := server.recv(min(allowed, 4096))):
                client.sendall(data)
                allowed -= len(data)
            self.cuts += allowed <= 0
            for end in (server, client):
                end.shutdown(socket.SHUT_RDWR)


def _pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(4096):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)


@contextmanager
def stream(address: str, path: str, **headers: str) -> Iterator[httpx2.EventSource]:
    client = httpx2.Client(base_url=address, timeout=60, headers=AUTHORIZED | headers)
    with client, client.sse(path) as source:
        yield source


def follow(address: str, path: str, is_over: Callable[[list[Seen]], bool], id: str | None = None) -> list[Seen]:
    """All events until `is_over`, over as many connections as it takes."""
    seen: list[Seen] = []
    give_up_at = time.monotonic() + PATIENCE_S
    while time.monotonic() < give_up_at:
        with (
            suppress(httpx2.TransportError),
            stream(address, path, **({} if id is None else {"Last-Event-ID": id})) as source,
        ):
            for event in source:
                id = event.id or id
                if event.data:
                    data = event.json()
                    assert isinstance(data, dict)
                    seen.append((event.id, event.event, data))
                if is_over(seen):
                    return seen
    raise AssertionError(f"not over after {PATIENCE_S} s: {seen[-3:]}")


def ended(seen: list[Seen]) -> bool:
    """Whether a job's stream has told its end."""
    return bool(seen) and seen[-1][1] in ("succeeded", "failed", "cancelled")
