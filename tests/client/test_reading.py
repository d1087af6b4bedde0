"""What is predicted is read as the data were that the network learned from."""

import json
from contextlib import closing
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import gradmill
from core.data.formats.numerals import numerals
from core.errors import InvalidData
from core.keys import new_key
from core.store import Store, connect
from gradmill import predictions, readings
from tests.client.answering import Answer, problem
from tests.client.test_retries import DATASET, JOB

pytestmark = pytest.mark.xdist_group("client")

READING = {"numbers": ["Fläche", "Miete", "leer"], "texts": ["Zone"], "missing_values": ["k.A."]}

PREDICTED = Answer(
    200,
    {
        **{"object": "predictions", "job": "job_1", "epoch": 1, "targets": ["y"], "classes": None, "rows": 1},
        "predictions": [{"values": {"y": 1.0}, "probabilities": None}],
    },
)


def rents(path: Path, rows: range, *, has_rents: bool = True) -> Path:
    """Semicolons, decimal commas, areas that are not known, and beside the rents a column of nothing."""
    lines = ["Fläche;Zone;Zimmer" + ";Miete;leer" * has_rents]
    for i in rows:
        area = "k.A." if i % 11 == 3 else f"{20 + i * 1.5:.1f}".replace(".", ",")
        lines.append(f"{area};{i % 3};{1 + i % 4}" + f";{300 + 10 * i};" * has_rents)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def learned(client, tmp_path):
    """A job on data with a reading of their own, and new rows without the target."""
    dataset = client.datasets.upload(rents(tmp_path / "rents.csv", range(60)), **READING)
    data = {"id": dataset.id, "target": "Miete", "missing": "mean"}
    job = client.jobs.create([{"units": 4}, {"units": 1}], data, {"epochs": 5, "seed": 3})
    return job.wait().check(), rents(tmp_path / "new.csv", range(60, 80), has_rents=False)


def parsed(file: Path) -> list[dict[str, object]]:
    found = []
    for area, zone, rooms in (line.split(";")[:3] for line in file.read_text().splitlines()[1:]):
        known = None if area == "k.A." else float(area.replace(",", "."))
        found.append({"Fläche": known, "Zone": zone, "Zimmer": int(rooms)})
    return found


def test_a_file_is_read_as_the_data_were_that_the_job_learned_from(client, learned):
    job, new = learned
    expected = job.predict(parsed(new)).values
    before = {each.id for each in client.datasets.list()}
    assert job.predict(new).values == expected
    assert client.predict(job.id, new).values == expected
    summary = next(each for each in client.jobs.list() if each.id == job.id)
    assert summary.predict(new).values == expected
    assert {each.id for each in client.datasets.list()} == before


def test_a_table_is_read_as_the_data_were_that_the_job_learned_from(learned):
    job, new = learned
    rows = parsed(new)
    table = pd.DataFrame(rows)
    texts = ["k.A." if pd.isna(area) else area for area in table["Fläche"]]
    expected = job.predict(rows).values
    assert job.predict(table.assign(Fläche=pd.Series(texts, dtype=object))).values == expected
    assert job.predict({**{name: table[name].tolist() for name in table}, "Fläche": texts}).values == expected
    assert job.predict({**{name: iter(table[name]) for name in table}, "Fläche": iter(texts)}).values == expected
    assert job.predict(table.assign(Zone=table["Zone"].astype(int))).values == expected  # in which no text is


def test_a_table_and_a_file_are_predicted_with_a_key_that_may_only_read(service, client, learned):
    job, new = learned
    rows = parsed(new)
    table = pd.DataFrame(rows).assign(Fläche=["k.A." if row["Fläche"] is None else f"{row['Fläche']:,}" for row in rows])
    key = new_key()
    with closing(Store(connect(f"sqlite:///{service.data_dir}/gradmill.db"))) as store:
        store.keys.add(key, "default", "reader", ("read",))
    with gradmill.Client(service.url(), key.text) as reader:
        expected = job.predict(rows).values
        assert reader.jobs.get(job.id).predict(table).values == expected
        assert reader.jobs.get(job.id).predict(new).values == expected


def test_columns_that_a_table_lacks_cannot_be_said_to_be_numbers(learned):
    job, new = learned
    with pytest.raises(gradmill.BadInput, match="numbers names 'Flache', which the table lacks; near it: Fläche"):
        job.predict(pd.DataFrame(parsed(new)), numbers=["Flache"])


