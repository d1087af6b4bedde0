"""/v1/jobs/{id}/events and /v1/events: what happens to a job, and to all of a tenant's, in pages or as a stream."""

import re
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api.answers import EventList, FeedEventList, answer, epoch_answer, event_answer, feed_answer, list_answer
from api.deps import JobId, Service, Tenant, TheService
from api.errors import wrong_parameter
from api.negotiation import preferred
from api.openapi import operation
from api.parameters import Limit
from api.routes.history import EPOCH
from api.streams import AT_ONCE, MEDIA_TYPE, Piece, bookmark, message, open_stream
from api.wording import shown
from core.store import Event, Place

router = APIRouter(prefix="/v1", tags=["jobs"])

_PLACE = re.compile(r"([0-9]{1,9})(?:\.([0-9]{1,9}))?")
_NUMBER = re.compile(r"[0-9]{1,15}")
_EVENT = {"object": "event", "seq": 1, "at": "2026-11-22T12:00:00.000Z", "type": "submitted", "epoch": 0, "data": {}}
_FEED_EVENT = {**_EVENT, "number": 41, "job": "job_01936f2a7c3e7d0f8a5b4c3d2e1f0a9b", "name": "species from iris"}


def _id_of(place: Place) -> str:
    return f"{place.seq}.{place.epoch}"


def _streamed(id: str, summary: str, model: Any, example: Any, shown: bytes, *problems: str, **others: Any) -> dict[str, Any]:
    """An operation that answers a list, or a stream where `Accept` asks for one."""
    made = operation(id, summary, model=model, example=example, problems=(*problems, "invalid_parameter"), **others)
    made["responses"][200]["content"][MEDIA_TYPE] = {"schema": {"type": "string"}, "example": shown.decode()}
    return made


def _given(pattern: re.Pattern[str], what: str, after: str | None, last_event_id: str | None) -> str | None:
    """The header counts more: a client that comes again sends the query of its first request."""
    for parameter, text in (("Last-Event-ID", last_event_id), ("after", after)):
        if text is not None and not pattern.fullmatch(text):
            raise wrong_parameter(parameter, f"{parameter} is {shown(text)}; it must be {what}")
    return after if last_event_id is None else last_event_id


def _position(pattern: re.Pattern[str], what: str, description: str, example: str) -> Any:
    extra = {"pattern": f"^{pattern.pattern}$"}

    async def position(
        after: Annotated[str | None, Query(description=description, json_schema_extra=extra, examples=[example])] = None,
        last_event_id: Annotated[
            str | None,
            Header(description="As `after`, which it takes the place of.", json_schema_extra=extra, examples=[example]),
        ] = None,
    ) -> str | None:
        return _given(pattern, what, after, last_event_id)

    return position


async def _place(
    text: Annotated[
        str | None,
        Depends(
            _position(
                _PLACE,
                "the id of an event of this stream, such as 2.17, or the seq of an event",
                "The last `seq` that you have; of a stream the id of its last event.",
                "2.17",
            )
        ),
    ],
) -> Place:
    seq, epoch = _PLACE.fullmatch(text or "0").groups(default="0")  # type: ignore[union-attr]
    return Place(int(seq), int(epoch))


async def _number(
    text: Annotated[
        str | None,
        Depends(_position(_NUMBER, "the id of an event of this stream, such as 41", "The last `number` that you have.", "41")),
    ],
) -> int | None:
    return None if text is None else int(text)


def _wants_stream(request: Request) -> bool:
    if preferred(request.headers.get("accept", ""), ("application/json", MEDIA_TYPE)) != MEDIA_TYPE:
        return False
    if "limit" in request.query_params:
        raise wrong_parameter("limit", "limit is for pages; a stream has no end of its own")
    return True


def _beyond(given: str, last: str) -> Exception:
    return wrong_parameter("after", f"after, or Last-Event-ID, is {given}, which lies behind the last event, {last}")


