"""Columns of dates: recognised however they are written, and left out unless texts are meant."""

import json
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest

from core.data.parse import Format
from core.nn.preparation.column import MAX_TEXTS
from core.nn.preparation.reading import Reading
from tests.data.files import read, read_here

DAYS = [f"{day:02}.{month:02}.2020" for month in (5, 7) for day in range(1, 21)]


@pytest.mark.parametrize("format_name", ["csv", "json", "jsonl"])
@pytest.mark.parametrize(
    ("values", "form"),
    [
        (["16.05.2020", "01.02.2020"], "DD.MM.YYYY"),
        (["16.05.20", "01.02.20 7:15"], "DD.MM.YYYY"),
        (["5/16/2020", "1/2/2020 10:30", "1/2/20, 1:05 PM"], "DD/MM/YYYY or MM/DD/YYYY"),
        (["16-05-2020", "17-05-2020"], "DD-MM-YYYY or MM-DD-YYYY"),
        (["2020-05-16", "2020-05-17", "soon"], "YYYY-MM-DD"),
        (["2020.05.06 13:00", "2020.05.07"], "YYYY-MM-DD"),
        (["16.05.2020", "5/17/2020", "2020-05-18", "unknown"], "DD.MM.YYYY"),
        ([*DAYS, "later", "soon"], "DD.MM.YYYY"),
    ],
)
def test_dates_are_left_out_however_they_are_written_unless_texts_are_meant(
    tmp_path: Path, format_name: Format, values: list[str], form: str
) -> None:
    rows = [json.dumps({"x": value}) for value in values]
    contents = {"csv": "\n".join(["x", *map(json.dumps, values)]), "json": f"[{','.join(rows)}]", "jsonl": "\n".join(rows)}
    content = contents[format_name]
    column = read(content.encode(), format_name, tmp_path)[0].schema.column("x")
    assert (column.kind, column.distinct) == ("ignored", len(values))
    assert column.reason == "dates and times are not used; write what matters of them as numbers or texts"
    assert column.warning == f"looks like dates, {form}; if texts are meant, upload the data with texts=x"
    meant = read_here(content.encode(), format_name, tmp_path, reading=Reading(texts=("x",))).schema.column("x")
    assert (meant.kind, meant.warning, meant.values) == ("text", None, tuple(sorted(values)))


@pytest.mark.parametrize(
    "values",
    [
        ["1.2.10", "1.3.2"],
        ["32.01.2020", "01.13.2020"],
        ["2020-13-01", "2020-00-01"],
        ["1/2", "3/4"],
        ["2023.1.1", "2024.1.2", "2024.10.2"],  # versions
        ["0902.10.10", "0402.10.11", "8703.10.18"],  # of tariffs
        ["01.11.11", "10.13.14", "10.71.11", "02.10.30"],  # of branches
        ["12-01-4000", "12-02-4000"],  # of parts
        ["2024.19.39", "2024.00.00"],
        [*DAYS, "later", "never", "soon"],  # more than one in twenty
        ["2020-05-16", "2020-05-17", "2020-05-18", "never", "once"],
    ],
)
def test_what_is_no_date_stays_text(tmp_path: Path, values: list[str]) -> None:
    assert read("\n".join(["x", *values]).encode(), "csv", tmp_path)[0].schema.column("x").kind == "text"


def test_dates_that_are_too_many_for_a_list_of_texts_are_still_told_as_dates(tmp_path: Path) -> None:
    lines = [f"{day:02}.{month:02}.{year}" for year in range(1950, 1990) for month in range(1, 13) for day in range(1, 29)]
    column = read("\n".join(["x", *lines]).encode(), "csv", tmp_path)[0].schema.column("x")
    assert len(lines) > MAX_TEXTS
    assert (column.kind, column.reason) == (
        "ignored",
        "dates and times are not used; write what matters of them as numbers or texts",
    )


def test_dates_are_left_out_and_say_why(tmp_path: Path) -> None:
    found, _ = read(b"day,x\n2020-01-01,1\n2020-01-02,2\n", "csv", tmp_path)
    reason = "dates and times are not used; write what matters of them as numbers or texts"
    assert (found.schema.column("day").kind, found.schema.column("day").reason) == ("ignored", reason)


def test_texts_half_of_which_are_no_dates_are_no_dates_wherever_they_stand(tmp_path: Path) -> None:
    times = [f"2020-05-16 {i // 3600:02}:{i // 60 % 60:02}:{i % 60:02}" for i in range(10_000)]
    content = json.dumps({"x": [*times, *(f"zone {i}" for i in range(9_000))]})
    column = read(content.encode(), "json", tmp_path)[0].schema.column("x")
    assert (column.kind, column.reason) == ("ignored", "19000 different texts; 10000 are allowed")


def test_all_dates_of_json_lines_are_texts_where_texts_are_meant(tmp_path: Path) -> None:
    content = (
        b'{"day": "2024-05-17", "at": "2024-05-17T10:30:00", "x": 1}\n{"day": null, "at": "2024-05-18T10:30:00", "x": 2}\n'
    )
    columns = read(content, "jsonl", tmp_path)[0].schema.columns
    assert [column.kind for column in columns] == ["ignored", "ignored", "number"]
    meant = read_here(content, "jsonl", tmp_path, reading=Reading(texts=("day", "x"))).schema
    assert meant.column("day").values == ("2024-05-17",)
    assert [(column.name, column.kind) for column in meant.columns] == [("day", "text"), ("at", "ignored"), ("x", "text")]
    assert [each.name for each in read_here(content, "jsonl", tmp_path, reading=Reading(texts=("at",))).schema.columns] == [
        "day",
        "at",
        "x",
    ]


@pytest.mark.parametrize("form", ["npy", "npz"])
def test_numpy_has_a_type_for_dates_so_its_texts_are_none(tmp_path: Path, form: Format) -> None:
    file, days = BytesIO(), np.array(["2024-05-17", "2024-05-18"])
    np.savez(file, x0=days) if form == "npz" else np.save(file, days)
    column = read(file.getvalue(), form, tmp_path)[0].schema.columns[0]
    assert (column.kind, column.values) == ("text", ("2024-05-17", "2024-05-18"))