@pytest.mark.parametrize(("width", "listed"), [(10, "c8, c9"), (11, "c8, c9, …")])
def test_a_table_tells_its_first_columns_where_none_is_near(width, listed):
    with pytest.raises(gradmill.BadInput, match=f"texts names 'zip', which the table lacks; it has c0, c1, .*, {listed}$"):
        readings.applied({f"c{i}": [1] for i in range(width)}, {}, {"texts": ["zip"]})


def test_no_column_can_be_said_to_be_both(learned):
    job, new = learned
    for data in (new, pd.DataFrame(parsed(new))):
        with pytest.raises(gradmill.BadInput, match="texts names 'Zone', as numbers does; a column is one of them"):
            job.predict(data, numbers=["Zimmer", "Zone"], texts=["Zone"])


def test_cells_of_a_table_become_what_they_are_said_to_be():
    reading = {"numbers": ["area"], "texts": ["zone"], "missing_values": ["k.A."]}
    areas = [" 1,200.5", "k.A.", "", "-3e1", 7, None]
    zones = ["a", "k.A.", 12, 12.0, -0.5, True]
    free = ["k.A.", "b", "c", "1", "", "f"]
    assert readings.applied(pd.DataFrame({"area": areas, "zone": zones, "free": free}), reading, {}) == {
        "area": [1200.5, None, None, -30, 7, None],
        "zone": ["a", None, "12", "12", "-0.5", "true"],
        "free": [None, "b", "c", "1", "", "f"],
    }


@pytest.mark.parametrize(
    ("decimal", "cells", "expected"),
    [
        ("comma", ["961,85 €", "1.234 €", "", None], [961.85, 1234, None, None]),
        ("point", ["$1,234.50", "-$7", "k.A."], [1234.5, -7, None]),
        ("point", ["EUR 7", "1.5 EUR"], [7, 1.5]),
    ],
)
def test_the_unit_of_numbers_in_a_table_is_taken_off(decimal, cells, expected):
    reading = {"numbers": ["rent"], "missing_values": ["k.A."], "decimal": decimal}
    assert readings.applied({"rent": cells}, reading, {}) == {"rent": expected}
    found = readings.applied(pd.DataFrame({"rent": [*cells, float("nan")]}), reading, {})["rent"]
    assert found[:-1] == expected


@pytest.mark.parametrize("cells", [["5 €", "$7"], ["5 %", 0.07], ["5 km", "7 km"]])
def test_several_units_and_words_in_numbers_of_a_table_are_told(cells):
    with pytest.raises(gradmill.BadInput, match=f'cells (is|are) none: "{cells[0]}" in row 0'):
        readings.applied({"rent": cells}, {"numbers": ["rent"]}, {})


def test_what_is_said_of_some_columns_leaves_the_others_as_they_were_learned():
    learned = readings.Learned({"numbers": ["a", "b"], "texts": ["c", "d"], "missing_values": ["k.A."], "decimal": "comma"})
    said = {"numbers": ["c"], "texts": ["b"], "missing_values": ["x"], "decimal": "point"}
    assert readings.merged(learned, said) == {
        "numbers": ["c", "a"],
        "texts": ["b", "d"],
        "missing_values": ["x", "k.A."],
        "decimal": "point",
    }
    assert readings.merged(learned, {}) == learned.reading


@pytest.mark.parametrize(("data", "told"), [("ds_1", "the dataset ds_1 was read when"), ([[1.0]], "a list is none")])
def test_what_is_said_of_rows_that_have_no_cells_to_read_is_refused(learned, data, told):
    job, _ = learned
    with pytest.raises(gradmill.BadInput, match=f"^decimal says how .*; {told}"):
        job.predict(data, decimal="comma")


def test_texts_of_a_table_that_are_no_numbers_are_told_with_their_rows(learned):
    job, new = learned
    table = pd.DataFrame(parsed(new)).astype({"Fläche": object})
    table.loc[7, "Fläche"] = "1.20,5"
    told = (
        'column "Fläche" is to be numbers, but 1 of its 20 cells is none: "1.20,5" in row 7; correct them or leave them empty'
    )
    with pytest.raises(gradmill.BadInput, match=told):
        job.predict(table)
    assert len(job.predict(table, missing_values=["1.20,5"])) == 20
    with pytest.raises(gradmill.BadInput, match=r'but 6 of its 40,000 cells are none: "x" in row 35, .* in row 39, …; '):
        readings.applied({"a": [*range(35), *"xxxxxx", *range(39_959)]}, {"numbers": ["a"]}, {})


