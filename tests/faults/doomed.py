"""`python -m tests.faults.doomed PORT`: the API, over and over, killed one step later each time in the first job it takes.

The steps of a submit are its statements, before and after each, its commits, before and after each, and the answer. The
address stays open all the time, so a client meets either a server or a connection that breaks.
"""

import os
import signal
import socket
import sys
import threading
from typing import Any

import uvicorn
from sqlalchemy import Engine, Pool, event

import api.routes.jobs
from api.app import app


class Steps:
    """Counts the steps of one submit, and kills this process at the one with the number that it is given.

    Those of its own thread alone: the dispatcher's statements beside it would be counted or not, as it happens.
    """

    def __init__(self, last: int) -> None:
        self._left = last
        self._thread: int | None = None  # that submits

    def take(self, *_: Any) -> None:
        if self._thread == threading.get_ident():
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    def submit(self, *arguments: Any) -> Any:
        """As the API's, by the one client that there is."""
        self._thread = threading.get_ident()
        self.take()
        answer = _submit(*arguments)
        self.take()
        self._thread = None
        return answer


_submit = api.routes.jobs.submit


def serve(listener: socket.socket, last: int) -> None:
    steps = Steps(last)
    for name in ("before_cursor_execute", "after_cursor_execute", "commit"):
        event.listen(Engine, name, steps.take)
    event.listen(Pool, "checkin", steps.take)  # a transaction has ended
    api.routes.jobs.submit = steps.submit  # type: ignore[attr-defined]
    uvicorn.Server(uvicorn.Config(app, access_log=False)).run(sockets=[listener])


def main() -> None:
    listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
    last = 0
    while True:
        last += 1
        child = os.fork()
        if child == 0:
            serve(listener, last)
            os._exit(0)
        os.waitpid(child, 0)


if __name__ == "__main__":
    main()
