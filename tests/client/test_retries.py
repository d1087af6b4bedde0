"""What is sent again, how often, and that it is the same request."""

import asyncio
import hashlib
import os
import time
from pathlib import Path
from threading import Barrier, Thread

import pytest

import gradmill
from gradmill.retrying import Retries, told_s, while_waiting
from tests.client.answering import Answer, problem

QUICK = Retries(times=3, first_s=0.001, longest_s=0.002)
DATASET = {
    **{"id": "ds_1", "object": "dataset", "name": None, "format": "csv", "source": "upload", "sha256": "00", "bytes": 1},
    **{"created_at": "2026-01-01T00:00:00Z", "rows": 1, "column_count": 1, "columns": [], "left_out": [], "shapes": {}},
}
JOB = {
    **{
        "id": "job_1",
        "object": "job",
        "name": None,
        "status": "running",
        "created_at": "2026-01-01T00:00:00Z",
        "started_at": None,
    },
    **{"finished_at": None, "attempt": 1, "used_seconds": 0.0, "retry_of": None, "network": {}, "dataset": {}, "training": {}},
    **{"chosen": {}, "warnings": [], "priority": 0, "metadata": {}, "plan": {}, "result": None, "error": None, "weights": None},
    "progress": {
        **{"epoch": 1, "epochs": 2, "loss": 0.5, "validation_loss": None, "metrics": {}, "eta_seconds": 1.0},
        "best": {"epoch": 1, "loss": 0.5, "validation_loss": None, "metrics": {}},
    },
    "measured_on": "training",
}


@pytest.fixture
def client(answering):
    with gradmill.Client(answering.url, "gm_key", retries=QUICK) as client:
        yield client


@pytest.mark.parametrize(
    "failure", [problem(503, "unavailable"), problem(429, "too_many_jobs"), problem(408, "request_timeout"), Answer(cut=0)]
)
def test_a_post_is_sent_again_with_the_same_key(client, answering, failure):
    answering.answers = [failure, failure, Answer(202, JOB)]
    assert client.jobs.create().id == "job_1"
    keys = {asked.headers["idempotency-key"] for asked in answering.asked}
    assert len(answering.asked) == 3
    assert len(keys) == 1
    assert len({asked.body for asked in answering.asked}) == 1


def test_each_call_has_a_key_of_its_own_unless_it_is_given(client, answering):
    answering.answers = [Answer(202, JOB)] * 3
    for key in (None, None, "mine"):
        client.jobs.create(idempotency_key=key)
    first, second, third = (asked.headers["idempotency-key"] for asked in answering.asked)
    assert first != second
    assert third == "mine"


def test_a_client_with_an_event_loop_sends_again_too(answering, tmp_path):
    file = tmp_path / "a.csv"
    file.write_text("x\n" * 100_000)
    answering.answers = [problem(503, "busy"), Answer(201, DATASET)]

    async def upload():
        async with gradmill.AsyncClient(answering.url, retries=QUICK) as client:
            return await client.datasets.upload(file)

    assert asyncio.run(upload()).id == "ds_1"
    assert [asked.body for asked in answering.asked] == [file.read_bytes()] * 2


def test_it_gives_up_after_so_many_times_and_tells_the_last_refusal(client, answering):
    answering.answers = [problem(503, "storage_full")] * 4
    with pytest.raises(gradmill.StorageFull, match="it is storage_full") as raised:
        client.datasets.get("ds_1")
    assert raised.value.request_id == "req_1"
    assert not answering.answers


@pytest.mark.parametrize(
    ("status", "code"), [(422, "invalid_spec"), (500, "internal"), (409, "conflict"), (401, "unauthorized")]
)
def test_what_would_be_refused_again_is_sent_once(client, answering, status, code):
    answering.answers = [problem(status, code)]
    with pytest.raises(gradmill.APIError):
        client.jobs.create()
    assert len(answering.asked) == 1


def test_a_longer_wait_than_one_has_patience_for_is_not_begun(client, answering):
    answering.answers = [problem(429, "too_many_requests", Retry_After="3600")]
    with pytest.raises(gradmill.TooManyRequests):
        client.jobs.get("job_1")


def test_a_service_that_is_not_there_is_told_with_its_address(answering):
    answering.stop()
    with (
        gradmill.Client(answering.url, retries=Retries(times=1, first_s=0.001)) as client,
        pytest.raises(gradmill.NotReachable, match=answering.url),
    ):
        client.jobs.get("job_1")


