"""A file as the body of a prediction: read as the data were that the network learned from, and not kept."""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.parquet
import pytest
from starlette.testclient import TestClient

from api import predictions as blocks
from core.nn.preparation.features import Number, Text
from core.nn.preparation.preprocessing import Preprocessing
from core.nn.preparation.reading import Reading
from core.nn.preparation.targets import Target
from core.nn.saving.model import Card
from core.nn.saving.weights import to_safetensors
from core.nn.spec import NetworkSpec, TrainingSpec
from core.quotas import Quotas
from core.settings import Settings
from core.store import Store
from tests.api.conftest import JSON, pointers
from tests.api.predictions.conftest import REGRESSION, model, people
from tests.keys import issued

CSV = {"Content-Type": "text/csv"}


def csv(rows: list[JSON]) -> bytes:
    def cell(value: Any) -> str:
        return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)

    return "\n".join([",".join(rows[0]), *(",".join(map(cell, row.values())) for row in rows)]).encode()


def parquet(rows: list[JSON]) -> bytes:
    file = BytesIO()
    pyarrow.parquet.write_table(pa.Table.from_pylist(rows), file)
    return file.getvalue()


def lines(rows: list[JSON]) -> bytes:
    return b"".join(orjson.dumps(row) + b"\n" for row in rows)


@pytest.fixture
def german(trained: Callable[..., str]) -> str:
    """A job that learned from a file with decimal commas and words for what is missing."""
    reading = Reading(missing_values=("k.A.",), decimal="comma")
    return trained(model("mean_squared_error", REGRESSION, reading=reading)) + "/predict"


def told(answer: Any) -> list[float]:
    assert answer.status_code == 200, answer.text
    return [row["values"]["price"] for row in answer.json()["predictions"]]


