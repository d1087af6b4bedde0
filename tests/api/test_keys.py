"""API keys: who comes in, who does not, and that no key is ever kept or told."""

import asyncio
import logging
import re
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from starlette.testclient import TestClient

from api.app import create_app
from api.keys import needed_for
from api.openapi import document
from api.uses import Uses
from core.errors import Unavailable
from core.keys import new_key
from core.nn.saving.weights import to_safetensors
from core.settings import Settings
from core.store import Store, upgrade
from tests.api.conftest import JSON, xor
from tests.conftest import KINDS
from tests.keys import AUTHORIZED, KEY, bearer, dump, issued

Operation = tuple[str, str]

OPEN = {("GET", "/healthz"), ("GET", "/readyz")}
DOCUMENT = document(create_app())
OPERATIONS = [(method.upper(), path) for path, item in DOCUMENT["paths"].items() for method in item]
READING = {("POST", "/v1/jobs/{job_id}/predict")}  # beside GET
GUARDED = [operation for operation in OPERATIONS if operation not in OPEN]
SOME = {"job_id": "job_", "dataset_id": "ds_", "weights_id": "wt_", "webhook_id": "wh_", "delivery_id": "msg_"}


ON_BOTH = pytest.mark.parametrize("database_url", KINDS, indirect=True)


@pytest.fixture
def database_url(request: pytest.FixtureRequest) -> str:
    """On SQLite, or on what the test names."""
    fixture = {"sqlite": "sqlite_url", "postgresql": "postgres_url"}[getattr(request, "param", "sqlite")]
    return str(request.getfixturevalue(fixture))


@pytest.fixture
def stranger(settings: Settings) -> Iterator[TestClient]:
    """A client without a key."""
    with TestClient(create_app(settings)) as client:
        yield client


def asked(client: TestClient, operation: Operation, headers: dict[str, str], ids: dict[str, str] | None = None) -> Any:
    method, path = operation
    return client.request(method, path.format(**(ids or SOME)), headers=headers)


def test_all_that_is_open_is_the_state_of_the_service() -> None:
    assert {operation for operation in OPERATIONS if not operation[1].startswith("/v1/")} == OPEN
    assert len(GUARDED) > 10


@pytest.mark.parametrize("operation", GUARDED, ids=" ".join)
def test_every_operation_demands_a_key_and_its_scope(operation: Operation, stranger: TestClient, store: Store) -> None:
    method, path = operation
    refused = asked(stranger, operation, {})
    assert (refused.status_code, refused.json()["code"]) == (401, "unauthorized")
    assert refused.headers["www-authenticate"] == "Bearer"
    assert refused.headers["content-type"] == "application/problem+json"

    for query in ("", "?nonsense=1", "?wait=9999", "?wait=-1", "?wait=1&wait=1", "?limit=0"):
        refused = asked(stranger, (method, path + query), bearer(new_key().text))
        assert (refused.status_code, refused.json()["code"]) == (401, "unauthorized"), query

    needed, other = ("read", "write") if method == "GET" or operation in READING else ("write", "read")
    refused = asked(stranger, operation, issued(store, "default", other))
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    assert f"the scope {needed}" in refused.json()["detail"]
    assert refused.headers["www-authenticate"] == f'Bearer error="insufficient_scope", scope="{needed}"'

    for scope in (needed, "admin"):
        assert asked(stranger, operation, issued(store, "default", scope)).status_code not in (401, 403)

    documented = DOCUMENT["paths"][path][method.lower()]
    assert documented["security"] == [{"key": [needed]}]
    assert {"401", "403"} <= documented["responses"].keys()


def test_what_is_open_asks_for_nothing(stranger: TestClient) -> None:
    for path in ("/healthz", "/readyz", "/openapi.json", "/docs"):
        assert stranger.get(path).status_code == 200
    assert not any("security" in item for path in ("/healthz", "/readyz") for item in DOCUMENT["paths"][path].values())
    assert DOCUMENT["components"]["securitySchemes"]["key"]["scheme"] == "bearer"


def test_head_needs_what_get_needs(stranger: TestClient, store: Store) -> None:
    assert (needed_for("HEAD"), needed_for("DELETE")) == ("read", "write")
    assert stranger.head("/v1/jobs").status_code == 401
    assert stranger.head("/v1/jobs", headers=issued(store, "default", "read")).status_code == 200
    assert stranger.head("/v1/jobs", headers=issued(store, "default", "write")).status_code == 403


