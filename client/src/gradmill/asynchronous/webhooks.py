"""/v1/webhooks: where to be told what happens to jobs. `gradmill.webhooks` is for who receives it."""

from collections.abc import AsyncIterator, Sequence

from gradmill.answering import model_of
from gradmill.answers import DeliveryAnswer, NewWebhookAnswer, WebhookAnswer
from gradmill.asynchronous.paging import pages
from gradmill.asynchronous.transport import AsyncTransport
from gradmill.calls import delete, get, given, patch, post
from gradmill.requests import path_of
from gradmill.spec import WebhookEvent


class AsyncWebhooks:
    """Webhooks of the key's tenant."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def create(
        self,
        url: str,
        events: Sequence[WebhookEvent] | None = None,
        *,
        enabled: bool = True,
        idempotency_key: str | None = None,
    ) -> NewWebhookAnswer:
        """Of what happens from now on; without `events` of the ends of jobs. Keep its `secret`: it is told once."""
        request = given({"url": url, "events": events, "enabled": enabled})
        return model_of(NewWebhookAnswer, await self._transport.json(post("/v1/webhooks", request, key=idempotency_key)))

    async def get(self, id: str) -> WebhookAnswer:
        return model_of(WebhookAnswer, await self._transport.json(get(path_of("webhooks", id))))

    async def list(self, *, page_size: int = 100) -> AsyncIterator[WebhookAnswer]:
        """All of them, newest first."""
        async for each in pages(self._transport, get("/v1/webhooks", {"limit": page_size})):
            yield model_of(WebhookAnswer, each)

    async def update(
        self,
        id: str,
        *,
        url: str | None = None,
        events: Sequence[WebhookEvent] | None = None,
        enabled: bool | None = None,
    ) -> WebhookAnswer:
        """What is left out stays. While it is disabled nothing is sent, and what happens then is not told later."""
        request = given({"url": url, "events": events, "enabled": enabled})
        return model_of(WebhookAnswer, await self._transport.json(patch(path_of("webhooks", id), request)))

    async def delete(self, id: str) -> None:
        """With its deliveries; what is due is not sent any more."""
        await self._transport.send(delete(path_of("webhooks", id)))

    async def rotate(self, id: str) -> NewWebhookAnswer:
        """A new secret, told once. For a day the old one signs too."""
        return model_of(NewWebhookAnswer, await self._transport.json(post(path_of("webhooks", id, "rotate"))))

    async def test(self, id: str) -> DeliveryAnswer:
        """Sends a message of the type `webhook.test`."""
        return model_of(DeliveryAnswer, await self._transport.json(post(path_of("webhooks", id, "test"))))

    async def deliveries(self, id: str, *, page_size: int = 100) -> AsyncIterator[DeliveryAnswer]:
        """What was sent to it, newest first: how often it was tried, and what came of it."""
        async for each in pages(self._transport, get(path_of("webhooks", id, "deliveries"), {"limit": page_size})):
            yield model_of(DeliveryAnswer, each)

    async def redeliver(self, id: str, delivery_id: str) -> DeliveryAnswer:
        """Sends a message once more, whatever became of it, under the same `webhook-id`."""
        call = post(path_of("webhooks", id, "deliveries", delivery_id, "redeliver"))
        return model_of(DeliveryAnswer, await self._transport.json(call))
