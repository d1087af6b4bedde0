"""Sends to webhooks what the outbox holds: some threads of the sweeper, each with one webhook's turn at a time.

A message counts as delivered when its receiver answers 2xx within the time; else it is sent again after ever longer pauses, for
some days. A receiver that fails for so long, or that answers 410 Gone, is sent nothing more.
An attempt is counted before it is made. What was sent by a process that died before it wrote down how that went comes twice: at
least once, always under the same `webhook-id`.
"""

import time
from threading import Event, Thread

from core import outbound, webhooks
from core.errors import CoreError
from core.settings import Settings
from core.store import Attempt, Store, Turn
from worker.repetition import repeat

SENDERS = 4
LOOK_EVERY_S = 0.5


def start(store: Store, options: Settings, stop: Event) -> None:
    for number in range(SENDERS):
        Thread(target=deliver, args=(store, options, stop), name=f"deliver-{number}", daemon=True).start()


def deliver(store: Store, options: Settings, stop: Event) -> None:
    """Until `stop` is set, whatever the database does."""
    repeat("deliver", lambda: 0 if deliver_some(store, options) else LOOK_EVERY_S, LOOK_EVERY_S, stop)


def deliver_some(store: Store, options: Settings) -> bool:
    """One turn of one webhook; False where nothing is due. It ends with the first failure, or when one timeout has passed, so
    that others have theirs."""
    lease_s = options.webhook_timeout_s + options.webhook_lease_margin_s
    turn = store.outbox.take(lease_s)
    if turn is None:
        return False
    ends_at = time.monotonic() + options.webhook_timeout_s
    while (attempt := store.outbox.begin(turn, lease_s, options.webhook_schedule_s)) is not None:
        if not _is_delivered(store, options, turn, attempt) or time.monotonic() >= ends_at:
            break
    store.outbox.give_back(turn)
    return True


def _is_delivered(store: Store, options: Settings, turn: Turn, attempt: Attempt) -> bool:
    delivery, body = attempt.delivery, attempt.delivery.body.encode()
    headers = webhooks.headers(attempt.secrets, delivery.id, int(time.time()), body)
    allow_private = options.webhook_private_addresses
    status, error = None, None
    try:
        target = outbound.target_of(attempt.url, allow_private)
        status = outbound.post(target, headers, body, options.webhook_timeout_s, allow_private)
    except (OSError, UnicodeError, CoreError) as problem:
        error = str(problem)[:500]
    if status is not None and 200 <= status < 300:
        return store.outbox.delivered(turn, attempt, status)
    pause_s = webhooks.pause_s(delivery.attempts, options.webhook_schedule_s)
    store.outbox.failed(turn, attempt, status, error, pause_s, options.webhook_give_up_s)
    return False
