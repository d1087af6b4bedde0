"""Answers whose compression is broken are as answers that broke off, whoever compressed them: a proxy may."""

import asyncio
import gzip
import hashlib
import json

import pytest

import gradmill
from gradmill.asynchronous import streams as asynchronous_streams
from gradmill.retrying import Retries
from gradmill.synchronous import streams
from tests.client.answering import Answer
from tests.client.test_retries import JOB, QUICK
from tests.client.test_streams import STREAM, happened, streamed

COMPRESSED = {"Content-Encoding": "gzip"}
HEAD = gzip.compress(b"")[:10]
WEIGHTS = hashlib.shake_256(b"weights").digest(300_000)  # which no compression makes smaller


def whole(content: object) -> Answer:
    return Answer(200, gzip.compress(json.dumps(content).encode()), COMPRESSED)


def broken(**headers: str) -> Answer:
    """Its first block is of a type that there is not (RFC 1951, 3.2.3)."""
    return Answer(200, HEAD + b"\xff" * 20, {**COMPRESSED, **headers})


def spoilt(content: bytes, **headers: str) -> Answer:
    """Its beginning can be read."""
    packed = gzip.compress(content)
    return Answer(200, packed[: len(packed) // 2] + b"\xff" * (len(packed) // 2), {**COMPRESSED, **headers})


@pytest.fixture
def client(answering):
    with gradmill.Client(answering.url, "gm_key", retries=QUICK) as client:
        yield client


def looped(url, use, retries=QUICK):
    async def run():
        async with gradmill.AsyncClient(url, "gm_key", retries=retries) as client:
            return await use(client)

    return asyncio.run(run())


def test_a_broken_answer_is_asked_for_again(client, answering):
    answering.answers = [broken(), broken(), whole(JOB)] * 2
    assert client.jobs.get("job_1").id == "job_1"
    assert looped(answering.url, lambda client: client.jobs.get("job_1")).id == "job_1"
    assert not answering.answers


def test_answers_that_are_all_broken_are_told(client, answering):
    answering.answers = [broken()] * 8
    told = f"what Gradmill answers at {answering.url} is broken: .*decompressing"
    with pytest.raises(gradmill.NotReachable, match=told):
        client.jobs.get("job_1")
    with pytest.raises(gradmill.NotReachable, match=told):
        looped(answering.url, lambda client: client.jobs.get("job_1"))
    assert not answering.answers


def test_a_broken_refusal_is_no_answer_either(client, answering):
    refused = broken()
    refused.status = 404
    answering.answers = [refused, whole(JOB)]
    assert client.jobs.get("job_1").id == "job_1"


def test_a_download_whose_compression_is_broken_begins_anew(client, answering, tmp_path):
    tag = {"ETag": f'"{hashlib.sha256(WEIGHTS).hexdigest()}"'}
    good = Answer(200, gzip.compress(WEIGHTS), {**COMPRESSED, **tag})
    path = tmp_path / "w.safetensors"

    async def downloaded(client):
        return await (await client.jobs.get("job_1")).download(path)

    for download in (lambda: client.jobs.get("job_1").download(path), lambda: looped(answering.url, downloaded)):
        answering.asked.clear()
        answering.answers = [Answer(200, JOB), spoilt(WEIGHTS, **tag), good]
        assert download().read_bytes() == WEIGHTS
        assert "range" not in answering.asked[-1].headers  # what has come may be damaged
        path.unlink()


def test_a_download_that_is_broken_each_time_ends_and_leaves_no_file(client, answering, tmp_path):
    answering.answers = [Answer(200, JOB), *[spoilt(WEIGHTS)] * 4]
    with pytest.raises(gradmill.NotReachable, match="is broken"):
        client.jobs.get("job_1").download(tmp_path / "w.safetensors")
    assert not answering.answers
    assert not list(tmp_path.iterdir())


def test_a_stream_whose_compression_is_broken_goes_on_where_it_was(answering, monkeypatch):
    bad = broken(**STREAM)
    for module in (streams, asynchronous_streams):
        monkeypatch.setattr(module, "PAUSES", Retries(times=1000, first_s=0.001, longest_s=0.002))
        monkeypatch.setattr(module, "RETRY_S", 0.001)
    end = streamed(happened(3, "succeeded", 5))

    async def followed(client):
        job = await client.jobs.get("job_1")
        return [each.type async for each in job.events()]

    answering.answers = [Answer(200, JOB), bad, end] * 2
    with gradmill.Client(answering.url, "gm_key", retries=QUICK) as client:
        assert [each.type for each in client.jobs.get("job_1").events()] == ["succeeded"]
    assert looped(answering.url, followed) == ["succeeded"]
    assert not answering.answers
