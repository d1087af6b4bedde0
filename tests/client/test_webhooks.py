"""Webhooks from both sides: registered and looked after with the client, received and verified, on a real service."""

import asyncio
import base64
import datetime
import json
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

import gradmill
from gradmill import webhooks
from tests.polling import until
from tests.service.running import xor

pytestmark = pytest.mark.xdist_group("client")

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
AT = 1_800_000_000
BODY = b'{"type": "job.succeeded", "timestamp": "2027-01-15T08:00:00.000Z", "data": {"job": "job_1", "name": "\xc3\xbc"}}'


def signed(body: bytes = BODY, id: str = "msg_1", at: int = AT, secret: str = SECRET) -> dict[str, str]:
    """As the library of the specification signs."""
    moment = datetime.datetime.fromtimestamp(at, datetime.UTC)
    signature = Webhook(secret).sign(id, moment, body.decode())
    return {"webhook-id": id, "webhook-timestamp": str(at), "webhook-signature": signature}


@given(st.binary(min_size=1, max_size=64), st.text("abcmsg_0123456789", min_size=1), st.dictionaries(st.text(), st.text()))
def test_what_the_library_of_the_specification_signs_is_verified(key, id, data):
    body = json.dumps({"type": "job.failed", "timestamp": "2027-01-15T08:00:00Z", "data": data}).encode()
    for secret in (base64.b64encode(key).decode(), "whsec_" + base64.b64encode(key).decode().rstrip("=")):
        headers = {name.title(): value for name, value in signed(body, id, secret=secret).items()}
        message = webhooks.verify(body, headers, secret, now=AT)
        assert (message.id, message.type, message.data) == (id, "job.failed", data)


def test_a_message_is_typed_and_may_come_as_text():
    message = webhooks.verify(BODY.decode(), signed(), SECRET, now=AT + 300)
    assert (message.type, message.data["name"], message.timestamp.year) == ("job.succeeded", "ü", 2027)


def test_after_a_rotation_either_secret_will_do():
    other = "whsec_" + base64.b64encode(bytes(32)).decode()
    both = f"{signed(secret=other)['webhook-signature']} v1a,xyz nonsense {signed()['webhook-signature']}"
    for secret in (SECRET, other):
        assert webhooks.verify(BODY, {**signed(), "webhook-signature": both}, secret, now=AT).id == "msg_1"


@pytest.mark.parametrize(
    ("body", "changed", "now"),
    [
        (BODY + b" ", {}, AT),
        (BODY, {"webhook-id": "msg_2"}, AT),
        (BODY, {"webhook-timestamp": str(AT + 1)}, AT),
        (BODY, {"webhook-timestamp": f"{AT}.5"}, AT),
        (BODY, {"webhook-timestamp": "²"}, AT),
        (BODY, {"webhook-signature": ""}, AT),
        (BODY, {"webhook-signature": "v1,"}, AT),
        (BODY, {"webhook-signature": "v1,AAAA v1"}, AT),
        (BODY, {"webhook-signature": signed()["webhook-signature"].replace("v1,", "v2,")}, AT),
        (BODY, {"webhook-signature": signed(secret=SECRET[:-4] + "AAA=")["webhook-signature"]}, AT),
        (BODY, {}, AT + 301),
        (BODY, {}, AT - 301),
        (b"[]", signed(b"[]"), AT),
        (b"text", signed(b"text"), AT),
        (b"{}", signed(b"{}"), AT),
        (b'{"type": "\\ud800"}', signed(b'{"type": "\\ud800"}'), AT),
        (b"[" * 100_000, signed(b"[" * 100_000), AT),
        ("half of a pair: \ud800", {}, AT),
        (BODY, {"webhook-id": "\udcff"}, AT),
        (BODY, {"webhook-signature": "v1,\udcff"}, AT),
    ],
)
def test_what_was_changed_or_is_of_another_time_is_not_verified(body, changed, now):
    with pytest.raises(gradmill.NotVerified):
        webhooks.verify(body, {**signed(), **changed}, SECRET, now=now)
    for name in signed():
        with pytest.raises(gradmill.NotVerified, match=name):
            webhooks.verify(BODY, {other: value for other, value in signed().items() if other != name}, SECRET, now=AT)


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_ü", "whsec_A", "whsec_!!!!"])
def test_what_is_no_secret_is_told(secret):
    with pytest.raises(gradmill.BadInput, match="whsec_ and base64"):
        webhooks.verify(BODY, signed(), secret, now=AT)


@pytest.fixture
def receiver():
    """A server that keeps what it is sent, and answers with its `status`."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            server.received.append((body, self.headers))
            self.send_response(server.status)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    server.received, server.status = [], 204
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_webhook_is_told_what_happens_and_can_be_looked_after(client, receiver):
    url = f"http://127.0.0.1:{receiver.server_port}/gradmill"
    made = client.webhooks.create(url, ["job.succeeded"])
    assert (made.url, made.events, made.enabled) == (url, ["job.succeeded"], True)
    assert client.webhooks.get(made.id).model_dump() == made.model_dump(exclude={"secret"})
    assert made.id in {each.id for each in client.webhooks.list(page_size=1)}

    job = client.jobs.create(*xor(3).values()).wait()
    until(lambda: len(receiver.received) == 1)
    body, headers = receiver.received[0]
    message = webhooks.verify(body, headers, made.secret)
    assert (message.type, message.data["job"], message.data["epoch"]) == ("job.succeeded", job.id, 3)
    until(lambda: next(client.webhooks.deliveries(made.id)).status == "delivered")
    (delivery,) = client.webhooks.deliveries(made.id)
    assert (delivery.id, delivery.answer, delivery.message["data"]["job"]) == (message.id, 204, job.id)

    turned = client.webhooks.rotate(made.id)
    assert turned.secret != made.secret
    assert client.webhooks.redeliver(made.id, delivery.id).status == "pending"
    until(lambda: len(receiver.received) == 2)
    for secret in (made.secret, turned.secret):
        assert webhooks.verify(*receiver.received[1], secret).id == message.id
    assert client.webhooks.test(made.id).type == "webhook.test"
    until(lambda: len(receiver.received) == 3)
    assert webhooks.verify(*receiver.received[2], turned.secret).data == {"webhook": made.id}

    assert client.webhooks.update(made.id, enabled=False).enabled is False
    with pytest.raises(gradmill.Conflict):
        client.webhooks.test(made.id)
    assert client.webhooks.update(made.id, events=["job.failed"], enabled=True).events == ["job.failed"]
    client.webhooks.delete(made.id)
    with pytest.raises(gradmill.NotFound):
        client.webhooks.get(made.id)


def test_what_is_wrong_with_a_webhook_is_told(client):
    with pytest.raises(gradmill.InvalidSpec) as raised:
        client.webhooks.create("nowhere", ["job.won"])
    assert {mistake.pointer for mistake in raised.value.errors} & {"/url", "/events/0"}


def test_webhooks_are_looked_after_in_an_event_loop_too(connected):
    async def made_and_removed():
        async with connected() as client:
            made = await client.webhooks.create("http://127.0.0.1:9/", enabled=False)
            found = [each.id async for each in client.webhooks.list()]
            await client.webhooks.delete(made.id)
            return made, found

    made, found = asyncio.run(made_and_removed())
    assert made.id in found
    assert made.events == ["job.succeeded", "job.failed", "job.cancelled"]
