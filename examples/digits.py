"""Handwritten digits, start to finish, over the REST API: upload, check, train, follow, download, verify.

    scripts/up                                      in one terminal
    .venv/bin/python examples/digits.py             in another, in the same folder

GRADMILL_URL and GRADMILL_API_KEY name another service than that of this folder. Where that one answers stands in
var/service.lock, and its key, which is sent to it alone, in var/key.

It needs httpx2, rich, numpy and safetensors, and nothing of Gradmill itself: copy what you need.
"""

import argparse
import csv
import hashlib
import io
import json
import os
import sys
import time
import uuid
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
from curve import draw
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table
from safetensors import safe_open

try:
    import fcntl
except ImportError:  # on Windows, where no service runs
    fcntl = None  # type: ignore[assignment]

JSON = dict[str, Any]
Rows = list[dict[str, str]]

LOCK_FILE, KEY_FILE = Path("var/service.lock"), Path("var/key")  # of a service that runs in this folder
DIGITS = Path(__file__).parent / "data" / "digits.csv"
HELD_OUT = 360
GOAL = 0.97

NETWORK: JSON = {
    "layers": [
        {"type": "dense", "units": 512, "activation": "relu", "weight_initializer": "he_normal"},
        {"type": "dense", "units": 10},
    ]
}
TRAINING: JSON = {
    "loss": "softmax_cross_entropy",
    "optimizer": {"type": "adam", "learning_rate": 0.001},
    "epochs": 40,
    "batch_size": 32,
    "validation": {"fraction": 0.1},
    "early_stopping": {"patience": 10},
    "metrics": ["accuracy"],
    "seed": 7,
}

console = Console(highlight=False)


def main() -> int:
    options = arguments()
    training_rows, held_out = split(DIGITS)
    began = time.monotonic()
    headers = {"Authorization": f"Bearer {options.key}"}
    with httpx2.Client(base_url=options.url, headers=headers, timeout=60) as client:
        dataset = upload(client, training_rows)
        request = {"network": NETWORK, "dataset": {"id": dataset["id"], "target": "digit"}, "training": TRAINING}
        check(client, request)
        job = follow(client, submit(client, request))
        if job["status"] != "succeeded":
            raise SystemExit(f"The job {job['status']}: {(job['error'] or {}).get('message', 'no error is given')}")
        epochs = history(client, job)
        weights_file = download(client, job, options.save)
    correct = verify(weights_file, held_out)
    seconds = time.monotonic() - began
    report(job, epochs, correct, len(held_out), seconds, weights_file)
    return 0 if correct >= GOAL * len(held_out) else 1


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Trains a classifier of handwritten digits through Gradmill's REST API.")
    parser.add_argument(
        "--url", default=os.environ.get("GRADMILL_URL") or None, help="default: where the service of this folder is"
    )
    parser.add_argument("--save", type=Path, default=Path(), metavar="DIR", help="where the weights go; default: here")
    options = parser.parse_args()
    here = service_here()
    options.url = options.url or here
    if options.url is None:
        parser.error("no service runs in this folder: scripts/up starts one; --url or GRADMILL_URL name another")
    options.key = os.environ.get("GRADMILL_API_KEY") or None
    if options.key is None and options.url == here and KEY_FILE.is_file():
        options.key = KEY_FILE.read_text().strip()
    if options.key is None:
        parser.error(
            f"no API key: GRADMILL_API_KEY is not set, and the one in {KEY_FILE} is for the service of this folder alone"
        )
    return options