def test_rows_that_are_sent_some_at_a_time_are_told_by_their_places_among_all(learned, monkeypatch):
    job, new = learned
    monkeypatch.setattr(predictions.pieces, "__defaults__", (12,))  # four rows
    rows = parsed(new)
    rows[17]["Zone"] = "new"
    assert [warning.pointer for warning in job.predict(rows).warnings] == ["/rows/17/Zone"]
    rows[13]["Zimmer"] = "many"
    with pytest.raises(gradmill.InvalidData, match=r"^/rows/13/Zimmer: rows\[13\]: column \"Zimmer\" is \"many\""):
        job.predict(rows)
    rows[14]["Zimmer"] = "more"
    with pytest.raises(gradmill.InvalidData, match=r"/rows/14/Zimmer: rows\[14\]") as refused:
        job.predict(rows)
    assert refused.value.detail.startswith("2 problems; the first: rows[13]: ")


def test_how_a_file_is_read_can_be_said_otherwise(learned, tmp_path):
    job, new = learned
    expected = job.predict(parsed(new)).values
    other = tmp_path / "other.csv"
    other.write_text(new.read_text().replace("k.A.", "unbekannt"))
    with pytest.raises(gradmill.InvalidData, match="unbekannt"):
        job.predict(other)
    assert job.predict(other, missing_values=["unbekannt"]).values == expected
    with pytest.raises(gradmill.APIError, match="learned from numbers"):
        job.predict(new, texts=["Fläche"])
    with pytest.raises(gradmill.BadInput, match="numbers"):
        job.predict(parsed(new), numbers=["Fläche"])
    with pytest.raises(gradmill.BadInput, match="missing_values"):
        job.predict("ds_01936f2a7c3e7d0f8a5b4c3d2e1f0a9b", missing_values=["x"])


def test_a_file_is_read_as_the_data_were_even_where_these_are_gone(client, learned):
    job, new = learned
    expected = job.predict(parsed(new)).values
    client.datasets.delete(job.dataset["id"])
    assert job.predict(new).values == expected
    assert job.predict(new, numbers=["Fläche"], texts=["Zone"], missing_values=["k.A."]).values == expected


CODES = ["A1", "B2", "12", "13"]


@pytest.fixture
def of_codes(client, tmp_path):
    """A job on data of whose features nothing was said: a column of texts some of which look like numbers, and one of days."""
    lines = [f"{CODES[i % 4]};{('soon', '2024-05-17')[i % 2]};{i % 7};{i % 4};{i};;{i}" for i in range(40)]
    header = 'zip;dä"y;x;y;place;empty;other'.replace('dä"y', '"dä""y"')
    (tmp_path / "codes.csv").write_text("\n".join([header, *lines]), encoding="utf-8")
    dataset = client.datasets.upload(tmp_path / "codes.csv", texts=["place"], numbers=["empty", "other"])
    data = {"id": dataset.id, "target": "y", "features": ["zip", 'dä"y', "x"]}
    return client.jobs.create([{"units": 1}], data, {"epochs": 5, "seed": 3}).wait().check()


ROWS = [{"zip": "12", 'dä"y': "2024-05-17", "x": 1}, {"zip": "13", 'dä"y': "2024-05-17", "x": 2}]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("new.csv", '\ufeff\r\nzip,"dä""y",x\r\n12,2024-05-17,1\r\n13,2024-05-17,2\r\n'),
        ("new.tsv", 'zip\t"dä""y"\tx\n12\t2024-05-17\t1\n13\t2024-05-17\t2\n'),
        ("new.json", json.dumps([{**row, "zip": int(row["zip"])} for row in ROWS])),
        ("columns.json", json.dumps({name: [row[name] for row in ROWS] for name in ROWS[0]}, ensure_ascii=False)),
        (
            "escaped.json",
            '[{"\\u007Aip": 12, "d\\u00E4\\"y": "2024-05-17", "x": 1}, {"zip": 13, "d\\u00e4\\"y": "2024-05-17", "x": 2}]',
        ),
        ("new.jsonl", "\n".join(json.dumps({**row, "zip": int(row["zip"])}) for row in ROWS)),
    ],
)
def test_a_column_that_was_texts_is_texts_in_a_file_where_it_looks_like_numbers_or_dates(of_codes, tmp_path, name, content):
    (tmp_path / name).write_text(content, encoding="utf-8", newline="")
    found = of_codes.predict(tmp_path / name)
    assert found.values == of_codes.predict(ROWS).values
    assert not found.warnings


