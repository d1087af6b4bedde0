"""The whole service as a person starts it, with everything in a folder of the test's own, and jobs for it."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx2
import psutil

from tests.polling import until

ROOT = Path(__file__).parents[2]
GUARD = ROOT / "service" / "guard.py"
START_S = 120.0  # the first start compiles every kernel
STOP_S = 30.0


class Running:
    """One `python -m service`, and what can be seen of it from outside."""

    def __init__(self, data_dir: Path, *arguments: str, **settings: str) -> None:
        self.data_dir = data_dir
        self.group: int | None = None
        self.said = data_dir.parent / f"{data_dir.name}-{time.monotonic_ns()}.txt"
        command = [sys.executable, "-m", "service", "--port", "0", "--data-dir", str(data_dir), "--worker-processes", "1"]
        with self.said.open("w") as said:
            self.process = subprocess.Popen(
                [*command, *arguments],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                env=environment() | settings,
            )

    @property
    def output(self) -> str:
        return self.said.read_text()

    def url(self) -> str:
        """Where it answers, once it does."""
        until(lambda: self._announced() or self.process.poll() is not None, START_S, lambda: self.output)
        assert self.process.poll() is None, self.output
        return str(self._announced())

    def client(self) -> httpx2.Client:
        """One that comes with the key of the service, once that is ready."""
        url = self.url()
        headers = {"Authorization": f"Bearer {(self.data_dir / 'key').read_text().strip()}"}
        return httpx2.Client(base_url=url, headers=headers, timeout=60)

    def members(self) -> list[psutil.Process]:
        """Every process of the group that the guard leads, which is every process of this service but the supervisor."""
        if self.group is None:
            guard = [child for child in psutil.Process(self.process.pid).children() if str(GUARD) in child.cmdline()]
            self.group = guard[0].pid if guard else None
        return [] if self.group is None else [process for process in psutil.process_iter() if is_member(process, self.group)]

    def found(self, *words: str) -> list[psutil.Process]:
        """The processes whose command lines hold these words."""
        return [process for process in self.members() if all(word in process.cmdline() for word in words)]

    def member(self, *words: str) -> psutil.Process:
        """The first of them."""
        found = self.found(*words)
        assert found, f"no process with {words} among {[process.cmdline() for process in self.members()]}"
        return min(found, key=lambda process: process.pid)

    def stop(self, number: signal.Signals = signal.SIGINT) -> int:
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(STOP_S)

    def _announced(self) -> str | None:
        try:
            owner = json.loads((self.data_dir / "service.lock").read_text())
        except (FileNotFoundError, ValueError):
            return None
        return owner["url"] if owner["pid"] == self.process.pid else None


def environment() -> dict[str, str]:
    """This process's, without settings that would lead the service elsewhere."""
    led_astray = ("DATABASE_URL", "REDIS_URL")
    return {name: value for name, value in os.environ.items() if name not in led_astray and not name.startswith("GRADMILL_")}


def is_member(process: psutil.Process, group: int) -> bool:
    try:
        return os.getpgid(process.pid) == group and process.status() != psutil.STATUS_ZOMBIE
    except (ProcessLookupError, psutil.Error):
        return False


def xor(epochs: int, units: int = 2) -> dict[str, Any]:
    """A job whose data is in the request."""
    layer = {"type": "dense", "units": 1, "activation": "sigmoid"}
    return {
        "network": {"layers": [{**layer, "units": units}, {**layer, "units": units}, layer]},
        "dataset": {"inputs": [[0, 0], [0, 1], [1, 0], [1, 1]], "targets": [0, 1, 1, 0]},
        "training": {"loss": "mean_squared_error", "optimizer": "sgd", "epochs": epochs, "batch_size": "full"},
    }


def endless() -> dict[str, Any]:
    """A job of about a millisecond per epoch, more of them than any test waits for."""
    return xor(10_000_000, units=700)


def finished(client: httpx2.Client, job_id: str) -> dict[str, Any]:
    """The job when it has ended."""
    job: dict[str, Any] = {}

    def ended() -> bool:
        nonlocal job
        job = client.get(f"/v1/jobs/{job_id}", params={"wait": 5}).json()
        return job["status"] in {"succeeded", "failed", "cancelled"}

    until(ended)
    return job
