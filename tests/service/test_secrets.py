"""No key is left anywhere by a whole run: not in the database, not in a log, not in a file."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx2

from core.keys import Key
from core.store import Store
from tests.api.conftest import xor
from tests.faults.harness import ROOT, Cluster
from tests.keys import AUTHORIZED, KEY, bearer, dump
from tests.polling import until


def test_no_key_is_in_the_database_in_any_log_or_in_any_file_after_a_whole_run(database_url: str, store: Store) -> None:
    with Cluster(database_url) as cluster:
        cluster.start_broker()
        cluster.start_sweeper()
        worker = cluster.start_worker()
        cluster.start_api()
        until(lambda: is_ready(cluster.api_url), told=cluster.logs)
        with httpx2.Client(base_url=cluster.api_url, timeout=60) as client:
            first = made(database_url, "create", "--tenant", "acme", "--name", "first")
            job = trained(client, AUTHORIZED, worker)
            ask_for_everything(client, AUTHORIZED, job)
            trained(client, bearer(first))
            second = made(database_url, "rotate", first.rpartition("_")[0])
            assert client.get("/v1/jobs", headers=bearer(first)).status_code == 401
            trained(client, bearer(second))
        cluster.broker.kill()
        secrets = [key.rpartition("_")[2] for key in (KEY.text, first, second)]
        assert len({*secrets}) == 3
        written = dump(store)
        assert all(Key(key).sha256 in written for key in (first, second))
        kept = [path for path in [*cluster.directory.rglob("*"), *database_files(database_url)] if path.is_file()]
        assert {"api.log", "sweeper.log", "worker0.log", "broker.log"} <= {path.name for path in kept}
        for secret in secrets:
            assert secret not in written
            assert not [path for path in kept if secret.encode() in path.read_bytes()]


def ask_for_everything(client: httpx2.Client, mine: dict[str, str], job: str) -> None:
    """What is answered, and what is refused in each way."""
    for path in ("", f"/{job}", f"/{job}/epochs", f"/{job}/events", f"/{job}/weights"):
        assert client.get(f"/v1/jobs{path}", headers=mine).status_code == 200
    text = mine["Authorization"].partition(" ")[2]
    for headers in (bearer(f"{text}0"), bearer(text[:-1]), {"Authorization": f"Basic {text}"}, {"X-Api-Key": text}):
        assert client.get("/v1/jobs", headers=headers).status_code == 401
    assert client.post("/v1/jobs", content=b"{", headers=mine).status_code in (400, 415)
    assert client.post("/v1/datasets?format=npy", content=b"no array", headers=mine).status_code == 422
    assert client.get("/nowhere", headers=mine).status_code == 404


def trained(client: httpx2.Client, headers: dict[str, str], worker: Any = None) -> str:
    """The id of a job that has succeeded, although its first worker was killed where one is given."""
    answer = client.post("/v1/jobs", json=xor(), headers={**headers, "Idempotency-Key": "once"})
    assert answer.status_code == 202, answer.text
    path = f"/v1/jobs/{answer.json()['id']}"
    if worker is not None:
        worker.kill_child()
    until(lambda: client.get(path, headers=headers).json()["status"] == "succeeded")
    return str(answer.json()["id"])


def made(url: str, *arguments: str) -> str:
    """The key that the command shows, once."""
    command = [sys.executable, "-m", "service.keys", *arguments]
    environment = {"DATABASE_URL": url, "PATH": os.environ["PATH"]}
    said = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True, timeout=60).stdout
    return next(word for word in said.split() if word.startswith("gm_") and len(word) > 60)


def database_files(url: str) -> list[Path]:
    """Those of SQLite, the journal too."""
    if not url.startswith("sqlite"):
        return []
    path = Path(url.removeprefix("sqlite:///"))
    return [*path.parent.glob(f"{path.name}*")]


def is_ready(url: str) -> bool:
    try:
        return httpx2.get(f"{url}/readyz", timeout=1).status_code == 200
    except httpx2.TransportError:
        return False
