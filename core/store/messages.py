"""What is to be sent to webhooks, made of the numbered events of their tenants: each once for each webhook.

Of a webhook so many messages may wait as `MOST_PENDING`. Further events stay in the feed, and become messages when some of
those before are over: whoever is slow misses nothing, and its messages do not grow without end.
"""

from sqlalchemy import Connection, func, insert, select, true, update

from core.ids import new_id
from core.store.clock import now
from core.store.database import Database
from core.store.feed import read_feed
from core.store.tables import deliveries, feeds, webhooks
from core.webhooks import message

AT_ONCE = 200  # events of one transaction
MOST_PENDING = 10_000  # of a webhook


def make_all(database: Database, id: str) -> None:
    """Of all events that have a number, as far as there is room: before webhook `id` is disabled."""
    may_be_more = True
    while may_be_more:
        with database.writing() as writer:
            _, may_be_more = make_some(writer, id)


def make_some(writer: Connection, id: str) -> tuple[int, bool]:
    """Of at most `AT_ONCE` events that webhook `id` has not been told of: how many messages, and whether there may be more to
    make now. A webhook that is disabled is told nothing."""
    columns = (webhooks.c.tenant, webhooks.c.events, webhooks.c.position)
    mine = (webhooks.c.id == id, webhooks.c.is_enabled == true())
    webhook = writer.execute(select(*columns).where(*mine).with_for_update()).one_or_none()
    if webhook is None:
        return 0, False
    pending = writer.scalar(select(func.count()).where(deliveries.c.webhook_id == id, deliveries.c.state == "pending")) or 0
    most = min(AT_ONCE, MOST_PENDING - pending)
    if most <= 0:
        return 0, False
    last = writer.scalar(select(feeds.c.last).where(feeds.c.tenant == webhook.tenant)) or 0
    found = read_feed(writer, webhook.tenant, webhook.position, most)
    made = [
        {"id": new_id("msg"), "webhook_id": id, "number": event.number, "type": type, "state": "pending", "body": body}
        for event in found
        for type, body in [message(event)]
        if type in webhook.events
    ]
    if made:
        writer.execute(insert(deliveries).values(created_at=now(), due_at=now(), pending_since=now()), made)
    is_all = len(found) < most
    reached = max([last, *(event.number for event in found[-1:])]) if is_all else found[-1].number
    writer.execute(update(webhooks).where(webhooks.c.id == id).values(position=reached))
    return len(made), not is_all
