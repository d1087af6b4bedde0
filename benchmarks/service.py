"""`python -m benchmarks.service`: what the whole service costs, on the machine that it runs on, client included.

Starts an embedded service in a temporary directory and measures

    latency      from POST /v1/jobs to `succeeded`, seen by waiting, for a tiny job on an idle service
    throughput   tiny jobs per second, from the first POST until the last has succeeded
    polls        GET /v1/jobs/{id} per second over some connections, and the 99th percentile of one poll
    memory       resident bytes of every process of the service
"""

import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil

WARM_UP_JOBS = 20
LATENCY_JOBS = 200
THROUGHPUT_JOBS = 400
SUBMITTERS = 4
POLL_CONNECTIONS = 8
POLL_S = 5.0

XOR = {
    "network": {"layers": [{"units": 2, "activation": "sigmoid"}, {"units": 1, "activation": "sigmoid"}]},
    "dataset": {"inputs": [[0, 0], [0, 1], [1, 0], [1, 1]], "targets": [0, 1, 1, 0]},
    "training": {
        "loss": "mean_squared_error",
        "optimizer": {"type": "sgd", "learning_rate": 2.0},
        "epochs": 20,
        "batch_size": "full",
    },
}


class Client:
    """One connection that stays open."""

    def __init__(self, url: str) -> None:
        self._connection = HTTPConnection(urlsplit(url).netloc)
        self._headers = {"Content-Type": "application/json", "Authorization": f"Bearer {os.environ['GRADMILL_API_KEY']}"}

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        self._connection.request(method, path, None if body is None else json.dumps(body), self._headers)
        response = self._connection.getresponse()
        answer = json.loads(response.read())
        if response.status >= 400:
            raise RuntimeError(f"{method} {path}: {answer}")
        return answer

    def submit(self, seed: int) -> str:
        return str(self.ask("POST", "/v1/jobs", XOR | {"training": XOR["training"] | {"seed": seed}})["id"])

    def wait(self, job: str) -> None:
        while (status := self.ask("GET", f"/v1/jobs/{job}?wait=30")["status"]) != "succeeded":
            if status not in ("queued", "running"):
                raise RuntimeError(f"{job} {status}")


def latency(url: str) -> list[float]:
    """Milliseconds of each job, one after the other."""
    client, times = Client(url), []
    for seed in range(WARM_UP_JOBS + LATENCY_JOBS):
        began = time.perf_counter()
        client.wait(client.submit(seed))
        times.append((time.perf_counter() - began) * 1e3)
    return sorted(times[WARM_UP_JOBS:])


def throughput(url: str) -> float:
    """Jobs per second, submitted over several connections."""

    def submit(number: int) -> list[str]:
        client = Client(url)
        return [client.submit(seed) for seed in range(number, THROUGHPUT_JOBS, SUBMITTERS)]

    began = time.perf_counter()
    with ThreadPoolExecutor(SUBMITTERS) as pool:
        jobs = [job for submitted in pool.map(submit, range(SUBMITTERS)) for job in submitted]
    client = Client(url)
    for job in jobs:
        client.wait(job)
    return THROUGHPUT_JOBS / (time.perf_counter() - began)


async def polls(url: str) -> tuple[float, float]:
    """(polls per second, 99th percentile in milliseconds)."""
    host, port = urlsplit(url).hostname, urlsplit(url).port
    job = Client(url).ask("GET", "/v1/jobs?limit=1")["data"][0]["id"]
    key = f"Authorization: Bearer {os.environ['GRADMILL_API_KEY']}\r\n"
    request = f"GET /v1/jobs/{job} HTTP/1.1\r\nHost: {host}\r\n{key}\r\n".encode()
    times: list[float] = []
    until = time.perf_counter() + POLL_S

    async def poll() -> None:
        reader, writer = await asyncio.open_connection(host, port)
        while (began := time.perf_counter()) < until:
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
            await reader.readexactly(length)
            times.append(time.perf_counter() - began)
        writer.close()
        await writer.wait_closed()

    began = time.perf_counter()
    await asyncio.gather(*(poll() for _ in range(POLL_CONNECTIONS)))
    return len(times) / (time.perf_counter() - began), statistics.quantiles(times, n=100)[98] * 1e3


def memory() -> Iterator[tuple[str, float]]:
    """(what it is, resident MiB) of the supervisor, which started this process, and all that it started beside."""
    supervisor = psutil.Process().parent()
    if supervisor is None:
        return
    for process in (supervisor, *supervisor.children(recursive=True)):
        if process.pid != os.getpid():
            words = [Path(word).name for word in process.cmdline() if not word.startswith("-")]
            yield " ".join(words[:4])[:60], process.memory_info().rss / 2**20


def report(url: str) -> bool:
    times = latency(url)
    spread = f"90 % under {times[int(0.9 * len(times))]:.1f} ms"
    print(f"latency     {statistics.median(times):.1f} ms median, {spread}, of {LATENCY_JOBS} tiny jobs from POST to succeeded")
    print(f"throughput  {throughput(url):.0f} tiny jobs a second")
    per_second, p99 = asyncio.run(polls(url))
    print(f"polls       {per_second:.0f} a second over {POLL_CONNECTIONS} connections, 99 % under {p99:.1f} ms")
    for name, size in memory():
        print(f"memory      {size:6.0f} MiB  {name}")
    return True


def within(module: str, measure: Callable[[str], bool]) -> int:
    """The exit code of `measure`, which gets the URL of an embedded service in a temporary directory; `module` is its own.

    The service starts that module anew, as a child, and ends with it.
    """
    if url := os.environ.get("GRADMILL_URL"):
        return not measure(url)
    with tempfile.TemporaryDirectory() as folder:
        service = [sys.executable, "-m", "service", "--port", "0", "--data-dir", folder, "--"]
        return subprocess.run([*service, sys.executable, "-m", module], check=False).returncode


if __name__ == "__main__":
    sys.exit(within("benchmarks.service", report))
