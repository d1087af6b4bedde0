"""Messages to webhooks: made of the feed, each once for each webhook, and sent by whoever has the webhook's turn.

A turn is a lease on the webhook, with a fence: two senders never send to one at once, and a sender that was taken for dead
writes nothing when it wakes. What it had sent without writing that down is sent again, under the same id.
"""

from sqlalchemy import ColumnElement, and_, case, delete, exists, insert, null, or_, select, true, update

from core.ids import new_id
from core.store.clock import now
from core.store.database import Database
from core.store.feed import read_feed
from core.store.records import JSON, Delivery, Turn
from core.store.tables import deliveries, feeds, webhooks
from core.store.webhooks import DELIVERY
from core.webhooks import message

AT_ONCE = 200  # events of one transaction
KEPT_AT_ONCE = 1000  # old deliveries of one transaction
LONGEST_PAUSE_S = 300.0  # of a webhook, whatever its messages wait for

_PENDING = deliveries.c.state == "pending"


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
        columns = (webhooks.c.tenant, webhooks.c.events, webhooks.c.position)
        mine = (webhooks.c.id == id, webhooks.c.is_enabled == true())
        with self._database.writing() as writer:
            webhook = writer.execute(select(*columns).where(*mine).with_for_update()).one_or_none()
            if webhook is None:
                return 0
            last = writer.scalar(select(feeds.c.last).where(feeds.c.tenant == webhook.tenant)) or 0
            found = read_feed(writer, webhook.tenant, webhook.position, AT_ONCE)
            made = [
                {"id": new_id("msg"), "webhook_id": id, "number": event.number, "type": type, "state": "pending", "body": body}
                for event in found
                for type, body in [message(event)]
                if type in webhook.events
            ]
            if made:
                writer.execute(insert(deliveries).values(created_at=now(), due_at=now()), made)
            reached = found[-1].number if len(found) == AT_ONCE else max([last, *(event.number for event in found[-1:])])
            writer.execute(update(webhooks).where(webhooks.c.id == id).values(position=reached))
            return len(made)

    def take(self, lease_s: float) -> Turn | None:
        """The turn of a webhook that something is due for, of several the one that was served the longest ago; None where
        nothing is due."""
        due = exists().where(deliveries.c.webhook_id == webhooks.c.id, _PENDING, deliveries.c.due_at <= now())
        free = (
            webhooks.c.is_enabled == true(),
            or_(webhooks.c.lease_until.is_(None), webhooks.c.lease_until < now()),
            or_(webhooks.c.paused_until.is_(None), webhooks.c.paused_until < now()),
        )
        next_one = (
            select(webhooks.c.id).where(*free, due).order_by(webhooks.c.lease_until.nulls_first(), webhooks.c.id).limit(1)
        )
        old = case((webhooks.c.old_secret_until > now(), webhooks.c.old_secret), else_=null())
        with self._database.reading() as reader:
            if reader.scalar(next_one) is None:
                return None
        with self._database.writing() as writer:
            id = writer.scalar(next_one.with_for_update(skip_locked=True, of=webhooks))
            if id is None:
                return None
            taken = update(webhooks).where(webhooks.c.id == id).values(fence=webhooks.c.fence + 1, lease_until=now() + lease_s)
            row = writer.execute(taken.returning(webhooks.c.fence, webhooks.c.url, webhooks.c.secret, old)).one()
        return Turn(id, row[0], row[1], tuple(secret for secret in row[2:] if secret is not None))

    def next(self, turn: Turn) -> Delivery | None:
        """The longest due message of the turn's webhook; None where there is none, or the turn is over."""
        query = (
            select(*DELIVERY)
            .join(webhooks, webhooks.c.id == deliveries.c.webhook_id)
            .where(_held(turn), webhooks.c.is_enabled == true(), _PENDING, deliveries.c.due_at <= now())
            .order_by(deliveries.c.due_at, deliveries.c.id)
            .limit(1)
        )
        with self._database.reading() as reader:
            row = reader.execute(query).one_or_none()
        return None if row is None else Delivery(*row)

    def delivered(self, turn: Turn, delivery: Delivery, status: int, lease_s: float) -> bool:
        """False where the turn was over before."""
        return self._record(turn, delivery, lease_s, {"state": "delivered", "due_at": None, "status": status, "error": None})

    def failed(self, turn: Turn, delivery: Delivery, status: int | None, error: str | None, pause_s: float | None) -> bool:
        """The message waits for so long, None gives it up; the webhook with all its messages waits too, but not as long."""
        what = {"status": status, "error": error}
        if pause_s is None:
            return self._record(turn, delivery, None, {**what, "state": "failed", "due_at": None}, 0)
        return self._record(turn, delivery, None, {**what, "due_at": now() + pause_s}, min(pause_s, LONGEST_PAUSE_S))

    def give_back(self, turn: Turn) -> None:
        with self._database.writing() as writer:
            writer.execute(update(webhooks).where(_held(turn)).values(lease_until=now()))

    def forget(self, keep_s: float) -> bool:
        """Removes some messages that were made longer ago and are over; False where there may be more."""
        old = select(deliveries.c.id).where(~_PENDING, deliveries.c.created_at < now() - keep_s).limit(KEPT_AT_ONCE)
        with self._database.writing() as writer:
            return writer.execute(delete(deliveries).where(deliveries.c.id.in_(old))).rowcount < KEPT_AT_ONCE

    def _record(
        self, turn: Turn, delivery: Delivery, lease_s: float | None, change: JSON, pause_s: float | None = None
    ) -> bool:
        paused = null() if pause_s is None else now() + pause_s
        lease = now() + (lease_s or 0)
        with self._database.writing() as writer:
            held = writer.execute(update(webhooks).where(_held(turn)).values(lease_until=lease, paused_until=paused))
            if held.rowcount == 0:
                return False
            done = update(deliveries).where(deliveries.c.id == delivery.id, _PENDING)
            writer.execute(done.values(attempts=deliveries.c.attempts + 1, attempted_at=now(), **change))
            return True


def _held(turn: Turn) -> ColumnElement[bool]:
    return and_(webhooks.c.id == turn.webhook_id, webhooks.c.fence == turn.fence, webhooks.c.lease_until.is_not(None))
