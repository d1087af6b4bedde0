"""A database, the processes around it, and what an undisturbed run gives."""

import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from core.store import Store, connect, upgrade
from tests.faults.harness import ROOT, Cluster
from tests.faults.jobs import Outcome, outcome, submit, wait


@pytest.fixture(scope="session")
def kernels() -> None:
    """Compiled before a worker needs them, so that no test waits for a compiler."""
    subprocess.run([sys.executable, "-c", "from core.nn.warmup import warm_up; warm_up()"], cwd=ROOT, check=True)


@pytest.fixture
def cluster(database_url: str, kernels: None) -> Iterator[Cluster]:
    """A broker and a sweeper; what the processes wrote is shown where the test fails."""
    with Cluster(database_url) as cluster:
        cluster.start_broker()
        cluster.start_sweeper()
        yield cluster
        print(cluster.logs())  # noqa: T201


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, kernels: None) -> Callable[[Mapping[str, Any]], Outcome]:
    """What a job gives when a worker trains it in one go, on a database of its own."""
    known: dict[int, Outcome] = {}

    def train(spec: Mapping[str, Any]) -> Outcome:
        if id(spec) not in known:
            directory = tmp_path_factory.mktemp("undisturbed")
            url = f"sqlite:///{directory}/gradmill.db"
            upgrade(url)
            store = Store(connect(url))
            with Cluster(url, lease_ttl_s=60) as cluster:
                cluster.start_broker()
                cluster.start_sweeper()
                cluster.start_worker()
                job = wait(store, submit(store, directory, spec))
            assert job.attempt == 1
            known[id(spec)] = outcome(store, job)
            store.close()
        return known[id(spec)]

    return train
