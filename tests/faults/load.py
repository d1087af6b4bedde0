"""Clients that want jobs trained: each request is repeated under its key until it is accepted."""

import random
import threading
import time
from dataclasses import dataclass, field
from typing import Any

import httpx2
import numpy as np

from tests.faults.watch import Watch

CLIENTS = 3
PAUSE_S = 0.1
REPEATED = 0.15  # of the accepted requests are sent once more
CANCELLED = 0.08
PAUSED = 0.25
CANCELLED_INSTEAD = 0.2  # of those that are paused, where the others are resumed

_RNG = np.random.default_rng(5)
_X = _RNG.standard_normal((256, 4)).round(4)
_ROWS = {"inputs": _X.tolist(), "targets": np.sin(_X).sum(axis=1).round(4).tolist()}
_HIDDEN = {"type": "dense", "units": 64, "activation": "tanh"}


def _job(epochs: int, optimizer: dict[str, Any], **training: Any) -> dict[str, Any]:
    return {
        "network": {"layers": [_HIDDEN, _HIDDEN, {"type": "dense", "units": 1}]},
        "dataset": _ROWS,
        "training": {"loss": "mean_squared_error", "optimizer": optimizer, "epochs": epochs, "batch_size": 1, **training},
    }


# Jobs of a second and of epochs of milliseconds; some with snapshots, of a few epochs or of every third.
KINDS: dict[str, dict[str, Any]] = {
    "adam": _job(200, {"type": "adam", "learning_rate": 0.001}, seed=1, snapshots=12),
    "momentum": _job(200, {"type": "sgd", "learning_rate": 0.001, "momentum": 0.9}, seed=2, validation={"fraction": 0.25}),
    "clipped": _job(
        120,
        {"type": "adamw", "learning_rate": 0.002},
        seed=3,
        shuffle=False,
        gradient_clipping={"norm": 1.0},
        snapshots=40,
    ),
    "short": _job(5, {"type": "rmsprop", "learning_rate": 0.001}, seed=4, snapshots=6),
}


@dataclass
class Request:
    key: str
    kind: str
    answers: list[str] = field(default_factory=list)
    was_cancelled: bool = False
    was_paused: bool = False


class Load:
    """A context with threads that keep so many jobs unfinished; its requests are recorded with all their answers."""

    def __init__(self, url: str, watch: Watch, seed: int, unfinished: int) -> None:
        self.requests: list[Request] = []
        self.unexpected: list[str] = []  # answers that no fault excuses
        self.repeats = 0  # requests that got no answer, or that the service was not there for
        self._watch = watch
        self._unfinished = unfinished
        self._client = httpx2.Client(base_url=url, timeout=10)
        self._rng = random.Random(seed)
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._threads = [threading.Thread(target=self._run, name="client", daemon=True) for _ in range(CLIENTS)]

    def __enter__(self) -> "Load":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
        self._client.close()

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """When every request has been accepted."""
        self._closing.set()
        for thread in self._threads:
            if thread.is_alive():
                thread.join()

    def submit(self, kind: str) -> Request:
        """Until it is accepted."""
        with self._lock:
            request = Request(f"request-{len(self.requests)}", kind)
            self.requests.append(request)
        self._accepted(request)
        return request

    def _accepted(self, request: Request) -> None:
        answer = self._answered("/v1/jobs", (202,), json=KINDS[request.kind], headers={"Idempotency-Key": request.key})
        request.answers.append(answer["id"])
        self._watch.add(answer["id"])

    def _answered(self, path: str, wanted: tuple[int, ...], **options: Any) -> Any:
        """What is answered at last; 503 and a connection that breaks are excused, nothing else."""
        while True:
            try:
                answer = self._client.post(path, **options)
                if answer.status_code in wanted:
                    return answer.json()
                if answer.status_code != 503:
                    self.unexpected.append(f"POST {path}: {answer.status_code} {answer.text[:500]}")
                    if answer.status_code < 500:
                        raise AssertionError(self.unexpected[-1])  # it would be the same again
            except httpx2.TransportError:
                pass
            self.repeats += 1
            time.sleep(PAUSE_S)

    def _run(self) -> None:
        while not self._closing.wait(PAUSE_S / 2):
            if self._watch.unfinished() >= self._unfinished:
                continue
            with self._lock:
                kind, again, cancels = self._rng.choice(list(KINDS)), self._rng.random(), self._rng.random()
                pauses, before_s, for_s = self._rng.random(), self._rng.uniform(0, 1), self._rng.uniform(0, 3)
            request = self.submit(kind)
            if again < REPEATED:
                self._accepted(request)
            if pauses < PAUSED:
                self._pause(request, before_s, for_s, is_cancelled=cancels < CANCELLED_INSTEAD)
            elif cancels < CANCELLED:
                self._closing.wait(10 * cancels)
                self._cancel(request)

    def _pause(self, request: Request, before_s: float, for_s: float, *, is_cancelled: bool) -> None:
        """And let it go on later, whether it has stopped by then or not, or cancel it."""
        self._closing.wait(before_s)
        request.was_paused = True
        self._steer(request, "pause")
        self._closing.wait(for_s)
        if is_cancelled:
            self._cancel(request)
        else:
            self._steer(request, "resume")

    def _cancel(self, request: Request) -> None:
        request.was_cancelled = True
        self._steer(request, "cancel")

    def _steer(self, request: Request, verb: str) -> None:
        """Until it is answered; 409 where the job has ended before."""
        self._answered(f"/v1/jobs/{request.answers[0]}/{verb}", (200, 409))
