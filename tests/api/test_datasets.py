"""Datasets: sent as a stream, described column by column, removed when nobody needs them."""

import hashlib
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.parquet
import pytest
from starlette.testclient import TestClient

from api.answers import DatasetAnswer, DatasetList, PreviewAnswer
from core.nn.spec import DataSpec
from core.settings import Settings
from tests.api.conftest import JSON, xor

CSV = b"length,species\n5.1,setosa\n7.0,versicolor\n,setosa\n"


def upload(client: TestClient, content: bytes = CSV, media_type: str = "text/csv", **parameters: str) -> JSON:
    answer = client.post("/v1/datasets", content=content, headers={"Content-Type": media_type}, params=parameters)
    assert answer.status_code in (200, 201), answer.text
    dataset: JSON = answer.json()
    return dataset


def parquet() -> bytes:
    file = BytesIO()
    pyarrow.parquet.write_table(pa.table({"a": [1.5, 2.5], "b": ["x", "y"]}), file)
    return file.getvalue()


def npy() -> bytes:
    file = BytesIO()
    np.save(file, np.eye(3))
    return file.getvalue()


def npz() -> bytes:
    file = BytesIO()
    np.savez(file, a=np.arange(3.0), b=np.eye(3))
    return file.getvalue()


def test_an_upload_is_described_column_by_column(client: TestClient) -> None:
    answer = client.post("/v1/datasets?name=iris", content=CSV, headers={"Content-Type": "text/csv; charset=utf-8"})
    assert answer.status_code == 201
    dataset = answer.json()
    DatasetAnswer.model_validate(dataset)
    assert answer.headers["location"] == f"/v1/datasets/{dataset['id']}"
    assert (dataset["name"], dataset["rows"], dataset["bytes"], dataset["source"]) == ("iris", 3, len(CSV), "upload")
    assert dataset["sha256"] == hashlib.sha256(CSV).hexdigest()
    length, species = dataset["columns"]
    assert (length["kind"], length["missing"], length["min"], length["max"]) == ("number", 1, 5.1, 7.0)
    assert (species["kind"], species["values"]) == ("text", ["setosa", "versicolor"])
    assert client.get(answer.headers["location"]).json() == dataset


@pytest.mark.parametrize(
    ("content", "media_type", "columns"),
    [
        (b'{"a": 1, "b": "x"}\n{"a": 2, "b": "y"}\n', "application/x-ndjson", ["a", "b"]),
        (b'{"a": [1, 2], "b": ["x", "y"]}', "application/json", ["a", "b"]),
        (parquet(), "application/vnd.apache.parquet", ["a", "b"]),
        (npy(), "application/x-npy", ["x0", "x1", "x2"]),
        (npz(), "application/x-npz", ["a", "b0", "b1", "b2"]),
    ],
    ids=["jsonl", "json", "parquet", "npy", "npz"],
)
def test_every_format_is_taken(client: TestClient, content: bytes, media_type: str, columns: list[str]) -> None:
    assert [column["name"] for column in upload(client, content, media_type)["columns"]] == columns


def test_an_answer_shows_the_first_values_of_a_column_and_all_where_they_are_asked_for(client: TestClient) -> None:
    dataset = upload(client, b"a,b\n" + b"".join(b"%d,%d\n" % (i, i % 20) for i in range(300)))
    path = f"/v1/datasets/{dataset['id']}"
    short, whole = client.get(path), client.get(path, params={"values": "all"})
    assert short.json() == dataset
    assert [(column["distinct"], column["values"]) for column in dataset["columns"]] == [
        (300, list(range(20))),
        (20, list(range(20))),
    ]
    assert [column["values"] for column in whole.json()["columns"]] == [list(range(300)), list(range(20))]
    assert whole.headers["etag"] != short.headers["etag"]
    assert client.get(path, params={"values": "some"}).status_code == 422


def test_the_parameter_names_the_format_where_the_content_type_does_not(client: TestClient) -> None:
    assert upload(client, media_type="application/octet-stream", format="csv")["format"] == "csv"