def test_a_table_whose_codes_are_numbers_is_predicted_as_a_file_of_them(of_codes, tmp_path):
    file = tmp_path / "new.csv"
    file.write_text('zip,"dä""y",x\n12,soon,1\n,soon,2\n13,2024-05-17,3\n', encoding="utf-8")
    expected = of_codes.predict(file).values
    table = pd.read_csv(file)
    assert table["zip"].dtype == float  # since a cell is missing
    for each in (table, table.convert_dtypes(), {name: table[name] for name in table}):
        found = of_codes.predict(each)
        assert found.values == expected
        assert not found.warnings


def test_codes_of_a_table_are_written_as_those_that_the_job_learned_from(client):
    zips = [1001.0, None, 1002.0, 1003.0] * 10
    table = pd.DataFrame({"zip": zips, "x": range(40), "y": range(40)})
    dataset = client.datasets.upload(table, texts=["zip"])
    job = client.jobs.create([{"units": 1}], {"id": dataset.id, "target": "y"}, {"epochs": 2}).wait().check()
    assert not job.predict(table).warnings
    assert not job.predict(pd.DataFrame({"zip": [1001, 1003], "x": [1, 2]})).warnings
    assert job.predict({"zip": [1004, 1005], "x": [1, 2]}).warnings


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("new.csv", "zip,x\n12,1\n"),
        ("new.json", '[{"zip": "12", "x": 1, "of": "\\"dä\\"y\\": "}]'),
        ("new.jsonl", '{"zip": 12, "x": 1}\n'),
    ],
)
def test_of_a_column_that_a_file_lacks_the_service_tells(of_codes, tmp_path, name, content):
    (tmp_path / name).write_text(content)
    with pytest.raises(gradmill.APIError, match=r"^(?!.*texts).*there is no column \"dä"):
        of_codes.predict(tmp_path / name)


def test_what_a_file_is_said_to_be_wins_over_what_the_data_were(of_codes, tmp_path):
    (tmp_path / "new.csv").write_text('zip,"dä""y",x\n12,soon,1\n', encoding="utf-8")
    with pytest.raises(gradmill.APIError, match='"zip" is number'):
        of_codes.predict(tmp_path / "new.csv", numbers=["zip"])


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\n", b'a,"b\n'])
def test_what_is_wrong_with_a_file_the_service_tells(of_codes, tmp_path, content):
    (tmp_path / "new.csv").write_bytes(content)
    with pytest.raises(gradmill.InvalidData):
        of_codes.predict(tmp_path / "new.csv")


def test_arrays_are_read_without_a_reading(client, tmp_path):
    columns = {"a": np.arange(20.0), "b": np.arange(20.0)[::-1], "c": np.arange(20.0) * 2}
    table = tmp_path / "t.csv"
    pd.DataFrame(columns).to_csv(table, index=False)
    dataset = client.datasets.upload(table, numbers=["a"])
    job = client.jobs.create([{"units": 1}], {"id": dataset.id, "target": "c"}, {"epochs": 2}).wait().check()
    np.savez(tmp_path / "new.npz", a=columns["a"], b=columns["b"])
    assert job.predict(tmp_path / "new.npz").values == job.predict({"a": columns["a"], "b": columns["b"]}).values


@pytest.mark.parametrize("dataset", [Answer(200, DATASET), problem(404, "not_found")])
def test_how_the_data_were_read_is_asked_once(answering, dataset):
    job = {**JOB, "dataset": {"id": "ds_1", "target": "y"}}
    answering.answers = [Answer(200, job), dataset, PREDICTED, PREDICTED]
    with gradmill.Client(answering.url, "gm_key") as client:
        job = client.jobs.get("job_1")
        for _ in range(2):
            assert job.predict({"zone": ["a"]}).values == {"y": [1.0]}
    assert not answering.answers


def test_numbers_are_written_as_the_service_takes_them():
    texts = ["".join(each) for n in range(1, 6) for each in product("+10,.e'", repeat=n)]
    texts += ["1\u00a0000", "1\u202f000\u202f000.5", "1 000", "1’000", "1_000", "٣", "1\t000", "inf", "nan", "0x1", " 7 ", "１"]
    read = {text: number for text in texts if (number := number_of(text)) is not None}
    assert {"1,000", "1'000", "1.e1"} <= {*read}
    array = numerals("x", [*read], np.arange(len(read)), ()).array
    assert array is not None
    np.testing.assert_array_equal(array, [*read.values()])
    others = [text for text in texts if text not in read]
    with pytest.raises(InvalidData, match=f"{len(others):,} of its {len(others):,} cells are none"):
        numerals("x", others, np.arange(len(others)), ())


