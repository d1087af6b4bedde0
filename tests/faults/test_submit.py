"""The API is killed at every step of a submit: what it accepted is there, and no request makes two jobs."""

import sys

import httpx2
import pytest

from core.store import Store
from tests.faults.harness import Cluster, free_port
from tests.faults.load import KINDS
from tests.polling import until


def test_a_job_is_made_once_wherever_the_api_is_killed_while_it_takes_it(database_url: str, store: Store) -> None:
    with Cluster(database_url, auth="off") as cluster:
        cluster.start_broker()
        cluster.start_api()
        port = free_port()
        cluster.start("doomed", [sys.executable, "-m", "tests.faults.doomed", str(port)])
        until(lambda: is_ready(cluster.api_url), told=cluster.logs)
        until(lambda: is_ready(f"http://127.0.0.1:{port}"), told=cluster.logs)
        known: set[str] = set()
        was_there = []
        while True:  # each time the server lives one step longer
            key = f"request-{len(was_there)}"
            told = submitted(f"http://127.0.0.1:{port}", key)
            made = {job.id for job in store.jobs.page("default", limit=100).items} - known
            assert len(made) <= 1
            repeated = submitted(cluster.api_url, key)
            assert repeated is not None
            assert told in (None, repeated), "what was accepted is not what its key names"
            assert made <= {repeated}, "one request made two jobs"
            assert store.jobs.get("default", repeated).state == "queued"
            known.add(repeated)
            if told is not None:
                break
            was_there.append(bool(made))
        assert len(known) == len(store.jobs.page("default", limit=100).items) == len(was_there) + 1
        # Killed before the commit it has made nothing, killed after it everything.
        assert was_there == sorted(was_there)
        assert was_there.count(False) > 10
        assert was_there.count(True) > 1


def is_ready(url: str) -> bool:
    try:
        return httpx2.get(f"{url}/readyz", timeout=1).status_code == 200
    except httpx2.TransportError:
        return False


def submitted(url: str, key: str) -> str | None:
    """The id of the job; None where nobody answers."""
    try:
        answer = httpx2.post(f"{url}/v1/jobs", json=KINDS["short"], headers={"Idempotency-Key": key}, timeout=60)
    except httpx2.TransportError:
        return None
    if answer.status_code != 202:
        pytest.fail(answer.text)
    return str(answer.json()["id"])
