"""The file of a table that was predicted in the browser: rows as they stand, predictions as the table writes its numbers."""

import csv
import re
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
from playwright.sync_api import Page, Request, Route, expect

from tests.page.browser import Visit
from tests.page.test_page import DARK, PHONE
from tests.page.test_predicted_tables import READING, RENTS, downloaded, predictions, take, trained
from tests.service.running import Running, finished

pytestmark = pytest.mark.xdist_group("page")


@pytest.fixture(scope="module")
def rents(service: Running) -> str:
    with service.client() as client:
        return trained(client, "\n".join(RENTS), "Miete", READING)


@pytest.fixture(scope="module")
def sizes(service: Running) -> str:
    """Three classes that are numbers, of a table with decimal commas."""
    with service.client() as client:
        lines = [f"{i % 9},5;{'ABC'[i % 3]};{i % 3},5" for i in range(60)]
        content = "\n".join(["a;b;size", *lines])
        dataset = client.post("/v1/datasets", content=content, headers={"Content-Type": "text/csv"}).raise_for_status()
        training = {"loss": "softmax_cross_entropy", "epochs": 20}
        request = {"dataset": {"id": dataset.json()["id"], "target": "size"}, "training": training}
        return str(finished(client, client.post("/v1/jobs", json=request).raise_for_status().json()["id"])["id"])


def opened(visited: Visit, job: str, key: str) -> Page:
    page = visited.open(f"#/jobs/{job}/predict", key)
    expect(page.get_by_label("A file of new rows")).to_be_visible()
    return page


def test_a_table_is_predicted_by_one_request(service: Running, key: str, rents: str, visit: Callable[..., Visit]) -> None:
    page = opened(visit(service.url()), rents, key)
    asked: list[Request] = []
    page.on("request", lambda request: asked.append(request) if request.method != "GET" else None)
    take(page, "neu.csv", "Ort;Fläche (m²);PLZ\nGenf;85,4;01067")
    found = page.get_by_role("region", name="Predicted: neu.csv")
    expect(found).to_contain_text('1 row holds a text that training never saw ("Genf")')
    assert len(asked) == 1


def test_points_between_commas_stay_points_where_names_alone_are_quoted(
    service: Running, key: str, rents: str, visit: Callable[..., Visit], tmp_path: Path
) -> None:
    page = opened(visit(service.url()), rents, key)
    rows = ['"Chur",85.125,"01067"', '"Bern",60.5,"01068"']
    take(page, "r.csv", "\n".join(['"Ort","Fläche (m²)","PLZ"', *rows]))
    found = page.get_by_role("region", name="Predicted: r.csv")
    expect(found.get_by_role("row").nth(1).get_by_role("cell").nth(2)).to_have_text("85.125")
    lines = downloaded(page, tmp_path).splitlines()
    for line, row in zip(lines[1:], rows, strict=True):
        assert re.fullmatch(rf"{re.escape(row)},\d+\.\d+", line)


def test_commas_in_quotes_are_decimal_ones_and_predictions_are_written_so(
    service: Running, key: str, rents: str, visit: Callable[..., Visit], tmp_path: Path
) -> None:
    page = opened(visit(service.url()), rents, key)
    take(page, "neu.csv", 'Ort,Fläche (m²),PLZ\nChur,"85,125",01067')
    found = page.get_by_role("region", name="Predicted: neu.csv")
    expect(found.get_by_role("row").nth(1).get_by_role("cell").nth(2)).to_have_text("85,125")
    expect(found).to_contain_text("The numbers of the file have decimal commas.")
    line = downloaded(page, tmp_path).splitlines()[1]
    assert re.fullmatch(r'Chur,"85,125",01067,"\d+,\d+"', line)


def test_classes_that_are_numbers_are_written_as_the_table_writes_numbers(
    service: Running, key: str, sizes: str, visit: Callable[..., Visit], tmp_path: Path
) -> None:
    page = opened(visit(service.url()), sizes, key)
    take(page, "new.csv", "a;b\n0,5;A\n1,5;B\n2,5;C")
    (head, *true) = predictions(service, sizes, [{"a": i + 0.5, "b": "ABC"[i]} for i in range(3)])
    assert head == ["size", "probability_0.5", "probability_1.5", "probability_2.5"]
    found = page.get_by_role("region", name="Predicted: new.csv")
    for row, (label, *likely) in enumerate(true):
        cell = found.get_by_role("row").nth(row + 1).get_by_role("cell").first
        expect(cell).to_have_text(f"{label} {100 * max(map(float, likely)):.1f} %")
    names, *lines = csv.reader(StringIO(downloaded(page, tmp_path)), delimiter=";")
    assert names == ["a", "b", "predicted_size", *head[1:]]
    assert [line[2] for line in lines] == [each[0].replace(".", ",") for each in true]
    assert all(re.fullmatch(r"[\d,e-]+", cell) for line in lines for cell in line[2:])


