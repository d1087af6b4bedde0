"""The whole service as real processes, three workers of two processes each, around a database that can be harmed too."""

from contextlib import ExitStack
from dataclasses import dataclass
from tempfile import TemporaryDirectory
from typing import Self

import httpx2
from sqlalchemy import Engine

from core.store import connect, upgrade
from tests.faults import stepped
from tests.faults.harness import Cluster, Process, Worker
from tests.faults.postgres import Server
from tests.faults.proxy import Proxy
from tests.faults.watch import Watch
from tests.polling import until

WORKERS = 3
PROCESSES = 2
LEASE_TTL_S = 2.0
STUCK_LIMIT = 25  # so many faults in so little time are no sign of a job that kills its workers


@dataclass
class Zombies:
    woken: int = 0
    fenced: int = 0


class Arena:
    """A context. `database` is reached past the proxy, and its clock stays right in this process."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.server: Server | None = None
        self.proxy: Proxy | None = None
        self.cluster: Cluster
        self.database: Engine
        self.watch: Watch
        self.workers: list[Worker] = []
        self.zombies = Zombies()
        self.url = ""  # past the proxy
        self.api: Process
        self.sweeper: Process
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            url, self.url = self._urls(stack)
            upgrade(self.url)
            self.database = connect(self.url)
            stack.callback(self.database.dispose)
            stepped.make_steppable(self.database)
            self.cluster = stack.enter_context(
                Cluster(
                    url,
                    launcher=["tests.faults.stepped"],
                    lease_ttl_s=LEASE_TTL_S,
                    stuck_limit=STUCK_LIMIT,
                    redispatch_after_s=2,
                    auth="off",
                )
            )
            self.cluster.start_broker()
            self.sweeper = self.cluster.start_sweeper()
            self.api = self.cluster.start_api()
            self.workers = [self.start_worker() for _ in range(WORKERS)]
            self.watch = stack.enter_context(Watch(self.database))
            until(self.answers, told=self.cluster.logs)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    def start_worker(self) -> Worker:
        return self.cluster.start_worker(PROCESSES)

    def answers(self) -> bool:
        """Whether the API can do what it is there for."""
        try:
            return httpx2.get(f"{self.cluster.api_url}/readyz", timeout=0.5).status_code == 200
        except httpx2.TransportError:
            return False

    def _urls(self, stack: ExitStack) -> tuple[str, str]:
        """For the service, and past whatever stands between."""
        if self.kind == "sqlite":
            directory = stack.enter_context(TemporaryDirectory(prefix="gradmill-"))
            url = f"sqlite:///{directory}/gradmill.db"
            return url, url
        self.server = Server()
        stack.callback(self.server.stop)
        self.proxy = stack.enter_context(Proxy(self.server.socket))
        return self.server.url_by_port(self.proxy.port), self.server.url


class Progress:
    """True when a worker has claimed a job since this was made."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        self._attempts = watch.attempts()

    def __call__(self) -> bool:
        return self._watch.attempts() > self._attempts
