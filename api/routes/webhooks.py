"""/v1/webhooks: where a tenant is told what happens to its jobs, by the Standard Webhooks specification."""

import asyncio
import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from fastapi import Path as PathParameter
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api.answers import (
    DeliveryAnswer,
    DeliveryList,
    NewWebhookAnswer,
    WebhookAnswer,
    WebhookList,
    answer,
    delivery_answer,
    list_answer,
    webhook_answer,
)
from api.bodies import JsonBody, parsed, validated
from api.deps import Service, Tenant, TheService
from api.idempotency import REPLAYED, IdempotencyKey
from api.openapi import BODY_PROBLEMS, REFERENCE, operation, takes
from api.parameters import Cursor, Limit
from api.schemas import WebhookChange, WebhookRequest
from core import outbound
from core.errors import InvalidSpec, NotFound, Problem, UserError
from core.ids import is_id
from core.store import Idempotency, Webhook
from core.webhooks import TEST, new_secret, payload

router = APIRouter(prefix="/v1/webhooks", tags=["webhooks"])

_ID = "wh_01936f2a7c3e7d0f8a5b4c3d2e1f0a9b"
_DELIVERY_ID = "msg_01936f2a7c3e7d0f8a5b4c3d2e1f0a9b"
_EXAMPLE = {
    "id": _ID,
    "object": "webhook",
    "url": "https://example.com/gradmill",
    "events": ["job.succeeded", "job.failed", "job.cancelled"],
    "enabled": True,
    "created_at": "2026-11-22T12:00:00.000Z",
    "paused_until": None,
    "failing_since": None,
    "disabled_at": None,
    "disabled_reason": None,
}
_NEW = {**_EXAMPLE, "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}
_DELIVERY = {
    "id": _DELIVERY_ID,
    "object": "delivery",
    "webhook": _ID,
    "type": "job.succeeded",
    "status": "delivered",
    "attempts": 1,
    "created_at": "2026-11-22T12:00:01.000Z",
    "attempted_at": "2026-11-22T12:00:01.300Z",
    "next_attempt_at": None,
    "answer": 204,
    "error": None,
    "message": {
        "type": "job.succeeded",
        "timestamp": "2026-11-22T12:00:01.000Z",
        "data": {
            "job": "job_01936f2a7c3e7d0f8a5b4c3d2e1f0a9b",
            "name": "species from iris",
            "number": 41,
            "seq": 3,
            "epoch": 18,
            "data": {},
        },
    },
}
LOOK_UP_S = 3.0  # for the name of a receiver
_REFUSED = ("invalid_json", "invalid_spec", "quota_exceeded", *BODY_PROBLEMS)
_CREATED = ("bad_request", "idempotency_mismatch", *_REFUSED)
_STEERED = ("not_found", "cross_site")
_SENT = (*_STEERED, "conflict")


def _body(model: str, example: Any) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": REFERENCE.format(model=model)}, "example": example}}


async def _webhook_id(webhook_id: Annotated[str, PathParameter(examples=[_ID])]) -> str:
    if not is_id("wh", webhook_id):
        raise NotFound(f"there is no webhook {webhook_id[:60]!r}")
    return webhook_id


async def _delivery_id(delivery_id: Annotated[str, PathParameter(examples=[_DELIVERY_ID])]) -> str:
    if not is_id("msg", delivery_id):
        raise NotFound(f"there is no delivery {delivery_id[:60]!r}")
    return delivery_id


WebhookId = Annotated[str, Depends(_webhook_id)]
DeliveryId = Annotated[str, Depends(_delivery_id)]


def _webhook(service: TheService, tenant: Tenant, id: WebhookId) -> Webhook:
    return service.store.webhooks.get(tenant, id)


async def _check(service: Service, tenant: str, url: str) -> None:
    """InvalidSpec where nothing may be sent there."""
    allow = service.settings.webhook_private_addresses
    try:
        target = outbound.target_of(url, allow)
        if not allow:
            async with service.resolving.turn(tenant), asyncio.timeout(LOOK_UP_S):
                await outbound.resolved(target)
    except UserError as error:
        raise InvalidSpec([Problem("/url", error.message)]) from None
    except TimeoutError:
        raise InvalidSpec([Problem("/url", f"nobody could tell what {target.host[:100]} is within {LOOK_UP_S:g} s")]) from None


def _once(events: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(map(str, events)))


@router.post(
    "",
    **operation("create_webhook", "Register a webhook", status=201, model=NewWebhookAnswer, example=_NEW, problems=_CREATED),
    openapi_extra=takes(
        _body("WebhookRequest", {"url": _EXAMPLE["url"], "events": ["job.succeeded", "job.failed"]}), "Where to tell what."
    ),
)
async def create_webhook(service: TheService, tenant: Tenant, key: IdempotencyKey, body: JsonBody) -> Response:
    """Of what happens from now on, messages are sent by POST, signed with the `secret`, which is shown once. Private addresses
    are refused, here and whenever something is sent.

    Send an `Idempotency-Key` and the same request may be repeated without making a second webhook: the answer is the first one,
    as it is now, with its secret and `Idempotency-Replayed: true`."""
    request = None if key is None else Idempotency(key, hashlib.sha256(body).hexdigest())
    webhooks = service.store.webhooks
    first = None if request is None else await run_in_threadpool(webhooks.made_by, tenant, request)
    made = first or await _made(service, tenant, validated(WebhookRequest, parsed(body)), request)
    shown = {**webhook_answer(made), "secret": await run_in_threadpool(webhooks.secret, tenant, made.id)}
    return answer(shown, 201, {"Location": f"/v1/webhooks/{made.id}"} | (REPLAYED if first else {}))


async def _made(service: Service, tenant: str, wanted: WebhookRequest, request: Idempotency | None) -> Webhook:
    await _check(service, tenant, wanted.url)

    def add() -> Webhook:
        service.store.feed.number(tenant)
        events = _once(wanted.events)
        return service.store.webhooks.add(tenant, wanted.url, events, new_secret(), wanted.enabled, request)

    return await run_in_threadpool(add)


@router.get(
    "",
    **operation(
        "list_webhooks",
        "List webhooks",
        model=WebhookList,
        example=list_answer([_EXAMPLE], None),
        problems=("invalid_parameter",),
    ),
)
def list_webhooks(service: TheService, tenant: Tenant, cursor: Cursor = None, limit: Limit = 20) -> Response:
    """Newest first, page by page, without their secrets."""
    page = service.store.webhooks.page(tenant, cursor, limit)
    return answer(list_answer([webhook_answer(each) for each in page.items], page.next_cursor))


@router.get(
    "/{webhook_id}",
    **operation("get_webhook", "Look at a webhook", model=WebhookAnswer, example=_EXAMPLE, problems=("not_found",)),
)
def get_webhook(service: TheService, tenant: Tenant, id: WebhookId) -> Response:
    """Without its secret."""
    return answer(webhook_answer(service.store.webhooks.get(tenant, id)))


@router.patch(
    "/{webhook_id}",
    **operation("change_webhook", "Change a webhook", model=WebhookAnswer, example=_EXAMPLE, problems=("not_found", *_REFUSED)),
    openapi_extra=takes(_body("WebhookChange", {"enabled": False}), "What is left out stays."),
)
async def change_webhook(
    service: TheService,
    tenant: Tenant,
    webhook: Annotated[Webhook, Depends(_webhook)],  # before the body is read, which is for nothing where there is none
    body: JsonBody,
) -> Response:
    """While it is disabled nothing is sent, and what happens then is not told later."""
    wanted = validated(WebhookChange, parsed(body))
    if wanted.url is not None:
        await _check(service, tenant, wanted.url)
    events = None if wanted.events is None else _once(wanted.events)
    changed = await run_in_threadpool(service.store.webhooks.change, tenant, webhook.id, wanted.url, events, wanted.enabled)
    return answer(webhook_answer(changed))


@router.delete("/{webhook_id}", **operation("delete_webhook", "Remove a webhook", status=204, problems=_STEERED))
def delete_webhook(service: TheService, tenant: Tenant, id: WebhookId) -> Response:
    """With its deliveries; what is due is not sent any more."""
    service.store.webhooks.delete(tenant, id)
    return Response(status_code=204)


@router.post(
    "/{webhook_id}/rotate",
    **operation("rotate_webhook", "Give a webhook a new secret", model=NewWebhookAnswer, example=_NEW, problems=_STEERED),
)
def rotate_webhook(service: TheService, tenant: Tenant, id: WebhookId) -> Response:
    """The new one is shown once. For a day the old one signs too: each message then has two signatures."""
    secret = new_secret()
    return answer({**webhook_answer(service.store.webhooks.rotate(tenant, id, secret)), "secret": secret})


@router.post(
    "/{webhook_id}/test",
    **operation(
        "test_webhook",
        "Send a test",
        status=202,
        model=DeliveryAnswer,
        example={**_DELIVERY, "type": TEST},
        problems=_SENT,
    ),
)
def test_webhook(service: TheService, tenant: Tenant, id: WebhookId) -> Response:
    """A message of the type `webhook.test`, sent like every other; what became of it stands among the deliveries."""
    at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    body = payload(TEST, at, {"webhook": id}).decode()
    return answer(delivery_answer(service.store.webhooks.test(tenant, id, TEST, body)), 202)


@router.get(
    "/{webhook_id}/deliveries",
    **operation(
        "list_deliveries",
        "List what was sent to a webhook",
        model=DeliveryList,
        example=list_answer([_DELIVERY], None),
        problems=("not_found", "invalid_parameter"),
    ),
)
def list_deliveries(service: TheService, tenant: Tenant, id: WebhookId, cursor: Cursor = None, limit: Limit = 20) -> Response:
    """Newest first: each message, how often it was tried, and what the receiver answered last."""
    page = service.store.webhooks.deliveries(tenant, id, cursor, limit)
    return answer(list_answer([delivery_answer(each) for each in page.items], page.next_cursor))


@router.post(
    "/{webhook_id}/deliveries/{delivery_id}/redeliver",
    **operation(
        "redeliver",
        "Send a message once more",
        status=202,
        model=DeliveryAnswer,
        example=_DELIVERY,
        problems=_SENT,
    ),
)
def redeliver(service: TheService, tenant: Tenant, id: WebhookId, delivery: DeliveryId) -> Response:
    """Under the same `webhook-id`, whatever became of it before."""
    return answer(delivery_answer(service.store.webhooks.redeliver(tenant, id, delivery)), 202)
