"""A table of one's own through the trained network, in the browser alone: read as the one it learned from, and not kept."""

import csv
import json
import re
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import httpx2
import pyarrow as pa
import pytest
from playwright.sync_api import Page, Route, expect
from pyarrow import parquet

from tests.page.browser import NOTED, Visit
from tests.page.test_page import DARK, PHONE
from tests.service.running import ROOT, Running, finished

pytestmark = pytest.mark.xdist_group("page")

IRIS = (ROOT / "examples" / "data" / "iris.csv").read_bytes()
CSV = {"Content-Type": "text/csv"}
# As spreadsheets write it: semicolons, decimal commas, codes that look like numbers, words for what is missing.
RENTS = ["Fläche (m²);PLZ;Ort;Miete"] + [
    f"{'k.A.' if i % 9 == 4 else f'{20 + 7 * i % 113},5'};0{1067 + i % 3};{('Bern', 'Chur')[i % 2]};"
    f"{211 + 11 * (20 + 7 * i % 113)},{i % 10}5"
    for i in range(60)
]
READING = {"numbers": "Fläche (m²)", "texts": "PLZ", "missing_values": "k.A."}


def trained(client: httpx2.Client, content: Any, target: str, params: Any = None, headers: Any = CSV) -> str:
    dataset = client.post("/v1/datasets", params=params, content=content, headers=headers).raise_for_status().json()["id"]
    request = {"dataset": {"id": dataset, "target": target}, "training": {"epochs": 20}}
    return str(finished(client, client.post("/v1/jobs", json=request).raise_for_status().json()["id"])["id"])


@pytest.fixture(scope="module")
def flowers(service: Running) -> str:
    with service.client() as client:
        return trained(client, IRIS, "species")


@pytest.fixture(scope="module")
def rents(service: Running) -> str:
    with service.client() as client:
        return trained(client, "\n".join(RENTS), "Miete", READING)


def take(page: Page, name: str, content: str | bytes) -> None:
    buffer = content.encode() if isinstance(content, str) else content
    page.get_by_label("A file of new rows").set_input_files({"name": name, "mimeType": "", "buffer": buffer})  # type: ignore[arg-type]


def downloaded(page: Page, folder: Path) -> str:
    with page.expect_download() as download:
        page.get_by_role("button", name="Download all as CSV").click()
    download.value.save_as(folder / download.value.suggested_filename)
    assert download.value.suggested_filename.endswith(" predicted.csv")
    with (folder / download.value.suggested_filename).open(newline="") as file:
        return file.read()


def predictions(service: Running, job: str, rows: list[dict[str, Any]]) -> list[list[str]]:
    """As the service's CSV has them, of rows that are read already."""
    with service.client() as client:
        answer = client.post(f"/v1/jobs/{job}/predict", json={"rows": rows}, headers={"Accept": "text/csv"})
    return list(csv.reader(StringIO(answer.raise_for_status().text)))


def datasets(service: Running) -> list[str]:
    with service.client() as client:
        return [each["id"] for each in client.get("/v1/datasets", params={"limit": 100}).json()["data"]]


@pytest.mark.parametrize("context", [{}, DARK, PHONE], ids=["light", "dark", "phone"])
def test_a_table_is_predicted_and_offered_with_its_predictions_beside_its_rows(
    service: Running, key: str, flowers: str, visit: Callable[..., Visit], tmp_path: Path, context: dict[str, object]
) -> None:
    names = ["sepal_length", "sepal_width", "petal_length", "petal_width"]
    values = [[4 + i % 5 / 2, 2 + i % 4 / 2, 1 + i % 11 / 2, i % 7 / 3] for i in range(5000)]
    lines = [f'"plant ""{i}"",\nby the wall",{",".join(map(repr, row))}' for i, row in enumerate(values)]
    content = f"\ufeffnote,{','.join(names)}\n\n" + "\n".join(lines)  # without an end of the last line
    before = datasets(service)
    visited = visit(service.url(), **context)
    page = visited.open(f"#/jobs/{flowers}/predict", key)
    take(page, "garden.csv", content)
    found = page.get_by_role("region", name="Predicted: garden.csv")
    expect(page.get_by_text("5000 rows are predicted.")).to_be_visible()
    true = predictions(service, flowers, [dict(zip(names, row, strict=True)) for row in values])
    for row in range(10):
        cells = found.get_by_role("row").nth(row + 1).get_by_role("cell")
        label = true[row + 1][0]
        likely = float(true[row + 1][true[0].index(f"probability_{label}")])
        expect(cells.first).to_have_text(f"{label} {100 * likely:.1f} %")
        expect(cells.nth(1)).to_have_text(repr(values[row][0]))
    assert visited.violations() == []
    assert not visited.is_too_wide()
    text = downloaded(page, tmp_path)
    assert text.startswith("\ufeffnote,sepal_length,")
    head, *rows = csv.reader(StringIO(text.removeprefix("\ufeff")))
    assert head == ["note", *names, "predicted_species", *true[0][1:]]
    assert [row[0] for row in rows] == [f'plant "{i}",\nby the wall' for i in range(5000)]
    for row, expected in zip(rows, true[1:], strict=True):
        assert row[5] == expected[0]
        assert [float(each) for each in row[6:]] == pytest.approx([float(each) for each in expected[1:]], abs=1e-5)
    assert datasets(service) == before


