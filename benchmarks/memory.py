"""`python -m benchmarks.memory`: what a worker process has in memory while it trains on a large dataset, alone or with another.

Starts an embedded service with two worker processes in a temporary directory, uploads an array of random numbers as NPY, and
runs one job on it, then two at once. For each worker process

    peak       the most that was ever resident in it (VmHWM), preparation included
    anonymous  resident and its own: Python, compiled code, parameters (RssAnon)
    files      resident and mapped from files, which all processes share: modules, the data (RssFile)
    share      its resident pages, each divided by how many processes have it (Pss)

The ratio is the peak's to the dataset's bytes, as its columns are stored.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import psutil

ROWS, COLUMNS = 1_000_000, 131
POLL_S = 0.02
KIB = 1024
FIELDS = {"VmHWM": "peak", "RssAnon": "anonymous", "RssFile": "files"}


def upload(url: str) -> str:
    with tempfile.TemporaryFile() as file:
        np.lib.format.write_array_header_1_0(file, {"descr": "<f8", "fortran_order": False, "shape": (ROWS, COLUMNS)})
        rng = np.random.default_rng(0)
        for _ in range(100):
            file.write(rng.standard_normal((ROWS // 100, COLUMNS)).data)
        size = file.tell()
        file.seek(0)
        connection = HTTPConnection(urlsplit(url).netloc)
        headers = {"Content-Type": "application/octet-stream", "Content-Length": str(size)}
        connection.request("POST", "/v1/datasets?format=npy", file, authorized(headers))
        return str(answer(connection)["id"])


def submit(url: str, dataset: str, learning_rate: float, dtype: str) -> str:
    job = {
        "network": {"layers": [{"units": 64, "activation": "relu"}, {"units": 1}], "dtype": dtype},
        "dataset": {"id": dataset, "target": "x0"},
        "training": {
            "loss": "mean_squared_error",
            "optimizer": {"type": "adam", "learning_rate": learning_rate},
            "epochs": 4,
            "batch_size": 64,
            "validation": {"fraction": 0.1},
        },
    }
    connection = HTTPConnection(urlsplit(url).netloc)
    connection.request("POST", "/v1/jobs", json.dumps(job), authorized({"Content-Type": "application/json"}))
    return str(answer(connection)["id"])


def status(url: str, job: str) -> Any:
    connection = HTTPConnection(urlsplit(url).netloc)
    connection.request("GET", f"/v1/jobs/{job}", headers=authorized({}))
    return answer(connection)


def authorized(headers: dict[str, str]) -> dict[str, str]:
    return headers | {"Authorization": f"Bearer {os.environ['GRADMILL_API_KEY']}"}


def answer(connection: HTTPConnection) -> Any:
    response = connection.getresponse()
    document = json.loads(response.read())
    if response.status >= 400:
        raise RuntimeError(f"{response.status}: {document}")
    return document


def workers() -> list[int]:
    """The processes that train: children of the worker."""
    supervisor = psutil.Process().parent()
    assert supervisor is not None
    parents = [process for process in supervisor.children() if "worker.app" in process.cmdline()]
    return [child.pid for parent in parents for child in parent.children()]


def resident(pid: int) -> dict[str, int]:
    """Bytes, by the names above."""
    found = {}
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        name, _, value = line.partition(":")
        if name in FIELDS:
            found[FIELDS[name]] = int(value.split()[0]) * KIB
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            found["share"] = int(line.split()[1]) * KIB
    return found


def forget_peaks(pids: list[int]) -> None:
    for pid in pids:
        Path(f"/proc/{pid}/clear_refs").write_text("5")


def watch(url: str, jobs: list[str], pids: list[int]) -> dict[int, dict[str, int]]:
    """For each process its figures when it shared the most of its memory that it ever did, and its peak at the end."""
    fullest: dict[int, dict[str, int]] = {pid: resident(pid) for pid in pids}
    while any((now := status(url, job))["status"] not in ("succeeded",) for job in jobs):
        if now["status"] in ("failed", "cancelled"):
            raise RuntimeError(str(now))
        for pid in pids:
            figures = resident(pid)
            if figures["files"] > fullest[pid]["files"]:
                fullest[pid] = figures
        time.sleep(POLL_S)
    return {pid: fullest[pid] | {"peak": resident(pid)["peak"]} for pid in pids}


def report(url: str) -> None:
    size = ROWS * COLUMNS * 8
    dataset, pids = upload(url), workers()
    print(f"{ROWS:,} rows of {COLUMNS} columns, {size / 1e9:.3f} GB; MiB of each worker process\n")
    print("| job | " + " | ".join([*FIELDS.values(), "share"]) + " | peak to data |")
    print("|---" * 6 + "|")
    rate = 1e-3
    for dtype in ("float64", "float32"):
        for name, count in (("one", 1), ("another, the arrays there already", 1), ("two at once", 2)):
            forget_peaks(pids)
            jobs = [submit(url, dataset, (rate := rate * 1.001), dtype) for _ in range(count)]
            figures = sorted(watch(url, jobs, pids).values(), key=lambda each: -each["peak"])
            for each in figures[:count]:
                cells = [f"{each[column] / 2**20:.0f}" for column in (*FIELDS.values(), "share")]
                print(f"| {dtype}, {name} | {' | '.join(cells)} | {each['peak'] / size:.2f} |", flush=True)


def main() -> int:
    if url := os.environ.get("GRADMILL_URL"):
        report(url)
        return 0
    environment = os.environ | {"GRADMILL_WORKER_PROCESSES": "2"}
    with tempfile.TemporaryDirectory() as folder:
        service = [sys.executable, "-m", "service", "--port", "0", "--data-dir", folder, "--"]
        return subprocess.run([*service, sys.executable, "-m", "benchmarks.memory"], env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
