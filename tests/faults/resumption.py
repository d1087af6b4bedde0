"""`python -m tests.faults.resumption --times 20 --database sqlite`: how soon another worker has the job of one that is gone.

The whole service as it comes, two workers of one process each, and nobody else; one of them trains, and is killed with its
parent, killed alone, or told to stop, at any moment between two heartbeats. That another has claimed the job is told by its
events. 1 where a time is beyond its bound, or where an epoch was trained twice although the worker was told to stop.
"""

import argparse
import random
import re
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import httpx2

from core.jobs import State
from core.nn.warmup import warm_up
from core.settings import Settings
from core.store import Job, Store, connect, upgrade
from tests.faults.harness import Cluster, Worker
from tests.faults.jobs import LONG, TENANT, submit, wait, wait_for_epoch
from tests.faults.postgres import Server
from tests.faults.watch import Watch
from tests.polling import until

AS_IT_COMES = {
    name: Settings.model_fields[name].default
    for name in ("lease_ttl_s", "sweep_every_s", "record_every_s", "checkpoint_every_s", "stuck_limit")
}
TTL_S: float = AS_IT_COMES["lease_ttl_s"]


@dataclass(frozen=True)
class Kind:
    harm: Callable[[Worker], object]
    within_s: float
    is_handed_back: bool = False


KINDS: Mapping[str, Kind] = {
    "worker told to stop": Kind(lambda worker: worker.send(signal.SIGTERM), 1.0, is_handed_back=True),
    "worker killed": Kind(Worker.kill, TTL_S + 2),
    "worker's child killed": Kind(Worker.kill_child, TTL_S + 2),
}


@dataclass(frozen=True)
class Measured:
    """Seconds from the harm until another attempt had the job, and until that recorded an epoch; epochs trained twice."""

    claimed_s: float
    recorded_s: float
    repeated: int


def broken(kind: str, found: Sequence[Measured]) -> list[str]:
    """What of it breaks a promise, in words."""
    bound = KINDS[kind].within_s
    late = [f"{kind}: {each.claimed_s:.2f} s, not {bound:g} s" for each in found if each.claimed_s > bound]
    again = [f"{kind}: {each.repeated} epochs were trained twice" for each in found if each.repeated]
    return late + (again if KINDS[kind].is_handed_back else [])


def markdown(found: Mapping[str, Sequence[Measured]]) -> str:
    """A row for each kind, as it stands in docs/faults.md."""
    lines = [
        "| | times | promised | claimed again after, median | worst | an epoch recorded after, median | worst |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for kind, measured in found.items():
        claimed, recorded = [each.claimed_s for each in measured], [each.recorded_s for each in measured]
        times = (median(claimed), max(claimed), median(recorded), max(recorded))
        told = " | ".join(f"{seconds:.2f} s" for seconds in times)
        lines.append(f"| {kind} | {len(measured)} | {KINDS[kind].within_s:g} s | {told} |")
    return "\n".join(lines) + "\n"


class Trial:
    """An idle service, and a job at a time whose worker is harmed."""

    def __init__(self, cluster: Cluster, store: Store, watch: Watch, directory: Path) -> None:
        self._cluster, self._store, self._watch, self._directory = cluster, store, watch, directory
        self._workers = [cluster.start_worker() for _ in range(2)]
        self._rng = random.Random(7)

    def __call__(self, kind: str) -> Measured:
        self._make_ready()
        job = submit(self._store, self._directory, LONG, epochs=10_000_000)
        wait_for_epoch(self._store, job, 1)
        time.sleep(self._rng.uniform(0, TTL_S / 3))
        victim = next(worker for worker in self._workers if self._watch.running(worker.children()))
        began = time.time()
        KINDS[kind].harm(victim)
        taken = until(lambda: self._again(job), TTL_S * 4, told=self._cluster.logs)
        until(lambda: self._store.jobs.get(TENANT, job.id).epoch > taken.epoch, told=self._cluster.logs)
        recorded_s = time.time() - began
        claims = [event.at for event in self._store.events.page(TENANT, job.id) if event.type == "claimed"]
        self._store.jobs.cancel(TENANT, job.id)
        ended = wait(self._store, job)
        if KINDS[kind].is_handed_back:
            until(lambda: not victim.is_running(), told=self._cluster.logs)
        return Measured(claims[1] - began, recorded_s, self._trained(job) - ended.epoch)

    def _make_ready(self) -> None:
        self._workers = [each if each.is_running() else self._cluster.start_worker() for each in self._workers]
        until(lambda: all("ready." in each.text() and each.children() for each in self._workers), told=self._cluster.logs)

    def _again(self, job: Job) -> Job | None:
        now = self._store.jobs.get(TENANT, job.id)
        return now if now.attempt == 2 and now.state == State.RUNNING else None

    def _trained(self, job: Job) -> int:
        """How many epochs all attempts have finished that lived to tell."""
        return sum(map(int, re.findall(rf"{job.id}, attempt \d+: trained (\d+) epochs", self._cluster.logs())))


@contextmanager
def database(kind: str) -> Iterator[str]:
    """The URL of an empty one of its own."""
    if kind == "postgresql":
        server = Server()
        try:
            yield server.url
        finally:
            server.stop()
    else:
        with TemporaryDirectory(prefix="gradmill-") as directory:
            yield f"sqlite:///{directory}/gradmill.db"


@contextmanager
def idle_service(url: str) -> Iterator[Trial]:
    upgrade(url)
    engine = connect(url)
    store = Store(engine)
    try:
        with Cluster(url, **AS_IT_COMES) as cluster, TemporaryDirectory(prefix="gradmill-") as directory:
            cluster.start_broker()
            cluster.start_sweeper()
            cluster.start_api()
            trial = Trial(cluster, store, Watch(engine), Path(directory))
            until(lambda: _is_ready(cluster.api_url), told=cluster.logs)
            yield trial
    finally:
        store.close()


def _is_ready(url: str) -> bool:
    try:
        return httpx2.get(f"{url}/readyz", timeout=1).status_code == 200
    except httpx2.TransportError:
        return False


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.resumption", description=__doc__)
    parser.add_argument("--times", type=int, default=20, help="of each kind")
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--only", nargs="+", choices=list(KINDS), default=list(KINDS), metavar="KIND", help=", ".join(KINDS))
    options = parser.parse_args()
    warm_up()
    with database(options.database) as url, idle_service(url) as trial:
        found = {kind: [trial(kind) for _ in range(options.times)] for kind in options.only}
    sys.stdout.write(markdown(found))
    wrong = [told for kind, measured in found.items() for told in broken(kind, measured)]
    sys.stdout.writelines(f"- {told}\n" for told in wrong)
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
