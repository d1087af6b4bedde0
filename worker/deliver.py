"""Sends to webhooks what the outbox holds: some threads of the sweeper, each with one webhook's turn at a time.

A message counts as delivered when its receiver answers 2xx within the time; else it is sent again after ever longer pauses.
What was sent by a process that died before it wrote that down comes twice: at least once, always under the same `webhook-id`.
"""

import logging
import time
from threading import Event, Thread

from core import outbound, webhooks
from core.errors import CoreError
from core.settings import Settings
from core.store import Delivery, Store, Turn

SENDERS = 4
LOOK_EVERY_S = 0.5
IN_A_ROW = 50  # messages of one turn

log = logging.getLogger(__name__)


def start(store: Store, options: Settings, stop: Event) -> None:
    for number in range(SENDERS):
        Thread(target=deliver, args=(store, options, stop), name=f"deliver-{number}", daemon=True).start()


def deliver(store: Store, options: Settings, stop: Event) -> None:
    """Until `stop` is set, whatever the database does."""
    is_failing = False
    while not stop.is_set():
        try:
            has_worked = deliver_some(store, options)
            is_failing = False
        except Exception as error:  # a sender that dies of one bad moment would leave messages behind
            if not is_failing:
                log.warning("cannot deliver, trying again: %s", error)
            has_worked, is_failing = False, True
        if not has_worked:
            stop.wait(LOOK_EVERY_S)


def deliver_some(store: Store, options: Settings) -> bool:
    """One turn of one webhook; False where nothing is due."""
    lease_s = options.webhook_timeout_s + options.webhook_lease_margin_s
    turn = store.outbox.take(lease_s)
    if turn is None:
        return False
    for _ in range(IN_A_ROW):
        delivery = store.outbox.next(turn)
        if delivery is None or not _is_delivered(store, options, turn, delivery, lease_s):
            break
    store.outbox.give_back(turn)
    return True


def _is_delivered(store: Store, options: Settings, turn: Turn, delivery: Delivery, lease_s: float) -> bool:
    body = delivery.body.encode()
    headers = webhooks.headers(turn.secrets, delivery.id, int(time.time()), body)
    status, error = None, None
    try:
        target = outbound.target_of(turn.url, options.webhook_private_addresses)
        addresses = outbound.resolved(target, options.webhook_private_addresses)
        status = outbound.post(target, addresses, headers, body, options.webhook_timeout_s)
    except (OSError, UnicodeError, CoreError) as problem:
        error = str(problem)[:500]
    if status is not None and 200 <= status < 300:
        return store.outbox.delivered(turn, delivery, status, lease_s)
    pause_s = webhooks.pause_s(delivery.attempts + 1, options.webhook_schedule_s)
    store.outbox.failed(turn, delivery, status, error, pause_s)
    return False
