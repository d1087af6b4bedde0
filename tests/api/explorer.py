"""`python -m tests.api.explorer [EXAMPLES [SEED]]`: what the OpenAPI document promises, tried by Schemathesis.

It sends what the document allows and what it does not to a running server, follows ids from answers into further requests, and
judges every answer with all its checks: no 5xx, no status, type or body that is not documented, nothing wrong accepted. So that
there are jobs in every state with weights to fetch, a worker is played meanwhile. EXAMPLES is how many requests an operation
gets in each phase that draws them; 200 take about half an hour.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread

from core.errors import LostLease
from core.store import Store, connect
from tests.api.conftest import Worker
from tests.api.server import ROOT, Server
from tests.databases import SQLite
from tests.keys import AUTHORIZED

CONFIGURATION = Path(__file__).with_name("schemathesis.toml")


def explored(directory: Path, examples: int, seed: int, *options: str) -> tuple[int, str]:
    """Schemathesis's exit code, 0 where it finds nothing, and all that it and the server said; `options` go on to it."""
    (directory / "migrated").mkdir()
    url = SQLite(directory / "migrated").copy(directory / "explored.db")
    server = Server(
        url,
        directory,
        GRADMILL_MAX_WAIT_S="0.5",
        GRADMILL_WEBHOOK_PRIVATE_ADDRESSES="true",
        GRADMILL_MAX_REQUEST_BYTES=str(2**20),
    )
    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(CONFIGURATION), "run"]
    usual = ["--checks", "all", "--max-examples", str(examples), "--seed", str(seed), "--no-shrink", "--warnings", "off"]
    key = [f"--header={name}: {value}" for name, value in AUTHORIZED.items()]
    try:
        with played_worker(url):
            run = subprocess.run(
                [*command, *usual, *key, *options, f"{server.address}/openapi.json"],
                cwd=directory,
                env={**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
        is_alive = server.process.poll() is None
    finally:
        server.stop()
    said = f"{run.stdout}\n--- server\n{server.log.read_text()}"
    return run.returncode if is_alive else 1, said


@contextmanager
def played_worker(url: str) -> Iterator[None]:
    """Takes up every job that comes, records some epochs and ends it, with weights."""
    store, stop = Store(connect(url)), Event()

    def work() -> None:
        worker = Worker(store)
        while not stop.wait(0.05):
            while (claim := store.jobs.claim("explorer", 60)) is not None:
                with suppress(LostLease):  # it was cancelled, paused or deleted
                    worker.record(claim, [1, 2, 3])
                    worker.succeed(claim)

    thread = Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
        store.close()


def main(examples: int = 200, seed: int = 1) -> int:
    with tempfile.TemporaryDirectory() as directory:
        status, said = explored(Path(directory), examples, seed)
    sys.stdout.write(said)
    return status


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
