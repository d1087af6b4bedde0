"""Where tenants want to be told what happens. Every statement of a client carries the tenant."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import fields
from typing import Any

from sqlalchemy import Connection, case, delete, exists, func, insert, null, select, update

from core.errors import Conflict, CoreError, NotFound, QuotaExceeded
from core.ids import new_id
from core.store.clock import now
from core.store.database import Database
from core.store.feed import Feed
from core.store.idempotency import forget, made_by, remember
from core.store.messages import make_all
from core.store.records import Delivery, Idempotency, Page, Webhook
from core.store.rows import page
from core.store.tables import NOBODY, deliveries, feeds, webhooks
from core.webhooks import OLD_SECRET_S

MOST_WEBHOOKS = 20  # of a tenant
MOST_TESTS = 100  # of a webhook that wait to be sent
ROWS_AT_ONCE = 1000  # deliveries that one transaction removes
ROWS_AWAITED = 10_000  # by a client who deletes a webhook
ROWS_AT_A_SWEEP = 10_000  # of all deleted webhooks

_WEBHOOK = tuple(webhooks.c[field.name] for field in fields(Webhook))
DELIVERY = tuple(deliveries.c[field.name] for field in fields(Delivery))


class Webhooks:
    def __init__(self, database: Database) -> None:
        self._database = database

    def add(
        self,
        tenant: str,
        url: str,
        events: Sequence[str],
        secret: str,
        is_enabled: bool = True,
        idempotency: Idempotency | None = None,
    ) -> Webhook:
        """It is told what gets a number after this moment. The same key with the same request gives the first webhook.

        IdempotencyMismatch where the key came with another request, QuotaExceeded where the tenant has as many as it may.
        """
        id = new_id("wh")
        with self._database.writing() as writer:
            first = id if idempotency is None else remember(self._database, writer, tenant, idempotency, id)
            if first != id:
                return Webhook(*writer.execute(select(*_WEBHOOK).where(*_of(tenant, first))).one())
            made = self._database.insert(feeds).values(tenant=tenant).on_conflict_do_nothing(index_elements=["tenant"])
            writer.execute(made)
            # Its lock lets webhooks of a tenant be made one at a time.
            last = writer.scalar(select(feeds.c.last).where(feeds.c.tenant == tenant).with_for_update())
            count = writer.scalar(select(func.count()).select_from(webhooks).where(webhooks.c.tenant == tenant)) or 0
            if count >= MOST_WEBHOOKS:
                raise QuotaExceeded(f"webhooks: you have {count}, your quota is {MOST_WEBHOOKS}")
            row = {"id": id, "tenant": tenant, "url": url, "events": list(events), "is_enabled": is_enabled}
            added = insert(webhooks).values(**row, secret=secret, position=last, created_at=now())
            return Webhook(*writer.execute(added.returning(*_WEBHOOK)).one())

    def made_by(self, tenant: str, idempotency: Idempotency) -> Webhook | None:
        """The webhook that this key made, None for a new key; IdempotencyMismatch as above. `add` decides."""
        with self._database.reading() as reader:
            made = made_by(reader, tenant, idempotency, "wh")
            row = None if made is None else reader.execute(select(*_WEBHOOK).where(*_of(tenant, made))).one_or_none()
        return None if row is None else Webhook(*row)

    def secret(self, tenant: str, id: str) -> str:
        """The one that signs now."""
        with self._database.reading() as reader:
            secret = reader.scalar(select(webhooks.c.secret).where(*_of(tenant, id)))
        if secret is None:
            raise _none(id)
        return str(secret)

    def get(self, tenant: str, id: str) -> Webhook:
        with self._database.reading() as reader:
            row = reader.execute(select(*_WEBHOOK).where(*_of(tenant, id))).one_or_none()
        if row is None:
            raise _none(id)
        return Webhook(*row)

    def page(self, tenant: str, cursor: str | None = None, limit: int = 20) -> Page[Webhook]:
        with self._database.reading() as reader:
            query = select(*_WEBHOOK).where(webhooks.c.tenant == tenant)
            return page(reader, query, webhooks.c.id, lambda row: Webhook(*row), cursor, limit)

    def change(
        self, tenant: str, id: str, url: str | None = None, events: Sequence[str] | None = None, is_enabled: bool | None = None
    ) -> Webhook:
        """What is None stays. `url` and `is_enabled` end a pause.

        What happens while it is disabled is not told later; what happened before is, as far as there was room for messages.
        """
        change: dict[str, Any] = {} if url is None and is_enabled is None else {"paused_until": null()}
        if is_enabled is not None:
            Feed(self._database).number(tenant)  # what has happened so far lies behind `last` only then
        if url is not None:
            change |= {"url": url, "failing_since": null()}
        if events is not None:
            change["events"] = list(events)
        if is_enabled is not None:
            last = select(feeds.c.last).where(feeds.c.tenant == tenant).scalar_subquery()
            change["position"] = case((webhooks.c.is_enabled, webhooks.c.position), else_=last)
            change["is_enabled"] = is_enabled
        if is_enabled is True:
            change |= {"failing_since": null(), "disabled_at": null(), "disabled_reason": null()}
        if is_enabled is False:
            make_all(self._database, self.get(tenant, id).id)
        return self._changed(tenant, id, change) if change else self.get(tenant, id)

    def rotate(self, tenant: str, id: str, secret: str) -> Webhook:
        """From now on the new secret signs, and for `OLD_SECRET_S` the one before it too.

        Within that time another rotation keeps it, since receivers may have no other: the one between ends.
        """
        is_good = webhooks.c.old_secret_until > now()
        change = {
            "secret": secret,
            "old_secret": case((is_good, webhooks.c.old_secret), else_=webhooks.c.secret),
            "old_secret_until": case((is_good, webhooks.c.old_secret_until), else_=now() + OLD_SECRET_S),
        }
        return self._changed(tenant, id, change)

    def delete(self, tenant: str, id: str) -> None:
        """It is out of its owner's reach at once, and its secrets are gone; its deliveries go some at a time, of many the last
        ones with `clear_deleted`."""
        gone = {"tenant": NOBODY, "is_enabled": False, "secret": "", "old_secret": None, "fence": webhooks.c.fence + 1}
        with self._database.writing() as writer:
            if not writer.execute(update(webhooks).where(*_of(tenant, id)).values(**gone)).rowcount:
                raise _none(id)
            forget(writer, id)
        with suppress(CoreError):
            self._clear(id, ROWS_AWAITED)

    def clear_deleted(self, most: int = 100) -> int:
        """Removes what is left of at most so many deleted webhooks, some deliveries of all; returns how many they are."""
        with self._database.reading() as reader:
            left = reader.scalars(select(webhooks.c.id).where(webhooks.c.tenant == NOBODY).limit(most)).all()
        removed = 0
        for id in left:
            removed += self._clear(id, ROWS_AT_A_SWEEP - removed)
        return len(left)

    def deliveries(self, tenant: str, id: str, cursor: str | None = None, limit: int = 20) -> Page[Delivery]:
        """Newest first."""
        self.get(tenant, id)
        with self._database.reading() as reader:
            query = select(*DELIVERY).where(deliveries.c.webhook_id == id)
            return page(reader, query, deliveries.c.id, lambda row: Delivery(*row), cursor, limit)

    def test(self, tenant: str, id: str, type: str, body: str) -> Delivery:
        """A message of its own, sent at once. Conflict where it is disabled, or `MOST_TESTS` wait."""
        with self._database.writing() as writer:
            _end_pause(writer, tenant, id)
            mine = (deliveries.c.webhook_id == id, deliveries.c.state == "pending", deliveries.c.number.is_(None))
            if (writer.scalar(select(func.count()).where(*mine)) or 0) >= MOST_TESTS:
                raise Conflict(f"{MOST_TESTS} tests of webhook {id} wait already to be sent")
            row = {"id": new_id("msg"), "webhook_id": id, "type": type, "state": "pending", "body": body}
            added = insert(deliveries).values(**row, created_at=now(), due_at=now(), pending_since=now()).returning(*DELIVERY)
            return Delivery(*writer.execute(added).one())

    def redeliver(self, tenant: str, id: str, delivery_id: str) -> Delivery:
        """Sends a message once more, under its own id, as if it had never been tried. Conflict where that is disabled."""
        with self._database.writing() as writer:
            _end_pause(writer, tenant, id)
            again = (
                update(deliveries)
                .where(deliveries.c.id == delivery_id, deliveries.c.webhook_id == id)
                .values(state="pending", due_at=now(), pending_since=now(), attempts=0)
                .returning(*DELIVERY)
            )
            row = writer.execute(again).one_or_none()
        if row is None:
            raise NotFound(f"there is no delivery {delivery_id}")
        return Delivery(*row)

    def _clear(self, id: str, most: int) -> int:
        """Returns how many deliveries it has removed; after the last of them goes the webhook."""
        mine = deliveries.c.webhook_id == id
        removed = 0
        while removed < most:
            some = select(deliveries.c.id).where(mine).order_by(deliveries.c.id).limit(min(ROWS_AT_ONCE, most - removed))
            with self._database.writing() as writer:
                # Its lock lets one at a time choose what to remove.
                if writer.scalar(select(webhooks.c.id).where(*_of(NOBODY, id)).with_for_update()) is None:
                    break
                count = writer.execute(delete(deliveries).where(deliveries.c.id.in_(some))).rowcount
                removed += count
                if count == 0:  # which somebody else may have removed first, as `Outbox.forget`: others may be left
                    writer.execute(delete(webhooks).where(webhooks.c.id == id, ~exists().where(mine)))
                    break
        return removed

    def _changed(self, tenant: str, id: str, change: dict[str, Any]) -> Webhook:
        with self._database.writing() as writer:
            row = writer.execute(update(webhooks).where(*_of(tenant, id)).values(**change).returning(*_WEBHOOK)).one_or_none()
        if row is None:
            raise _none(id)
        return Webhook(*row)


def _end_pause(writer: Connection, tenant: str, id: str) -> None:
    """NotFound; Conflict where it is disabled, since nothing would be sent."""
    ended = update(webhooks).where(*_of(tenant, id)).values(paused_until=None).returning(webhooks.c.is_enabled)
    is_enabled = writer.execute(ended).scalar_one_or_none()
    if is_enabled is None:
        raise _none(id)
    if not is_enabled:
        raise Conflict(f"webhook {id} is disabled: enable it before anything is sent to it")


def _of(tenant: str, id: str) -> tuple[Any, Any]:
    return webhooks.c.id == id, webhooks.c.tenant == tenant


def _none(id: str) -> NotFound:
    return NotFound(f"there is no webhook {id}")
