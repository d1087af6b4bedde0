"""A sweeper that is killed while it sends misses nothing."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from core.store import Job, Store
from core.webhooks import new_secret
from tests.polling import until
from tests.webhooks.conftest import Receiver

ROOT = Path(__file__).parents[2]
JOBS = 15
KILLS = 3


def test_all_is_told_by_those_who_come_after_it(
    store: Store, database_url: str, submit: Callable[..., Job], receiver: Receiver, tmp_path: Path
) -> None:
    settings = {
        "DATABASE_URL": database_url,
        "REDIS_URL": "redis://127.0.0.1:1/0",
        "GRADMILL_DATA_DIR": str(tmp_path),
        "GRADMILL_WEBHOOK_PRIVATE_ADDRESSES": "true",
        "GRADMILL_WEBHOOK_TIMEOUT_S": "2",
        "GRADMILL_WEBHOOK_LEASE_MARGIN_S": "0.5",
        "GRADMILL_SWEEP_EVERY_S": "0.1",
    }
    receiver.secret, receiver.pause_s = new_secret(), 0.05
    store.webhooks.add("default", receiver.url, ["job.submitted"], receiver.secret)
    jobs = [submit().id for _ in range(JOBS)]
    for kill in range(KILLS + 1):
        sweeper = subprocess.Popen([sys.executable, "-m", "worker.sweep"], cwd=ROOT, env={**os.environ, **settings})
        try:
            goal = JOBS if kill == KILLS else min(JOBS - 1, len(receiver.came) + 3)
            until(lambda goal=goal: len({id for id, _ in receiver.came}) >= goal)  # type: ignore[misc]
        finally:
            sweeper.kill()
            sweeper.wait()
    assert {data["data"]["job"] for _, data in receiver.came} == set(jobs)
    assert len({id for id, _ in receiver.came}) == JOBS  # what came twice came under the same id
