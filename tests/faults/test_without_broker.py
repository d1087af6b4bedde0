"""The broker is away: everything but the start of trainings goes on, and what has waited is trained when it is back."""

import signal
from typing import Any

import httpx2
import pytest

from core.jobs import TERMINAL
from tests.faults.harness import Cluster
from tests.faults.load import KINDS
from tests.polling import until

JOB, SHORT = KINDS["adam"], KINDS["short"]
ENDLESS = {**JOB, "training": {**JOB["training"], "epochs": 1_000_000}}


@pytest.mark.parametrize("harm", ["killed", "silent"])
def test_without_a_broker_clients_are_answered_and_the_queue_drains_when_it_is_back(
    harm: str, database_url: str, kernels: None
) -> None:
    with Cluster(database_url, auth="off") as cluster:
        cluster.start_broker()
        cluster.start_sweeper()
        cluster.start_api()
        until(lambda: answers(cluster.api_url), told=cluster.logs)
        with httpx2.Client(base_url=cluster.api_url, timeout=30) as client:
            done, running, waiting = (submitted(client, job) for job in (SHORT, ENDLESS, SHORT))
            cluster.start_worker()  # of one process, which has enough to do from now on
            until(lambda: epoch(client, running), told=cluster.logs)
            if harm == "killed":
                cluster.broker.kill()
            else:
                cluster.broker.send(signal.SIGSTOP)

            later = [submitted(client, SHORT) for _ in range(3)]
            assert client.get("/readyz").status_code == 200
            assert {job["id"] for job in client.get("/v1/jobs").json()["data"]} == {done, running, waiting, *later}
            assert client.get(f"/v1/jobs/{waiting}").json()["status"] == "queued"
            assert len(client.get(f"/v1/jobs/{done}/epochs").json()["data"]) == 5
            assert client.get(f"/v1/jobs/{done}/weights").content
            assert client.get(f"/v1/jobs/{running}/events").json()["data"]
            before = epoch(client, running)
            until(lambda: epoch(client, running) > before, told=cluster.logs)
            assert client.post(f"/v1/jobs/{later[0]}/cancel").json()["status"] == "cancelled"
            assert client.post(f"/v1/jobs/{later[1]}/pause").json()["status"] == "paused"
            assert client.post(f"/v1/jobs/{later[1]}/resume").json()["status"] == "queued"
            assert client.post(f"/v1/jobs/{running}/cancel").status_code == 200
            assert ended(client, running) == "cancelled"

            if harm == "killed":
                cluster.start_broker()
            else:
                cluster.broker.send(signal.SIGCONT)
            newest = submitted(client, SHORT)
            assert {ended(client, id) for id in (waiting, *later[1:], newest)} == {"succeeded"}, cluster.logs()


def answers(url: str) -> bool:
    try:
        return httpx2.get(f"{url}/readyz", timeout=1).status_code == 200
    except httpx2.TransportError:
        return False


def submitted(client: httpx2.Client, job: dict[str, Any]) -> str:
    answer = client.post("/v1/jobs", json=job)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def epoch(client: httpx2.Client, id: str) -> int:
    return int(client.get(f"/v1/jobs/{id}").json()["progress"]["epoch"])


def ended(client: httpx2.Client, id: str) -> str:
    """How, when it has."""

    def status() -> str | None:
        now = client.get(f"/v1/jobs/{id}").json()["status"]
        return now if now in TERMINAL else None

    return str(until(status))