def test_a_body_is_not_read_for_one_who_may_not_send_it(stranger: TestClient, store: Store) -> None:
    for headers, status in (({}, 401), (issued(store, "default", "read"), 403)):
        answer = stranger.post("/v1/jobs?nonsense=1", content=b"{" * 1000, headers=headers)
        assert answer.status_code == status


@pytest.mark.parametrize(
    "given",
    [
        "",
        "Bearer",
        "Bearer ",
        "Basic Z206c2VjcmV0",
        f"Basic {KEY.text}",
        KEY.text,
        f"Bearer {KEY.text}0",
        f"Bearer {KEY.text[:-1]}",
        f"Bearer {KEY.text.upper()}",
        f"Bearer {KEY.text} {KEY.text}",
        "Bearer hunter2",
        "Bearer \u00fc",
    ],
)
def test_what_is_no_key_is_refused_and_not_repeated(given: str, stranger: TestClient) -> None:
    answer = stranger.get("/v1/jobs", headers={"Authorization": given.encode("latin-1")})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'
    secret = given.rpartition(" ")[2]
    assert not secret or secret == "Bearer" or secret not in answer.text


def test_a_key_that_is_not_whole_is_said_to_be_unknown(stranger: TestClient) -> None:
    for key in (KEY.text[:-1], "gm_wrong"):
        told = stranger.get("/v1/jobs", headers={"Authorization": f"Bearer {key}"}).json()["detail"]
        assert told.startswith("the API key is unknown: it is not whole, or none at all; a key is gm_, ")


def test_only_the_embedded_service_says_where_its_key_is(settings: Settings, stranger: TestClient) -> None:
    settings.key_file.write_text("gm_…\n")
    message = "Authorization is missing; it must be Bearer and an API key, gm_…"
    assert stranger.get("/v1/jobs").json()["detail"] == message
    upgrade(f"sqlite:///{settings.data_dir}/gradmill.db")
    for database_url in ("", f"sqlite:///{settings.data_dir}/gradmill.db"):
        embedded = Settings(data_dir=settings.data_dir, database_url=database_url, redis_url="")
        with TestClient(create_app(embedded)) as client:
            told = client.get("/v1/jobs").json()["detail"]
            assert told == f"{message}. The embedded service wrote one to var/key, or to the file key of its --data-dir"
            assert str(settings.data_dir) not in told
            settings.key_file.rename(settings.data_dir / "elsewhere")
            assert client.get("/v1/jobs").json()["detail"] == message
            (settings.data_dir / "elsewhere").rename(settings.key_file)


def test_a_key_is_not_taken_from_the_address(stranger: TestClient) -> None:
    for name in ("key", "api_key", "access_token", "token"):
        assert stranger.get("/v1/jobs", params={name: KEY.text}).status_code == 401


def test_the_right_id_with_a_wrong_secret_is_an_unknown_key(stranger: TestClient) -> None:
    forged = f"{KEY.id}_{'0' * 48}"
    answer = stranger.get("/v1/jobs", headers=bearer(forged))
    assert (answer.status_code, answer.json()["detail"]) == (
        401,
        f"the key {KEY.id} is not known here, or what follows its id is wrong",
    )


def test_the_scheme_may_be_written_in_any_case(stranger: TestClient) -> None:
    assert stranger.get("/v1/jobs", headers={"Authorization": f"bearer {KEY.text}"}).status_code == 200


@ON_BOTH
def test_a_key_that_is_revoked_is_refused_at_once(stranger: TestClient, store: Store) -> None:
    key = new_key()
    store.keys.add(key, "default", "leaked")
    for _ in range(3):
        assert stranger.get("/v1/jobs", headers=bearer(key.text)).status_code == 200
    store.keys.revoke(key.id)
    answer = stranger.get("/v1/jobs", headers=bearer(key.text))
    assert (answer.status_code, answer.json()["detail"]) == (401, f"the key {key.id} was revoked")


def test_a_key_that_has_expired_is_refused(stranger: TestClient, store: Store) -> None:
    key = new_key()
    store.keys.add(key, "default", "old", expires_in_s=-1)
    answer = stranger.get("/v1/jobs", headers=bearer(key.text))
    assert (answer.status_code, answer.json()["detail"]) == (401, f"the key {key.id} has expired")


