"""/v1/webhooks: where to be told what happens to jobs. `gradmill.webhooks` is for who receives it.

Made from asynchronous/webhooks.py by `python -m client.generate`; not to be edited.
"""

from collections.abc import Iterator, Sequence

from gradmill.answering import model_of
from gradmill.answers import DeliveryAnswer, NewWebhookAnswer, WebhookAnswer
from gradmill.calls import delete, get, given, patch, post
from gradmill.requests import path_of
from gradmill.spec import WebhookEvent
from gradmill.synchronous.paging import pages
from gradmill.synchronous.transport import Transport


class Webhooks:
    """Webhooks of the key's tenant."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def create(
        self,
        url: str,
        events: Sequence[WebhookEvent] | None = None,
        *,
        enabled: bool = True,
        idempotency_key: str | None = None,
    ) -> NewWebhookAnswer:
        """Of what happens from now on; without `events` of the ends of jobs. Keep its `secret`: it is told once."""
        request = given({"url": url, "events": events, "enabled": enabled})
        return model_of(NewWebhookAnswer, self._transport.json(post("/v1/webhooks", request, key=idempotency_key)))

    def get(self, id: str) -> WebhookAnswer:
        return model_of(WebhookAnswer, self._transport.json(get(path_of("webhooks", id))))

    def list(self, *, page_size: int = 100) -> Iterator[WebhookAnswer]:
        """All of them, newest first."""
        for each in pages(self._transport, get("/v1/webhooks", {"limit": page_size})):
            yield model_of(WebhookAnswer, each)

    def update(
        self,
        id: str,
        *,
        url: str | None = None,
        events: Sequence[WebhookEvent] | None = None,
        enabled: bool | None = None,
    ) -> WebhookAnswer:
        """What is left out stays. While it is disabled nothing is sent, and what happens then is not told later."""
        request = given({"url": url, "events": events, "enabled": enabled})
        return model_of(WebhookAnswer, self._transport.json(patch(path_of("webhooks", id), request)))

    def delete(self, id: str) -> None:
        """With its deliveries; what is due is not sent any more."""
        self._transport.send(delete(path_of("webhooks", id)))

    def rotate(self, id: str) -> NewWebhookAnswer:
        """A new secret, told once. For a day the old one signs too."""
        return model_of(NewWebhookAnswer, self._transport.json(post(path_of("webhooks", id, "rotate"))))

    def test(self, id: str) -> DeliveryAnswer:
        """Sends a message of the type `webhook.test`."""
        return model_of(DeliveryAnswer, self._transport.json(post(path_of("webhooks", id, "test"))))

    def deliveries(self, id: str, *, page_size: int = 100) -> Iterator[DeliveryAnswer]:
        """What was sent to it, newest first: how often it was tried, and what came of it."""
        for each in pages(self._transport, get(path_of("webhooks", id, "deliveries"), {"limit": page_size})):
            yield model_of(DeliveryAnswer, each)

    def redeliver(self, id: str, delivery_id: str) -> DeliveryAnswer:
        """Sends a message once more, whatever became of it, under the same `webhook-id`."""
        call = post(path_of("webhooks", id, "deliveries", delivery_id, "redeliver"))
        return model_of(DeliveryAnswer, self._transport.json(call))
