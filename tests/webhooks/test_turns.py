"""Whose turn a webhook is, and which messages it is the turn of, without a receiver."""

import pytest

from core.errors import NotFound
from core.store import Store, Webhook
from core.webhooks import EVENTS, TEST, new_secret

SCHEDULE_S = (300.0,)
GIVE_UP_S = 3600.0


@pytest.fixture
def webhook(store: Store) -> Webhook:
    """With two messages that wait."""
    webhook = store.webhooks.add("default", "https://example.com/", EVENTS, new_secret())
    for _ in range(2):
        store.webhooks.test("default", webhook.id, TEST, "{}")
    return webhook


def test_each_message_makes_a_turn_last_longer(store: Store, webhook: Webhook) -> None:
    turn = store.outbox.take(0.0)
    assert turn is not None
    assert store.outbox.begin(turn, 60, SCHEDULE_S) is not None
    assert store.outbox.take(60) is None


def test_a_sender_whose_turn_another_has_begins_nothing(store: Store, webhook: Webhook) -> None:
    slow, next_one = store.outbox.take(0.0), store.outbox.take(0.0)
    assert slow is not None
    assert next_one is not None
    assert store.outbox.begin(slow, 60, SCHEDULE_S) is None
    attempt = store.outbox.begin(next_one, 60, SCHEDULE_S)
    assert attempt is not None
    assert not store.outbox.failed(slow, attempt, 500, None, None, GIVE_UP_S)
    store.outbox.give_back(slow)
    assert store.outbox.take(60) is None
    assert store.outbox.delivered(next_one, attempt, 204)


def test_a_message_that_is_under_way_is_not_begun_again_before_its_pause_is_over(store: Store, webhook: Webhook) -> None:
    turn = store.outbox.take(60)
    assert turn is not None
    begun = [store.outbox.begin(turn, 60, SCHEDULE_S) for _ in range(3)]
    assert begun[2] is None
    assert len({attempt.delivery.id for attempt in begun if attempt}) == 2


def test_nothing_is_begun_for_a_webhook_that_is_disabled_in_the_middle_of_a_turn(store: Store, webhook: Webhook) -> None:
    turn = store.outbox.take(60)
    assert turn is not None
    store.webhooks.change("default", webhook.id, is_enabled=False)
    assert store.outbox.begin(turn, 60, SCHEDULE_S) is None


def test_no_turn_is_taken_of_a_webhook_that_is_disabled_or_paused(store: Store, webhook: Webhook) -> None:
    turn = store.outbox.take(60)
    assert turn is not None
    attempt = store.outbox.begin(turn, 60, SCHEDULE_S)
    assert attempt is not None
    assert store.outbox.failed(turn, attempt, 500, None, 300, GIVE_UP_S)
    store.outbox.give_back(turn)
    assert store.outbox.take(60) is None
    store.webhooks.change("default", webhook.id, url="https://example.com/another")  # which ends the pause
    store.webhooks.change("default", webhook.id, is_enabled=False)
    assert store.outbox.take(60) is None
    store.webhooks.change("default", webhook.id, is_enabled=True)
    assert store.outbox.take(60) is not None


def test_what_waits_is_not_forgotten(store: Store, webhook: Webhook) -> None:
    turn = store.outbox.take(60)
    assert turn is not None
    attempt = store.outbox.begin(turn, 60, SCHEDULE_S)
    assert attempt is not None
    assert store.outbox.delivered(turn, attempt, 204)
    assert store.outbox.forget(-1.0)
    assert [each.state for each in store.webhooks.deliveries("default", webhook.id).items] == ["pending"]


def test_a_message_is_sent_again_by_its_own_webhook_alone(store: Store, webhook: Webhook) -> None:
    theirs = store.webhooks.add("other", "https://example.com/", EVENTS, new_secret())
    message = store.webhooks.deliveries("default", webhook.id).items[0]
    with pytest.raises(NotFound, match=f"there is no delivery {message.id}"):
        store.webhooks.redeliver("other", theirs.id, message.id)
    assert store.webhooks.deliveries("default", webhook.id).items[0] == message