def test_a_service_that_never_answered_is_not_knocked_at_for_long(answering, monkeypatch):
    answering.stop()
    pauses, sleep = [], time.sleep
    monkeypatch.setattr(time, "sleep", lambda seconds: (pauses.append(seconds), sleep(seconds)))
    patient = Retries(times=1000, first_s=0.02, longest_s=0.02, knocking_s=0.1)
    with gradmill.Client(answering.url, retries=patient) as client, pytest.raises(gradmill.NotReachable, match=answering.url):
        client.jobs.get("job_1")
    assert 0 < sum(pauses) <= 0.1


def test_a_service_that_has_answered_is_tried_again_and_that_is_told_once(client, answering, caplog):
    answering.answers = [Answer(200, JOB)]
    job = client.jobs.get("job_1")
    answering.stop()
    with pytest.raises(gradmill.NotReachable):
        job.refresh()
    (record,) = caplog.records
    assert (record.name, record.levelname) == ("gradmill", "WARNING")
    assert record.message.startswith(f"Gradmill does not answer at {answering.url}: ")
    assert record.message.endswith("; trying again")


def test_another_service_is_told_from_gradmill(client, answering):
    answering.answers = [Answer(404, b"<html>"), Answer(200, b"<html>"), Answer(200, {"id": "job_1"})]
    for _ in range(3):
        with pytest.raises(gradmill.UnexpectedAnswer):
            client.jobs.get("job_1")


@pytest.mark.parametrize("page", [[], {"data": []}, {"data": None, "next_cursor": None}, "page"])
def test_a_page_of_another_shape_is_told(client, answering, page):
    answering.answers = [Answer(200, page)]
    with pytest.raises(gradmill.UnexpectedAnswer, match="/v1/jobs is answered with no page"):
        next(client.jobs.list())


def test_a_removal_whose_answer_got_lost_is_done(client, answering):
    answering.answers = [Answer(cut=0), problem(404, "not_found"), problem(404, "not_found")]
    client.jobs.delete("job_1")
    with pytest.raises(gradmill.NotFound):
        client.jobs.delete("job_1")


def test_waiting_outlives_a_service_that_is_away(client, answering):
    done = {**JOB, "status": "succeeded"}
    away = [problem(503, "unavailable"), Answer(cut=0)]
    answering.answers = [Answer(200, JOB, {"ETag": '"1"'}), *away, Answer(304), *away, Answer(200, done, {"ETag": '"2"'})]
    seen = []
    job = client.jobs.get("job_1").wait(progress=lambda job: seen.append(job.status))
    assert job.status == "succeeded"
    assert seen == ["running", "running", "succeeded"]
    assert answering.asked[-1].headers["if-none-match"] == '"1"'
    assert answering.asked[-1].headers["prefer"].startswith("wait=")


def test_a_download_that_broke_off_goes_on_where_it_was(client, answering, tmp_path):
    content = bytes(range(256)) * 1000
    tag = {"ETag": f'"{hashlib.sha256(content).hexdigest()}"'}
    answering.answers = [
        Answer(200, JOB),
        Answer(200, content, tag, cut=100_000),
        problem(503, "unavailable"),
        Answer(206, content, tag),
    ]
    path = client.jobs.get("job_1").download(tmp_path / "w.safetensors")
    assert path.read_bytes() == content
    begin = int(answering.asked[-1].headers["range"].strip("bytes=-"))
    assert 0 < begin <= 100_000
    assert answering.asked[-1].headers["if-range"] == tag["ETag"]
    assert [each.name for each in tmp_path.iterdir()] == ["w.safetensors"]


def test_a_damaged_download_leaves_no_file(client, answering, tmp_path):
    answering.answers = [Answer(200, JOB), Answer(200, b"other", {"ETag": f'"{hashlib.sha256(b"this").hexdigest()}"'})]
    with pytest.raises(gradmill.UnexpectedAnswer, match="damaged"):
        client.jobs.get("job_1").download(tmp_path / "w.safetensors")
    assert not list(tmp_path.iterdir())


def test_a_download_takes_no_file_of_somebody_else_s(client, answering, tmp_path):
    content = b"these are weights"
    answering.answers = [Answer(200, JOB), Answer(200, content, {"ETag": '"1"'})]
    (tmp_path / "w.part").write_text("mine")
    client.jobs.get("job_1").download(tmp_path / "w")
    assert {each.name: each.read_bytes() for each in tmp_path.iterdir()} == {"w": content, "w.part": b"mine"}


