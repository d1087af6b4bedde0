"""Jobs that start from weights: of another job, or sent before."""

import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from starlette.testclient import TestClient

from core.nn.saving.tensors import TensorFile
from core.nn.saving.weights import from_safetensors
from core.settings import Settings
from core.store import Store
from tests.api.conftest import JSON, messages, xor
from worker.arrays import Shelf
from worker.cache import Cache
from worker.datasets import Datasets
from worker.run import Worker, run

SAFETENSORS = {"Content-Type": "application/x-safetensors"}
TABLE = "size,colour,price\n" + "".join(f"{i}.5,{'red' if i % 3 else 'blue'},{7 * i + 3}\n" for i in range(30))
LAYERS = [{"units": 4, "activation": "tanh"}, {"units": 1}]
STILL = {"type": "sgd", "learning_rate": 1e-30}  # too small a rate to change a float32


@pytest.fixture
def finish(client: TestClient, store: Store, tmp_path: Path) -> Callable[[JSON], JSON]:
    """The job once a worker has trained it."""
    settings = Settings(data_dir=tmp_path, lease_ttl_s=60)
    cache = Cache(tmp_path / "cache", 2**30)
    worker = Worker("test", {}, store, Datasets(store, cache), Shelf(cache), settings, lambda: False)

    def finish(job: JSON) -> JSON:
        claim = store.jobs.claim("test", 60)
        assert claim is not None
        assert claim.job.id == job["id"]
        run(claim, worker)
        done: JSON = client.get(f"/v1/jobs/{job['id']}").json()
        assert done["status"] == "succeeded", done["error"]
        return done

    return finish


def upload(client: TestClient, table: str) -> str:
    return str(client.post("/v1/datasets", content=table, headers={"Content-Type": "text/csv"}).json()["id"])


def job(client: TestClient, table: str = TABLE, **changes: Any) -> Any:
    dataset = {"id": upload(client, table), "target": "price", **changes.pop("dataset", {})}
    return client.post("/v1/jobs", json={"dataset": dataset, **changes})


def weights(client: TestClient, done: JSON) -> tuple[dict[str, Any], JSON]:
    return from_safetensors(client.get(f"/v1/jobs/{done['id']}/weights?epoch=last").content)


@pytest.fixture
def first(client: TestClient, finish: Callable[[JSON], JSON]) -> JSON:
    """A job that has learned prices with a preprocessing that is not the usual one."""
    request = {"network": {"layers": LAYERS}, "training": {"loss": "huber", "epochs": 3}, "dataset": {"scaling": "robust"}}
    return finish(job(client, **request).json())


def send(client: TestClient, arrays: dict[str, Any]) -> Any:
    return client.post("/v1/weights", content=b"".join(TensorFile(arrays)), headers=SAFETENSORS)


def test_a_job_goes_on_from_another_with_its_network_its_loss_and_its_preprocessing(
    client: TestClient, first: JSON, finish: Callable[[JSON], JSON]
) -> None:
    training = {"start": {"job": first["id"], "epoch": "last"}, "epochs": 2, "optimizer": STILL}
    answer = job(client, training=training)
    assert answer.status_code == 202, answer.text
    done = finish(answer.json())
    assert done["network"] == first["network"]
    assert done["training"]["loss"] == first["training"]["loss"]
    assert (done["dataset"]["scaling"], done["chosen"]["/dataset/scaling"]) == ("robust", "robust")
    (before, words), (after, others) = weights(client, first), weights(client, done)
    assert words["preprocessing"] == others["preprocessing"]
    for name, array in before.items():
        np.testing.assert_array_equal(after[name], array)
    assert done["result"]["last"]["loss"] < first["result"]["last"]["loss"]  # what the last epoch ended with, not its mean


def test_the_optimizer_goes_on_with_what_it_kept_as_if_there_were_one_job(
    client: TestClient, finish: Callable[[JSON], JSON]
) -> None:
    plain = {"loss": "mean_squared_error", "optimizer": "adam", "batch_size": 8, "shuffle": False, "keep_optimizer_state": True}

    def trained(epochs: int, **fields: Any) -> JSON:
        network = "auto" if fields else {"layers": LAYERS}
        return finish(job(client, network=network, training={**plain, "epochs": epochs, **fields}).json())

    straight, first = trained(5), trained(2)
    second = trained(3, start={"job": first["id"], "epoch": "last", "optimizer_state": True})
    for name, array in weights(client, straight)[0].items():
        np.testing.assert_array_equal(weights(client, second)[0][name], array)
    assert client.get(f"/v1/jobs/{first['id']}/weights?epoch=optimizer").status_code == 422