def test_classes_of_many_digits_keep_them_all(service: Running, key: str, visit: Callable[..., Visit], tmp_path: Path) -> None:
    codes = [9007199254740993, 9007199254740995]
    with service.client() as client:
        job = trained(client, "\n".join(["a,code", *(f"{i % 2},{codes[i % 2]}" for i in range(40))]), "code")
    (head, *true) = predictions(service, job, [{"a": 0}, {"a": 1}])
    page = opened(visit(service.url()), job, key)
    take(page, "new.csv", "a\n0\n1")
    names, *lines = csv.reader(StringIO(downloaded(page, tmp_path)))
    assert names == ["a", "predicted_code", *head[1:]]
    assert [line[1] for line in lines] == [each[0] for each in true]
    page.get_by_label("a", exact=True).fill("0")
    page.get_by_role("button", name="Predict", exact=True).click()
    expect(page.get_by_role("region", name="Prediction", exact=True).get_by_role("definition")).to_have_text(true[0][0])


def test_a_quote_within_a_field_is_none(
    service: Running, key: str, sizes: str, visit: Callable[..., Visit], tmp_path: Path
) -> None:
    page = opened(visit(service.url()), sizes, key)
    rows = ['0,5;A;5" pipe', '1,5;B;6" pipe', '2,5;C;"of ""7"""', '0,5;A;"two\nlines"']
    take(page, "new.csv", "\n".join(["a;b;note", *rows]))
    text = downloaded(page, tmp_path)
    assert [line.rsplit(";", 4)[0] for line in text.split("\r\n")[1:-1]] == rows


@pytest.mark.parametrize("context", [{}, DARK, PHONE], ids=["light", "dark", "phone"])
def test_where_points_may_be_two_signs_one_is_asked(
    service: Running, key: str, rents: str, visit: Callable[..., Visit], tmp_path: Path, context: dict[str, object]
) -> None:
    visited = visit(service.url(), **context)
    page = opened(visited, rents, key)
    take(page, "neu.csv", "Ort;Fläche (m²);PLZ;Note\nChur;85.400;01067;0.5\n")
    asked = page.get_by_role("region", name="Which decimal sign")
    expect(asked.get_by_role("alert")).to_contain_text('has points that may separate thousands, "85.400" is the first')
    expect(asked).not_to_contain_text("decimal=")
    assert visited.violations() == []
    assert not visited.is_too_wide()
    for sign, area in (("point", 85.4), ("comma", 85_400)):
        if sign == "comma":
            take(page, "neu.csv", "Ort;Fläche (m²);PLZ;Note\nChur;85.400;01067;0.5\n")
        asked.get_by_role("button", name=f"Read it with decimal {sign}s").press("Enter")
        expect(asked).to_have_count(0)
        expect(page.get_by_label("A file of new rows")).to_be_focused()
        begin, _, rent = downloaded(page, tmp_path).splitlines()[1].rpartition(";")
        [true] = predictions(service, rents, [{"Ort": "Chur", "Fläche (m²)": area, "PLZ": "01067"}])[1:]
        assert begin == "Chur;85.400;01067;0.5"
        assert ("," in rent) == (sign == "comma")
        assert float(rent.replace(",", ".")) == pytest.approx(float(true[0]), rel=1e-5)


def test_where_the_sign_does_not_help_one_is_asked_again(
    service: Running, key: str, rents: str, visit: Callable[..., Visit]
) -> None:
    page = opened(visit(service.url()), rents, key)
    page.route(re.compile("decimal=comma"), lambda route: route.fulfill(status=422, json={"detail": "it has no rows"}))
    take(page, "neu.csv", "Ort;Fläche (m²);PLZ;Note\nChur;85.400;01067;0.5\n")
    page.get_by_role("button", name="Read it with decimal commas").press("Enter")
    expect(page.get_by_role("alert").filter(has_text="it has no rows")).to_be_visible()
    expect(page.get_by_role("button", name="Read it with decimal commas")).to_be_focused()
    page.get_by_role("button", name="Read it with decimal points").press("Enter")
    expect(page.get_by_text("1 row is predicted.")).to_be_visible()


