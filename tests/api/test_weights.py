"""Weights: every form holds the same numbers, and every byte can be asked for again."""

import hashlib
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest
from starlette.testclient import TestClient

from api.exports import Exports
from api.streaming import Shelf
from core.errors import Unavailable
from core.exports import FORMS, STORED, exporter
from core.nn.saving.weights import from_safetensors
from core.store import Store
from tests.api.conftest import ARRAYS, JSON, METADATA, Worker


@pytest.fixture
def path(trained: JSON) -> str:
    return f"/v1/jobs/{trained['id']}/weights"


def test_safetensors_is_the_stored_file(client: TestClient, path: str, trained: JSON) -> None:
    answer = client.get(path)
    arrays, metadata = from_safetensors(answer.content)
    assert metadata == {**METADATA, "which": "best"}
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(arrays[name], array)
    assert answer.headers["etag"] == f'"{hashlib.sha256(answer.content).hexdigest()}"'
    assert answer.headers["content-disposition"] == f'attachment; filename="{trained["id"]}.safetensors"'
    assert int(answer.headers["content-length"]) == len(answer.content)


def test_the_last_epochs_weights_are_there_too(client: TestClient, path: str) -> None:
    _, metadata = from_safetensors(client.get(path, params={"epoch": "last"}).content)
    assert metadata["which"] == "last"


@pytest.mark.parametrize("how", [{"params": {"format": "npz"}}, {"headers": {"Accept": "application/x-npz"}}])
def test_npz_opens_in_numpy(client: TestClient, path: str, how: JSON) -> None:
    with np.load(BytesIO(client.get(path, **how).content), allow_pickle=False) as file:
        for name, array in ARRAYS.items():
            np.testing.assert_array_equal(file[name], array)
        assert orjson.loads(file["__metadata__"].tobytes())["network"] == METADATA["network"]


@pytest.mark.parametrize("how", [{"params": {"format": "json"}}, {"headers": {"Accept": "application/json"}}])
def test_json_holds_nested_lists(client: TestClient, path: str, how: JSON) -> None:
    document = client.get(path, **how).json()
    assert document["weights"] == {name: array.tolist() for name, array in ARRAYS.items()}
    assert document["metadata"]["network"] == METADATA["network"]


def test_golden_vectors_are_made_where_none_are_stored(client: TestClient, path: str) -> None:
    golden = client.get(path, params={"format": "json"}).json()["metadata"]["golden"]
    for row, (y, z) in zip(golden["rows"], golden["outputs"], strict=True):
        a, b = 0 if row["a"] is None else row["a"], ((1.5 if row["b"] is None else row["b"]) - 1) / 2
        assert (y, z) == pytest.approx((0.5 * a - 1.25 * b, 2 * a + 3.5 * b + 1))
    assert len(golden["rows"]) == 8


@pytest.mark.parametrize(
    ("form", "media_type", "suffix"), [("python", "text/x-python", "py"), ("javascript", "text/javascript", "mjs")]
)
def test_a_program_is_text_under_a_name_that_runs(
    client: TestClient, path: str, trained: JSON, form: str, media_type: str, suffix: str
) -> None:
    by_name, by_type = client.get(path, params={"format": form}), client.get(path, headers={"Accept": media_type})
    assert by_name.content == by_type.content
    assert by_name.headers["content-type"] == f"{media_type}; charset=utf-8"
    assert by_name.headers["content-disposition"] == f'attachment; filename="{trained["id"]}.{suffix}"'


def test_a_network_too_large_for_a_form_is_refused_with_those_that_take_it(
    client: TestClient, submitted: Callable[..., JSON], worker: Worker, store: Store
) -> None:
    path = f"/v1/jobs/{submitted()['id']}/weights"
    store.jobs.succeed(worker.claim(), {}, {"best": bytes(17 * 2**20)})
    answer = client.get(path, params={"format": "python"})
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    told = answer.json()["detail"]
    assert "as python they are given up to 16 MiB" in told
    assert "Forms that take them: safetensors, npz, json" in told
    assert "javascript" not in told


