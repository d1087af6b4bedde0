"""A small HTTP server that answers what it is told, one answer after another, and keeps what it was asked."""

import json
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any


@dataclass
class Asked:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    port: int  # of who asks: one for each connection


@dataclass
class Answer:
    """`cut` bytes of the body are sent before the connection is closed; 0 closes it before the answer begins. With 206 the body
    begins where `Range` says. One that `is_open` has no end: after its content nothing comes."""

    status: int = 200
    content: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None
    is_open: bool = False


def problem(status: int, code: str, **headers: str) -> Answer:
    document = {
        "type": f"urn:gradmill:problem:{code}",
        "title": code,
        "status": status,
        "detail": f"it is {code}",
        "code": code,
    }
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, {**document, "request_id": "req_1"}, {"Content-Type": "application/problem+json", **named})


class _Server(ThreadingHTTPServer):
    daemon_threads = True  # of connections that nobody closes


class Answering:
    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self.asked: list[Asked] = []
        self.has_stopped = Event()
        self._server = _Server(("127.0.0.1", 0), self._handler())
        self._thread = Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def stop(self) -> None:
        self.has_stopped.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"  # connections stay open

            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                headers = {name.lower(): value for name, value in self.headers.items()}
                server.asked.append(Asked(self.command, self.path, headers, body, self.client_address[1]))
                answer = server.answers.pop(0)
                self.close_connection = self.close_connection or answer.cut is not None
                if answer.cut == 0:
                    return
                raw = answer.content if isinstance(answer.content, bytes) else json.dumps(answer.content).encode()
                begin = int(self.headers["Range"][len("bytes=") : -1]) if answer.status == 206 else 0
                content = b"" if answer.content is None else raw[begin:]
                self.send_response(answer.status)
                length = {"Connection": "close"} if answer.is_open else {"Content-Length": str(len(content))}
                for name, value in {**length, **answer.headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content[: answer.cut])
                if answer.is_open:
                    server.has_stopped.wait()

            do_GET = do_POST = do_DELETE = answer

            def log_message(self, format: str, *args: Any) -> None:
                pass

        return Handler
