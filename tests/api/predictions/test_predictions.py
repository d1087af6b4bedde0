"""Predictions over HTTP: what the network gives, in the data's own words, and every mistake with its place."""

import csv
from collections.abc import Callable
from io import StringIO
from typing import Any

import numpy as np
import orjson
import pytest
from starlette.testclient import TestClient

from api import predictions as blocks
from core.nn.predictor import Predictor
from core.nn.preparation.features import Number
from core.nn.preparation.preprocessing import Preprocessing
from core.nn.preparation.reading import Reading
from core.nn.preparation.rows import columns_of
from core.nn.preparation.targets import Target
from core.nn.saving.model import Card, SavedModel
from core.nn.saving.weights import to_safetensors
from core.nn.spec import NetworkSpec, TrainingSpec
from core.store import Store
from core.store.datasets import Datasets
from tests.api.conftest import JSON, RESULT, Worker, messages, pointers
from tests.api.predictions.conftest import CLASSES, REGRESSION, ROW, WEIGHTS, model, people
from tests.keys import issued


def test_numbers_come_in_the_unit_of_each_target(client: TestClient, regression: str) -> None:
    answer = client.post(regression, json={"rows": [ROW, [None, None, None]]})
    assert answer.status_code == 200, answer.text
    # 1 + 0.5 + 2 + 0.5 = 4 and −1 + 0.25 + 1 = 0.25; with everything missing, the means 30 and 0.5: 0.75 and 0.125
    assert answer.json() == {
        "object": "predictions",
        "job": regression.split("/")[3],
        "epoch": 3,
        "targets": ["price", "weight"],
        "classes": None,
        "rows": 2,
        "predictions": [{"values": {"price": 140.0, "weight": 0.25}}, {"values": {"price": 107.5, "weight": 0.125}}],
        "warnings": [],
    }


def test_a_class_comes_with_the_probability_of_each(client: TestClient, classifier: str) -> None:
    document = client.post(classifier, json={"rows": [ROW]}).json()
    p = 1 / (1 + np.exp(0.25 - 4.0))
    [prediction] = document["predictions"]
    assert prediction["values"] == {"pet": "cat"}
    assert prediction["probabilities"] == pytest.approx({"cat": p, "dog": 1 - p}, rel=1e-12)
    assert document["classes"] == ["cat", "dog"]


def test_probabilities_are_left_out_where_nobody_wants_them(client: TestClient, classifier: str) -> None:
    answer = client.post(classifier, params={"probabilities": "false"}, json={"rows": [ROW]})
    assert answer.json()["predictions"] == [{"values": {"pet": "cat"}}]


def test_labels_that_are_no_texts_are_keys_as_json_writes_them(client: TestClient, trained: Callable[..., str]) -> None:
    for classes, keys in (((False, True), {"false", "true"}), ((3, 7), {"3", "7"}), ((-1.0, 2.5), {"-1.0", "2.5"})):
        job = trained(model("softmax_cross_entropy", (Target("t", "number"),), classes))
        document = client.post(f"{job}/predict", json={"rows": [ROW]}).json()
        assert document["predictions"][0]["probabilities"].keys() == keys
        assert document["predictions"][0]["values"] == {"t": classes[0]}
        assert document["classes"] == list(classes)


def test_what_is_no_finite_number_is_null(client: TestClient, trained: Callable[..., str]) -> None:
    job = trained(model("poisson", REGRESSION))
    assert client.post(f"{job}/predict", json={"rows": [{**ROW, "age": 1e6}]}).json()["predictions"] == [
        {"values": {"price": None, "weight": 100.0 * 0}}
    ]


@pytest.mark.parametrize(("epoch", "price"), [("best", 140.0), ("last", 180.0)])
def test_the_weights_of_the_last_epoch_predict_too(client: TestClient, regression: str, epoch: str, price: float) -> None:
    document = client.post(regression, params={"epoch": epoch}, json={"rows": [ROW]}).json()
    assert document["predictions"][0]["values"]["price"] == price


