"""Messages to webhooks, sent by whoever has the webhook's turn.

A turn is a lease on the webhook, with a fence: a sender that was taken for dead writes nothing when it wakes. Every attempt is
counted before it is made; of one that nobody told the end of, the message is sent again after its pause, under the same id.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Update,
    and_,
    case,
    delete,
    exists,
    false,
    func,
    null,
    or_,
    select,
    true,
    update,
)

from core.store.clock import now
from core.store.database import Database
from core.store.feed import Feed
from core.store.messages import make_all, make_some
from core.store.records import Attempt, Delivery, Turn
from core.store.tables import deliveries, feeds, webhooks
from core.store.webhooks import DELIVERY
from core.webhooks import GONE, pause_s

KEPT_AT_ONCE = 1000  # old deliveries of one transaction
MOST_TURNS = 3  # of a tenant at once; a sweeper has one sender more
LONGEST_PAUSE_S = 300.0  # of a webhook, whatever its messages wait for

_NEVER = "the webhook was disabled"
_UNTOLD = "the sender has not told how this attempt went"
_PENDING = deliveries.c.state == "pending"
_PENDING_SINCE = func.coalesce(deliveries.c.pending_since, deliveries.c.created_at)


class Outbox:
    def __init__(self, database: Database) -> None:
        self._database = database

    def fill(self) -> int:
        """Makes the messages that the numbered events call for; returns how many."""
        behind = (
            select(webhooks.c.id)
            .join(feeds, feeds.c.tenant == webhooks.c.tenant)
            .where(webhooks.c.is_enabled == true(), webhooks.c.position < feeds.c.last)
        )
        with self._database.reading() as reader:
            found = reader.scalars(behind).all()
        return sum(self._fill(id) for id in found)

    def _fill(self, id: str) -> int:
        with self._database.writing() as writer:
            made, _ = make_some(writer, id)
        return made

    def take(self, lease_s: float) -> Turn | None:
        """The turn of a webhook that something is due for: of the tenant with the fewest turns now, the one that was served the
        longest ago. None where nothing is due, or only for tenants that have `MOST_TURNS`."""
        due = exists().where(deliveries.c.webhook_id == webhooks.c.id, _PENDING, deliveries.c.due_at <= now())
        free = (
            webhooks.c.is_enabled == true(),
            or_(webhooks.c.lease_until.is_(None), webhooks.c.lease_until <= now()),
            or_(webhooks.c.paused_until.is_(None), webhooks.c.paused_until <= now()),
        )
        theirs = webhooks.alias("theirs")
        held = select(func.count()).where(theirs.c.tenant == webhooks.c.tenant, theirs.c.lease_until > now()).scalar_subquery()
        next_one = (
            select(webhooks.c.id)
            .where(*free, due, held < MOST_TURNS)
            .order_by(held, webhooks.c.lease_until.nulls_first(), webhooks.c.id)
            .limit(1)
        )
        with self._database.reading() as reader:
            if reader.scalar(next_one) is None:
                return None
        with self._database.writing() as writer:
            id = writer.scalar(next_one.with_for_update(skip_locked=True, of=webhooks))
            if id is None:
                return None
            taken = update(webhooks).where(webhooks.c.id == id).values(fence=webhooks.c.fence + 1, lease_until=now() + lease_s)
            return Turn(id, writer.execute(taken.returning(webhooks.c.fence)).scalar_one())

    def begin(self, turn: Turn, lease_s: float, schedule_s: Sequence[float]) -> Attempt | None:
        """An attempt at the longest due message of the turn's webhook; None where there is none, or the turn is over.

        It is counted before it is made, and the message put off as if it had failed: whoever dies of it, or is too slow to tell
        how it went, does not repeat it without end.
        """
        query = (
            select(*DELIVERY)
            .where(deliveries.c.webhook_id == turn.webhook_id, _PENDING, deliveries.c.due_at <= now())
            .order_by(deliveries.c.due_at, deliveries.c.id)
            .limit(1)
        )
        old = case((webhooks.c.old_secret_until > now(), webhooks.c.old_secret), else_=null())
        with self._database.writing() as writer:
            mine = update(webhooks).where(_held(turn), webhooks.c.is_enabled == true()).values(lease_until=now() + lease_s)
            webhook = writer.execute(mine.returning(webhooks.c.url, webhooks.c.secret, old)).one_or_none()
            while webhook is not None and (row := writer.execute(query).one_or_none()) is not None:
                delivery = Delivery(*row)
                this = update(deliveries).where(deliveries.c.id == delivery.id)
                if delivery.attempts > len(schedule_s):  # of the last one nobody has told how it went
                    writer.execute(this.values(state="failed", due_at=None))
                    continue
                pause = pause_s(delivery.attempts + 1, schedule_s)
                due_at = now() + (lease_s if pause is None else pause)
                counted = {"attempts": deliveries.c.attempts + 1, "attempted_at": now(), "due_at": due_at}
                begun = Delivery(*writer.execute(this.values(status=None, error=_UNTOLD, **counted).returning(*DELIVERY)).one())
                return Attempt(begun, webhook[0], tuple(secret for secret in webhook[1:] if secret is not None))
        return None

    def delivered(self, turn: Turn, attempt: Attempt, status: int) -> bool:
        """False where the turn was over before."""
        over = {"state": "delivered", "due_at": None, "status": status, "error": None}
        with self._database.writing() as writer:
            if not _changed(writer, turn, paused_until=None, failing_since=None):
                return False
            writer.execute(_this(attempt).values(**over))
            return True

    def failed(
        self, turn: Turn, attempt: Attempt, status: int | None, error: str | None, pause_s: float | None, give_up_s: float
    ) -> bool:
        """The message waits for so long; the webhook with all its messages waits too, but not as long. False as above.

        It is given up where `pause_s` is None, where it has been pending for `give_up_s` (no pause ends later than that), or
        where the receiver is `GONE`. The webhook is disabled where that is so, or where a message to it is given up and all
        attempts of the last `give_up_s` have failed. Where the webhook has another address by now, the attempt counts for
        nothing: the message is due there.
        """
        is_gone = status == GONE
        ends_at = _PENDING_SINCE + give_up_s
        is_over = or_(true() if is_gone or pause_s is None else false(), ends_at <= now())
        due_at = case((ends_at < now() + (pause_s or 0), ends_at), else_=now() + (pause_s or 0))
        told = _this(attempt).values(status=status, error=error)
        tried = told.values(state=case((is_over, "failed"), else_="pending"), due_at=case((is_over, null()), else_=due_at))
        with self._database.writing() as writer:
            # Its lock keeps the address what it is.
            columns = (webhooks.c.url, webhooks.c.tenant)
            webhook = writer.execute(select(*columns).where(_held(turn)).with_for_update()).one_or_none()
            if webhook is None:
                return False
            if webhook.url != attempt.url:
                writer.execute(told.values(attempts=deliveries.c.attempts - 1, due_at=now()))
                return True
            _changed(writer, turn, failing_since=func.coalesce(webhooks.c.failing_since, now()))
            state = writer.scalar(tried.returning(deliveries.c.state))
            is_given_up = state == "failed"
            if state is not None:
                _changed(writer, turn, paused_until=now() + (0 if is_given_up else min(pause_s or 0, LONGEST_PAUSE_S)))
            is_hopeless = true() if is_gone else webhooks.c.failing_since <= now() - give_up_s
            hopeless = (_held(turn), webhooks.c.url == attempt.url, webhooks.c.is_enabled == true(), is_hopeless)
            is_end = is_given_up and writer.scalar(select(webhooks.c.id).where(*hopeless)) is not None
        if is_end:
            # What has happened so far is told when the webhook is enabled again, as where a client disables it.
            Feed(self._database).number(webhook.tenant)
            make_all(self._database, turn.webhook_id)
            why = {"is_enabled": False, "disabled_at": now(), "disabled_reason": "gone" if is_gone else "failing"}
            with self._database.writing() as writer:
                writer.execute(update(webhooks).where(*hopeless).values(**why))
        return True

    def give_back(self, turn: Turn) -> None:
        with self._database.writing() as writer:
            writer.execute(update(webhooks).where(_held(turn)).values(lease_until=now()))

    def expire(self, give_up_s: float) -> bool:
        """Gives up some messages that have been pending for longer, of webhooks that are disabled; False where there may be
        more. The others are given up by an attempt that fails."""
        mine = deliveries.c.webhook_id == webhooks.c.id
        old = (
            select(deliveries.c.id)
            .join(webhooks, mine)
            .where(webhooks.c.is_enabled == false(), _PENDING, _PENDING_SINCE + give_up_s < now())
            .limit(KEPT_AT_ONCE)
        )
        error = case((deliveries.c.attempts == 0, _NEVER), else_=deliveries.c.error)
        with self._database.writing() as writer:
            given_up = update(deliveries).where(deliveries.c.id.in_(old), _PENDING)
            return writer.execute(given_up.values(state="failed", due_at=None, error=error)).rowcount < KEPT_AT_ONCE

    def forget(self, keep_s: float) -> bool:
        """Removes some messages that were made longer ago and are over; False where there may be more."""
        old = select(deliveries.c.id).where(~_PENDING, deliveries.c.created_at < now() - keep_s).limit(KEPT_AT_ONCE)
        with self._database.writing() as writer:
            return writer.execute(delete(deliveries).where(deliveries.c.id.in_(old))).rowcount < KEPT_AT_ONCE


def _this(attempt: Attempt) -> Update:
    """Of its message, unless that was asked for once more meanwhile: then it has never been tried."""
    counted = deliveries.c.attempts == attempt.delivery.attempts
    return update(deliveries).where(deliveries.c.id == attempt.delivery.id, _PENDING, counted)


def _changed(writer: Connection, turn: Turn, *conditions: ColumnElement[bool], **change: Any) -> bool:
    """False where the turn is over, or its webhook is not so."""
    return writer.execute(update(webhooks).where(_held(turn), *conditions).values(**change)).rowcount > 0


def _held(turn: Turn) -> ColumnElement[bool]:
    return and_(webhooks.c.id == turn.webhook_id, webhooks.c.fence == turn.fence, webhooks.c.lease_until.is_not(None))