def test_the_same_bytes_are_the_same_dataset(client: TestClient) -> None:
    first = client.post("/v1/datasets", content=CSV, headers={"Content-Type": "text/csv"})
    second = client.post("/v1/datasets", content=CSV, headers={"Content-Type": "text/csv"})
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json() == second.json()


def test_a_file_that_is_not_utf8_is_read_in_the_encoding_that_is_said(client: TestClient) -> None:
    content = "Straße;m²\nÄ;1,5\nÖ;2,5\n".encode("cp1252")
    refused = client.post("/v1/datasets", content=content, headers={"Content-Type": "text/csv"})
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid_data")
    assert "line 1 has the byte 0xdf" in refused.json()["detail"]
    assert "upload it with encoding=windows-1252, where a Windows spreadsheet" in refused.json()["detail"]
    dataset = upload(client, content, encoding="windows-1252")
    assert [column["name"] for column in dataset["columns"]] == ["Straße", "m²"]
    assert dataset["reading"]["encoding"] == "windows-1252"
    assert upload(client, content, encoding="windows-1252")["id"] == dataset["id"]
    assert upload(client, content, encoding="iso-8859-1")["id"] != dataset["id"]
    unknown = client.post("/v1/datasets?encoding=cp1252", content=content, headers={"Content-Type": "text/csv"})
    assert (unknown.status_code, unknown.json()["errors"][0]["parameter"]) == (422, "encoding")
    assert '"windows-1252"' in unknown.json()["detail"]


def test_the_name_of_a_file_is_that_of_a_new_dataset_and_changes_no_other(client: TestClient) -> None:
    def name(content: bytes, file: str, **parameters: str) -> Any:
        headers = {"Content-Type": "text/csv", "Content-Disposition": f"attachment; {file}"}
        return client.post("/v1/datasets", content=content, params=parameters, headers=headers).json()["name"]

    assert name(CSV, "filename=iris.csv") == "iris.csv"
    assert name(CSV, "filename=other.csv") == "iris.csv"
    assert name(CSV, "filename=other.csv", name="flowers") == "flowers"
    assert name(CSV, "filename=iris.csv") == "flowers"
    assert name(CSV + b"1,x\n", "filename*=UTF-8''K%C3%B6ln%0A.csv") == "Köln.csv"
    for i, strange in enumerate(["filename=", "filename*=idna''%ff", "filename*=x''%ff", ";;=", "filename*0*=%"]):
        assert name(CSV + b"1,y\n" * (i + 1), strange) in (None, "\ufffd", "ÿ", "%")


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("filename*0=a; filename*=b", None),
        ("filename=\"fallback.csv\"; filename*=UTF-8''%C3%BC.csv", "ü.csv"),
        ("filename*=UTF-8''%C3%BC.csv; filename=fallback.csv", "ü.csv"),
        ("filename=fallback.csv; filename*=idna''x", "fallback.csv"),
        ("FileName*=iso-8859-1'de'%FC.csv", "ü.csv"),
        ('filename="Grüße.csv"', "Grüße.csv"),
        ('filename="never ends.csv', "never ends.csv"),
        (r'name="a; filename=b"; filename = "c;\"d\"\\.csv" ', r'c;"d"\.csv'),
    ],
)
def test_a_file_has_the_name_that_its_header_means(client: TestClient, said: str, name: str | None) -> None:
    headers = {b"Content-Type": b"text/csv", b"Content-Disposition": f"attachment; {said}".encode()}
    answer = client.post("/v1/datasets", content=CSV, headers=headers)
    assert (answer.status_code, answer.json()["name"]) == (201, name)


def test_a_name_in_the_bytes_of_windows_is_kept_as_it_comes(client: TestClient) -> None:
    headers = {b"Content-Type": b"text/csv", b"Content-Disposition": "attachment; filename=ü.csv".encode("cp1252")}
    assert client.post("/v1/datasets", content=CSV, headers=headers).json()["name"] == "ü.csv"


def with_key(client: TestClient, content: bytes = CSV, path: str = "/v1/datasets", media_type: str = "text/csv") -> Any:
    return client.post(path, content=content, headers={"Content-Type": media_type, "Idempotency-Key": "5f0c"})


