"""Uploads of all that a table may be in Python, on a real service."""

import datetime
import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import gradmill
from gradmill import tables

pytestmark = pytest.mark.xdist_group("client")

IRIS = Path(__file__).parents[2] / "examples" / "data" / "iris.csv"
COLUMNS = {"size": [1.5, None, 3.0], "kind": ["a", "NA", "001"], "good": [True, False, None]}
KINDS = {"size": "number", "kind": "text", "good": "boolean"}
FRAME = pd.DataFrame({"size": [1.5, np.nan, 3.0], "kind": ["a", "NA", "001"], "good": pd.array([True, False, None], "boolean")})
ROWS = [{name: values[i] for name, values in COLUMNS.items()} for i in range(3)]


@pytest.mark.parametrize("data", [COLUMNS, FRAME, ROWS], ids=["columns", "pandas", "rows"])
def test_a_table_keeps_its_types_and_what_is_missing(client, data):
    dataset = client.datasets.upload(data)
    assert {column.name: column.kind for column in dataset.columns} == KINDS
    assert client.datasets.preview(dataset.id).data == ROWS


def test_a_file_is_sent_by_its_name(client, tmp_path):
    content = b"".join(IRIS.read_bytes().splitlines(keepends=True)[:-1])  # which nobody else has sent under another name
    file = tmp_path / "iris.csv"
    file.write_bytes(content)
    dataset = client.datasets.upload(file, name="iris")
    assert (dataset.rows, dataset.name, dataset.format) == (149, "iris", "csv")
    assert client.datasets.upload(content, format="csv").id == dataset.id
    assert client.datasets.get(dataset.id).columns == dataset.columns
    assert dataset.id in {each.id for each in client.datasets.list(page_size=1)}
    with pytest.raises(gradmill.BadInput, match="there is no file"):
        client.datasets.upload(tmp_path / "none.csv")


def test_arrays_become_columns(client):
    images = np.arange(24.0).reshape(2, 3, 4)
    assert [column.name for column in client.datasets.upload(images[:, :, 0]).columns] == ["x0", "x1", "x2"]
    dataset = client.datasets.upload({"image": images, "file": np.array([0, 1]), "word": ["a", "b"]})
    assert dataset.shapes == {"image": [3, 4]}
    assert {column.name: column.kind for column in dataset.columns[-2:]} == {"file": "number", "word": "text"}


def test_bytes_tell_what_they_are_or_must_be_named(client):
    into = io.BytesIO()
    np.save(into, np.eye(3))
    assert client.datasets.upload(into.getvalue()).format == "npy"
    with pytest.raises(gradmill.BadInput, match="format"):
        client.datasets.upload(b"a,b\n1,2\n")


def test_removed_is_gone(client):
    dataset = client.datasets.upload({"only": [4.0, 5.0, 7.25]})
    client.datasets.delete(dataset.id)
    with pytest.raises(gradmill.NotFound):
        client.datasets.get(dataset.id)


@pytest.mark.parametrize("data", [None, 7, {1, 2}, [], [1, 2]])
def test_what_is_no_table_is_refused_here(data):
    with pytest.raises(gradmill.BadInput, match="is no dataset"):
        tables.content(data, None)


def test_every_format_of_the_service_is_known():
    from api.uploads import MEDIA_TYPES

    assert set(tables.MEDIA_TYPES) == set(MEDIA_TYPES.values())
    assert all(MEDIA_TYPES[media_type] == name for name, media_type in tables.MEDIA_TYPES.items())


def test_cells_become_what_json_has():
    day = datetime.date(2026, 1, 2)
    frame = pd.DataFrame({"t": pd.to_datetime(["2026-01-02", None])})
    assert tables.plain(frame["t"]) == ["2026-01-02T00:00:00", None]
    assert tables.plain([day, np.float32(0.5), np.nan, pd.NA, np.int64(3), 2**70]) == ["2026-01-02", 0.5, None, None, 3, 2**70]
    times = np.array(["2026-01-02", "NaT"], "datetime64[ns]")
    assert tables.plain(times) == ["2026-01-02T00:00:00", None]
    assert tables.plain(np.array(["2026-01-02", "20000-01-02"], "datetime64[D]")) == ["2026-01-02", "20000-01-02"]
    assert tables.named({"t": times[0], "far": np.datetime64("20000")}) == {"t": "2026-01-02T00:00:00", "far": "20000"}


@pytest.mark.parametrize(
    "spans",
    [
        np.array([5, 6], "timedelta64[ns]"),
        pd.Series(pd.to_timedelta(["1s", "2s"])),
        [np.timedelta64(5, "ns")],
        [None, datetime.timedelta(days=1)],
    ],
    ids=["array", "pandas", "numpy", "python"],
)
def test_spans_of_time_are_refused_wherever_they_stand(spans):
    with pytest.raises(gradmill.BadInput, match="spans of time"):
        tables.content({"a": spans}, None)
    with pytest.raises(gradmill.BadInput, match="spans of time"):
        tables.content([{"a": span} for span in spans], None)


def test_rows_whose_names_fall_together_are_refused():
    with pytest.raises(gradmill.BadInput, match="two columns have the name '1'"):
        tables.content([{1: "a", "1": "b"}], None)


@pytest.mark.parametrize("cell", [b"bytes", {1, 2}, object(), "half of \ud800", {(1, 2): 3}])
def test_what_json_does_not_have_is_refused_here(cell):
    with pytest.raises(gradmill.BadInput):
        tables.content({"a": [cell]}, None)


def test_a_name_that_somebody_gave_is_changed_by_no_upload_that_gives_none(client, tmp_path):
    path = tmp_path / "größen.csv"
    path.write_text("größe,b\n1,2\n3.75,4\n")
    assert client.datasets.upload(path).name == "größen.csv"
    assert client.datasets.upload(path, name="sizes").name == "sizes"
    assert client.datasets.upload(path).name == "sizes"
    assert client.datasets.upload(path, name="more").name == "more"


def test_a_single_text_is_one_word_not_its_letters(client, tmp_path):
    (tmp_path / "lamps.csv").write_text("of,x,y\nk,1,1\nA,k.A.,2\nk,3,3\n")
    read = client.datasets.upload(tmp_path / "lamps.csv", missing_values="k.A.", numbers="x").reading
    assert (read.missing_values, read.numbers) == (["k.A."], ["x"])