def number_of(text: str) -> float | None:
    try:
        return readings.applied({"x": [text]}, {"numbers": ["x"]}, {})["x"][0]
    except gradmill.BadInput:
        return None


def test_a_dataset_is_predicted_by_its_answer_too(client, learned):
    job, new = learned
    dataset = client.datasets.upload(new, numbers=["Fläche"], texts=["Zone"], missing_values=["k.A."])
    expected = job.predict(dataset.id).values
    assert job.predict(dataset).values == expected
    assert job.predict(next(client.datasets.list())).values == expected


def test_new_rows_have_the_decimal_sign_that_the_data_showed(client, tmp_path):
    (tmp_path / "sales.csv").write_text("sum;area;y\n" + "".join(f"{1 + i % 9}.{100 + i};{i},5;{i}\n" for i in range(30)))
    dataset = client.datasets.upload(tmp_path / "sales.csv")
    assert dataset.reading.decimal == "comma"
    job = client.jobs.create([{"units": 1}], {"id": dataset.id, "target": "y"}, {"epochs": 5}).wait().check()
    (tmp_path / "new.csv").write_text("sum;area\n1.234;7\n12.500;9\n")
    expected = job.predict([{"sum": 1234, "area": 7}, {"sum": 12_500, "area": 9}]).values
    assert job.predict(tmp_path / "new.csv").values == expected
    assert job.predict(client.datasets.upload(tmp_path / "new.csv", decimal="comma")).values == expected
    thousandths = [{"sum": 1.234, "area": 7}, {"sum": 12.5, "area": 9}]
    assert job.predict(tmp_path / "new.csv", decimal="point").values == job.predict(thousandths).values
    (tmp_path / "between.csv").write_text("sum,area\n1.234,7\n12.5,9\n")  # what a program writes
    assert job.predict(tmp_path / "between.csv").values == job.predict(thousandths).values
    (tmp_path / "quoted.csv").write_text('\nsum,area\n"1.234","7,0"\n"12.500",9\n')
    assert job.predict(tmp_path / "quoted.csv").values == expected


def test_what_the_service_warns_of_as_it_reads_a_file_is_told_with_its_predictions(client, tmp_path):
    columns = {"area": [i + 0.5 for i in range(30)], "born": list(range(0, 60, 2)), "rent": [i + 0.25 for i in range(30)]}
    data = {"id": client.datasets.upload(columns).id, "target": "rent"}
    job = client.jobs.create([{"units": 1}], data, {"epochs": 2, "validation": None}).wait().check()
    (tmp_path / "new.csv").write_text("area;born;rent;id\n1.234;1.900;3.000;1\n2.500;2.000;4.000;2\n7.125;2.001;5.000;3\n")
    told = [f'"{name}": its points are read as decimal points' for name in ("area", "born")]
    found = job.predict(tmp_path / "new.csv")
    assert [warning.message.partition(",")[0] for warning in found.warnings] == [f"column {each}" for each in told]
    for path in (tmp_path / "new.csv", str(tmp_path / "new.csv")):
        *pieces, last = job.predict_in_pieces(path)
        assert [value for piece in pieces for value in piece.values["rent"]] == found.values["rent"]
        assert (len(last), last.warnings, [piece.warnings for piece in pieces]) == (0, found.warnings, [[]] * len(pieces))
    with pytest.raises(gradmill.BadInput, match="a list has its rows itself"):
        next(job.predict_in_pieces([[1, 2]]))


def test_texts_of_a_table_are_read_with_the_decimal_sign_of_the_data(answering):
    said = {"numbers": ["area"], "texts": [], "missing_values": [], "decimal": "comma"}
    job = {**JOB, "dataset": {"id": "ds_1", "target": "y"}}
    answering.answers = [Answer(200, job), Answer(200, {**DATASET, "reading": said}), PREDICTED, PREDICTED]
    with gradmill.Client(answering.url, "gm_key") as client:
        job = client.jobs.get("job_1")
        job.predict({"area": ["1.234", "1.234,5", "0,5", 7.5]}, numbers=["area"])
        job.predict({"area": ["1.234", "0.5"]}, numbers=["area"])
    sent = [[row["area"] for row in json.loads(asked.body)["rows"]] for asked in answering.asked[-2:]]
    assert sent == [[1234, 1234.5, 0.5, 7.5], [1.234, 0.5]]