@pytest.mark.parametrize("path", ["folder", ".", ""])
def test_a_folder_is_no_file_to_download_into(client, answering, tmp_path, monkeypatch, path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    answering.answers = [Answer(200, JOB)]
    with pytest.raises(gradmill.BadInput, match="is a folder"):
        client.jobs.get("job_1").download(path)
    assert len(answering.asked) == 1


@pytest.mark.parametrize("becomes", [b"x\n" * 300_000, b"x\n" * 100_000])
def test_a_file_that_changes_while_it_is_sent_is_told(client, answering, tmp_path, monkeypatch, becomes):
    file = tmp_path / "a.csv"
    file.write_bytes(b"x\n" * 200_000)
    opened = Path.open

    def opened_later(path, *mode):
        with open(file, "wb") as other:
            other.write(becomes)
        return opened(path, *mode)

    monkeypatch.setattr(Path, "open", opened_later)
    answering.answers = [Answer(201, DATASET)]
    with pytest.raises(gradmill.BadInput, match=r"a\.csv had 400000 bytes"):
        client.datasets.upload(file)


@pytest.mark.parametrize("words", ["ключ", "two\nlines", "a\r\nX-Other: 1", " blank", "\x00"])
def test_what_cannot_stand_in_a_header_is_told(client, answering, words):
    with pytest.raises(gradmill.BadInput, match=r"Idempotency-Key is .*ASCII"):
        client.jobs.create(idempotency_key=words)
    with pytest.raises(gradmill.BadInput, match=r"Idempotency-Key is .*ASCII"):
        client.datasets.upload({"a": [1]}, idempotency_key=words)
    with pytest.raises(gradmill.BadInput, match=r"Last-Event-ID is .*ASCII"):
        next(client.events(after=words))
    assert not answering.asked


def test_a_process_that_was_forked_has_connections_of_its_own(client, answering):
    answering.answers = [Answer(200, JOB)] * 3
    client.jobs.get("job_1")
    child = os.fork()
    if child == 0:
        try:
            client.jobs.get("job_1")
            client.close()
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    client.jobs.get("job_1")
    first, forked, again = (asked.port for asked in answering.asked)
    assert first == again != forked


def test_threads_that_meet_after_a_fork_share_its_connections(client, monkeypatch):
    transport = client._transport
    parents, made, both = transport._http, transport._connections, Barrier(2, timeout=60)
    monkeypatch.setattr(transport, "_connections", lambda: (both.wait(), made())[1])
    monkeypatch.setattr(transport, "_connected", {-1: parents})
    found = []
    threads = [Thread(target=lambda: found.append(transport._http)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found[0] is found[1] is transport._http
    assert found[0] is not parents


def test_requests_tell_who_sends_them(client, answering):
    answering.answers = [Answer(200, JOB)]
    client.jobs.get("job_1")
    headers = answering.asked[0].headers
    assert headers["user-agent"].startswith(f"gradmill-python/{gradmill.__version__}")
    assert headers["authorization"] == "Bearer gm_key"


def test_an_id_stays_one_part_of_the_path(client, answering):
    answering.answers = [problem(404, "not_found")] * 2
    for strange in ("../keys?x", ""):
        with pytest.raises(gradmill.NotFound):
            client.jobs.get(strange)
    assert [asked.path for asked in answering.asked] == ["/v1/jobs/..%2Fkeys%3Fx", "/v1/jobs/%20"]


def test_pauses_grow_to_a_bound_and_obey_the_service():
    retries = Retries(times=10, first_s=1.0, longest_s=4.0, patience_s=30.0)
    pauses = [retries.pause_s(tries) for tries in range(1, 12)]
    assert pauses[-1] is None
    assert all(0.5 * expected <= pause <= expected for pause, expected in zip(pauses[:4], (1, 2, 4, 4), strict=True))
    assert retries.pause_s(1, 20.0) == 20.0
    assert retries.pause_s(1, 31.0) is None


@pytest.mark.parametrize(
    ("value", "seconds"), [("7", 7.0), ("", None), ("soon", None), ("-1", None), ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0)]
)
def test_retry_after_is_seconds_or_a_date(value, seconds):
    assert told_s({"retry-after": value}) == seconds


def test_rows_whose_answer_would_be_too_large_are_sent_in_halves(client, answering):
    def answer(*values):
        predictions = [{"values": {"y": value}, "probabilities": None} for value in values]
        about = {"object": "predictions", "job": "job_1", "epoch": 1, "targets": ["y"], "classes": None, "rows": len(values)}
        return Answer(200, {**about, "predictions": predictions})

    too_large = problem(413, "too_large")
    answering.answers = [Answer(200, JOB), too_large, answer(1.0), too_large, answer(2.0), answer(3.0), too_large]
    job = client.jobs.get("job_1")
    assert job.predict([[1], [2], [3]]).values == {"y": [1.0, 2.0, 3.0]}
    with pytest.raises(gradmill.TooLarge):
        job.predict([[1]])


def test_a_bounded_wait_tries_no_longer_than_it_may():
    assert while_waiting(None).times == 120
    assert while_waiting(12.0).times == 3
    assert while_waiting(1e9).times == 120