def test_the_same_key_and_file_make_one_dataset(client: TestClient) -> None:
    first, second = with_key(client), with_key(client)
    assert (first.status_code, second.status_code) == (201, 200)
    assert [answer.headers.get("idempotency-replayed") for answer in (first, second)] == [None, "true"]
    assert first.json() == second.json()


def test_a_key_is_good_for_one_upload_as_it_was(client: TestClient) -> None:
    with_key(client)
    for other in (
        with_key(client, CSV + b"1,setosa\n"),
        with_key(client, path="/v1/datasets?name=iris"),
        with_key(client, media_type="application/x-ndjson"),
        with_key(client, orjson.dumps(xor()), "/v1/jobs", "application/json"),
    ):
        assert (other.status_code, other.json()["code"]) == (422, "idempotency_mismatch")
    assert len(client.get("/v1/datasets").json()["data"]) == 1


def test_a_key_that_made_a_job_makes_no_dataset(client: TestClient) -> None:
    assert with_key(client, orjson.dumps(xor()), "/v1/jobs", "application/json").status_code == 202
    answer = with_key(client)
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_mismatch")


def test_a_key_is_kept_for_a_file_that_was_sent_before_without_one(client: TestClient) -> None:
    known = upload(client)
    assert with_key(client).json() == known
    assert with_key(client, CSV + b"1,setosa\n").status_code == 422


def test_a_key_is_free_again_when_its_upload_was_refused_or_its_dataset_deleted(client: TestClient) -> None:
    assert with_key(client, b"a,b\n1\n").status_code == 422
    first = with_key(client)
    client.delete(first.headers["location"])
    again = with_key(client)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json()["id"] != first.json()["id"]


def test_a_preview_shows_the_first_rows_with_null_for_what_is_missing(client: TestClient) -> None:
    preview = client.get(f"/v1/datasets/{upload(client)['id']}/preview").json()
    PreviewAnswer.model_validate(preview)
    assert preview["data"][2] == {"length": None, "species": "setosa"}
    assert preview["rows"] == 3


def test_datasets_are_listed_newest_first(client: TestClient) -> None:
    ids = [upload(client, CSV + b"1,setosa\n" * i)["id"] for i in range(3)]
    first = client.get("/v1/datasets", params={"limit": 2}).json()
    DatasetList.model_validate(first)
    second = client.get("/v1/datasets", params={"limit": 2, "cursor": first["next_cursor"]}).json()
    assert [dataset["id"] for dataset in first["data"] + second["data"]] == ids[::-1]
    assert second["has_more"] is False


def test_a_dataset_of_images_tells_their_shape(client: TestClient) -> None:
    file = BytesIO()
    np.savez(file, image=np.zeros((3, 1, 4, 5), np.uint8), digit=np.array([1, 2, 3]))
    dataset = upload(client, file.getvalue(), "application/x-npz")
    assert dataset["shapes"] == {"image": [1, 4, 5]}
    assert dataset["column_count"] == 21
    assert client.get(f"/v1/datasets/{dataset['id']}").json()["shapes"] == {"image": [1, 4, 5]}
    assert upload(client)["shapes"] == {}


def test_an_unchanged_dataset_is_answered_with_304(client: TestClient) -> None:
    path = f"/v1/datasets/{upload(client)['id']}"
    etag = client.get(path).headers["etag"]
    assert client.get(path, headers={"If-None-Match": etag}).status_code == 304


def test_a_dataset_is_kept_while_a_job_needs_it(client: TestClient) -> None:
    path = f"/v1/datasets/{upload(client, CSV.replace(b'7.0,', b'7.5,'))['id']}"
    network = {"layers": [{"type": "dense", "units": 2}]}
    training = {"loss": "softmax_cross_entropy"}
    data = {"id": path.rpartition("/")[2], "target": "species"}
    answer = client.post("/v1/jobs", json=xor(network=network, dataset=data, training=training))
    assert answer.status_code == 202, answer.text
    job = answer.json()
    assert job["dataset"] == {**DataSpec(target="species").model_dump(mode="json"), **data}
    assert client.delete(path).status_code == 409
    client.post(f"/v1/jobs/{job['id']}/cancel")
    assert client.delete(path).status_code == 204
    assert client.get(path).status_code == 404
    assert client.delete(path).status_code == 404


