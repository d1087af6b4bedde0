"""`python -m benchmarks.predictions`: what predictions cost over HTTP, on the machine that it runs on, client included.

Starts an embedded service in a temporary directory, trains a network of each size for an epoch and measures

    first        milliseconds of the first prediction of all, which loads the engine, and of the first by each network
    one row      milliseconds of one row in the request, one request after the other over one connection
    a dataset    rows per second of a stored dataset, in each form
"""

import json
import os
import statistics
import sys
import time
from http.client import HTTPConnection
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit

import numpy as np

from benchmarks.service import Client, within

ROWS = 200_000
REQUESTS = 2_000
NETWORKS = {"20-64-64-2": (20, [64, 64], 2), "784-128-10": (784, [128], 10)}
FORMS = ("application/json", "application/x-ndjson", "text/csv")


def uploaded(url: str, inputs: int, classes: int, rows: int) -> str:
    """A dataset of random numbers, x0, x1, …, the last of which is the class."""
    rng = np.random.default_rng(1)
    x = rng.normal(size=(rows, inputs + 1)).astype(np.float32)
    x[:, -1] = np.arange(rows) % classes
    file = BytesIO()
    np.save(file, x)
    connection = HTTPConnection(urlsplit(url).netloc)
    headers = {"Content-Type": "application/x-npy", "Authorization": f"Bearer {os.environ['GRADMILL_API_KEY']}"}
    connection.request("POST", "/v1/datasets", file.getvalue(), headers)
    return str(json.loads(connection.getresponse().read())["id"])


def trained(client: Client, dataset: str, inputs: int, hidden: list[int], outputs: int) -> str:
    layers = [*({"units": units, "activation": "relu"} for units in hidden), {"units": outputs}]
    spec = {
        "network": {"layers": layers},
        "dataset": {"id": dataset, "target": f"x{inputs}"},
        "training": {"loss": "softmax_cross_entropy", "optimizer": "adam", "epochs": 1, "batch_size": 256},
    }
    job = str(client.ask("POST", "/v1/jobs", spec)["id"])
    client.wait(job)
    return job


def one_row(client: Client, job: str, inputs: int) -> list[float]:
    """Milliseconds of each request, the very first before them."""
    rng, times = np.random.default_rng(2), []
    for _ in range(REQUESTS + 1):
        row = dict(zip((f"x{i}" for i in range(inputs)), rng.normal(size=inputs).round(4).tolist(), strict=True))
        began = time.perf_counter()
        client.ask("POST", f"/v1/jobs/{job}/predict", {"rows": [row]})
        times.append((time.perf_counter() - began) * 1e3)
    return times


def rows_per_second(url: str, job: str, dataset: str, form: str) -> tuple[float, float]:
    """And the seconds until the first piece."""
    connection = HTTPConnection(urlsplit(url).netloc)
    headers: dict[str, Any] = {"Content-Type": "application/json", "Accept": form}
    headers["Authorization"] = f"Bearer {os.environ['GRADMILL_API_KEY']}"
    began = time.perf_counter()
    connection.request("POST", f"/v1/jobs/{job}/predict", json.dumps({"dataset": dataset}), headers)
    response = connection.getresponse()
    first = time.perf_counter() - began
    while response.read(2**20):
        pass
    return ROWS / (time.perf_counter() - began), first


def report(url: str) -> bool:
    client = Client(url)
    jobs = {name: trained(client, uploaded(url, n, m, 1000), n, hidden, m) for name, (n, hidden, m) in NETWORKS.items()}
    for name, (inputs, _, _) in NETWORKS.items():
        first, *times = one_row(client, jobs[name], inputs)
        p50, p99 = statistics.median(times), statistics.quantiles(times, n=100)[98]
        print(f"one row     {name}: {p50:.2f} ms median, 99 % under {p99:.2f} ms; the first {first:.0f} ms")
    name = "20-64-64-2"
    inputs, _, classes = NETWORKS[name]
    dataset = uploaded(url, inputs, classes, ROWS)
    for form in FORMS:
        rate, first = rows_per_second(url, jobs[name], dataset, form)
        print(f"a dataset   {name}: {rate:,.0f} rows a second as {form}, the first of {ROWS:,} after {first * 1e3:.0f} ms")
    return True


if __name__ == "__main__":
    sys.exit(within("benchmarks.predictions", report))