@pytest.mark.parametrize("form", FORMS)
def test_every_form_has_a_tag_of_its_own_that_answers_304(client: TestClient, path: str, form: str) -> None:
    first, second = (client.get(path, params={"format": form}) for _ in range(2))
    assert first.content == second.content
    assert first.headers["etag"] == second.headers["etag"]
    again = client.get(path, params={"format": form}, headers={"If-None-Match": f'"other", {first.headers["etag"]}'})
    assert (again.status_code, again.content) == (304, b"")


def test_a_tag_changes_with_what_makes_the_form(client: TestClient, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = {form: client.get(path, params={"format": form}).headers["etag"] for form in FORMS}
    monkeypatch.setattr("api.routes.weights.revision", lambda: "another")
    after = {form: client.get(path, params={"format": form}).headers["etag"] for form in FORMS}
    assert [form for form in FORMS if before[form] == after[form]] == [STORED]


def test_the_tags_of_the_forms_differ(client: TestClient, path: str) -> None:
    assert len({client.get(path, params={"format": form}).headers["etag"] for form in FORMS}) == len(FORMS)


@pytest.mark.parametrize("form", ["safetensors", "json"])
@pytest.mark.parametrize(
    ("header", "piece"),
    [
        ("bytes=0-9", slice(0, 10)),
        ("bytes=5-", slice(5, None)),
        ("bytes=-7", slice(-7, None)),
        ("bytes=3-99999", slice(3, None)),
    ],
)
def test_a_range_is_a_piece_of_the_whole(client: TestClient, path: str, form: str, header: str, piece: slice) -> None:
    whole = client.get(path, params={"format": form}).content
    answer = client.get(path, params={"format": form}, headers={"Range": header})
    start, stop, _ = piece.indices(len(whole))
    assert answer.status_code == 206
    assert answer.content == whole[piece]
    assert answer.headers["content-range"] == f"bytes {start}-{stop - 1}/{len(whole)}"


def test_a_range_behind_the_end_is_refused_with_the_size(client: TestClient, path: str) -> None:
    size = len(client.get(path).content)
    answer = client.get(path, headers={"Range": f"bytes={size}-"})
    assert answer.status_code == 416
    assert answer.headers["content-range"] == f"bytes */{size}"
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("header", ["bytes=0-1,4-5", "lines=1-2", "bytes=9-3", "bytes=x-", "bytes=--5", "bytes=1e3-"])
def test_a_range_that_need_not_be_honoured_gives_the_whole(client: TestClient, path: str, header: str) -> None:
    assert client.get(path, headers={"Range": header}).status_code == 200


def test_a_range_of_another_version_gives_the_whole(client: TestClient, path: str) -> None:
    headers = {"Range": "bytes=0-3", "If-Range": '"another"'}
    assert client.get(path, headers=headers).status_code == 200
    headers["If-Range"] = client.get(path).headers["etag"]
    assert client.get(path, headers=headers).status_code == 206


def test_a_form_that_weights_do_not_have_is_refused(client: TestClient, path: str) -> None:
    answer = client.get(path, headers={"Accept": "text/html"})
    assert answer.status_code == 406
    assert "application/x-npz" in answer.json()["detail"]


def test_weights_of_a_running_job_are_not_there_yet(client: TestClient, submitted: Callable[..., JSON], worker: Worker) -> None:
    job = f"/v1/jobs/{submitted()['id']}"

    def told() -> str:
        answer = client.get(f"{job}/weights")
        assert answer.status_code == 409
        return str(answer.json()["detail"])

    assert f"is queued and has no weights yet: GET {job}?wait=30 waits for its end" in told()
    claim = worker.claim()
    assert f"is running and has no weights yet: GET {job}?wait=30" in told()
    assert f"POST {job}/cancel ends it now and keeps those of the epochs that are done" in told()
    client.post(f"{job}/pause")
    assert f"is pausing and has no weights yet: they come with its end; POST {job}/resume lets it go on" in told()
    worker.store.jobs.release(claim)
    assert f"is paused and has no weights yet: it has a checkpoint; POST {job}/resume" in told()
    client.post(f"{job}/resume")
    worker.claim()
    client.post(f"{job}/cancel")
    assert f"is cancelling and has no weights yet: GET {job}?wait=30" in told()


def test_why_an_ended_job_has_no_weights_is_told(
    client: TestClient, submitted: Callable[..., JSON], worker: Worker, store: Store
) -> None:
    job = submitted()["id"]
    client.post(f"/v1/jobs/{job}/cancel")
    answer = client.get(f"/v1/jobs/{job}/weights")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert "was cancelled before it ran, while it was paused" in answer.json()["detail"]
    assert f"POST /v1/jobs/{job}/retry" in answer.json()["detail"]
    job = submitted()["id"]
    store.jobs.fail(worker.claim(), {"fault": "user", "code": "diverged", "message": "…"})
    assert "failed and kept no weights; its error" in client.get(f"/v1/jobs/{job}/weights").json()["detail"]
    gone = client.get(f"/v1/jobs/job_{'0' * 32}/weights")
    assert gone.json()["detail"].startswith("there is no job")


def test_weights_of_a_cancelled_job_are_those_it_had(
    client: TestClient, submitted: Callable[..., JSON], worker: Worker, store: Store
) -> None:
    path = f"/v1/jobs/{submitted()['id']}"
    claim = worker.claim()
    client.post(f"{path}/cancel")
    store.jobs.stop(claim, {"best": b"12345678"})
    assert client.get(f"{path}/weights").content == b"12345678"


def test_weights_of_a_failed_job_are_those_it_kept(
    client: TestClient, submitted: Callable[..., JSON], worker: Worker, store: Store
) -> None:
    path = f"/v1/jobs/{submitted()['id']}/weights"
    store.jobs.fail(worker.claim(), {"fault": "user", "code": "diverged", "message": "…"}, {"last": b"12345678"})
    assert client.get(path).content == b"12345678"
    best = client.get(path, params={"epoch": "best"})
    assert best.status_code == 404
    assert "has no weights of its best epoch; it has those of its last: ?epoch=last" in best.json()["detail"]


def test_weights_of_several_chunks_come_whole_and_in_pieces(
    client: TestClient, submitted: Callable[..., JSON], worker: Worker, store: Store
) -> None:
    path = f"/v1/jobs/{submitted()['id']}/weights"
    content = np.random.default_rng(1).bytes(3 * 2**20 + 17)
    store.jobs.succeed(worker.claim(), {}, {"best": content})
    assert client.get(path).content == content
    piece = client.get(path, headers={"Range": f"bytes={2**20 - 5}-{2**21 + 5}"})
    assert piece.content == content[2**20 - 5 : 2**21 + 6]


@pytest.mark.parametrize("form", ["safetensors", "json"])
def test_weights_that_cannot_be_read_are_an_error_not_an_empty_file(
    client: TestClient, path: str, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> Iterator[bytes]:
        yield from ()
        raise Unavailable("the database does not answer")

    monkeypatch.setattr(client.app.state.service.store.blobs, "read", away)  # type: ignore[attr-defined]
    answer = client.get(path, params={"format": form})
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")


def test_a_job_shows_the_weights_that_it_kept_when_it_did_not_succeed(
    client: TestClient, submitted: Callable[..., JSON], worker: Worker, store: Store
) -> None:
    error = {"fault": "user", "code": "diverged", "message": "…"}
    for kept in ({"last": b"12345678"}, {}):
        job = submitted()["id"]
        claim = worker.claim()
        worker.record(claim, [1])
        assert client.get(f"/v1/jobs/{job}").json()["weights"] is None
        store.jobs.fail(claim, error, kept)
        link = f"/v1/jobs/{job}/weights" if kept else None
        assert client.get(f"/v1/jobs/{job}").json()["weights"] == link
        assert client.get("/v1/jobs?limit=1").json()["data"][0]["weights"] == link
        assert client.get(f"/v1/jobs/{job}/weights").status_code == (200 if kept else 404)


def test_weights_are_made_into_another_form_one_after_the_other(
    client: TestClient, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = client.app.state.service.store  # type: ignore[attr-defined]
    read, at_once, most = store.blobs.read, 0, 0
    together = threading.Barrier(2)

    def slowly(*place: Any) -> Iterator[bytes]:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        with suppress(threading.BrokenBarrierError):
            together.wait(0.2)  # where two could be here, they would be
        yield from read(*place)
        at_once -= 1

    monkeypatch.setattr(store.blobs, "read", slowly)
    with ThreadPoolExecutor() as threads:
        answers = list(threads.map(lambda _: client.get(path, params={"format": "json"}), range(3)))
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert most == 1


def test_ranges_of_one_form_are_pieces_of_one_making(
    client: TestClient, path: str, submitted: Callable[..., JSON], worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []
    monkeypatch.setattr("api.routes.weights.exporter", lambda name: made.append(name) or exporter(name))
    whole = client.get(path, params={"format": "onnx"}).content
    with ThreadPoolExecutor(8) as pool:
        headers = [{"Range": f"bytes={start}-{start + 99}"} for start in range(0, len(whole), 100)]
        pieces = list(pool.map(lambda each: client.get(path, params={"format": "onnx"}, headers=each).content, headers))
    assert b"".join(pieces) == whole
    assert made == ["onnx"]
    other = submitted()
    worker.succeed(worker.claim())
    assert client.get(f"/v1/jobs/{other['id']}/weights", params={"format": "onnx"}).content == whole
    assert made == ["onnx"]  # of equal weights
    monkeypatch.setattr("api.routes.weights.revision", lambda: "another")
    client.get(path, params={"format": "onnx"})
    client.get(path, params={"format": "npz"})
    assert made == ["onnx", "onnx", "npz"]


def test_a_form_that_is_larger_than_a_tenants_room_is_too_large(
    client: TestClient, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = len(client.get(path, params={"format": "npz"}).content)
    room = client.app.state.service.room  # type: ignore[attr-defined]
    monkeypatch.setattr(room, "most_of_one", size)
    assert client.get(path, params={"format": "npz"}).status_code == 200
    monkeypatch.setattr(room, "most_of_one", size - 1)
    answer = client.get(path, params={"format": "npz"})
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert f"may take {size:,} bytes until it has been read; {size - 1:,} are allowed" in answer.json()["detail"]
    assert client.get(path).status_code == 200  # as they are stored


def test_the_exports_that_were_not_used_for_longest_make_room(tmp_path: Path) -> None:
    exports, shelves = Exports(tmp_path, most_bytes=10, most_files=3), {}

    def kept(name: str, size: int) -> Shelf:
        shelf = shelves[name] = Shelf(tmp_path)
        shelf.put(name.encode() * size)
        exports.keep(name, shelf)
        return shelf

    def are() -> str:
        found = [(name, shelf) for name in shelves if (shelf := exports.get(name)) is not None]
        for _, shelf in found:
            exports.give_back(shelf)
        return "".join(name for name, _ in found)

    for name in "abc":
        exports.give_back(kept(name, 3))
    a = exports.get("a")
    assert a is not None
    exports.give_back(kept("d", 1))  # a fourth file
    assert are() == "acd"
    exports.give_back(kept("e", 9))
    assert are() == "de"
    assert b"".join(a.pieces()) == b"aaa"  # who reads it keeps it
    exports.give_back(a)
    assert _is_closed(a)
    large = kept("f", 11)  # too large by itself
    assert are() == ""
    assert b"".join(large.pieces()) == b"f" * 11
    exports.give_back(large)
    assert all(_is_closed(shelf) for shelf in shelves.values())


def _is_closed(shelf: Shelf) -> bool:
    with suppress(ValueError):
        list(shelf.pieces())
        return False
    return True