def service_here() -> str | None:
    """Where the service answers that runs in this folder: it holds a lock on the file that says so for as long as it runs."""
    if fcntl is None:
        return None
    try:
        with LOCK_FILE.open("rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                url: str | None = json.load(file).get("url")
                return url
    except (OSError, ValueError):
        pass
    return None


def split(path: Path) -> tuple[Rows, Rows]:
    """The rows to train on, and those that never leave this program until the network is judged by them."""
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    shuffled = [rows[index] for index in np.random.default_rng(7).permutation(len(rows))]
    return shuffled[HELD_OUT:], shuffled[:HELD_OUT]


# --- the REST API -------------------------------------------------------------------------------------------------------


def upload(client: httpx2.Client, rows: Rows) -> JSON:
    text = io.StringIO()
    writer = csv.DictWriter(text, rows[0])
    writer.writeheader()
    writer.writerows(rows)
    dataset: JSON = answer(client.post("/v1/datasets", content=text.getvalue(), headers={"Content-Type": "text/csv"}))
    console.print(f"[bold]Uploaded[/] {dataset['rows']} rows × {len(dataset['columns'])} columns: {dataset['id']}")
    return dataset


def check(client: httpx2.Client, request: JSON) -> None:
    """The dry run: it finds every error, or tells what would be trained."""
    plan = answer(client.post("/v1/networks/check", json=request))["plan"]
    table = Table("layer", "inputs", "outputs", "activation", "parameters", box=None, header_style="dim")
    for number, layer in enumerate(plan["layers"]):
        values = (layer["inputs"], layer["outputs"], layer["activation"], f"{layer['parameters']:,}")
        table.add_row(f"{number} {layer['type']}", *map(str, values))
    console.print(table)
    console.print(
        f"{plan['parameters']:,} parameters, {plan['memory_bytes'] / 1e6:.1f} MB, "
        f"{plan['training_rows']} rows to train on and {plan['validation_rows']} to validate"
    )


def submit(client: httpx2.Client, request: JSON) -> JSON:
    """With an Idempotency-Key the request may be repeated when its answer is lost: there will be one job."""
    job: JSON = answer(client.post("/v1/jobs", json=request, headers={"Idempotency-Key": str(uuid.uuid4())}))
    console.print(f"[bold]Submitted[/] {job['id']}")
    return job


def follow(client: httpx2.Client, job: JSON) -> JSON:
    """Waits for the job to end. Each request is answered as soon as the job differs from what we have seen of it."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("epochs  {task.fields[figures]}"),
    )
    etag = ""
    with Progress(*columns, console=console) as progress:
        bar = progress.add_task("queued", total=job["progress"]["epochs"], figures="")
        while True:
            progress.update(bar, description=job["status"], completed=job["progress"]["epoch"], figures=figures(job))
            if job["status"] in ("succeeded", "failed", "cancelled"):
                return job
            response = client.get(f"/v1/jobs/{job['id']}?wait=30", headers={"If-None-Match": etag})
            if response.status_code != httpx2.codes.NOT_MODIFIED:
                job, etag = answer(response), response.headers["ETag"]


def history(client: httpx2.Client, job: JSON) -> list[JSON]:
    """Every epoch, page by page."""
    epochs: list[JSON] = []
    page: JSON = {"has_more": True, "next_cursor": 0}
    while page["has_more"]:
        page = answer(client.get(f"/v1/jobs/{job['id']}/epochs", params={"after": page["next_cursor"]}))
        epochs += page["data"]
    return epochs


def download(client: httpx2.Client, job: JSON, folder: Path) -> Path:
    """The weights as safetensors. The ETag is the hash of the content, so a damaged download does not go unnoticed."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{job['id']}.safetensors"
    digest = hashlib.sha256()
    with client.stream("GET", job["weights"], params={"epoch": "best"}) as response, path.open("wb") as file:
        if response.is_error:
            response.read()
        answer(response, is_json=False)
        for block in response.iter_bytes():
            digest.update(block)
            file.write(block)
    if digest.hexdigest() != response.headers["ETag"].strip('"'):
        raise SystemExit("The weights were damaged on their way.")
    return path


def answer(response: httpx2.Response, is_json: bool = True) -> Any:
    """The content of a good answer. A bad one lists everything that was wrong with the request, and where."""
    try:
        content = response.json() if is_json or response.is_error else None
        if response.is_success:
            return content
        detail, errors = content["detail"], content.get("errors", [])
    except (ValueError, TypeError, KeyError):
        raise SystemExit(f"{response.url} answers {response.status_code}, and not as Gradmill does") from None
    told = [f"\n  {each.get('pointer') or each.get('parameter')}: {each['message']}" for each in errors]
    raise SystemExit(f"{response.request.method} {response.request.url.path}: {detail}{''.join(told)}")


# --- the trained network, in plain NumPy ----------------------------------------------------------------------------------


def verify(weights_file: Path, rows: Rows) -> int:
    """How many of the rows the network gets right; the file tells all that is needed to use it."""
    with safe_open(weights_file, "numpy") as file:
        weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - it is no dictionary
        metadata = {name: json.loads(text) for name, text in file.metadata().items()}
    preprocessing = metadata["preprocessing"]
    x = np.array([[standardised(feature, row) for feature in preprocessing["features"]] for row in rows], np.float32)
    z = forward(metadata["network"], weights, x)
    labels = [preprocessing["classes"][index] for index in z.argmax(axis=1)]
    return sum(label == int(row["digit"]) for label, row in zip(labels, rows, strict=True))


def standardised(feature: JSON, row: dict[str, str]) -> float:
    value: float = (float(row[feature["column"]]) - feature["shift"]) / feature["scale"]
    return value


def forward(network: JSON, weights: dict[str, np.ndarray], x: np.ndarray) -> np.ndarray:
    """y = f(x Wᵀ + b), layer by layer; names and shapes are those of torch.nn.Sequential."""
    activations = {"identity": lambda z: z, "relu": lambda z: np.maximum(z, 0)}
    numbers = sorted({int(name.split(".")[0]) for name in weights})
    for number, layer in zip(numbers, network["layers"], strict=True):
        z = x @ weights[f"{number}.weight"].T + weights[f"{number}.bias"]
        x = activations[layer["activation"]["type"]](z)
    return x


# --- the terminal ---------------------------------------------------------------------------------------------------------


def figures(job: JSON) -> str:
    progress = job["progress"]
    parts = [f"loss {progress['loss']:.4f}"] if progress["loss"] is not None else []
    if progress["eta_seconds"] is not None:
        parts.append(f"{progress['eta_seconds']:.1f} s left")
    return "  ".join(parts)


def report(job: JSON, epochs: list[JSON], correct: int, count: int, seconds: float, weights_file: Path) -> None:
    console.print(draw({name: [epoch[key] for epoch in epochs] for name, key in CURVES.items()}))
    accuracy = correct / count
    colour = "green" if accuracy >= GOAL else "red"
    training_s = sum(epoch["seconds"] for epoch in epochs)
    verdict = f"[bold {colour}]{accuracy:.2%}[/] of {count} held-out digits ({correct} right), aim {GOAL:.0%}"
    table = Table.grid(padding=(0, 2))
    table.add_row("best", best_epoch(job))
    table.add_row("accuracy", verdict)
    table.add_row("beside", beside(job))
    table.add_row("time", f"{seconds:.1f} s from upload to verdict, {training_s:.2f} s of it training")
    console.print(table)
    console.print(f"job       {job['id']}", soft_wrap=True)
    console.print(f"weights   {weights_file.resolve()}", soft_wrap=True)


def best_epoch(job: JSON) -> str:
    """Which epoch's weights were downloaded, and why."""
    result = job["result"]
    told = f"epoch {result['best_epoch']} of {result['epochs']} has the lowest validation loss: its weights are measured below."
    if result["stopped"] != "early":
        return told
    return (
        f"{told} From there on the network learned its own rows by heart: the training loss fell, the validation loss did not, "
        f"and after {TRAINING['early_stopping']['patience']} such epochs early stopping ended the training."
    )


def beside(job: JSON) -> str:
    """How the accuracy on the validation rows compares."""
    rows = job["plan"]["validation_rows"]
    return (
        f"{job['result']['best']['metrics']['accuracy']:.2%} of {rows} validation digits. Both were drawn at random; of so few "
        f"each counts {1 / rows:.1%}, and a difference of a few percent can be chance."
    )


CURVES = {"training loss": "loss", "validation loss": "validation_loss"}

if __name__ == "__main__":
    try:
        sys.exit(main())
    except (httpx2.TransportError, httpx2.InvalidURL) as error:
        sys.exit(f"Gradmill does not answer: {error}")
    except OSError as error:
        sys.exit(f"digits.py: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