def test_the_use_of_a_key_is_written_down_beside_the_request(settings: Settings, store: Store) -> None:
    key = new_key()
    store.keys.add(key, "default", "used")
    with TestClient(create_app(settings), headers=bearer(key.text)) as client:
        for _ in range(3):
            assert client.get("/v1/jobs").status_code == 200
    (used,) = (each for each in store.keys.all() if each.id == key.id)
    assert used.last_used_at is not None


def test_no_request_waits_until_the_use_of_its_key_is_written_down() -> None:
    async def run() -> list[str]:
        free, written = threading.Event(), []

        def write(key_id: str) -> None:
            free.wait(60)
            written.append(key_id)
            if len(written) == 1:
                raise Unavailable("the database does not answer")

        uses = Uses(write)
        for _ in range(3):
            uses.note("gm_1")
        await asyncio.sleep(0)
        assert written == []
        free.set()
        await uses.stop()
        uses.note("gm_1")
        await uses.stop()
        return written

    assert asyncio.run(run()) == ["gm_1", "gm_1"]


def test_without_keys_only_this_machine_is_answered(settings: Settings) -> None:
    app = create_app(settings.model_copy(update={"auth": "off"}))
    with TestClient(app, base_url="http://127.0.0.1:8000") as here, TestClient(app, base_url="http://10.0.0.1") as elsewhere:
        assert here.post("/v1/jobs", json=xor()).status_code == 202
        assert elsewhere.get("/healthz").status_code == 200
        refused = elsewhere.get("/v1/jobs", headers=AUTHORIZED)
    assert refused.status_code == 401
    assert "GRADMILL_AUTH is off" in refused.json()["detail"]


