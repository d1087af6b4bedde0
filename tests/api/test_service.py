"""The process itself: alive, ready, quiet about its insides, and light to start."""

import asyncio
import itertools
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from api.readiness import Readiness
from core.errors import StorageFull, Unavailable
from core.settings import Settings
from tests.keys import AUTHORIZED


def test_a_live_process_says_so(client: TestClient) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}


def test_a_service_without_a_broker_is_degraded_but_ready(client: TestClient) -> None:
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {"status": "degraded", "checks": {"database": "ok", "migrations": "ok", "broker": "not set"}}


def test_a_broker_that_does_not_answer_is_named_without_its_password(settings: Settings) -> None:
    address = "redis://:secret@127.0.0.1:1/0"
    app = create_app(settings.model_copy(update={"redis_url": address}))
    with TestClient(app) as client:
        answer = client.get("/readyz")
        assert client.get("/healthz").status_code == 200
    assert answer.json()["checks"]["broker"] == "no answer: ConnectionError"
    assert "secret" not in answer.text


def test_all_who_ask_whether_the_service_is_ready_share_one_look(monkeypatch: pytest.MonkeyPatch) -> None:
    answers_now, looks = threading.Event(), itertools.count(1)

    def look() -> dict[str, str]:
        number = next(looks)
        assert answers_now.wait(30)
        return {"look": str(number)}

    async def ask() -> None:
        readiness = Readiness(look)
        asked = [asyncio.create_task(readiness.checks()) for _ in range(100)]
        await asyncio.sleep(0)
        asked[0].cancel()
        answers_now.set()
        answers = await asyncio.gather(*asked, return_exceptions=True)
        assert isinstance(answers[0], asyncio.CancelledError)
        assert answers[1:] == [{"look": "1"}] * 99
        monkeypatch.setattr("api.readiness.EVERY_S", 3600.0)
        assert await readiness.checks() == {"look": "1"}
        monkeypatch.setattr("api.readiness.EVERY_S", 0.0)
        assert await readiness.checks() == {"look": "2"}
        await readiness.stop()

    asyncio.run(ask())


def test_a_database_without_its_tables_is_not_ready(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, database_url="", redis_url="")
    with TestClient(create_app(settings)) as client:
        answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["checks"]["migrations"].startswith("not applied")


def test_a_database_that_does_not_answer_is_not_ready_and_refuses_politely(tmp_path: Path) -> None:
    address = "postgresql+psycopg://nobody@127.0.0.1:1/nothing?connect_timeout=1"
    app = create_app(Settings(data_dir=tmp_path, database_url=address, redis_url=""))
    with TestClient(app, headers=AUTHORIZED) as client:
        assert client.get("/healthz").status_code == 200
        assert client.get("/readyz").json()["checks"]["database"] == "no answer"
        answer = client.get("/v1/jobs")
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert answer.headers["retry-after"] == "2"
    assert "nobody" not in answer.text


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (RuntimeError("a secret"), 500, "internal"),
        (Unavailable("a secret"), 503, "unavailable"),
        (StorageFull("the disk of the database is full"), 503, "storage_full"),
    ],
)
def test_what_breaks_on_our_side_tells_nothing_but_the_request(
    quiet_client: TestClient, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int, code: str
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise error

    service = quiet_client.app.state.service  # type: ignore[attr-defined]
    monkeypatch.setattr(service.store.jobs, "page", broken)
    answer = quiet_client.get("/v1/jobs", headers={"X-Request-ID": "mine"})
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json()["request_id"] == answer.headers["x-request-id"] == "mine"
    assert "secret" not in answer.text


def test_every_answer_carries_an_id_of_its_own(client: TestClient) -> None:
    first, second = client.get("/healthz"), client.get("/nowhere")
    assert first.headers["x-request-id"].startswith("req_")
    assert first.headers["x-request-id"] != second.headers["x-request-id"]


def test_an_id_that_is_none_is_replaced(client: TestClient) -> None:
    assert client.get("/healthz", headers={"X-Request-ID": "a b"}).headers["x-request-id"].startswith("req_")


def test_the_application_starts_without_the_engine_and_the_parsers() -> None:
    code = "import sys, api.app; print({'numba', 'llvmlite', 'scipy', 'pyarrow'} & set(sys.modules))"
    root = Path(__file__).parents[2]
    result = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "set()"


def test_a_shell_prompt_does_not_stick_to_an_answer(client: TestClient) -> None:
    for path in ("/healthz", "/v1/jobs", "/nowhere"):
        assert client.get(path).content.endswith(b"}\n"), path