@router.get(
    "/jobs/{job_id}/events",
    **_streamed(
        "list_events",
        "List or follow what happens to a job",
        EventList,
        list_answer([_EVENT], None),
        message("1.0", "submitted", _EVENT) + message("2.18", "epoch", EPOCH),
        "not_found",
        others={204: {"description": "As a stream: the job has ended, and nothing follows the event that the client has"}},
    ),
)
async def list_events(
    request: Request,
    service: TheService,
    tenant: Tenant,
    id: JobId,
    place: Annotated[Place, Depends(_place)],
    limit: Limit = 100,
) -> Response:
    """Every transition with its time and reason, in order; `next_cursor` of one page is `after` of the next.

    Where `Accept` says `text/event-stream`, as server-sent events, with every epoch between them as an event `epoch`: first all
    that has happened, or what follows `after` or `Last-Event-ID`, then what happens, until the job ends with `succeeded`,
    `failed` or `cancelled`. A stream also ends after a while; a client that comes again with `Last-Event-ID` gets each event
    exactly once."""
    if _wants_stream(request):
        return await _job_stream(request, service, tenant, id, place)
    found = await run_in_threadpool(service.store.events.page, tenant, id, place.seq, limit + 1)
    cursor = str(found[limit - 1].seq) if len(found) > limit else None
    return answer(list_answer([event_answer(event) for event in found[:limit]], cursor), headers={"Vary": "Accept"})


async def _job_stream(request: Request, service: Service, tenant: str, id: str, place: Place) -> Response:
    histories = service.store.histories
    last = await run_in_threadpool(histories.last, tenant, id)
    if place.seq > last.seq or place.epoch > last.epoch:
        raise _beyond(_id_of(place), _id_of(last))
    passage = await run_in_threadpool(histories.after, tenant, id, place, 1)
    if passage.has_ended and not passage.items:
        return Response(status_code=204)  # which tells an EventSource not to come again

    def read() -> Piece:
        nonlocal place
        passage = histories.after(tenant, id, place, AT_ONCE)
        messages = []
        for item in passage.items:
            place = place.behind(item)
            if isinstance(item, Event):
                messages.append(message(_id_of(place), item.type, event_answer(item)))
            else:
                messages.append(message(_id_of(place), "epoch", epoch_answer(item)))
        return Piece(b"".join(messages), passage.has_more, passage.has_ended, passage.version)

    return open_stream(request, service, service.watcher, id, read)


@router.get(
    "/events",
    **_streamed(
        "list_all_events",
        "List or follow what happens to all jobs",
        FeedEventList,
        list_answer([_FEED_EVENT], None),
        message("41", "submitted", _FEED_EVENT),
    ),
)
async def list_all_events(
    request: Request,
    service: TheService,
    tenant: Tenant,
    after: Annotated[int | None, Depends(_number)],
    limit: Limit = 100,
) -> Response:
    """Every transition of every job, in one order that agrees with the order of each; `next_cursor` of one page is `after` of
    the next. Epochs are not among them.

    Where `Accept` says `text/event-stream`, as server-sent events: what happens from now on, or all that follows `after` or
    `Last-Event-ID`; `after=0` begins at the beginning. It ends after a while; a client that comes again with `Last-Event-ID`
    gets each event exactly once. What happened to deleted jobs is left out."""
    if _wants_stream(request):
        return await _feed_stream(request, service, tenant, after)

    def page() -> Response:
        service.store.feed.number(tenant)
        found = service.store.feed.page(tenant, after or 0, limit + 1)
        cursor = str(found[limit - 1].number) if len(found) > limit else None
        return answer(list_answer([feed_answer(event) for event in found[:limit]], cursor), headers={"Vary": "Accept"})

    return await run_in_threadpool(page)


async def _feed_stream(request: Request, service: Service, tenant: str, after: int | None) -> Response:
    feed = service.store.feed
    last = (await run_in_threadpool(feed.lasts, [tenant]))[tenant]
    if after is not None and after > last:
        raise _beyond(str(after), str(last))
    place, is_first = last if after is None else after, True

    def read() -> Piece:
        nonlocal place, is_first
        # All that has a number is told up to this one, which may be a deleted job's.
        last = feed.lasts([tenant])[tenant]
        found = feed.page(tenant, place, AT_ONCE)
        has_more = len(found) == AT_ONCE
        body = bookmark(str(place)) if is_first else b""
        body += b"".join(message(str(event.number), event.type, feed_answer(event)) for event in found)
        is_first = False
        place = found[-1].number if has_more else max(last, found[-1].number if found else 0)
        return Piece(body, has_more, version=last)

    return open_stream(request, service, service.feeds, tenant, read)
