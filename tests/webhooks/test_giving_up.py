"""Receivers that fail, for an hour or for ever, by the service's own schedule and a clock that is put forward."""

from collections.abc import Callable

import pytest
from sqlalchemy import delete, func, insert, select, update

from core.ids import new_id
from core.settings import Settings
from core.store import Job, Store, Webhook
from core.store.tables import deliveries, webhooks
from core.webhooks import SCHEDULE_S, TEST
from tests.webhooks.conftest import Receiver, came, happened
from worker.deliver import deliver_some

MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0


@pytest.fixture
def days(options: Settings) -> Settings:
    """The schedule and the times of a service that nobody has set up otherwise."""
    return options.model_copy(update={"webhook_schedule_s": SCHEDULE_S})


def later(store: Store, seconds: float) -> None:
    """Puts back all times that the database compares with its clock."""
    with store._database.writing() as writer:
        for times in (
            (deliveries.c.created_at, deliveries.c.due_at, deliveries.c.pending_since),
            (webhooks.c.paused_until, webhooks.c.lease_until, webhooks.c.failing_since),
        ):
            writer.execute(update(times[0].table).values({time: time - seconds for time in times}))


def deliver(store: Store, options: Settings) -> None:
    """All that is due now."""
    store.feed.number_some()
    store.outbox.fill()
    while deliver_some(store, options):
        pass


def states(store: Store) -> dict[str, int]:
    with store._database.reading() as reader:
        found = reader.execute(select(deliveries.c.state, func.count()).group_by(deliveries.c.state))
        return {row[0]: row[1] for row in found}


def fail_for(store: Store, options: Settings, webhook: Webhook, seconds: float, step_s: float) -> float:
    """How long it was until the webhook was disabled, or `seconds`."""
    passed = 0.0
    while passed < seconds and store.webhooks.get("default", webhook.id).is_enabled:
        deliver(store, options)
        later(store, step_s)
        passed += step_s
    return passed


def test_a_receiver_that_fails_for_an_hour_misses_nothing(
    store: Store, submit: Callable[..., Job], receiver: Receiver, webhook: Webhook, days: Settings
) -> None:
    told = []
    receiver.status = 503
    for _ in range(20):
        told += happened(store, submit, 2)
        fail_for(store, days, webhook, 3 * MINUTE, MINUTE)
    failing = store.webhooks.get("default", webhook.id)
    assert failing.is_enabled
    assert failing.failing_since is not None
    assert receiver.refused > 20
    receiver.status = 200
    fail_for(store, days, webhook, 3 * HOUR, 10 * MINUTE)
    assert sorted(came(receiver)) == sorted(told)
    assert store.webhooks.get("default", webhook.id).failing_since is None
    assert states(store) == {"delivered": len(told)}


def test_a_receiver_that_fails_for_four_days_is_sent_nothing_more_and_its_messages_end(
    store: Store, submit: Callable[..., Job], receiver: Receiver, webhook: Webhook, days: Settings
) -> None:
    told = happened(store, submit, 20)
    receiver.status = 503
    assert 4 * DAY <= fail_for(store, days, webhook, 9 * DAY, HOUR) <= 4 * DAY + 2 * HOUR
    ended = store.webhooks.get("default", webhook.id)
    assert (ended.is_enabled, ended.disabled_reason) == (False, "failing")
    assert ended.disabled_at is not None
    refused = receiver.refused
    receiver.status = 200
    deliver(store, days)
    assert (receiver.refused, receiver.came) == (refused, [])
    later(store, DAY)
    assert store.outbox.expire(days.webhook_give_up_s)
    assert states(store) == {"failed": len(told)}


def test_one_message_is_given_up_after_the_last_pause_and_what_fails_once_much_later_disables_nothing(
    store: Store, receiver: Receiver, webhook: Webhook, days: Settings
) -> None:
    receiver.status = 503
    store.webhooks.test("default", webhook.id, TEST, "{}")
    fail_for(store, days, webhook, 5 * DAY, HOUR)
    (given_up,) = store.webhooks.deliveries("default", webhook.id).items
    assert (given_up.state, given_up.attempts) == ("failed", len(SCHEDULE_S) + 1)
    later(store, 30 * DAY)
    store.webhooks.test("default", webhook.id, TEST, "{}")
    deliver(store, days)
    assert store.webhooks.get("default", webhook.id).is_enabled
    assert states(store) == {"failed": 1, "pending": 1}