def test_a_table_is_read_as_the_one_that_the_job_learned_from(
    service: Running, key: str, rents: str, visit: Callable[..., Visit], tmp_path: Path
) -> None:
    new = ["Ort;Fläche (m²);PLZ", "Chur;85,4;01067", "Bern;k.A.;01068", "Genf;1.234,5;01069"]
    rows = [
        {"Ort": ort, "Fläche (m²)": area, "PLZ": code}
        for ort, area, code in (("Chur", 85.4, "01067"), ("Bern", None, "01068"), ("Genf", 1234.5, "01069"))
    ]
    true = [float(row[0]) for row in predictions(service, rents, rows)[1:]]
    page = visit(service.url()).open(f"#/jobs/{rents}/predict", key)
    take(page, "neu.csv", "\r\n".join(new))
    found = page.get_by_role("region", name="Predicted: neu.csv")
    expect(found.get_by_role("columnheader", name="Miete, predicted")).to_be_visible()
    expect(found.get_by_role("row").nth(3).get_by_role("cell")).to_have_text([f"{true[2]:.4g}", "Genf", "1.234,5", "01069"])
    expect(found).to_contain_text('"1.234,5" is read as 1234.5')  # what the service warns of
    expect(found).to_contain_text('1 row holds a text that training never saw ("Genf")')
    lines = downloaded(page, tmp_path).splitlines()
    assert lines[0] == f"{new[0]};predicted_Miete"
    for line, row, value in zip(lines[1:], new[1:], true, strict=True):
        assert re.fullmatch(rf"{re.escape(row)};\d+,\d+", line)
        assert float(line.removeprefix(f"{row};").replace(",", ".")) == pytest.approx(value, rel=1e-5)


def test_what_is_typed_is_read_as_the_table_that_showed_its_decimal_comma(
    service: Running, key: str, rents: str, visit: Callable[..., Visit]
) -> None:
    page = visit(service.url()).open(f"#/jobs/{rents}/predict", key)
    field = page.get_by_label("Fläche (m²)")
    expect(field).to_have_value("20,5")
    for typed, value, told in (
        ("3,622", 3.622, ""),
        ("3.622", 3622, "is read as 3622"),
        ("1.234,5", 1234.5, "is read as 1234.5"),
    ):
        field.fill(typed)
        expect(field).to_have_accessible_description(told)
        with page.expect_request(re.compile("/predict$")) as sent:
            field.press("Enter")
        assert sent.value.post_data_json["rows"][0]["Fläche (m²)"] == value
        expect(page.get_by_role("region", name="Prediction")).to_be_visible()


def test_where_nobody_knows_the_decimal_sign_it_is_told_how_the_numbers_are_read(
    service: Running, key: str, visit: Callable[..., Visit]
) -> None:
    with service.client() as client:
        job = trained(client, "\n".join(["a;b", *(f"{i % 7};{i % 7 * 3 + i % 2}" for i in range(40))]), "b")
    page = visit(service.url()).open(f"#/jobs/{job}/predict", key)
    take(page, "new.csv", "a;b\n1,234;1\n2,345;2")
    found = page.get_by_role("region", name="Predicted: new.csv")
    expect(found).to_contain_text(
        'column "a": its commas are read as decimal commas; if they separate thousands, leave them out'
    )
    assert "upload" not in found.inner_text()


def test_of_a_table_that_is_no_csv_the_predictions_come_with_the_numbers_of_their_rows(
    service: Running, key: str, rents: str, visit: Callable[..., Visit], tmp_path: Path
) -> None:
    rows = [{"Ort": "Chur", "Fläche (m²)": 20.5 + i, "PLZ": "01067"} for i in range(3)]
    page = visit(service.url()).open(f"#/jobs/{rents}/predict", key)
    take(page, "neu.jsonl", "\n".join(map(json.dumps, rows)))
    expect(page.get_by_text("3 rows are predicted.")).to_be_visible()
    head, *found = csv.reader(StringIO(downloaded(page, tmp_path)))
    assert head == ["row", "predicted_Miete"]
    assert [row[0] for row in found] == ["0", "1", "2"]
    true = [float(row[0]) for row in predictions(service, rents, rows)[1:]]
    assert [float(row[1]) for row in found] == pytest.approx(true, rel=1e-5)