def test_an_encoding_and_a_sign_are_asked_for_one_after_the_other(
    service: Running, key: str, rents: str, visit: Callable[..., Visit]
) -> None:
    page = opened(visit(service.url()), rents, key)
    take(page, "neu.csv", "Ort;Fläche (m²);PLZ;Note\nChur;85.400;01067;0.5\n".encode("cp1252"))
    page.get_by_role("button", name="Read it as windows-1252").press("Enter")
    page.get_by_role("button", name="Read it with decimal points").press("Enter")
    expect(page.get_by_text("1 row is predicted.")).to_be_visible()
    take(page, "neu.csv", "Ort;Fläche (m²);PLZ;Note\nChur;85.400;01067;0.5\n;groß;1;1.5\n")
    wrong = page.get_by_role("alert")
    expect(wrong).to_contain_text('"groß" in row 1')
    assert "decimal=" not in wrong.inner_text()


def test_why_rows_are_not_beside_their_predictions_is_said(
    service: Running, key: str, rents: str, visit: Callable[..., Visit]
) -> None:
    page = opened(visit(service.url()), rents, key)
    take(page, "alt.csv", "Ort;Fläche (m²);PLZ\nChur;85,4;01067\n".encode("utf-16"))
    found = page.get_by_role("region", name="Predicted: alt.csv")
    told = "The rows of the file could not be told apart here, so these are the predictions with the numbers of their rows"
    expect(found).to_contain_text(told)
    expect(found).not_to_contain_text("decimal commas")  # the file that is offered has points
    take(page, "neu.csv", "Ort;Fläche (m²);PLZ\nChur;85,4;01067\n")
    expect(page.get_by_text("The rows of the file, with the predictions behind them.")).to_be_visible()


def test_what_is_predicted_again_has_names_of_its_own(
    service: Running, key: str, rents: str, visit: Callable[..., Visit], tmp_path: Path
) -> None:
    page = opened(visit(service.url()), rents, key)
    text = "Ort;Fläche (m²);PLZ\r\nChur;85,4;01067\r\n"
    for name, titles in (("a.csv", ""), ("b.csv", "_2"), ("c.csv", "_3")):
        take(page, name, text)
        expect(page.get_by_role("region", name=f"Predicted: {name}")).to_be_visible()
        text = downloaded(page, tmp_path)
        assert text.splitlines()[0].endswith(f";predicted_Miete{titles}")


def test_probabilities_that_are_too_many_are_left_out(
    service: Running, key: str, sizes: str, visit: Callable[..., Visit], tmp_path: Path
) -> None:
    page = opened(visit(service.url()), sizes, key)
    detail = "300,000,000 are allowed: leave the probabilities out by ?probabilities=false, or send the table in parts"

    def refuse(route: Route) -> None:
        route.fulfill(status=413, json={"detail": detail})

    page.route(re.compile("/predict$"), refuse)
    take(page, "new.csv", "a;b\n0,5;A\n1,5;B")
    expect(page.get_by_text("2 rows are predicted.")).to_be_visible()
    expect(page.get_by_role("region", name="Predicted: new.csv")).to_contain_text("so they are left out")
    assert downloaded(page, tmp_path).splitlines()[0] == "a;b;predicted_size"
    page.route(re.compile("/predict"), refuse)
    take(page, "more.csv", "a;b\n0,5;A\n1,5;B")
    expect(page.get_by_role("alert")).to_contain_text("300,000,000 are allowed: predict the file in parts")
    assert "probabilities" not in page.get_by_role("alert").inner_text()
    page.route(re.compile("/predict"), lambda route: route.fulfill(status=413, json={"detail": "300,000,000 cells"}))
    asked: list[Request] = []
    page.on("request", lambda request: asked.append(request) if request.method != "GET" else None)
    take(page, "large.csv", "a;b\n0,5;A\n1,5;B")
    expect(page.get_by_role("alert")).to_contain_text("large.csv cannot be predicted:300,000,000 cells")
    assert len(asked) == 1  # without probabilities it would be too large, too


def test_a_file_of_a_spreadsheet_keeps_its_rows(
    service: Running, key: str, rents: str, visit: Callable[..., Visit], tmp_path: Path
) -> None:
    """A line above its header names the delimiter."""
    page = opened(visit(service.url()), rents, key)
    take(page, "neu.csv", "\ufeffsep=;\r\nOrt;Fläche (m²);PLZ\r\nChur;85,4;01067\r\n")
    expect(page.get_by_text("The rows of the file, with the predictions behind them.")).to_be_visible()
    head, line = downloaded(page, tmp_path).splitlines()
    assert head == "\ufeffOrt;Fläche (m²);PLZ;predicted_Miete"
    assert re.fullmatch(r"Chur;85,4;01067;\d+,\d+", line)
