"""Events as they happen: each exactly once, whatever becomes of the connection."""

import asyncio
import json
from collections.abc import Iterator
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

import gradmill
from gradmill.eventstream import Message, Parser
from gradmill.retrying import Retries
from gradmill.synchronous import streams
from tests.client.answering import Answer, Answering, problem
from tests.client.test_retries import JOB
from tests.service.running import xor

pytestmark = pytest.mark.xdist_group("client")

QUICK = Retries(times=1000, first_s=0.001, longest_s=0.002)
STREAM = {"Content-Type": "text/event-stream; charset=utf-8"}
EPOCH = {"loss": 0.5, "validation_loss": None, "metrics": {}, "learning_rate": 0.1, "gradient_norm": None, "seconds": 0.1}


def event(id: str, type: str, data: object) -> bytes:
    return f"id: {id}\nevent: {type}\ndata: {json.dumps(data)}\n\n".encode()


def epoch(number: int) -> bytes:
    return event(f"2.{number}", "epoch", {**EPOCH, "epoch": number, "rows_per_second": 1.0})


def happened(seq: int, type: str, at: int) -> bytes:
    told = {"object": "event", "seq": seq, "at": "2026-01-01T00:00:00Z", "type": type, "epoch": at, "data": {}}
    return event(f"{seq}.{at}", type, told)


def of_feed(number: int) -> bytes:
    told = {"object": "event", "seq": 1, "at": "2026-01-01T00:00:00Z", "type": "submitted", "epoch": 0, "data": {}}
    return event(str(number), "submitted", {**told, "number": number, "job": "job_1", "name": None})


def streamed(content: bytes, cut: int | None = None, *, is_open: bool = False) -> Answer:
    return Answer(200, b"retry: 1\n\n" + content, STREAM, cut, is_open)


@pytest.fixture
def quick(answering: Answering, monkeypatch: pytest.MonkeyPatch) -> Iterator[gradmill.Client]:
    """A client that comes again at once."""
    monkeypatch.setattr(streams, "PAUSES", QUICK)
    monkeypatch.setattr(streams, "RETRY_S", 0.001)
    with gradmill.Client(answering.url, "gm_key", retries=Retries(times=0)) as client:
        yield client