def test_no_pause_ends_later_than_the_message(store: Store, receiver: Receiver, webhook: Webhook, days: Settings) -> None:
    receiver.status = 503
    test = store.webhooks.test("default", webhook.id, TEST, "{}")
    options = days.model_copy(update={"webhook_schedule_s": (DAY, 30 * DAY)})
    fail_for(store, options, webhook, 2 * DAY, HOUR)
    (waiting,) = store.webhooks.deliveries("default", webhook.id).items
    assert waiting.due_at is not None
    assert waiting.due_at - waiting.created_at == pytest.approx(4 * DAY, abs=MINUTE)
    assert 2 * DAY <= fail_for(store, options, webhook, 9 * DAY, HOUR) <= 2 * DAY + 2 * HOUR
    (ended,) = store.webhooks.deliveries("default", webhook.id).items
    assert (ended.id, ended.state, ended.attempts) == (test.id, "failed", 3)


def test_a_receiver_that_is_gone_is_sent_nothing_more_until_the_webhook_is_enabled(
    store: Store, receiver: Receiver, webhook: Webhook, days: Settings
) -> None:
    first, second = (store.webhooks.test("default", webhook.id, TEST, "{}") for _ in range(2))
    receiver.status = 410
    deliver(store, days)
    gone = store.webhooks.get("default", webhook.id)
    assert (gone.is_enabled, gone.disabled_reason, receiver.refused) == (False, "gone", 1)
    assert states(store) == {"failed": 1, "pending": 1}
    assert store.webhooks.change("default", webhook.id, is_enabled=False).disabled_reason == "gone"
    receiver.status = 204
    enabled = store.webhooks.change("default", webhook.id, is_enabled=True)
    assert (enabled.disabled_at, enabled.disabled_reason, enabled.failing_since) == (None, None, None)
    deliver(store, days)
    assert [id for id, _ in receiver.came] == [second.id]
    store.webhooks.redeliver("default", webhook.id, first.id)
    deliver(store, days)
    assert [id for id, _ in receiver.came] == [second.id, first.id]


@pytest.mark.parametrize(("status", "pause_s"), [(410, None), (503, 300.0), (503, None)])
def test_what_fails_at_an_address_counts_for_nothing_where_the_webhook_has_another_by_now(
    store: Store, receiver: Receiver, webhook: Webhook, days: Settings, status: int, pause_s: float | None
) -> None:
    options = days.model_copy(update={"webhook_schedule_s": ()})  # the first attempt is the last one
    test = store.webhooks.test("default", webhook.id, TEST, "{}")
    store.webhooks.change("default", webhook.id, url="https://old.example.com/")
    turn = store.outbox.take(60)
    assert turn is not None
    attempt = store.outbox.begin(turn, 60, options.webhook_schedule_s)
    assert attempt is not None
    changed = store.webhooks.change("default", webhook.id, url=receiver.url)
    assert store.outbox.failed(turn, attempt, status, None, pause_s, days.webhook_give_up_s)
    assert store.webhooks.get("default", webhook.id) == changed
    (waiting,) = store.webhooks.deliveries("default", webhook.id).items
    assert (waiting.state, waiting.attempts, waiting.status) == ("pending", 0, status)
    store.outbox.give_back(turn)
    deliver(store, options)
    assert [id for id, _ in receiver.came] == [test.id]