@ON_BOTH
def test_no_key_is_in_any_answer_log_or_row(
    client: TestClient,
    quiet_client: TestClient,
    store: Store,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    caplog.set_level(logging.DEBUG)
    job = client.post("/v1/jobs", json=xor(), headers={"Idempotency-Key": "mine"}).json()["id"]
    answers = [
        client.get("/v1/jobs"),
        client.get(f"/v1/jobs/{job}"),
        client.get("/nowhere"),
        client.post("/v1/datasets?format=csv", content=b"a\n1\n"),
        client.post("/v1/jobs", json={}),
        client.get("/v1/jobs?limit=0"),
        client.get("/v1/jobs", headers=bearer(f"{KEY.text}0")),
        client.get("/v1/jobs", headers={"Authorization": f"Basic {KEY.text}"}),
    ]

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("broken")

    service = quiet_client.app.state.service  # type: ignore[attr-defined]
    for method in ("page", "get"):
        monkeypatch.setattr(service.store.jobs, method, broken)
    answers += [quiet_client.get("/v1/jobs"), quiet_client.get(f"/v1/jobs/{job}")]
    assert answers[-1].status_code == 500
    secret = KEY.text.rpartition("_")[2]
    told = "\n".join(f"{answer.text} {answer.headers}" for answer in answers)
    assert secret not in told
    assert "Traceback" in caplog.text
    assert secret not in caplog.text
    assert secret not in dump(store)
    assert KEY.sha256 in dump(store)
    assert KEY.sha256 not in told + caplog.text
    assert secret not in repr(KEY)


@pytest.fixture
def made(client: TestClient, trained: JSON, submitted: Callable[..., JSON]) -> dict[str, list[str]]:
    """Ids of everything that a tenant can have."""
    file = to_safetensors({"0.weight": np.ones((1, 2), np.float32)}, {})
    sent = client.post("/v1/weights", content=file, headers={"Content-Type": "application/x-safetensors"}).json()["id"]
    uploaded = client.post("/v1/datasets?format=csv", content=b"a,b\n1,2\n3,4\n").json()["id"]
    webhook = client.post("/v1/webhooks", json={"url": "http://127.0.0.1:9/hook"}).json()["id"]
    return {
        "job_id": [trained["id"], submitted(metadata={"a": "b"})["id"]],
        "dataset_id": [trained["dataset"]["id"], uploaded],
        "weights_id": [sent],
        "webhook_id": [webhook],
        "delivery_id": [client.post(f"/v1/webhooks/{webhook}/test").json()["id"]],
    }


WITH_ID = [operation for operation in GUARDED if "{" in operation[1]]


@ON_BOTH
@pytest.mark.parametrize("operation", WITH_ID, ids=" ".join)
def test_what_belongs_to_another_tenant_is_not_there(
    operation: Operation, client: TestClient, store: Store, made: dict[str, list[str]]
) -> None:
    theirs = issued(store, "other", "admin")
    name, *within = re.findall(r"\{(\w+)\}", operation[1])
    inner = {each: made[each][0] for each in within}
    for id in made[name]:
        refused = asked(client, operation, theirs, {name: id, **inner})
        unknown = asked(client, operation, theirs, {name: f"{id[:-3]}{'000' if id[-3:] != '000' else '001'}", **inner})
        assert (refused.status_code, refused.json()["code"]) == (404, "not_found"), id
        assert unknown.status_code == 404
        assert refused.json()["detail"].replace(id, "ID") == re.sub(
            r"(job|ds|wt|wh)_[0-9a-f]{32}", "ID", unknown.json()["detail"]
        )
        assert asked(client, operation, AUTHORIZED, {name: id, **inner}).status_code != 404


@ON_BOTH
def test_lists_show_nothing_of_another_tenant(client: TestClient, store: Store, made: dict[str, list[str]]) -> None:
    theirs = issued(store, "other")
    for method, path in GUARDED:
        if method == "GET" and "{" not in path:
            assert client.get(path).json()["data"], path
            assert client.get(path, headers=theirs).json()["data"] == [], path
    cursor = made["job_id"][1]
    assert client.get("/v1/jobs", params={"cursor": cursor, "metadata[a]": "b"}, headers=theirs).json()["data"] == []


@ON_BOTH
def test_a_job_refers_to_nothing_of_another_tenant(client: TestClient, store: Store, made: dict[str, list[str]]) -> None:
    theirs = issued(store, "other")
    own = client.post("/v1/datasets?format=csv", content=b"a,b\n1,2\n3,4\n", headers=theirs).json()["id"]
    job, dataset, weights = (made[name][0] for name in ("job_id", "dataset_id", "weights_id"))
    network, data = {"layers": [{"units": 1}]}, {"id": own, "target": "b"}
    training = {"loss": "mean_squared_error", "epochs": 1}
    for pointer, request in {
        "/dataset/id": {"network": network, "dataset": {"id": dataset, "target": "b"}, "training": training},
        "/training/validation/dataset": {
            "network": network,
            "dataset": data,
            "training": {**training, "validation": {"dataset": dataset}},
        },
        "/training/start/job": {"network": network, "dataset": data, "training": {**training, "start": {"job": job}}},
        "/training/start/weights": {
            "network": network,
            "dataset": data,
            "training": {**training, "start": {"weights": weights}},
        },
    }.items():
        for path in ("/v1/jobs", "/v1/networks/check"):
            answer = client.post(path, json=request, headers=theirs)
            assert answer.status_code == 422, (path, pointer, answer.text)
            problems = {error["pointer"]: error["message"] for error in answer.json()["errors"]}
            assert problems[pointer].startswith("there "), problems
    assert client.post("/v1/jobs", json={"network": network, "dataset": data, "training": training}, headers=theirs).is_success


@ON_BOTH
def test_an_idempotency_key_and_equal_bytes_mean_nothing_to_another_tenant(client: TestClient, store: Store) -> None:
    theirs = issued(store, "other")
    key = {"Idempotency-Key": "same"}
    mine, other = (client.post("/v1/jobs", json=xor(), headers={**who, **key}) for who in (AUTHORIZED, theirs))
    assert (mine.status_code, other.status_code) == (202, 202)
    assert mine.json()["id"] != other.json()["id"]
    assert mine.json()["dataset"]["id"] != other.json()["dataset"]["id"]
    assert "idempotency-replayed" not in other.headers
    assert client.post("/v1/jobs", json=xor(priority=0), headers={**theirs, **key}).json()["code"] == "idempotency_mismatch"
    content = b"a,b\n1,2\n"
    uploads = [client.post("/v1/datasets?format=csv", content=content, headers=who) for who in (AUTHORIZED, theirs, theirs)]
    assert [answer.status_code for answer in uploads] == [201, 201, 200]
    assert len({answer.json()["id"] for answer in uploads}) == 2


@ON_BOTH
def test_the_queue_of_one_tenant_is_not_told_to_another(client: TestClient, store: Store) -> None:
    client.post("/v1/jobs", json=xor())
    positions = [client.post("/v1/networks/check", json=xor(), headers=who) for who in (AUTHORIZED, issued(store, "other"))]
    assert [answer.json()["queue_position"] for answer in positions] == [1, 0]
