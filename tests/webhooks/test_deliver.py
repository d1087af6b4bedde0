"""What happens is told at least once, whatever happens to receivers and senders."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from core.errors import NotFound
from core.settings import Settings
from core.store import Job, Store, Webhook, messages
from core.webhooks import EVENTS, TEST, new_secret, payload
from tests.webhooks.conftest import Receiver, came, happened
from worker.deliver import deliver_some


def test_each_event_is_told_once_and_in_order(
    store: Store, submit: Callable[..., Job], receiver: Receiver, webhook: Webhook, options: Settings
) -> None:
    told = happened(store, submit)
    assert store.outbox.fill() == len(told)
    assert store.outbox.fill() == 0
    assert deliver_some(store, options)
    assert not deliver_some(store, options)
    assert came(receiver) == told
    assert {data["type"] for _, data in receiver.came} == {"job.submitted", "job.cancelled"}
    log = store.webhooks.deliveries("default", webhook.id).items
    assert [(each.state, each.attempts, each.status) for each in log] == [("delivered", 1, 204)] * len(told)
    assert sorted(each.id for each in log) == sorted(id for id, _ in receiver.came)


def test_what_happened_before_or_is_not_asked_for_is_not_told(
    store: Store, submit: Callable[..., Job], receiver: Receiver, options: Settings
) -> None:
    happened(store, submit)
    receiver.secret = new_secret()
    store.webhooks.add("default", receiver.url, ["job.cancelled"], receiver.secret)
    store.webhooks.add("other", receiver.url, EVENTS, new_secret())
    told = happened(store, submit)
    store.outbox.fill()
    while deliver_some(store, options):
        pass
    assert came(receiver) == [each for each in told if each[1] == 2]


def test_a_receiver_that_fails_for_a_while_misses_nothing(
    store: Store, submit: Callable[..., Job], receiver: Receiver, webhook: Webhook, options: Settings
) -> None:
    told = happened(store, submit)
    store.outbox.fill()
    receiver.status = 503
    for _ in range(3):
        assert deliver_some(store, options)
    assert receiver.refused == 3
    receiver.status = 200
    while deliver_some(store, options):
        pass
    assert sorted(came(receiver)) == sorted(told)


def test_a_message_is_given_up_in_the_end_and_sent_again_on_request_under_its_id(
    store: Store, receiver: Receiver, webhook: Webhook, options: Settings
) -> None:
    test = store.webhooks.test("default", webhook.id, TEST, payload(TEST, "2026-11-22T12:00:00Z", {}).decode())
    receiver.status = 500
    for _ in range(5):
        assert deliver_some(store, options)
    assert not deliver_some(store, options)
    (given_up,) = store.webhooks.deliveries("default", webhook.id).items
    assert (given_up.state, given_up.attempts, given_up.status) == ("failed", 5, 500)
    receiver.status = 200
    store.webhooks.redeliver("default", webhook.id, test.id)
    assert deliver_some(store, options)
    assert [id for id, _ in receiver.came] == [test.id]


def test_a_sender_that_died_leaves_its_turn_to_the_next_and_writes_nothing_when_it_wakes(
    store: Store, submit: Callable[..., Job], receiver: Receiver, webhook: Webhook, options: Settings
) -> None:
    told = happened(store, submit)
    store.outbox.fill()
    dead = store.outbox.take(0.0)
    assert dead is not None
    first = store.outbox.begin(dead, 0.0, options.webhook_schedule_s)
    assert first is not None
    assert first.delivery.attempts == 1
    while deliver_some(store, options):
        pass
    assert sorted(came(receiver)) == sorted(told)
    assert not store.outbox.failed(dead, first, 500, None, 1.0, 60.0)
    assert not store.outbox.delivered(dead, first, 200)


def test_a_message_that_kills_its_senders_is_not_sent_without_end(
    store: Store, receiver: Receiver, webhook: Webhook, options: Settings
) -> None:
    store.webhooks.test("default", webhook.id, TEST, "{}")
    attempts = []
    for _ in range(len(options.webhook_schedule_s) + 1):
        dead = store.outbox.take(0.0)
        assert dead is not None
        attempt = store.outbox.begin(dead, 0.0, options.webhook_schedule_s)
        assert attempt is not None
        attempts.append(attempt.delivery.attempts)
    assert attempts == [1, 2, 3, 4, 5]
    assert deliver_some(store, options)
    (given_up,) = store.webhooks.deliveries("default", webhook.id).items
    assert (given_up.state, given_up.attempts) == ("failed", 5)
    assert given_up.error == "the sender has not told how this attempt went"
    assert (receiver.came, receiver.refused) == ([], 0)


def test_a_new_address_and_secret_count_for_the_next_message_of_a_turn(
    store: Store, receiver: Receiver, webhook: Webhook, options: Settings
) -> None:
    for _ in range(2):
        store.webhooks.test("default", webhook.id, TEST, "{}")
    turn = store.outbox.take(60)
    assert turn is not None
    assert store.outbox.begin(turn, 60, options.webhook_schedule_s)
    store.webhooks.change("default", webhook.id, url="https://new.example.com/")
    store.webhooks.rotate("default", webhook.id, "whsec_new")
    attempt = store.outbox.begin(turn, 60, options.webhook_schedule_s)
    assert attempt is not None
    assert (attempt.url, attempt.secrets) == ("https://new.example.com/", ("whsec_new", receiver.secret))


def test_a_turn_ends_in_time_for_others(
    store: Store, submit: Callable[..., Job], receiver: Receiver, webhook: Webhook, options: Settings
) -> None:
    happened(store, submit, 10)
    store.outbox.fill()
    receiver.pause_s = 0.25
    assert deliver_some(store, options.model_copy(update={"webhook_timeout_s": 1.0}))
    assert len(receiver.came) < 20


def test_several_senders_never_send_one_message_twice_at_once(
    store: Store, submit: Callable[..., Job], receiver: Receiver, webhook: Webhook, options: Settings
) -> None:
    told = happened(store, submit, 10)

    def send(_: int) -> None:
        for _ in range(5):
            store.outbox.fill()
            deliver_some(store, options)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(send, range(4)))
    while deliver_some(store, options):
        pass
    assert came(receiver) == told


def test_a_private_address_is_refused_at_every_delivery(
    store: Store, receiver: Receiver, webhook: Webhook, options: Settings
) -> None:
    strict = options.model_copy(update={"webhook_private_addresses": False})
    store.webhooks.change("default", webhook.id, url=receiver.url.replace("http:", "https:"))
    store.webhooks.test("default", webhook.id, TEST, "{}")
    assert deliver_some(store, strict)
    (refused,) = store.webhooks.deliveries("default", webhook.id).items
    assert (refused.status, refused.state) == (None, "pending")
    assert "127.0.0.1 is not known, or leads to an address that is not public" in str(refused.error)
    assert receiver.came == []


def test_for_a_while_after_a_rotation_both_secrets_verify(
    store: Store, receiver: Receiver, webhook: Webhook, options: Settings
) -> None:
    new = new_secret()
    store.webhooks.rotate("default", webhook.id, new)
    old = receiver.secret
    for secret in (old, new):
        receiver.secret = secret
        store.webhooks.test("default", webhook.id, TEST, "{}")
        assert deliver_some(store, options)
    assert len(receiver.came) == 2


def test_two_rotations_leave_receivers_the_secret_that_they_have(
    store: Store, receiver: Receiver, webhook: Webhook, options: Settings
) -> None:
    for secret in ("whsec_between", "whsec_last"):
        store.webhooks.rotate("default", webhook.id, secret)
    store.webhooks.test("default", webhook.id, TEST, "{}")
    turn = store.outbox.take(60)
    assert turn is not None
    attempt = store.outbox.begin(turn, 60, options.webhook_schedule_s)
    assert attempt is not None
    assert attempt.secrets == ("whsec_last", receiver.secret)


def test_a_tenant_leaves_a_sender_to_the_others_and_the_one_with_fewer_turns_is_next(store: Store) -> None:
    def due(tenant: str) -> str:
        id = store.webhooks.add(tenant, "https://example.com/", EVENTS, new_secret()).id
        store.webhooks.test(tenant, id, TEST, "{}")
        return id

    many = {due("many") for _ in range(5)}
    first = [store.outbox.take(60), store.outbox.take(60)]
    assert {turn.webhook_id for turn in first if turn} < many
    fewer = due("fewer")
    turn = store.outbox.take(60)
    assert turn is not None
    assert turn.webhook_id == fewer
    assert store.outbox.take(60) is not None
    assert store.outbox.take(60) is None


def test_a_change_of_events_ends_no_pause(store: Store, receiver: Receiver, webhook: Webhook, options: Settings) -> None:
    receiver.status = 500
    store.webhooks.test("default", webhook.id, TEST, "{}")
    assert deliver_some(store, options.model_copy(update={"webhook_schedule_s": (300.0,)}))
    assert store.webhooks.change("default", webhook.id, events=["job.failed"]).paused_until is not None
    assert store.webhooks.change("default", webhook.id).paused_until is not None
    assert store.webhooks.change("default", webhook.id, is_enabled=True).paused_until is None


def test_a_disabled_webhook_is_told_nothing_of_what_happens_meanwhile(
    store: Store, submit: Callable[..., Job], receiver: Receiver, webhook: Webhook, options: Settings
) -> None:
    store.webhooks.change("default", webhook.id, is_enabled=False)
    happened(store, submit)
    store.outbox.fill()
    assert not deliver_some(store, options)
    submit()  # has no number yet when the webhook is enabled
    store.webhooks.change("default", webhook.id, is_enabled=True)
    told = happened(store, submit)
    store.outbox.fill()
    deliver_some(store, options)
    assert came(receiver) == told


def test_what_happened_before_a_webhook_was_disabled_is_told_when_it_is_enabled(
    store: Store, submit: Callable[..., Job], receiver: Receiver, webhook: Webhook, options: Settings
) -> None:
    told = [*happened(store, submit), (submit().id, 1)]  # the last has no number yet, none of them is a message
    store.webhooks.change("default", webhook.id, is_enabled=False)
    store.webhooks.change("default", webhook.id, is_enabled=False)
    happened(store, submit)
    assert not deliver_some(store, options)
    store.webhooks.change("default", webhook.id, is_enabled=True)
    store.outbox.fill()
    while deliver_some(store, options):
        pass
    assert came(receiver) == told


def test_so_many_messages_wait_and_what_comes_after_them_is_told_later(
    store: Store,
    submit: Callable[..., Job],
    receiver: Receiver,
    webhook: Webhook,
    options: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(messages, "MOST_PENDING", 5)
    told = happened(store, submit, 6)
    assert [store.outbox.fill() for _ in range(3)] == [5, 0, 0]
    for _ in range(3):
        while deliver_some(store, options):
            pass
        store.outbox.fill()
    assert came(receiver) == told


def test_webhooks_belong_to_their_tenant(store: Store, webhook: Webhook) -> None:
    calls: list[Callable[[], Any]] = [
        lambda: store.webhooks.get("other", webhook.id),
        lambda: store.webhooks.change("other", webhook.id, is_enabled=False),
        lambda: store.webhooks.rotate("other", webhook.id, new_secret()),
        lambda: store.webhooks.test("other", webhook.id, TEST, "{}"),
        lambda: store.webhooks.redeliver("other", webhook.id, "msg_1"),
        lambda: store.webhooks.deliveries("other", webhook.id),
        lambda: store.webhooks.delete("other", webhook.id),
    ]
    for call in calls:
        with pytest.raises(NotFound, match=f"there is no webhook {webhook.id}"):
            call()
    assert store.webhooks.page("other").items == ()
    assert store.webhooks.page("default").items == (webhook,)
