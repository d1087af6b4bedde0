"""The application under its real server, in a process of its own."""

import os
import re
import subprocess
import sys
from pathlib import Path

import httpx2
import psutil

from tests.keys import AUTHORIZED
from tests.polling import until

ROOT = Path(__file__).parents[2]


class Server:
    """`uvicorn api.app:app`, on any free port; the settings go by the names of their environment variables."""

    def __init__(self, url: str, directory: Path, **settings: str) -> None:
        self.log = directory / "server.log"
        given = {"DATABASE_URL": url, "REDIS_URL": "", "GRADMILL_DATA_DIR": str(directory / "data"), **settings}
        command = [sys.executable, "-m", "uvicorn", "api.app:app", "--http", "api.heads:Http", "--port", "0", "--no-access-log"]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **given}, stdout=log, stderr=log)
        self.port = self._port()
        self.address = f"http://127.0.0.1:{self.port}"

    def client(self, **headers: str) -> httpx2.Client:
        """One that comes with the tests' key, and these headers."""
        return httpx2.Client(base_url=self.address, timeout=60, headers=AUTHORIZED | headers)

    def resident_bytes(self) -> int:
        return int(psutil.Process(self.process.pid).memory_info().rss)

    def most_resident_bytes(self) -> int:
        """The most that it ever had."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0]) * 1024

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()

    def _port(self) -> int:
        def announced() -> list[str]:
            return re.findall(r"running on http://127\.0\.0\.1:(\d+)", self.log.read_text())

        until(lambda: announced() or self.process.poll() is not None, told=self.log.read_text)
        assert announced(), self.log.read_text()
        return int(announced()[0])