def test_a_state_that_was_not_kept_or_is_of_another_optimizer_is_refused(
    client: TestClient, first: JSON, finish: Callable[[JSON], JSON]
) -> None:
    start = {"job": first["id"], "epoch": "last", "optimizer_state": True}
    assert messages(job(client, training={"start": start})) == {
        "/training/start/optimizer_state": f"job {first['id']} has kept no state of its optimizer; "
        'a job does with "keep_optimizer_state": true'
    }
    training = {"loss": "mean_squared_error", "optimizer": "adam", "epochs": 1, "keep_optimizer_state": True}
    start["job"] = finish(job(client, network={"layers": LAYERS}, training=training).json())["id"]
    network, optimizer = {"dtype": "float64"}, {"type": "adam", "beta1": 0.5}
    found = messages(job(client, network=network, training={"start": start, "optimizer": optimizer}))
    assert found.keys() == {"/network/dtype", "/training/optimizer"}
    optimizer = {"type": "adam", "learning_rate": 0.5}
    assert job(client, training={"start": start, "optimizer": optimizer}).status_code == 202


CODES = "a,b,price\n" + "".join(f"{i % 4},{i // 4 % 4},{i}\n" for i in range(30))
TABLE_OF_NUMBERS = {"type": "embedding", "vocabulary": 4, "dimension": 2}
STACK = [{"type": "residual", "layers": [{"units": 2, "activation": "tanh"}]}, {"units": 4, "bias": False}, {"units": 1}]
DROPOUT = [{"units": 4}, {"type": "dropout", "rate": 0.5}, {"units": 1}]


@pytest.mark.parametrize(
    ("layers", "others", "pointer"),
    [
        ([{"units": 4, "bias": False}, {"units": 1}], [TABLE_OF_NUMBERS, {"units": 1}], "/network/layers/0"),
        (STACK, [*STACK[:2], {"units": 1, "activation": "tanh"}], "/network/layers/2"),
        (STACK, [{"type": "residual", "layers": [{"units": 2, "activation": "relu"}]}, *STACK[1:]], "/network/layers/0"),
        (STACK, [*STACK, "identity"], "/network/layers"),
        (STACK, [{"type": "residual", "layers": [{"units": 2, "activation": "tanh", "l2": 0.1}]}, *STACK[1:]], None),
        (STACK, [*STACK[:2], {"units": 1, "weight_initializer": "zeros", "l1": 0.1, "max_norm": 3.0}], None),
        (DROPOUT, [DROPOUT[0], {"type": "dropout", "rate": 0.1}, DROPOUT[2]], None),
    ],
)
def test_the_state_belongs_to_a_network_of_the_same_layers_not_only_of_the_same_tensors(
    client: TestClient, finish: Callable[[JSON], JSON], layers: list[Any], others: list[Any], pointer: str | None
) -> None:
    training = {"loss": "mean_squared_error", "optimizer": "adam", "epochs": 1, "keep_optimizer_state": True}
    columns = {"scaling": "none"}
    ended = finish(job(client, CODES, network={"layers": layers}, training=training, dataset=columns).json())
    start: JSON = {"job": ended["id"], "epoch": "last"}
    for says in (start, {**start, "optimizer_state": True}):
        answer = job(client, CODES, network={"layers": others}, training={**training, "start": says}, dataset=columns)
        if pointer is None or says is start:
            assert answer.status_code == 202, answer.text
            client.post(f"/v1/jobs/{answer.json()['id']}/cancel")
        else:
            found = messages(answer)
            assert found.keys() == {pointer}
            assert f"in {ended['id']}" in found[pointer]


@pytest.mark.parametrize("start", [{"job": "job_x", "optimizer_state": True}, {"weights": "wt_x", "optimizer_state": True}])
def test_the_state_belongs_to_the_last_weights_of_a_job(client: TestClient, start: JSON) -> None:
    found = messages(client.post("/v1/jobs", json=xor(training={"start": start})))
    assert all(pointer.startswith("/training/start") for pointer in found), found