@pytest.mark.parametrize("has_moved", [False, True])
@pytest.mark.parametrize(("status", "pause_s"), [(204, None), (410, None), (503, None), (503, 300.0)])
def test_a_message_that_is_sent_anew_during_an_attempt_is_sent_once_more_whatever_becomes_of_that(
    store: Store, receiver: Receiver, webhook: Webhook, days: Settings, status: int, pause_s: float | None, has_moved: bool
) -> None:
    test = store.webhooks.test("default", webhook.id, TEST, "{}")
    if has_moved:
        store.webhooks.change("default", webhook.id, url="https://old.example.com/")
    turn = store.outbox.take(60)
    assert turn is not None
    attempt = store.outbox.begin(turn, 60, SCHEDULE_S)
    assert attempt is not None
    store.webhooks.change("default", webhook.id, url=receiver.url)
    store.webhooks.redeliver("default", webhook.id, test.id)
    if status == 204:
        assert store.outbox.delivered(turn, attempt, status)
    else:
        assert store.outbox.failed(turn, attempt, status, None, pause_s, days.webhook_give_up_s)
    (waiting,) = store.webhooks.deliveries("default", webhook.id).items
    assert (waiting.state, waiting.attempts) == ("pending", 0)
    store.outbox.give_back(turn)
    deliver(store, days)
    assert [id for id, _ in receiver.came] == [test.id]


@pytest.mark.parametrize("status", [410, 503])
def test_what_happened_before_the_service_disabled_a_webhook_is_told_when_it_is_enabled(
    store: Store, submit: Callable[..., Job], receiver: Receiver, webhook: Webhook, days: Settings, status: int
) -> None:
    options = days.model_copy(update={"webhook_schedule_s": (), "webhook_give_up_s": 0.0})
    told = happened(store, submit, 1)
    store.outbox.fill()
    job = submit()
    store.jobs.cancel("default", job.id)  # which has no number yet
    receiver.status = status
    while store.webhooks.get("default", webhook.id).is_enabled:
        deliver_some(store, options)
    happened(store, submit)
    receiver.status = 204
    store.webhooks.change("default", webhook.id, is_enabled=True)
    for message in store.webhooks.deliveries("default", webhook.id).items:
        store.webhooks.redeliver("default", webhook.id, message.id)
    deliver(store, options)
    assert sorted(came(receiver)) == sorted([*told, (job.id, 1), (job.id, 2)])


def test_what_waits_for_a_disabled_webhook_ends_too(
    store: Store, submit: Callable[..., Job], webhook: Webhook, days: Settings
) -> None:
    told = happened(store, submit)
    store.webhooks.change("default", webhook.id, is_enabled=False)
    later(store, 4 * DAY - HOUR)
    store.outbox.expire(days.webhook_give_up_s)
    assert states(store) == {"pending": len(told)}
    later(store, 2 * HOUR)
    store.outbox.expire(days.webhook_give_up_s)
    log = store.webhooks.deliveries("default", webhook.id).items
    assert [(each.state, each.error) for each in log] == [("failed", "the webhook was disabled")] * len(told)


def test_what_waited_while_no_sender_ran_is_sent_however_long_that_was(
    store: Store, submit: Callable[..., Job], receiver: Receiver, webhook: Webhook, days: Settings
) -> None:
    told = happened(store, submit)
    store.outbox.fill()
    later(store, days.webhook_give_up_s + DAY)
    assert store.outbox.expire(days.webhook_give_up_s)
    deliver(store, days)
    assert sorted(came(receiver)) == sorted(told)
    assert states(store) == {"delivered": len(told)}


def test_a_message_that_an_older_version_made_has_waited_since_it_was_made(
    store: Store, receiver: Receiver, webhook: Webhook, days: Settings
) -> None:
    made_at = store.webhooks.test("default", webhook.id, TEST, "{}").created_at
    with store._database.writing() as writer:
        writer.execute(delete(deliveries))
        old = {"id": new_id("msg"), "webhook_id": webhook.id, "type": TEST, "state": "pending", "body": "{}"}
        writer.execute(insert(deliveries).values(**old, created_at=made_at, due_at=made_at))
    receiver.status = 503
    deliver(store, days)
    assert states(store) == {"pending": 1}
    store.webhooks.change("default", webhook.id, is_enabled=False)
    later(store, days.webhook_give_up_s - HOUR)
    store.outbox.expire(days.webhook_give_up_s)
    assert states(store) == {"pending": 1}
    later(store, 2 * HOUR)
    store.outbox.expire(days.webhook_give_up_s)
    assert states(store) == {"failed": 1}
