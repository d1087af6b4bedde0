"""Webhooks as their owners see them."""

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from api.answers import DeliveryList, NewWebhookAnswer, WebhookList
from api.app import create_app
from core.settings import Settings
from core.store import Store
from tests.api.conftest import JSON, messages
from tests.keys import AUTHORIZED

URL = "http://127.0.0.1:9/hook"


@pytest.fixture
def webhook(client: TestClient) -> JSON:
    answer = client.post("/v1/webhooks", json={"url": URL})
    assert answer.status_code == 201, answer.text
    made: JSON = answer.json()
    return made


@pytest.fixture
def strict(settings: Settings) -> Iterator[TestClient]:
    changed = settings.model_copy(update={"webhook_private_addresses": False})
    with TestClient(create_app(changed), headers=AUTHORIZED) as client:
        yield client


def test_a_secret_is_shown_once(client: TestClient, webhook: JSON) -> None:
    NewWebhookAnswer.model_validate(webhook)
    assert webhook["secret"].startswith("whsec_")
    listed = client.get("/v1/webhooks")
    WebhookList.model_validate(listed.json())
    path = f"/v1/webhooks/{webhook['id']}"
    changed = client.patch(path, json={"enabled": True, "events": ["job.failed", "job.failed"]})
    assert (changed.json()["enabled"], changed.json()["events"]) == (True, ["job.failed"])
    for answer in (listed, client.get(path), changed, client.post(f"{path}/test"), client.get(f"{path}/deliveries")):
        assert answer.is_success
        assert webhook["secret"] not in answer.text
    rotated = client.post(f"{path}/rotate").json()
    assert rotated["secret"] not in ("", webhook["secret"])
    assert client.delete(path).status_code == 204
    assert client.get(path).status_code == 404


def test_a_test_is_a_delivery_that_may_be_sent_again(client: TestClient, webhook: JSON) -> None:
    path = f"/v1/webhooks/{webhook['id']}"
    sent = client.post(f"{path}/test")
    assert sent.status_code == 202
    deliveries = client.get(f"{path}/deliveries").json()
    DeliveryList.model_validate(deliveries)
    assert deliveries["data"] == [sent.json()]
    assert (sent.json()["status"], sent.json()["message"]["type"]) == ("pending", "webhook.test")
    again = client.post(f"{path}/deliveries/{sent.json()['id']}/redeliver")
    assert (again.status_code, again.json()["id"]) == (202, sent.json()["id"])
    other = client.post("/v1/webhooks", json={"url": URL}).json()["id"]
    assert client.post(f"/v1/webhooks/{other}/deliveries/{sent.json()['id']}/redeliver").status_code == 404


@pytest.mark.parametrize(
    "url",
    ["http://example.com/", "https://127.0.0.1/", "https://[::1]/", "https://169.254.169.254/latest", "https://10.0.0.1/",
     "https://localhost/", "https://user:secret@8.8.8.8/", "ftp://8.8.8.8/", "x", "https://8.8.8.8/#a", "https://no.such.invalid/"],
)  # fmt: skip
def test_what_may_not_be_sent_to_is_refused_with_its_place(
    strict: TestClient, client: TestClient, webhook: JSON, url: str
) -> None:
    for answer in (
        strict.post("/v1/webhooks", json={"url": url}),
        strict.patch(f"/v1/webhooks/{webhook['id']}", json={"url": url}),
    ):
        assert (answer.status_code, list(messages(answer))) == (422, ["/url"]), answer.text
    assert client.get(f"/v1/webhooks/{webhook['id']}").json()["url"] == URL


def test_a_public_address_is_taken(strict: TestClient) -> None:
    assert strict.post("/v1/webhooks", json={"url": "https://8.8.8.8/hook"}).status_code == 201


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/url"),
        ({"url": 5}, "/url"),
        ({"url": URL, "events": []}, "/events"),
        ({"url": URL, "events": ["job.exploded"]}, "/events/0"),
        ({"url": URL, "enabled": "yes"}, "/enabled"),
        ({"url": URL, "secret": "whsec_x"}, "/secret"),
        ({"url": URL, "tenant": "other"}, "/tenant"),
    ],
)
def test_what_is_wrong_with_a_request_is_told_with_its_place(client: TestClient, body: JSON, pointer: str) -> None:
    answer = client.post("/v1/webhooks", json=body)
    assert (answer.status_code, list(messages(answer))) == (422, [pointer]), answer.text


def test_an_event_that_there_is_not_is_named_with_its_list(client: TestClient) -> None:
    answer = client.post("/v1/webhooks", json={"url": URL, "events": ["job.done"]})
    assert messages(answer)["/events/0"].startswith('events[0] is "job.done"; it must be one of "job.submitted", ')


def test_a_tenant_has_twenty_at_most(client: TestClient, store: Store) -> None:
    answers = [client.post("/v1/webhooks", json={"url": URL}) for _ in range(21)]
    assert [answer.status_code for answer in answers] == [201] * 20 + [422]
    assert answers[-1].json()["code"] == "quota_exceeded"


def test_a_key_makes_one_webhook_and_shows_its_secret_to_who_asks_again(client: TestClient, strict: TestClient) -> None:
    key = {"Idempotency-Key": "hooks-1"}
    first, again = (client.post("/v1/webhooks", json={"url": URL}, headers=key) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert [each.headers.get("Idempotency-Replayed") for each in (first, again)] == [None, "true"]
    assert again.headers["Location"] == f"/v1/webhooks/{first.json()['id']}"
    assert len(client.get("/v1/webhooks").json()["data"]) == 1
    for other in ({"url": URL, "enabled": False}, {"url": "nowhere"}):
        refused = client.post("/v1/webhooks", json=other, headers=key)
        assert (refused.status_code, refused.json()["code"]) == (422, "idempotency_mismatch")
    assert client.delete(again.headers["Location"]).status_code == 204
    new = client.post("/v1/webhooks", json={"url": URL}, headers=key)
    assert (new.status_code, new.json()["id"] == first.json()["id"]) == (201, False)


def test_a_key_of_a_request_that_was_refused_is_free(client: TestClient) -> None:
    key = {"Idempotency-Key": "hooks-2"}
    assert client.post("/v1/webhooks", json={"url": "nowhere"}, headers=key).status_code == 422
    assert client.post("/v1/webhooks", json={"url": URL}, headers=key).status_code == 201
    assert client.post("/v1/webhooks", json={"url": URL}, headers={"Idempotency-Key": "x" * 256}).status_code == 400


def test_nothing_is_put_down_for_a_webhook_that_is_disabled_or_has_many_tests(client: TestClient, webhook: JSON) -> None:
    path = f"/v1/webhooks/{webhook['id']}"
    sent = [client.post(f"{path}/test") for _ in range(101)]
    assert [each.status_code for each in sent] == [202] * 100 + [409]
    client.patch(path, json={"enabled": False})
    for refused in (client.post(f"{path}/test"), client.post(f"{path}/deliveries/{sent[0].json()['id']}/redeliver")):
        assert (refused.status_code, refused.json()["code"]) == (409, "conflict")
        assert "is disabled" in refused.json()["detail"]