@pytest.fixture
def ticking(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each look at the clock takes a second."""
    seconds = count(1.0)
    monkeypatch.setattr(streams, "monotonic", lambda: next(seconds))


@pytest.fixture
def job(quick: gradmill.Client, answering: Answering) -> gradmill.Job:
    answering.answers = [Answer(200, JOB)]
    return quick.jobs.get("job_1")


def places(answering: Answering) -> list[str | None]:
    """Where each request but the first, which is for the job, began."""
    return [asked.headers.get("last-event-id") for asked in answering.asked[1:]]


@given(st.lists(st.integers(1, 40), max_size=20), st.sampled_from(["\n", "\r\n", "\r"]))
def test_however_a_stream_is_cut_into_pieces_it_says_the_same(sizes: list[int], end: str) -> None:
    lines = ["\ufeff: comment", "retry: 1500", "", "id: 7", "", "id: 8", "event: epoch", "data: a", "data:b:ü", "", "data"]
    lines += ["", "id: no\0", "data: c", "unknown: 3", "", "event: lost", "", "data:  d", "", "data: the end is missing"]
    content = end.join(lines).encode()
    parser, found, start = Parser("6"), [], 0
    for size in [*sizes, len(content)]:
        found += parser.feed(content[start : start + size])
        start += size
    expected = [Message("8", "epoch", "a\nb:ü"), Message("8", "message", ""), Message("8", "message", "c")]
    assert found == [*expected, Message("8", "message", " d")]
    assert (parser.last_id, parser.retry_s) == ("8", 1.5)


def test_an_event_without_an_end_is_not_kept_for_ever() -> None:
    parser = Parser()
    parser.feed(b"data: " + b"x" * (2**24 - 100) + b"\n")
    with pytest.raises(gradmill.UnexpectedAnswer, match="16 MiB"):
        parser.feed(b"data: " + b"x" * 200)


def test_what_breaks_off_goes_on_where_it_was(job, answering):
    whole = b"".join(epoch(number) for number in range(1, 6)) + happened(3, "succeeded", 5)
    behind_two = len(b"retry: 1\n\n" + epoch(1) + epoch(2))
    answering.answers = [
        streamed(whole, cut=behind_two + 30),  # in the middle of the third
        Answer(cut=0),
        problem(503, "unavailable"),
        streamed(epoch(3) + epoch(4)),  # which ends, as streams do after a while
        streamed(epoch(5) + happened(3, "succeeded", 5)),
    ]
    found = list(job.events())
    assert [(each.id, each.type) for each in found[:5]] == [(f"2.{number}", "epoch") for number in range(1, 6)]
    assert [type(each) for each in found] == [gradmill.EpochEvent] * 5 + [gradmill.JobEvent]
    assert places(answering) == ["0", "2.2", "2.2", "2.2", "2.4"]
    assert not answering.answers
    assert answering.asked[-1].headers["accept"] == "text/event-stream"


def test_a_stream_without_a_sign_of_life_is_cut_off(job, answering, monkeypatch):
    monkeypatch.setattr(streams, "SILENCE_S", 0.05)
    answering.answers = [streamed(epoch(1) + b": alive\n\n", is_open=True), streamed(happened(3, "cancelled", 1))]
    assert [each.type for each in job.events()] == ["epoch", "cancelled"]
    assert places(answering) == ["0", "2.1"]


def test_silence_is_borne_no_longer_than_one_has_patience_for(job, answering):
    answering.answers = [streamed(epoch(1), is_open=True)]
    found = job.events(patience_s=1.0)
    assert next(found).epoch == 1
    with pytest.raises(gradmill.NotReachable):
        next(found)
    assert places(answering) == ["0"]


def test_a_place_without_an_event_is_a_place_too(quick, answering):
    answering.answers = [streamed(b"id: 41\n\n"), streamed(of_feed(44))]
    found = next(quick.events())
    assert (type(found), found.id, found.number, found.job) == (gradmill.FeedEvent, "44", 44, "job_1")
    assert [asked.headers.get("last-event-id") for asked in answering.asked] == [None, "41"]


def test_patience_has_an_end(job, answering):
    answering.answers = [problem(503, "unavailable")] * 10_000
    with pytest.raises(gradmill.Unavailable):
        next(job.events(patience_s=0.05))
    answering.answers = [problem(429, "too_many_requests", Retry_After="3600")]
    with pytest.raises(gradmill.TooManyRequests):
        next(job.events())


@pytest.mark.parametrize("nothing", [Answer(200, b"", STREAM), streamed(b""), streamed(b": alive\n\n")])
def test_streams_in_which_nothing_happens_are_no_sign_of_life(job, answering, ticking, nothing):
    answering.answers = [nothing] * 100
    with pytest.raises(gradmill.NotReachable, match="again and again"):
        next(job.events(patience_s=50.0))


def test_a_stream_that_lasts_is_one(job, answering, ticking, monkeypatch):
    monkeypatch.setattr(streams, "ALIVE_S", 0.0)
    answering.answers = [streamed(b": alive\n\n")] * 100 + [streamed(happened(3, "succeeded", 5))]
    assert [each.type for each in job.events(patience_s=50.0)] == ["succeeded"]
    assert places(answering) == ["0"] * 101


def test_an_outage_is_told_once(job, answering, caplog):
    away = [Answer(cut=0)] * 5
    cut = streamed(epoch(1))
    answering.answers = [cut, cut, *away, streamed(epoch(2)), *away, streamed(happened(3, "succeeded", 5))]
    assert len(list(job.events())) == 4
    warnings = [record.message for record in caplog.records if record.levelname == "WARNING"]
    assert len(warnings) == 2
    for each in warnings:
        assert each.startswith(f"Gradmill does not answer at {answering.url}: ")
        assert each.endswith("; trying again")


@pytest.mark.parametrize(
    ("status", "code", "kind"), [(401, "unauthorized", gradmill.Unauthorized), (404, "not_found", gradmill.NotFound)]
)
def test_what_would_be_refused_again_is_raised_at_once(job, answering, status, code, kind):
    answering.answers = [streamed(epoch(1)), problem(status, code)]
    found = job.events()
    assert next(found).epoch == 1
    with pytest.raises(kind):
        next(found)


@pytest.mark.parametrize(
    "answer", [Answer(200, {"data": []}), streamed(event("1", "epoch", [])), streamed(event("1", "paused", {"seq": "x"}))]
)
def test_what_is_no_stream_of_gradmill_is_told(job, answering, answer):
    answering.answers = [answer]
    with pytest.raises(gradmill.UnexpectedAnswer):
        next(job.events())


def test_nothing_follows_the_end_of_a_job(job, answering):
    answering.answers = [Answer(204)]
    assert list(job.events(after="3.5")) == []


def test_a_service_that_never_answered_is_not_waited_for(answering):
    answering.stop()
    with gradmill.Client(answering.url, retries=Retries(knocking_s=0.0)) as client, pytest.raises(gradmill.NotReachable):
        next(client.events())


def test_a_real_job_is_followed_to_its_end_and_from_any_place(client):
    request = xor(300)
    feed = client.events(after=0)
    job = client.jobs.create(request["network"], request["dataset"], request["training"])
    found = list(job.events())
    assert [each.epoch for each in found if isinstance(each, gradmill.EpochEvent)] == list(range(1, 301))
    told = [each for each in found if isinstance(each, gradmill.JobEvent)]
    assert [each.seq for each in told] == list(range(1, len(told) + 1))
    assert [told[0].type, told[-1].type] == ["submitted", "succeeded"] == [found[0].type, found[-1].type]
    assert list(job.events(after=found[99].id)) == found[100:]
    assert list(job.events(after=found[-1].id)) == []
    assert [each.model_dump() for each in job.past_events()] == [each.model_dump(exclude={"id"}) for each in told]
    assert next(each for each in feed if each.job == job.id).type == "submitted"
    feed.close()
    assert job.id in {each.job for each in client.past_events()}


def test_events_come_in_an_event_loop_too(connected):
    async def followed():
        async with connected() as client:
            request = xor(20)
            job = await client.jobs.create(request["network"], request["dataset"], request["training"])
            return [each async for each in job.events()]

    found = asyncio.run(followed())
    assert [each.epoch for each in found if each.type == "epoch"] == list(range(1, 21))
    assert found[-1].type == "succeeded"
