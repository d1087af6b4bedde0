"""A door to a database that can fall silent in the middle of a commit, and never says that the connection is gone."""

import selectors
import socket
import threading
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

COMMIT = b"COMMIT\x00"  # as the protocol of PostgreSQL puts it
Moment = Literal["before", "after"]


class Proxy:
    """A context: passes everything on between a port and a Unix socket until it is told to fall silent.

    A connection that fell silent stays open and silent for good; other ones work.
    """

    def __init__(self, target: Path) -> None:
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.silenced = 0
        self._moment: Moment | None = None
        self._peers: dict[socket.socket, socket.socket] = {}
        self._clients: set[socket.socket] = set()
        self._silent: list[socket.socket] = []
        self._selector = selectors.DefaultSelector()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="proxy", daemon=True)

    def __enter__(self) -> Self:
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._closing.set()
        self._thread.join()
        for each in (self._listener, *self._peers, *self._silent):
            each.close()
        self._selector.close()

    def silence_next_commit(self, moment: Moment) -> None:
        """`before` the server gets it, or `after`: then it is done, and only the answer is missing."""
        self._moment = moment

    def _run(self) -> None:
        while not self._closing.is_set():
            for key, _ in self._selector.select(0.1):
                assert isinstance(key.fileobj, socket.socket)
                if key.fileobj is self._listener:
                    self._accept()
                elif key.fileobj in self._peers:
                    self._pass_on(key.fileobj)

    def _accept(self) -> None:
        client, _ = self._listener.accept()
        server = socket.socket(socket.AF_UNIX)
        try:
            server.connect(str(self._target))
        except OSError:
            client.close()
            server.close()
            return
        self._clients.add(client)
        for one, other in ((client, server), (server, client)):
            self._peers[one] = other
            self._selector.register(one, selectors.EVENT_READ)

    def _pass_on(self, source: socket.socket) -> None:
        target = self._peers[source]
        try:
            data = source.recv(1 << 16)
            moment = self._moment if source in self._clients and data.endswith(COMMIT) else None
            if moment != "before" and data:
                target.sendall(data)
        except OSError:
            data, moment = b"", None
        if moment is not None:
            self._moment = None
            self.silenced += 1
            self._silent += [source, target]
        if moment is not None or not data:
            for each in (source, target):
                self._selector.unregister(each)
                self._peers.pop(each)
                self._clients.discard(each)
                if moment is None:
                    with suppress(OSError):
                        each.close()
