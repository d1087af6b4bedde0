"""Rows of one's own through a network whose data are gone: its weights tell what it reads, and how."""

import re
from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from playwright.sync_api import Page, Route, expect

from tests.page.browser import Visit
from tests.page.test_predicted_tables import READING, RENTS, predictions, take, trained
from tests.service.running import Running

pytestmark = pytest.mark.xdist_group("page")


def without_data(client: httpx2.Client, *given: Any) -> str:
    job = trained(client, *given)
    client.delete(f"/v1/datasets/{client.get(f'/v1/jobs/{job}').json()['dataset']['id']}").raise_for_status()
    return job


@pytest.fixture(scope="module")
def rents(service: Running) -> str:
    with service.client() as client:
        return without_data(client, "\n".join(RENTS), "Miete", READING)


def first_cell(page: Page, row: int) -> str:
    cells = page.get_by_role("region", name="Predicted").get_by_role("row").nth(row + 1).get_by_role("cell")
    expect(cells.first).to_be_visible()
    return cells.first.inner_text()


def test_a_table_is_read_as_the_weights_tell(service: Running, key: str, rents: str, visit: Callable[..., Visit]) -> None:
    rows = [
        {"Ort": ort, "Fläche (m²)": area, "PLZ": code}
        for ort, area, code in (("Chur", 85, "01067"), ("Bern", None, "01068"), ("Chur", 1234, "01069"))
    ]
    page = visit(service.url()).open(f"#/jobs/{rents}/predict", key)
    expect(page.get_by_text("It is read as the table of the job was, and not kept.")).to_be_visible()
    take(page, "neu.csv", "Ort;Fläche (m²);PLZ\nChur;85;01067\nBern;k.A.;01068\nChur;1.234;01069")
    true = predictions(service, rents, rows)[1:]
    assert [first_cell(page, row) for row in range(3)] == [f"{float(each[0]):.4g}" for each in true]


def test_a_row_of_ones_own_is_typed_from_nothing(service: Running, key: str, rents: str, visit: Callable[..., Visit]) -> None:
    visited = visit(service.url())
    page = visited.open(f"#/jobs/{rents}/predict", key)
    field = page.get_by_label("Fläche (m²)")
    expect(field).to_have_value("")
    for name, text in (("Fläche (m²)", "1.234"), ("PLZ", "01067")):
        page.get_by_label(name).fill(text)
    expect(field).to_have_accessible_description("is read as 1234")
    page.get_by_role("button", name="Predict").click()
    (true,) = predictions(service, rents, [{"Ort": None, "Fläche (m²)": 1234, "PLZ": "01067"}])[1:]
    expect(page.get_by_role("region", name="Prediction").get_by_role("definition")).to_have_text(f"{float(true[0]):.4g}")
    assert visited.violations() == []


def test_columns_that_are_too_many_to_type_in_come_in_a_table(service: Running, key: str, visit: Callable[..., Visit]) -> None:
    with service.client() as client:
        names = [f'a "column" {i} {"x" * 400}' for i in range(200)]  # so many that the begin of the file holds not all of them
        values = "\n".join(",".join(f"{(i + j) % 7}" for j in range(201)) for i in range(40))
        head = ",".join('"' + each.replace('"', '""') + '"' for each in names)
        job = without_data(client, f"{head},b\n{values}", "b")
        page = visit(service.url()).open(f"#/jobs/{job}/predict", key)
    expect(page.get_by_text("It learned from 200 columns, too many to type in; take a table.")).to_be_visible()


def test_what_the_service_did_not_answer_can_be_asked_again(
    service: Running, key: str, rents: str, visit: Callable[..., Visit]
) -> None:
    def unavailable(route: Route) -> None:
        route.fulfill(status=503, json={"detail": "the database is away"})

    visited = visit(service.url())
    page = visited.page
    dataset, weights = re.compile(r"/v1/datasets/\w+$"), re.compile(r"/weights\?")
    for each in (dataset, weights):
        page.route(each, unavailable)
    visited.open(f"#/jobs/{rents}/predict", key)
    wrong, again = page.get_by_role("alert"), page.get_by_role("button", name="Try again")
    expect(wrong).to_have_text("the database is away")
    assert page.get_by_label("A file of new rows").count() == 0
    page.unroute(dataset)
    with page.expect_response(weights):
        again.press("Enter")
    expect(wrong).to_have_text("the database is away")
    expect(again).to_be_focused()
    page.unroute(weights)
    again.press("Enter")
    expect(page.get_by_label("A file of new rows")).to_be_visible()
    expect(page.get_by_label("Fläche (m²)")).to_be_visible()