@pytest.mark.parametrize(
    ("media_type", "made"),
    [
        ("text/csv; charset=utf-8", csv),
        ("application/x-ndjson", lines),
        ("application/vnd.apache.parquet", parquet),
        ("?format=json", orjson.dumps),
        ("?format=csv", csv),
    ],
)
def test_a_file_is_predicted_as_its_rows_are(
    client: TestClient,
    classifier: str,
    media_type: str,
    made: Callable[[list[JSON]], bytes],
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rows = people(1000)
    asked = (
        {"url": classifier + media_type}
        if media_type[0] == "?"
        else {"url": classifier, "headers": {"Content-Type": media_type}}
    )
    before = client.get("/v1/datasets").json()
    inline = client.post(classifier, json={"rows": rows}).json()
    whole = client.post(content=made(rows), **asked)
    assert whole.json()["predictions"] == inline["predictions"]
    assert whole.json()["reading"] == {"numbers": [], "texts": ["city"], "missing_values": []}
    assert "reading" not in inline
    unseen = next(each for each in inline["warnings"] if "never saw" in each["message"])
    assert whole.json()["warnings"] == [{**unseen, "pointer": ""}]
    monkeypatch.setattr(blocks, "PIECE_CELLS", 3 * 300)
    streamed = client.post(content=made(rows), **asked)
    assert "content-length" not in streamed.headers
    assert streamed.json() == whole.json()
    assert client.get("/v1/datasets").json() == before
    assert [path for path in Path(settings.data_dir).rglob("*") if path.name in ("source", "table")] == []


def test_a_file_is_read_as_the_training_data_were(client: TestClient, german: str, regression: str) -> None:
    file = b"city;age;member;weight\nBern;1.041,5;true;x\nOslo;k.A.;false;y\nRome;7,5;true;"
    rows = [[1041.5, True, "Bern"], [None, False, "Oslo"], [7.5, True, "Rome"]]
    found = client.post(german, content=file, headers=CSV)
    assert told(found) == told(client.post(german, json={"rows": rows}))
    assert found.json()["reading"]["decimal"] == "comma"
    doubtful = b"age;member;city\n1.041;true;Bern\n"
    for query, age in (("", 1041), ("?decimal=point", 1.041)):
        found = told(client.post(german + query, content=doubtful, headers=CSV))
        assert found == told(client.post(german, json={"rows": [[age, True, "Bern"]]}))
    words = "?decimal=comma&missing_values=k.A.&numbers=age,weight&texts=city"  # of an upload
    said = client.post(regression + words, content=file.replace(b";x", b";1").replace(b";y", b";2"), headers=CSV)
    assert told(said) == told(client.post(german, json={"rows": rows}))


@pytest.mark.parametrize(
    ("cells", "age"),
    [
        (b"1.234,true,Bern", 1.234),
        (b'1.234,true,"Bern"', 1.234),
        (b'"1,234",true,Bern', 1.234),
        (b'"1.234,5",true,Bern', 1234.5),
    ],
)
def test_learned_commas_hold_between_commas_only_where_numbers_have_them(
    client: TestClient, german: str, cells: bytes, age: float
) -> None:
    found = client.post(german, content=b"age,member,city\n" + cells + b"\n", headers=CSV)
    assert told(found) == told(client.post(german, json={"rows": [[age, True, "Bern"]]}))


@pytest.mark.parametrize("format", ["json", "jsonl", "parquet"])
def test_what_the_answer_tells_of_texts_that_are_numbers_is_how_they_were_read(
    client: TestClient, trained: Callable[..., str], format: str
) -> None:
    """Such a file shows no sign."""
    reading = Reading(numbers=("age",), decimal="comma")
    path = trained(model("mean_squared_error", REGRESSION, reading=reading)) + f"/predict?format={format}"
    made: dict[str, Callable[[list[JSON]], bytes]] = {"json": orjson.dumps, "jsonl": lines, "parquet": parquet}
    found = client.post(path, content=made[format]([{"age": "1.041,5", "member": True, "city": "Bern"}]))
    assert told(found) == told(client.post(path.partition("?")[0], json={"rows": [[1041.5, True, "Bern"]]}))
    assert found.json()["reading"] == {"numbers": ["age"], "texts": ["city"], "missing_values": [], "decimal": "comma"}


def test_a_file_that_is_not_utf8_is_read_in_the_encoding_of_the_training_data(
    client: TestClient, trained: Callable[..., str], regression: str
) -> None:
    windows = trained(model("mean_squared_error", REGRESSION, reading=Reading(encoding="windows-1252"))) + "/predict"
    text = "age;member;city\n40;true;Köln\n"
    expected = told(client.post(windows, content=text.encode(), headers=CSV))
    assert told(client.post(windows, content=text.encode("cp1252"), headers=CSV)) == expected
    assert told(client.post(windows + "?encoding=macintosh", content=text.encode("mac_roman"), headers=CSV)) == expected
    assert told(client.post(regression + "?encoding=windows-1252", content=text.encode("cp1252"), headers=CSV)) == expected
    refused = client.post(regression, content=text.encode("cp1252"), headers=CSV)
    assert (refused.status_code, "encoding=windows-1252" in refused.json()["detail"]) == (422, True)
    rows = client.post(windows + "?encoding=macintosh", json={"rows": [[40, True, "x"]]})
    assert [each["parameter"] for each in rows.json()["errors"]] == ["encoding"]


def test_texts_that_look_like_numbers_are_texts_where_the_network_learned_texts(client: TestClient, regression: str) -> None:
    answer = client.post(regression, content=b"age,member,city\n40,true,1067\n41,false,2000\n", headers=CSV)
    assert told(answer) == told(client.post(regression, json={"rows": [[40, True, "1067"], [41, False, "2000"]]}))
    assert 'column "city": 2 rows hold texts' in answer.json()["warnings"][0]["message"]


def test_what_is_doubtful_in_a_column_that_the_network_takes_is_told(client: TestClient, regression: str) -> None:
    file = b"age;member;city;other\n1.041;true;Bern;1.000\n2.000;true;Bern;2.000\n"
    (warning,) = client.post(regression, content=file, headers=CSV).json()["warnings"]
    assert warning["pointer"] == ""
    assert warning["message"].startswith('column "age": its points are read as decimal points, "1.041" is read as 1.041')


def test_units_and_thousands_are_taken_off_only_where_that_was_said(
    client: TestClient, regression: str, trained: Callable[..., str]
) -> None:
    said = trained(model("mean_squared_error", REGRESSION, reading=Reading(numbers=("age",)))) + "/predict"
    for cell, age in (("40 %", 40), ('"1,041"', 1041), ("5 $", 5)):
        file = f"age,member,city\n{cell},true,Bern\n".encode()
        expected = told(client.post(said, json={"rows": [[age, True, "Bern"]]}))
        found = client.post(said, content=file, headers=CSV)
        assert told(found) == expected
        assert 'column "age": its ' in found.json()["warnings"][0]["message"]
        assert told(client.post(f"{regression}?numbers=age", content=file, headers=CSV)) == expected
        refused = client.post(regression, content=file, headers=CSV)
        assert refused.status_code == 422
        assert 'column "age" is text' in refused.json()["detail"]


@pytest.mark.parametrize(
    ("learned", "file", "age"),
    [
        ("comma", "score;age;member;city\n5;1.234;true;Bern\n", 1234),
        ("point", "score;age;member;city\n5;1.234;true;Bern\n", 1.234),
        ("comma", 'age,member,city,other\n1.234,true,Bern,"48,13 Oslo"\n', 1.234),
        ("comma", 'age,member,city,other\n1.234,true,Bern,"1,2"\n1.234,true,Bern,y\n', 1.234),
        ("comma", 'age,member,city,other\n1.234,true,Bern,"1,2"\n1.234,true,Bern,7\n', 1234),
        ("comma", "age;member;city\n1.234;true;Bern\n", 1234),
    ],
)
def test_the_learned_sign_counts_where_the_file_shows_none(
    client: TestClient, trained: Callable[..., str], learned: Any, file: str, age: float
) -> None:
    path = trained(model("mean_squared_error", REGRESSION, reading=Reading(decimal=learned))) + "/predict"
    found = told(client.post(path, content=file.encode(), headers=CSV))
    assert found == told(client.post(path, json={"rows": [[age, True, "Bern"]] * len(found)}))


@pytest.mark.parametrize(
    ("learned", "file"),
    [
        ("comma", "score;age;member;city\n0.5;12.34;true;Bern\n"),
        ("point", "score;age;member;city\n0,5;12,34;true;Bern\n"),
        ("comma", 'age,member,city\n"12.34",true,Bern\n'),
        ("point", 'age,member,city\n"12,34",true,Bern\n'),
    ],
)
def test_the_sign_that_a_column_shows_itself_counts_before_the_learned_one(
    client: TestClient, trained: Callable[..., str], learned: Any, file: str
) -> None:
    path = trained(model("mean_squared_error", REGRESSION, reading=Reading(decimal=learned))) + "/predict"
    found = told(client.post(path, content=file.encode(), headers=CSV))
    assert found == told(client.post(path, json={"rows": [[12.34, True, "Bern"]]}))


def test_a_warning_of_thousands_is_told_of_numbers_that_seem_to_number_the_rows(client: TestClient, german: str) -> None:
    lines = [f"1.{i:03};true;Bern" for i in range(1, 25)]
    found = client.post(german, content="\n".join(["age;member;city", *lines]).encode(), headers=CSV)
    assert told(found) == told(client.post(german, json={"rows": [[1000 + i, True, "Bern"] for i in range(1, 25)]}))
    [warning] = found.json()["warnings"]
    assert warning["message"] == 'column "age": its thousands are separated: "1.001" is read as 1001'


@pytest.mark.parametrize(
    ("learned", "file", "sign"),
    [
        ("comma", "score;age;member;city\n0.5;1.234;true;Bern\n", "point"),
        ("comma", "score;age;member;city\n0.5;1,234;true;Bern\n", "comma"),
        ("point", "score;age;member;city\n0,5;1,234;true;Bern\n", "comma"),
        ("point", "score;age;member;city\n0,5;1.234;true;Bern\n", "point"),
        ("comma", "score;age;member;city;other\n0.5;1,234;true;Bern;2,5\n", "comma"),
        ("comma", "score;age;member;city;other\n0.5;1.234;true;Bern;2,5\n", "point"),
        ("comma", 'age,member,city,score\n"1,234",true,Bern,0.5\n', "comma"),
        ("comma", 'age,member,city,score,other\n"1,234",true,Bern,0.5,"2,5"\n', "comma"),
    ],
)
def test_what_other_columns_alone_tell_is_not_believed_against_what_was_learned(
    client: TestClient, trained: Callable[..., str], learned: Any, file: str, sign: str
) -> None:
    path = trained(model("mean_squared_error", REGRESSION, reading=Reading(decimal=learned))) + "/predict"
    refused = client.post(path, content=file.encode(), headers=CSV)
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid_data")
    assert f'column "age" has {sign}s that may ' in refused.json()["detail"]
    for decimal, begin in (("comma", ","), ("point", ".")):
        age = 1.234 if (begin == ",") == (sign == "comma") else 1234
        found = told(client.post(f"{path}?decimal={decimal}", content=file.encode(), headers=CSV))
        assert found == told(client.post(path, json={"rows": [[age, True, "Bern"]]}))


def test_the_file_that_was_learned_from_is_read_as_it_was(client: TestClient, trained: Callable[..., str]) -> None:
    """Between commas, with separated thousands and a sign that was said."""
    path = trained(model("mean_squared_error", REGRESSION, reading=Reading(decimal="point"))) + "/predict"
    found = told(client.post(path, content=b'age,member,city\n"1,234.50",true,Bern\n', headers=CSV))
    assert found == told(client.post(path, json={"rows": [[1234.5, True, "Bern"]]}))


def test_commas_in_texts_are_no_decimal_ones(client: TestClient, trained: Callable[..., str]) -> None:
    path = trained(model("mean_squared_error", REGRESSION, reading=Reading(decimal="comma"))) + "/predict"
    found = told(client.post(path, content=b'age,member,city\n1.234,true,"48,13"\n', headers=CSV))
    assert found == told(client.post(path, json={"rows": [[1.234, True, "48,13"]]}))


def test_a_file_of_one_column_has_no_commas_between(client: TestClient, trained: Callable[..., str]) -> None:
    card = Card(
        NetworkSpec.model_validate({"layers": [{"units": 1}]}),
        TrainingSpec.model_validate({"loss": "mean_squared_error"}).loss,
        Preprocessing((Number("area", 0.0, 1.0, 0.0),), (Target("rent", "number"),), None),
        Reading(decimal="comma"),
    )
    weights = {"0.weight": np.array([[2.0]], np.float32), "0.bias": np.array([0.0], np.float32)}
    path = trained(to_safetensors(weights, card.to_json())) + "/predict"
    for query in ("", "?decimal=comma"):
        answer = client.post(path + query, content=b"area\n4.192\n3.791\n", headers=CSV).json()
        assert [row["values"]["rent"] for row in answer["predictions"]] == [8384.0, 7582.0]


def test_columns_that_are_said_must_be_there_and_those_that_were_learned_may_be_said_again(
    client: TestClient, regression: str
) -> None:
    file = b"age,member,city\n40,true,Bern\n"
    refused = client.post(f"{regression}?numbers=aeg", content=file, headers=CSV)
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid_data")
    assert 'near it: "age"' in refused.json()["detail"]
    assert told(client.post(f"{regression}?numbers=age&texts=city", content=file, headers=CSV)) == [140.0]
    other = client.post(f"{regression}?texts=age,city", content=file, headers=CSV)
    assert 'column "age" is text' in other.json()["detail"]


def test_names_that_are_longer_than_a_process_takes_as_arguments_are_read(
    client: TestClient, trained: Callable[..., str]
) -> None:
    names = [f"spectral_intensity_at_{i:05d}_nanometres" for i in range(4500)]
    card = Card(
        NetworkSpec.model_validate({"layers": [{"units": 1}]}),
        TrainingSpec.model_validate({"loss": "mean_squared_error"}).loss,
        Preprocessing(tuple(Text(name, ("a",)) for name in names), (Target("y", "number"),), None),
    )
    weights = {"0.weight": np.ones((1, 4500), np.float32), "0.bias": np.zeros(1, np.float32)}
    path = trained(to_safetensors(weights, card.to_json())) + "/predict"
    file = (",".join(names) + "\n" + ",".join(["a"] * 4500) + "\n").encode()
    assert [row["values"] for row in client.post(path, content=file, headers=CSV).json()["predictions"]] == [{"y": 4500.0}]


def test_a_cell_that_is_no_number_is_named_with_its_line(client: TestClient, regression: str) -> None:
    file = b"age,member,city\n" + b"".join(b"%d,true,Bern\n" % i for i in range(8)) + b"forty,true,Bern\n"
    answer = client.post(regression, content=file, headers=CSV)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_data")
    assert '"forty" in row 8 (line 10 of the file)' in answer.json()["detail"]


def test_columns_that_the_file_lacks_are_named(client: TestClient, regression: str) -> None:
    answer = client.post(regression, content=b"age,member\n40,true\n", headers=CSV)
    assert answer.status_code == 422
    assert 'no column "city"' in answer.json()["detail"]
    assert pointers(answer) == [""]


def test_how_a_file_is_read_is_said_of_files_alone(client: TestClient, regression: str) -> None:
    for parameter in ("decimal=comma", "missing_values=n.a.", "numbers=age", "encoding=windows-1252"):
        answer = client.post(f"{regression}?{parameter}", json={"rows": [[40, True, "Bern"]]})
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_parameter")
        assert [each["parameter"] for each in answer.json()["errors"]] == [parameter.partition("=")[0]]


@pytest.mark.parametrize(
    ("content", "detail"), [(b"", "the body is empty"), (b"age\n", "the dataset has 0 rows"), (b"a,a\n1,2\n", 'both named "a"')]
)
def test_a_file_that_holds_nothing_to_predict_is_refused(
    client: TestClient, regression: str, content: bytes, detail: str
) -> None:
    answer = client.post(regression, content=content, headers=CSV)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_data")
    assert detail in answer.json()["detail"]


def test_a_key_that_may_only_read_predicts_a_file_and_so_does_a_tenant_whose_room_is_full(
    client: TestClient, store: Store, regression: str
) -> None:
    store.quotas.set("default", Quotas(stored_bytes=1))
    assert client.post("/v1/datasets", content=b"a\n1\n", headers=CSV).json()["code"] == "quota_exceeded"
    reader = issued(store, "default", "read")
    file = csv([{"age": 40, "member": True, "city": "Bern"}])
    assert told(client.post(regression, content=file, headers={**CSV, **reader})) == [140.0]


def test_a_file_has_no_more_rows_than_a_dataset_may_have(client: TestClient, store: Store, regression: str) -> None:
    store.quotas.set("default", Quotas(rows=1))
    file = csv([{"age": 40, "member": True, "city": "Bern"}] * 2)
    refused = client.post(regression, content=file, headers=CSV)
    assert refused.json()["code"] == "quota_exceeded"
    assert told(client.post(regression, content=file[: file.rindex(b"\n")], headers=CSV)) == [140.0]


@pytest.mark.parametrize("query", ["", "?format=csv"])
def test_another_charset_is_refused_however_the_format_is_said(client: TestClient, regression: str, query: str) -> None:
    answer = client.post(regression + query, content=b"age\n1\n", headers={"Content-Type": "text/csv; charset=windows-1252"})
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")
    assert "encoding=" in answer.json()["detail"]


def test_the_encoding_of_arrays_may_be_said_as_of_uploads(client: TestClient, trained: Callable[..., str]) -> None:
    path = trained(model("mean_squared_error", REGRESSION)) + "/predict?encoding=windows-1252"
    file = BytesIO()
    np.savez(file, age=np.array([40.0]), member=np.array([True]), city=np.array(["Bern"]))
    for media_type, query in (("application/x-npz", ""), ("application/octet-stream; charset=binary", "&format=npz")):
        answer = client.post(path + query, content=file.getvalue(), headers={"Content-Type": media_type})
        assert told(answer) == [140.0]
