"""A webhook that is deleted is gone at once, and all that was made for it some rows at a time."""

from collections.abc import Callable
from threading import Event, Thread

import pytest
from sqlalchemy import func, select

from core.errors import NotFound
from core.settings import Settings
from core.store import Job, Store, Webhook
from core.store import webhooks as module
from core.store.tables import deliveries, webhooks
from core.webhooks import EVENTS, TEST
from tests.polling import until
from tests.webhooks.conftest import Receiver, happened
from worker.deliver import deliver_some
from worker.sweep import clear


def left(store: Store) -> tuple[int, int]:
    """How many webhooks and deliveries there are, whoever they belong to."""
    with store._database.reading() as reader:
        count = [reader.scalar(select(func.count()).select_from(table)) or 0 for table in (webhooks, deliveries)]
        return count[0], count[1]


def test_its_deliveries_go_with_it(store: Store, submit: Callable[..., Job], webhook: Webhook) -> None:
    happened(store, submit)
    store.outbox.fill()
    store.webhooks.delete("default", webhook.id)
    assert left(store) == (0, 0)


def test_of_many_deliveries_the_sweeper_removes_what_no_client_waits_for(
    store: Store, receiver: Receiver, webhook: Webhook, options: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "ROWS_AT_ONCE", 3)
    monkeypatch.setattr(module, "ROWS_AWAITED", 6)
    for _ in range(20):
        test = store.webhooks.test("default", webhook.id, TEST, "{}")
    other = store.webhooks.add("other", receiver.url, EVENTS, receiver.secret)
    store.webhooks.test("other", other.id, TEST, "{}")
    turn = store.outbox.take(60)
    assert turn is not None
    attempt = store.outbox.begin(turn, 60, options.webhook_schedule_s)
    assert attempt is not None

    store.webhooks.delete("default", webhook.id)
    assert left(store) == (2, 15)
    calls: list[Callable[[], object]] = [
        lambda: store.webhooks.get("default", webhook.id),
        lambda: store.webhooks.delete("default", webhook.id),
        lambda: store.webhooks.redeliver("default", webhook.id, test.id),
        lambda: store.webhooks.deliveries("default", webhook.id),
    ]
    for call in calls:
        with pytest.raises(NotFound, match=f"there is no webhook {webhook.id}"):
            call()
    assert store.webhooks.page("default").items == ()
    with store._database.reading() as reader:
        assert reader.execute(select(webhooks.c.secret).where(webhooks.c.id == webhook.id)).scalar_one() == ""
    assert not store.outbox.delivered(turn, attempt, 204)
    while deliver_some(store, options):
        pass
    assert len(receiver.came) == 1

    stop = Event()
    thread = Thread(target=clear, args=(store, options.model_copy(update={"sweep_every_s": 0.01}), stop))
    thread.start()
    try:
        until(lambda: left(store) == (1, 1))
    finally:
        stop.set()
        thread.join()
    assert store.webhooks.page("other").items == (other,)


def test_a_sweep_removes_so_many_deliveries_of_all_deleted_webhooks_together(
    store: Store, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, most in {"ROWS_AT_ONCE": 2, "ROWS_AWAITED": 0, "ROWS_AT_A_SWEEP": 6}.items():
        monkeypatch.setattr(module, name, most)
    for _ in range(2):
        webhook = store.webhooks.add("default", receiver.url, EVENTS, receiver.secret)
        for _ in range(5):
            store.webhooks.test("default", webhook.id, TEST, "{}")
        store.webhooks.delete("default", webhook.id)
    assert store.webhooks.clear_deleted() == 2
    assert left(store)[1] == 10 - 6
    assert store.webhooks.clear_deleted() == 1
    assert left(store) == (0, 0)
