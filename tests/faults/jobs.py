"""Jobs for workers to be disturbed at, and what must be true of them whatever happened."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from core.data.inline import inline_table
from core.jobs import TERMINAL, State
from core.store import EpochRow, Job, NewJob, Store
from tests.polling import PATIENCE_S, until

TENANT = "default"

XOR: dict[str, Any] = {
    "network": {"layers": [{"type": "dense", "units": 2, "activation": "sigmoid"}, {"type": "dense", "units": 1}]},
    "training": {"loss": "mean_squared_error", "optimizer": {"type": "sgd", "learning_rate": 0.5}, "epochs": 20},
    "rows": 4,
    "columns": 2,
}
# Seconds of epochs that take milliseconds each.
LONG: dict[str, Any] = {
    "network": {"layers": [{"type": "dense", "units": 32, "activation": "tanh"}, {"type": "dense", "units": 1}]},
    "training": {
        "loss": "mean_squared_error",
        "optimizer": {"type": "adam", "learning_rate": 0.001},
        "epochs": 6000,
        "batch_size": 32,
        "validation": {"fraction": 0.2},
        "metrics": ["r2"],
        "seed": 7,
    },
    "rows": 4000,
    "columns": 8,
}
# Few epochs, each of a second or more.
SLOW: dict[str, Any] = {
    "network": {"layers": [{"type": "dense", "units": 2048, "activation": "relu"}, {"type": "dense", "units": 1}]},
    "training": {"loss": "mean_squared_error", "epochs": 3, "batch_size": 1, "seed": 3},
    "rows": 20_000,
    "columns": 64,
}
# One epoch that nobody waits for.
ENDLESS: dict[str, Any] = {
    "network": {
        "layers": [{"type": "dense", "units": 1000, "activation": "relu"} for _ in range(3)] + [{"type": "dense", "units": 1}]
    },
    "training": {"loss": "mean_squared_error", "epochs": 2, "batch_size": 1},
    "rows": 20_000,
    "columns": 8,
}
# float32 ends at 3e38.
DIVERGING: dict[str, Any] = {
    "network": {"layers": [{"type": "dense", "units": 16, "activation": "relu"}, {"type": "dense", "units": 1}]},
    "training": {
        "loss": "mean_squared_error",
        "optimizer": {"type": "sgd", "learning_rate": 1.5},
        "epochs": 1000,
        "batch_size": "full",
    },
    "rows": 100,
    "columns": 4,
}
# Five vectors of 1.6 GB.
GREEDY: dict[str, Any] = {
    "network": {"layers": [{"type": "dense", "units": 20_000} for _ in range(2)] + [{"type": "dense", "units": 1}]},
    "training": {"loss": "mean_squared_error", "epochs": 1},
    "rows": 4,
    "columns": 2,
}


def sines(x: Any) -> list[float]:
    """(N,) targets of the rows x (N, n)."""
    values: list[float] = np.sin(x).sum(axis=1).round(6).tolist()
    return values


def submit(
    store: Store,
    directory: Path,
    job: Mapping[str, Any],
    targets: Callable[[Any], Sequence[Any]] = sines,
    **training: Any,
) -> Job:
    """Queue the job, with these changes to its training; its data are made from its sizes alone."""
    rng = np.random.default_rng(11)
    x = rng.standard_normal((job["rows"], job["columns"])).round(6)
    t = targets(x)
    table = directory / "table.safetensors"
    parsed = inline_table(x.tolist(), list(t), table)
    sha256 = hashlib.sha256(x.tobytes() + repr(t).encode()).hexdigest()
    dataset, _ = store.datasets.add(
        TENANT, sha256, "json", parsed.schema.model_dump(mode="json"), parsed.preview, x.nbytes, None, "upload", table
    )
    trained = {**job["training"], **training}
    spec = {
        "network": job["network"],
        "training": trained,
        "dataset": {"target": "target", "scaling": "none"},
    }
    epochs_total = None if trained.get("budget_s") else trained["epochs"]
    new = NewJob(spec=spec, dataset_id=dataset.id, epochs_total=epochs_total, seed=trained.get("seed", 0))
    return store.jobs.submit(TENANT, new, None)


def wait(store: Store, job: Job, patience_s: float = PATIENCE_S) -> Job:
    """The job when it has ended, however it did."""

    def ended() -> Job | None:
        now = store.jobs.get(TENANT, job.id)
        return now if now.state in TERMINAL else None

    return until(ended, patience_s)


def wait_for_epoch(store: Store, job: Job, epoch: int) -> Job:
    """The job when it has recorded this epoch, while it is still running."""

    def there() -> Job | None:
        now = store.jobs.get(TENANT, job.id)
        if now.state in TERMINAL:
            raise AssertionError(f"the job has {now.state} before it could be disturbed: {now.error}")
        return now if now.epoch >= epoch and now.state == State.RUNNING else None

    return until(there)


def epochs(store: Store, job: Job) -> list[EpochRow]:
    return list(store.epochs.page(TENANT, job.id, 0, 1_000_000))


@dataclass(frozen=True)
class Outcome:
    """All that a job's clients can see of the numbers: equal where two runs are equal bit for bit."""

    best: str
    last: str
    losses: tuple[tuple[int, float, float | None], ...]
    best_epoch: tuple[int, float, float | None]


def outcome(store: Store, job: Job) -> Outcome:
    rows, reached = epochs(store, job), store.jobs.get(TENANT, job.id).best
    assert reached is not None
    return Outcome(
        best=store.weights.get(TENANT, job.id, "best").sha256,
        last=store.weights.get(TENANT, job.id, "last").sha256,
        losses=tuple((row.epoch, row.loss, row.validation_loss) for row in rows),
        best_epoch=(reached["epoch"], reached["loss"], reached["validation_loss"]),
    )


def assert_undisturbed(store: Store, job: Job, expected: Outcome) -> None:
    """Succeeded, each epoch recorded once and in order, and every number as if nothing had happened."""
    ended = wait(store, job)
    assert ended.state == State.SUCCEEDED, ended.error
    assert ended.epochs_total is not None
    assert [row.epoch for row in epochs(store, job)] == list(range(1, ended.epochs_total + 1))
    assert outcome(store, job) == expected