def test_a_dataset_is_predicted_as_its_rows_are(
    client: TestClient, classifier: str, uploaded: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = people(1000)
    dataset = uploaded(rows)
    inline = client.post(classifier, json={"rows": rows}).json()
    whole = client.post(classifier, json={"dataset": dataset})
    warning, name = inline["warnings"]
    assert (name["pointer"], name["message"].split(":")[0]) == ("/rows/0/name", 'column "name"')
    first = next(i for i, row in enumerate(rows) if row["city"] == "Rome")
    assert warning["pointer"] == f"/rows/{first}/city"
    inline["warnings"] = [{**warning, "pointer": "/dataset"}]
    assert whole.json() == inline
    assert len(inline["predictions"]) == inline["rows"] == 1000
    assert "content-length" in whole.headers
    monkeypatch.setattr(blocks, "PIECE_CELLS", 3 * 300)
    streamed = client.post(classifier, json={"dataset": dataset})
    assert "content-length" not in streamed.headers
    assert streamed.json() == inline


def test_texts_that_training_never_saw_are_warned_of_with_their_rows_and_the_first(
    client: TestClient, classifier: str, uploaded: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def warned(body: JSON) -> list[tuple[str, str]]:
        answer = client.post(classifier, json=body)
        assert answer.status_code == 200, answer.text
        return [(warning["pointer"], warning["message"]) for warning in answer.json()["warnings"]]

    one = 'column "city": 1 row holds a text that training never saw ("Ulm"); it counts as missing'
    assert warned({"rows": [ROW, {**ROW, "city": "Ulm"}, {**ROW, "city": None}]}) == [("/rows/1/city", one)]
    assert warned({"rows": [[40, True, "Ulm"]]}) == [("/rows/0/2", one)]
    assert warned({"rows": [ROW, {**ROW, "city": None}]}) == []
    rows = [{**ROW, "city": city} for city in ("Bern", None, *(f"town {i}" for i in range(4)))] * 200
    many = 'column "city": 800 rows hold texts that training never saw ("town 0", "town 1", "town 2", …); they count as missing'
    assert warned({"rows": rows}) == [("/rows/2/city", many)]
    monkeypatch.setattr(blocks, "PIECE_CELLS", 3 * 300)
    assert warned({"dataset": uploaded(rows)}) == [("/dataset", many)]
    assert warned({"dataset": uploaded(rows[:2])}) == []


def test_columns_that_the_training_data_never_had_are_warned_of(client: TestClient, classifier: str) -> None:
    def warned(*rows: Any) -> list[tuple[str, str]]:
        answer = client.post(classifier, json={"rows": rows})
        assert answer.status_code == 200, answer.text
        return [(warning["pointer"], warning["message"]) for warning in answer.json()["warnings"]]

    ignored = "but the training data have no such column; it is ignored"
    shoe, hat = (
        f'column "{name}": {count} a value of it, {ignored}' for name, count in (("shoe", "2 rows have"), ("a/b", "1 row has"))
    )
    assert warned(ROW, {**ROW, "shoe": 43}, {"a/b": 1, "shoe": None, **ROW}) == [("/rows/1/shoe", shoe), ("/rows/2/a~1b", hat)]
    assert warned({**ROW, "input0": 1, "target": 2}, list(ROW.values())) == []  # of the training data, but no features
    assert len(warned({**ROW, **{f"more {i}": i for i in range(1000)}})) == 20
    job = client.get(classifier.removesuffix("/predict")).json()
    assert client.delete(f"/v1/datasets/{job['dataset']['id']}").status_code in (200, 204)
    assert warned({**ROW, "shoe": 43}) == []


def test_the_data_are_looked_at_once_for_columns_that_they_have(
    client: TestClient, classifier: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[str] = []
    get = Datasets.get
    monkeypatch.setattr(Datasets, "get", lambda self, tenant, id: looks.append(id) or get(self, tenant, id))  # type: ignore[func-returns-value]

    def warned(**beside: int) -> int:
        return len(client.post(classifier, json={"rows": [{**ROW, **beside}]}).json()["warnings"])

    assert [warned(target=1), warned(target=1), warned(input0=1), warned(input0=2, target=1)] == [0] * 4
    assert len(looks) == 2
    assert [warned(shoe=1), warned(shoe=1), warned(shoe=1, target=1), warned(target=1)] == [1, 1, 1, 0]


@pytest.mark.parametrize("cells", [1 << 18, 3 * 300])
def test_json_lines_and_csv_say_the_same(
    client: TestClient, classifier: str, uploaded: Callable[..., str], monkeypatch: pytest.MonkeyPatch, cells: int
) -> None:
    monkeypatch.setattr(blocks, "PIECE_CELLS", cells)
    rows = people(700)
    expected = client.post(classifier, json={"rows": rows}).json()["predictions"]
    for body in ({"rows": rows}, {"dataset": uploaded(rows)}):
        lines = client.post(classifier, json=body, headers={"Accept": "application/x-ndjson"})
        assert lines.headers["content-type"] == "application/x-ndjson"
        assert [orjson.loads(line) for line in lines.content.splitlines()] == expected
        table = client.post(classifier, json=body, headers={"Accept": "text/csv"})
        assert table.headers["content-type"] == "text/csv; charset=utf-8; header=present"
        assert [
            (row["pet"], float(row["probability_cat"]), float(row["probability_dog"]))
            for row in csv.DictReader(StringIO(table.text))
        ] == [(each["values"]["pet"], *each["probabilities"].values()) for each in expected]


def test_csv_leaves_empty_what_is_no_finite_number(client: TestClient, trained: Callable[..., str]) -> None:
    job = trained(model("poisson", REGRESSION))
    rows = [{**ROW, "age": 1e6}]
    answer = client.post(f"{job}/predict", json={"rows": rows}, headers={"Accept": "text/csv"})
    assert answer.text == "price,weight\r\n,0.0\r\n"


def test_a_media_type_that_predictions_do_not_take_is_refused_with_those_they_do(client: TestClient, regression: str) -> None:
    answer = client.post(regression, content=b"age\n41\n", headers={"Content-Type": "text/plain"})
    assert answer.status_code == 415
    lines, arrays = "application/x-ndjson, application/jsonl", "application/x-npy, application/x-npz"
    files = f"text/csv, {lines}, application/vnd.apache.parquet, {arrays}"
    assert answer.json()["detail"] == f"Content-Type is text/plain; it must be application/json, or of a file {files}"
    assert answer.headers["accept-post"] == f"application/json, {files}"


def test_a_form_that_predictions_do_not_have_is_refused(client: TestClient, regression: str) -> None:
    answer = client.post(regression, json={"rows": [ROW]}, headers={"Accept": "text/html"})
    assert (answer.status_code, answer.json()["code"]) == (406, "not_acceptable")
    assert "application/x-ndjson" in answer.json()["detail"]


def test_every_mistake_in_the_rows_is_told_with_its_pointer(client: TestClient, regression: str) -> None:
    rows: list[Any] = [ROW, {**ROW, "age": "old"}, {"age": 1, "city": 3}, 4, [1, True]]
    answer = client.post(regression, json={"rows": rows})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_data")
    assert pointers(answer) == ["/rows/1/age", "/rows/2/member", "/rows/2/city", "/rows/3", "/rows/4"]
    assert messages(answer)["/rows/2/member"].startswith('rows[2]: there is no column "member"')


def test_a_number_beyond_the_range_of_the_network_has_its_pointer(client: TestClient, regression: str) -> None:
    answer = client.post(regression, json={"rows": [[1e300, None, None], {**ROW, "age": -1e300}, ROW]})
    assert messages(answer) == {
        "/rows/0/0": 'rows[0]: column "age" is 1e+300, which leaves the range of float32',
        "/rows/1/age": 'rows[1]: column "age" is -1e+300, which leaves the range of float32',
    }


@pytest.mark.parametrize(
    ("body", "pointer", "words"),
    [
        ({}, "", "neither rows nor a dataset"),
        ({"rows": [ROW], "dataset": "ds_x"}, "", "both rows and a dataset"),
        ({"rows": []}, "/rows", "an empty list"),
        ({"rows": {}}, "/rows", "an object"),
        ({"rows": None}, "/rows", "null"),
        ({"dataset": 3}, "/dataset", "3"),
        ({"dataset": "iris"}, "/dataset", "there is no dataset 'iris'"),
        ({"dataset": f"ds_{'0' * 32}"}, "/dataset", "there is no dataset"),
        ({"rows": [ROW], "epoch": "last"}, "/epoch", "epoch"),
        ([ROW], "", "list"),
        (7, "", "7"),
    ],
)
def test_a_request_that_asks_for_nothing_that_can_be_predicted(
    client: TestClient, regression: str, body: Any, pointer: str, words: str
) -> None:
    answer = client.post(regression, json=body)
    assert answer.status_code == 422, answer.text
    assert pointers(answer) == [pointer]
    assert words in answer.json()["detail"]


def test_a_dataset_without_a_needed_column_is_refused(
    client: TestClient, regression: str, uploaded: Callable[..., str]
) -> None:
    answer = client.post(regression, json={"dataset": uploaded([{"age": 3, "City": "Bern", "member": "yes"}])})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_data")
    assert [error["message"] for error in answer.json()["errors"]] == [
        'column "member" is text; the network learned from true and false',
        'there is no column "city"; near it: "City"',
    ]


def test_rows_in_several_blocks_are_one_answer(client: TestClient, classifier: str, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = people(1000)
    whole = client.post(classifier, json={"rows": rows})
    monkeypatch.setattr(blocks, "PIECE_CELLS", 3 * 256)
    assert client.post(classifier, json={"rows": rows}).content == whole.content
    rows[900]["age"] = 1e300
    assert pointers(client.post(classifier, json={"rows": rows})) == ["/rows/900/age"]


def test_a_job_without_weights_says_what_can_be_done(client: TestClient, submitted: Callable[..., JSON]) -> None:
    job = submitted()["id"]
    answer = client.post(f"/v1/jobs/{job}/predict", json={"rows": [ROW]})
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert f"is queued and has no weights yet: GET /v1/jobs/{job}?wait=30" in answer.json()["detail"]


def test_networks_and_datasets_of_another_tenant_do_not_exist(
    client: TestClient, regression: str, uploaded: Callable[..., str], store: Store
) -> None:
    own, other = {"rows": [ROW]}, issued(store, "other", "read", "write")
    assert client.post(regression, json=own).status_code == 200  # the network is in memory now
    gone, absent = (
        client.post(regression, json=own, headers=other),
        client.post(f"/v1/jobs/job_{'0' * 32}/predict", json=own, headers=other),
    )
    assert gone.status_code == absent.status_code == 404
    assert gone.json()["detail"].startswith("there is no job")
    theirs = client.post("/v1/datasets", json=people(3), headers=other).json()["id"]
    answer = client.post(regression, json={"dataset": theirs})
    assert (answer.status_code, pointers(answer)) == (422, ["/dataset"])


def test_a_job_that_was_deleted_predicts_no_more(client: TestClient, regression: str) -> None:
    assert client.post(regression, json={"rows": [ROW]}).status_code == 200
    assert client.delete(regression.removesuffix("/predict")).status_code == 204
    assert client.post(regression, json={"rows": [ROW]}).status_code == 404


def test_weights_of_a_job_that_do_not_say_their_loss_cannot_predict(client: TestClient, trained: Callable[..., str]) -> None:
    job = trained(to_safetensors(WEIGHTS, {"format": 1}))
    answer = client.post(f"{job}/predict", json={"rows": [ROW]})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_data")
    assert "do not say their network" in answer.json()["detail"]


def test_the_answer_is_the_predictors_own_to_the_last_bit(client: TestClient, classifier: str) -> None:
    predictor = Predictor(SavedModel.from_safetensors(model("softmax_cross_entropy", (Target("pet", "text"),), CLASSES)))
    rows = people(300)
    expected = predictor.predict(columns_of(rows, predictor.fields))
    assert expected.probabilities is not None
    given = client.post(classifier, json={"rows": rows}).json()["predictions"]
    assert [list(each["probabilities"].values()) for each in given] == expected.probabilities.tolist()


def test_a_file_that_does_not_show_its_decimal_sign_is_not_read_otherwise_than_the_training_data_were(
    client: TestClient, submitted: Callable[..., JSON], worker: Worker
) -> None:
    def upload(lines: str, **words: str) -> str:
        headers = {"Content-Type": "text/csv"}
        answer = client.post("/v1/datasets", content=f"sum;area\n{lines}\n", params=words, headers=headers)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    card = Card(
        NetworkSpec.model_validate({"layers": [{"units": 1}]}),
        TrainingSpec.model_validate({"loss": "huber"}).loss,
        Preprocessing((Number("sum", 0.0, 1.0, 0.0),), (Target("y", "number"),)),
        Reading(decimal="comma"),
    )
    weights = {"0.weight": np.ones((1, 1), np.float32), "0.bias": np.zeros(1, np.float32)}
    path = f"/v1/jobs/{submitted()['id']}/predict"
    worker.store.jobs.succeed(worker.claim(), RESULT, {"best": to_safetensors(weights, card.to_json())})

    def predicted(id: str) -> list[float]:
        answer = client.post(path, json={"dataset": id})
        assert answer.status_code == 200, answer.text
        return [each["values"]["y"] for each in answer.json()["predictions"]]

    answer = client.post(path, json={"dataset": upload("1.204;66")})
    assert (answer.status_code, answer.json()["code"], pointers(answer)) == (422, "invalid_data", ["/dataset"])
    assert '"1.204" is the first' in answer.json()["detail"]
    assert "decimal=comma" in answer.json()["detail"]
    assert predicted(upload("1.204;66", decimal="comma")) == [1204.0]
    assert predicted(upload("1.204;66", decimal="point")) == [pytest.approx(1.204)]
    assert predicted(upload("1.204;66,5")) == [1204.0]
    assert predicted(upload("1204;66")) == [1204.0]