def test_what_is_wrong_with_a_table_is_told_with_its_column_and_rows(
    service: Running, key: str, rents: str, visit: Callable[..., Visit]
) -> None:
    before = datasets(service)
    visited = visit(service.url())
    page = visited.open(f"#/jobs/{rents}/predict", key)
    wrong = page.get_by_role("alert")
    take(page, "neu.csv", "Ort;Fläche (m²);PLZ\nChur;85,4;01067\nBern;groß;01068")
    expect(wrong).to_contain_text('column "Fläche (m²)"')
    expect(wrong).to_contain_text('"groß" in row 1')
    assert not re.search("missing_values|numbers=|upload", wrong.inner_text())
    assert visited.violations() == []
    take(page, "neu.csv", "Ort;PLZ\nChur;01067\nBern;01068")
    expect(wrong).to_contain_text('there is no column "Fläche (m²)"')
    take(page, "leer.csv", "")
    expect(wrong).to_contain_text("The file is empty.")
    take(page, "neu.csv", "Ort;Fläche (m²);PLZ\nChur;85,4;01067\nBern;12;01068")
    expect(page.get_by_text("2 rows are predicted.")).to_be_visible()
    expect(wrong).to_have_count(0)
    assert datasets(service) == before


def test_rows_that_are_not_utf8_are_read_by_one_button(
    service: Running, key: str, rents: str, visit: Callable[..., Visit], tmp_path: Path
) -> None:
    visited = visit(service.url())
    page = visited.open(f"#/jobs/{rents}/predict", key)
    take(page, "neu.csv", "Ort;Fläche (m²);PLZ\r\nChur;85,4;01067\r\n".encode("cp1252"))
    unread = page.get_by_role("region", name="Not UTF-8")
    expect(unread.get_by_role("alert")).to_contain_text("neu.csv: line 1 has the byte 0xe4, which is not UTF-8")
    expect(page.get_by_role("main")).not_to_contain_text("encoding=")
    assert visited.violations() == []
    unread.get_by_role("button", name="Read it as windows-1252").press("Enter")
    expect(page.get_by_text("1 row is predicted.")).to_be_visible()
    expect(unread).to_have_count(0)
    chooser = page.get_by_label("A file of new rows")
    expect(chooser).to_be_focused()
    assert downloaded(page, tmp_path).startswith("\ufeffOrt;Fläche (m²);PLZ;predicted_Miete\r\nChur;85,4;01067;")
    with page.expect_file_chooser():
        chooser.click()
    chooser.dispatch_event("cancel")  # nobody chose another
    assert chooser.evaluate("input => input.files[0].name") == "neu.csv"
    take(page, "kopf.csv", "Ort;Fläche (m²);PLZ")
    expect(page.get_by_role("alert")).to_contain_text("it is a header and 0 rows")
    expect(page.get_by_role("main")).not_to_contain_text("curl")


def test_a_table_that_was_there_before_stays(service: Running, key: str, visit: Callable[..., Visit], tmp_path: Path) -> None:
    """Here the one that the job learned from, predicted twice at once."""
    file = tmp_path / "numbers.parquet"
    parquet.write_table(pa.table({"a": [i / 7 for i in range(40)], "b": [i % 5 + i / 3 for i in range(40)]}), file)
    with service.client() as client:
        job = trained(client, file.read_bytes(), "b", headers={"Content-Type": "application/vnd.apache.parquet"})
        dataset = client.get(f"/v1/jobs/{job}").json()["dataset"]["id"]
        before, shown = datasets(service), client.get(f"/v1/datasets/{dataset}").json()
        page = visit(service.url()).open(f"#/jobs/{job}/predict", key)
        for _ in range(2):
            take(page, file.name, file.read_bytes())
        expect(page.get_by_text("40 rows are predicted.")).to_be_visible()
        assert datasets(service) == before
        assert client.get(f"/v1/datasets/{dataset}").json() == shown


def test_of_two_tables_the_one_that_was_chosen_last_is_told_and_the_other_waited_for_no_more(
    service: Running, key: str, flowers: str, visit: Callable[..., Visit]
) -> None:
    visited = visit(service.url())
    visited.page.add_init_script(NOTED)
    page = visited.open(f"#/jobs/{flowers}/predict", key)
    held: list[Route] = []
    page.route(re.compile("/predict"), lambda route: held.append(route), times=1)
    head = "sepal_length,sepal_width,petal_length,petal_width"
    take(page, "one.csv", f"{head}\n1,2,3,4\n")
    expect(page.get_by_text("Predicting one.csv …")).to_be_visible()
    take(page, "two.csv", f"{head}\n4,3,2,1\n")
    expect(page.get_by_role("region", name="Predicted: two.csv")).to_be_visible()
    assert any("/predict" in each for each in page.evaluate("window.ended"))
    assert page.get_by_role("region", name="Predicted: one.csv").count() == 0