def test_a_body_larger_than_the_limit_is_refused_though_it_does_not_say_so(client: TestClient, settings: Settings) -> None:
    def chunks() -> Iterator[bytes]:
        yield b"a\n"
        for _ in range(20):
            yield b"1\n" * 50_000

    answer = client.post("/v1/datasets", content=chunks(), headers={"Content-Type": "text/csv"})
    assert (answer.status_code, answer.headers["content-type"]) == (413, "application/problem+json")
    assert "1 MiB" in answer.json()["detail"]
    assert files(settings.data_dir) == []


def test_a_refused_file_leaves_nothing_behind(client: TestClient, settings: Settings) -> None:
    answer = client.post("/v1/datasets", content=b"a,b\n1,2\n3\n", headers={"Content-Type": "text/csv"})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_data")
    assert "3" in answer.json()["detail"]
    assert files(settings.data_dir) == []


def files(directory: Path) -> list[Path]:
    return [path for path in directory.rglob("*") if path.is_file() and "lock" not in path.name]


@pytest.mark.parametrize(
    ("text", "has"), [("", "has 0 characters; it must have at least 1 character"), ("x" * 1001, "at most 1000")]
)
def test_a_word_of_a_wrong_length_is_refused_with_the_length(client: TestClient, text: str, has: str) -> None:
    answer = client.post("/v1/datasets", content=CSV, params={"missing_values": text}, headers={"Content-Type": "text/csv"})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_parameter")
    assert has in answer.json()["detail"]


def test_what_is_no_file_is_refused_with_what_is(client: TestClient) -> None:
    for media_type, hint in [
        ("multipart/form-data; boundary=x", "not as a form"),
        ("text/plain", "text/csv"),
        ("text/csv; charset=latin-1", "encoding="),
        ("", "missing"),
    ]:
        answer = client.post("/v1/datasets", content=CSV, headers={"Content-Type": media_type})
        assert answer.status_code == 415
        assert hint in answer.json()["detail"]
    compressed = client.post("/v1/datasets", content=CSV, headers={"Content-Type": "text/csv", "Content-Encoding": "gzip"})
    assert compressed.status_code == 415


@pytest.mark.parametrize("media_type", ["application/json", "application/jsonl"])
def test_csv_that_was_called_json_is_told_its_type(client: TestClient, media_type: str) -> None:
    def told(content: bytes) -> str:
        answer = client.post("/v1/datasets", content=content, headers={"Content-Type": media_type})
        assert answer.status_code == 422
        return str(answer.json()["detail"])

    for content in (CSV, b'\xef\xbb\xbf"a","b"\n1,2\n', b"1,2\n3,4\n"):
        assert told(content).endswith("begins with neither { nor [: if it is CSV, its Content-Type is text/csv")
    assert "text/csv" not in told(b'\n{"a": [1, }')


def test_an_empty_body_is_refused(client: TestClient) -> None:
    assert client.post("/v1/datasets", headers={"Content-Type": "text/csv"}).status_code == 422


def test_a_dataset_of_inline_data_cannot_be_mistaken_for_a_file_of_the_same_bytes(client: TestClient) -> None:
    job = client.post("/v1/jobs", json=xor()).json()
    inline = client.get(f"/v1/datasets/{job['dataset']['id']}").json()
    assert inline["source"] == "inline"
    answer = client.post("/v1/datasets", content=orjson.dumps(xor()["dataset"]), headers={"Content-Type": "application/json"})
    assert answer.json().get("id") != inline["id"]


def test_a_new_name_of_the_same_bytes_is_told_to_those_who_know_the_old_one(client: TestClient) -> None:
    nameless, named = (
        client.post(path, content=CSV, headers={"Content-Type": "text/csv"})
        for path in ("/v1/datasets", "/v1/datasets?name=rents")
    )
    at = named.headers["Location"]
    assert (nameless.headers["Location"], nameless.json()["name"], named.json()["name"]) == (at, None, "rents")
    assert client.get(at, headers={"If-None-Match": named.headers["ETag"]}).status_code == 304
    assert client.get(at, headers={"If-None-Match": nameless.headers["ETag"]}).json()["name"] == "rents"