def test_other_rows_of_the_same_columns_keep_the_preprocessing(
    client: TestClient, first: JSON, finish: Callable[[JSON], JSON]
) -> None:
    other = "colour,size,price\ngreen,1.5,2\nred,7.5,3\n,400.5,9\n"
    training = {"start": {"job": first["id"]}, "epochs": 1, "optimizer": STILL}
    done = finish(job(client, other, training=training).json())
    assert done["plan"]["inputs"] == 3
    assert done["dataset"]["features"] == ["size", "colour"]
    assert weights(client, done)[1]["preprocessing"] == weights(client, first)[1]["preprocessing"]


def test_columns_that_the_weights_do_not_know_are_refused_unless_the_preprocessing_is_fitted_anew(
    client: TestClient, first: JSON
) -> None:
    training: JSON = {"start": {"job": first["id"]}, "epochs": 1}
    other = "width,colour,price\n1.5,red,2\n2.5,blue,4\n"
    found = messages(job(client, other, training=training))
    assert found == {
        "/dataset/features": 'there is no column "size", which those weights were learned from; '
        'or set "preprocessing": false in training.start'
    }
    training["start"]["preprocessing"] = False
    assert job(client, other, training=training).status_code == 202


def test_another_scaling_than_that_which_is_kept_is_refused(client: TestClient, first: JSON) -> None:
    found = messages(job(client, training={"start": {"job": first["id"]}}, dataset={"scaling": "none"}))
    assert found == {
        "/dataset/scaling": f'scaling is "none", but the preprocessing of {first["id"]} is kept, where it is "robust"; '
        'leave it out, or set "preprocessing": false in training.start'
    }


def test_weights_of_another_network_are_refused_by_the_first_tensor(client: TestClient, first: JSON) -> None:
    network = {"layers": [{"units": 5}, {"units": 1}]}
    found = messages(job(client, network=network, training={"start": {"job": first["id"]}}))
    assert found == {
        "/training/start": f'the weights of {first["id"]} do not fit: their tensor "0.weight" has the shape [4, 3]; '
        "in this network it has [5, 3]"
    }


def test_weights_that_were_sent_are_what_the_training_begins_with(client: TestClient, finish: Callable[[JSON], JSON]) -> None:
    start = {"0.weight": np.array([[2.0, 3.0]]), "0.bias": np.array([0.5]), "0.num_batches_tracked": np.array(7)}
    sent = send(client, start)
    assert sent.status_code == 201, sent.text
    assert sent.json()["tensors"] == {
        "0.weight": {"dtype": "F64", "shape": [1, 2]},
        "0.bias": {"dtype": "F64", "shape": [1]},
        "0.num_batches_tracked": {"dtype": "I64", "shape": []},
    }
    request = xor(
        network={"layers": [{"units": 1}]},
        training={"loss": "mean_squared_error", "epochs": 1, "optimizer": STILL, "start": {"weights": sent.json()["id"]}},
    )
    found, _ = weights(client, finish(client.post("/v1/jobs", json=request).json()))
    np.testing.assert_array_equal(found["0.weight"], [[2, 3]])


def test_the_same_bytes_are_stored_once(client: TestClient) -> None:
    one, other = (send(client, {"0.weight": np.ones((1, 2), np.float16)}) for _ in range(2))
    assert (one.status_code, other.status_code) == (201, 200)
    assert one.json() == other.json() == client.get(one.headers["location"]).json()


def test_weights_that_were_sent_are_listed_newest_first_without_their_tensors(client: TestClient) -> None:
    sent = [send(client, {"0.weight": np.full((1, 2), float(i))}).json() for i in range(3)]
    first = client.get("/v1/weights", params={"limit": 2}).json()
    second = client.get("/v1/weights", params={"limit": 2, "cursor": first["next_cursor"]}).json()
    assert [first["has_more"], second["has_more"], second["next_cursor"]] == [True, False, None]
    assert first["data"] + second["data"] == [
        {name: value for name, value in each.items() if name != "tensors"} for each in sent[::-1]
    ]


def test_weights_that_a_job_waits_for_stay_until_it_has_ended(client: TestClient) -> None:
    path = send(client, {"0.weight": np.ones((1, 2)), "0.bias": np.ones(1)}).headers["location"]
    training = {"loss": "mean_squared_error", "start": {"weights": path.rpartition("/")[2]}}
    waiting = client.post("/v1/jobs", json=xor(network={"layers": [{"units": 1}]}, training=training)).json()
    refused = client.delete(path)
    assert (refused.status_code, waiting["id"] in refused.json()["detail"]) == (409, True)
    client.post(f"/v1/jobs/{waiting['id']}/cancel")
    assert client.delete(path).status_code == 204
    assert client.get(path).status_code == client.delete(path).status_code == 404
    found = messages(client.post("/v1/jobs", json=xor(training=training)))
    assert found == {"/training/start/weights": f"there are no weights {training['start']['weights']}"}  # type: ignore[index]


