"""Starts the service in order, keeps it up, stops it in order.

broker ───┐
database ─┴─▶ api, sweeper ──┐
kernels ────▶ worker ────────┴─▶ ready
"""

import asyncio
import signal
import sys
import time
from collections.abc import Iterable, Sequence

from core.settings import Settings
from service.address import Address
from service.broker import Broker
from service.children import Child, Say, Surroundings, describe_end, inherited_environment, listen
from service.guard import Guard

_ATTEMPTS = 3  # deaths of one child before the service was ready once: then it never will be
_POLL_S = 0.05
_UNREADY_S = 20.0
_STOP_S = 15.0

_DATABASE = ("service.database",)
_KERNELS = ("service.kernels",)
_API = ("uvicorn", "api.app:app", "--http", "api.heads:Http", "--no-access-log", "--timeout-graceful-shutdown", "5", "--fd")
_SWEEPER = ("worker.sweep",)
_WORKER = ("celery", "-A", "worker.app", "worker", "--pool", "prefork", "--loglevel", "INFO")
_LONE_WORKER = ("--without-gossip", "--without-mingle", "--without-heartbeat")  # wake-ups need no talk among workers


class StartFailed(Exception):
    """The service cannot come up; the message says which part, and ends with the last that it said."""


class Supervisor:
    """One run of the service, behind an address that is open already and under a guard that holds the data directory."""

    def __init__(self, settings: Settings, address: Address, guard: Guard, say: Say) -> None:
        data_dir = settings.data_dir.resolve()
        environment = inherited_environment(GRADMILL_DATA_DIR=str(data_dir), GRADMILL_URL=address.url)
        environment["DATABASE_URL"] = settings.model_copy(update={"data_dir": data_dir}).database
        self._broker = None if settings.redis_url else Broker(data_dir)
        environment["REDIS_URL"] = self._broker.url if self._broker else settings.redis_url
        self._is_embedded = not settings.database_url
        self._key_file = data_dir / settings.key_file.name
        self.logs = data_dir / "logs"
        self.logs.mkdir(exist_ok=True, mode=0o700)
        self._surroundings = Surroundings(guard.group, environment, self.logs, say)
        self._address = address
        self._say = say
        self._children: dict[str, Child] = {}
        self._keepers: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Returns when the service answers and every kernel is compiled."""
        try:
            async with asyncio.TaskGroup() as tasks:
                kernels = tasks.create_task(self._finish("kernels", _KERNELS, shows=True))
                broker = tasks.create_task(self._start_broker())
                await self._finish("database", (*_DATABASE, "--key") if self._is_embedded else _DATABASE)
                await broker
                self._say("service", "the database and the broker are there; starting the API and the sweeper")
                self._keep("api", _module(*_API, str(self._address.fd)), inherit=(self._address.fd,))
                self._keep("sweeper", _module(*_SWEEPER))
                await kernels
                self._say("service", "the kernels are there; starting the workers")
                self._keep("worker", _module(*_WORKER, *_LONE_WORKER))
                await self._until_ready()
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from None

    async def run(self, command: Sequence[str]) -> int:
        """The exit status of a command that has the terminal, and finds the service by GRADMILL_URL and GRADMILL_API_KEY."""
        key = {"GRADMILL_API_KEY": self._key_file.read_text().strip()} if self._is_embedded else {}
        process = await self._surroundings.start(command, piped=False, environment=key)
        try:
            return await process.wait()
        finally:
            if process.returncode is None:
                process.send_signal(signal.SIGINT)
                await process.wait()

    async def stop(self) -> None:
        """Every child stops, the broker after those that use it."""
        broker = self._children.pop("broker", None)
        try:
            await asyncio.gather(*(child.stop(_STOP_S) for child in self._children.values()))
            if broker is not None:
                await broker.stop(_STOP_S)
            await asyncio.gather(*self._keepers)
        finally:
            if self._broker is not None:
                self._broker.remove()

    def _keep(self, name: str, command: Sequence[str], inherit: tuple[int, ...] = ()) -> None:
        child = self._children[name] = Child(name, command, self._surroundings, inherit)
        self._keepers.append(asyncio.create_task(child.keep()))

    async def _finish(self, name: str, module: Sequence[str], shows: bool = False) -> None:
        """Runs a module that does its work and ends; what it says is shown line by line, or only when it fails."""
        output = self._surroundings.output(name, (lambda _: True) if shows else (lambda _: False))
        process = await self._surroundings.start(_module(*module))
        try:
            code = await listen(process, output)
        finally:
            if process.returncode is None:
                process.terminate()
                await process.wait()
            output.close()
        if code:
            raise StartFailed(_explain(name, describe_end(code), output.last))

    async def _start_broker(self) -> None:
        if self._broker is None:
            return
        self._keep("broker", self._broker.command())
        while not await self._broker.answers():
            await self._pause()

    async def _until_ready(self) -> None:
        patience = time.monotonic() + _UNREADY_S
        while True:
            status, body = await self._address.get("/readyz")
            if status == 200:
                return
            if time.monotonic() > patience:
                self._say("api", f"still not ready: {body.strip() or 'no answer'}")
                patience += _UNREADY_S
            await self._pause()

    async def _pause(self) -> None:
        """A moment of waiting for the children, who must not keep dying meanwhile."""
        for child in self._children.values():
            if child.deaths >= _ATTEMPTS:
                raise StartFailed(_explain(child.name, f"died {child.deaths} times", child.output.last))
        await asyncio.sleep(_POLL_S)


def _module(*arguments: str) -> list[str]:
    return [sys.executable, "-m", *arguments]


def _explain(name: str, end: str, last: Iterable[str]) -> str:
    return "\n".join((f"{name} {end}. The last that it said:", *(f"    {line}" for line in last)))