def test_a_job_that_is_not_there_or_has_not_ended_is_no_start(client: TestClient) -> None:
    running = client.post("/v1/jobs", json=xor()).json()["id"]
    for id, message in (
        (running, f"job {running} is queued: its weights are there when it has ended"),
        ("job_x", "there is no job 'job_x'"),
        (running[:-1] + "0" if running[-1] != "0" else running[:-1] + "1", None),
    ):
        found = messages(client.post("/v1/jobs", json=xor(training={"start": {"job": id}})))
        assert found.keys() == {"/training/start/job"}
        assert message in (None, found["/training/start/job"])


@pytest.mark.parametrize(
    "start", [{}, {"job": "a", "weights": "b"}, {"job": 7}, "job_x", [], {"job": "a" * 101}, {"weights": "", "epoch": "first"}]
)
def test_a_start_that_names_no_source_is_refused_in_its_place(client: TestClient, start: Any) -> None:
    found = messages(client.post("/v1/jobs", json=xor(training={"start": start})))
    assert all(pointer.startswith("/training/start") for pointer in found), found


def file(header: Any, data: bytes = b"") -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def tensor(**changes: Any) -> JSON:
    return {"dtype": "F32", "shape": [2], "data_offsets": [0, 8], **changes}


EIGHT = bytes(8)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"abc", "no safetensors file"),
        (struct.pack("<Q", 2**60) + b"{}", "no safetensors file"),
        (file(b"\xff\xfe"), "header cannot be read"),
        (file(b"[" * 100_000), "header cannot be read"),
        (file([1]), "header cannot be read"),
        (file({}), "holds 0 tensors"),
        (file({"a": tensor(dtype="BF16")}, EIGHT), 'its dtype is "BF16"; it must be one of F64, F32, F16'),
        (file({"a": 7}, EIGHT), "no such text"),
        (file({"a": tensor(dtype=["F32"])}, EIGHT), "no such text"),
        (file({"a": tensor(dtype="\ud800")}, EIGHT), "dtype"),
        (file({"\ud800": tensor()}, EIGHT), "name"),
        (file({"a": tensor(shape=[2.0])}, EIGHT), "shape"),
        (file({"a": tensor(shape=[-1, -2])}, EIGHT), "shape"),
        (file({"a": tensor(shape=[True, 2])}, EIGHT), "shape"),
        (file({"a": tensor(shape=[3])}, EIGHT), "needs 12 bytes"),
        (file({"a": tensor(data_offsets=[0])}, EIGHT), "needs 8 bytes"),
        (file({"a": tensor()}, b"1234"), "ends at byte"),
        (file({"a": tensor(), "b": tensor()}, EIGHT), "overlap"),
        (file({"a": tensor()}, struct.pack("<ff", 1, float("nan"))), 'tensor "a" holds nan at [1]'),
        (file({"a": tensor(shape=[1] * 65, data_offsets=[0, 4])}, struct.pack("<f", float("nan"))), "it has 65 dimensions; at"),
        (file({"a": tensor(shape=[1] * 200_000, data_offsets=[0, 4])}, bytes(4)), "it has 200,000 dimensions; at most 8"),
        (file({"a": tensor(data_offsets=[0] * 200_000)}, EIGHT), "data_offsets [0, 0, 0, 0, 0, 0, 0, 0, …] give others"),
    ],
    ids=range(23),
)
def test_a_file_that_is_no_such_file_is_refused_with_what_is_wrong(client: TestClient, content: bytes, words: str) -> None:
    answer = client.post("/v1/weights", content=content, headers=SAFETENSORS)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_data"), answer.text
    assert words in answer.json()["detail"]


def test_another_content_type_is_refused_with_those_that_are_taken(client: TestClient) -> None:
    answer = client.post("/v1/weights", content=b"x", headers={"Content-Type": "text/plain"})
    assert answer.status_code == 415
    assert "application/x-safetensors" in answer.headers["accept-post"]
