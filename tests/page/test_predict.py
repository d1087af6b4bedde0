"""A row of one's own through the trained network: what the page tells is the service's own prediction."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from tests.page.browser import NOTED, Visit
from tests.page.test_page import DARK, PHONE
from tests.service.running import ROOT, Running, finished

pytestmark = pytest.mark.xdist_group("page")

IRIS = (ROOT / "examples" / "data" / "iris.csv").read_bytes()


@pytest.fixture(scope="module")
def job(service: Running) -> str:
    with service.client() as client:
        dataset = client.post("/v1/datasets", content=IRIS, headers={"Content-Type": "text/csv"}).json()["id"]
        request = {"dataset": {"id": dataset, "target": "species"}, "training": {"epochs": 30}}
        return str(finished(client, client.post("/v1/jobs", json=request).raise_for_status().json()["id"])["id"])


def opened(visited: Visit, job: str, key: str) -> Page:
    page = visited.open(f"#/jobs/{job}", key)
    page.get_by_role("link", name="Predict").click()
    expect(page.get_by_label("petal_width")).to_have_value("0.2")  # of row 0
    return page


def test_a_row_of_ones_own_is_predicted(service: Running, key: str, job: str, visit: Callable[..., Visit]) -> None:
    page = opened(visit(service.url()), job, key)
    row = {"sepal_length": 6.5, "sepal_width": None, "petal_length": 5.4, "petal_width": 2.1}
    for name, value in row.items():
        page.get_by_label(name).fill("" if value is None else str(value).replace(".", ","))
    page.get_by_role("button", name="Predict").click()
    with service.client() as client:
        true = client.post(f"/v1/jobs/{job}/predict", json={"rows": [row]}).raise_for_status().json()["predictions"][0]
    told = page.get_by_role("region", name="Prediction")
    expect(told.get_by_role("definition")).to_have_text(true["values"]["species"])
    for name, likely in true["probabilities"].items():
        shown = told.get_by_role("progressbar", name=name).get_attribute("value")
        assert float(str(shown)) == likely
        expect(told).to_contain_text(f"{100 * likely:.1f} %")


def test_a_class_that_is_a_number_is_told_as_it_is_named_and_a_column_may_have_any_name(
    service: Running, key: str, visit: Callable[..., Visit]
) -> None:
    classes = [2024, 1000001]
    lines = [f"{row % 2},{classes[row % 2]}" for row in range(40)]
    with service.client() as client:
        content = "\n".join(["constructor,code", *lines])
        dataset = client.post("/v1/datasets", content=content, headers={"Content-Type": "text/csv"}).json()["id"]
        training = {"loss": "softmax_cross_entropy", "epochs": 30}
        request = {"dataset": {"id": dataset, "target": "code"}, "training": training}
        job = finished(client, client.post("/v1/jobs", json=request).raise_for_status().json()["id"])["id"]
    page = visit(service.url()).open(f"#/jobs/{job}/predict", key)
    field = page.get_by_label("constructor")
    for row, name in enumerate(classes):
        if row > 0:
            field.fill(str(row))
        expect(field).to_have_value(str(row))
        page.get_by_role("button", name="Predict").click()
        expect(page.get_by_role("region", name="Prediction").get_by_role("definition")).to_have_text(str(name))


def test_a_prediction_goes_when_its_row_does_and_the_focus_stays(
    service: Running, key: str, job: str, visit: Callable[..., Visit]
) -> None:
    visited = visit(service.url())
    visited.page.add_init_script(NOTED)
    page = opened(visited, job, key)
    button, told = page.get_by_role("button", name="Predict"), page.get_by_role("region", name="Prediction")
    button.press("Enter")
    expect(told).to_be_visible()
    expect(button).to_be_focused()
    page.get_by_label("petal_width").fill("2")
    assert told.count() == 0
    held: list[Route] = []
    page.route(re.compile("/predict$"), lambda route: held.append(route))
    button.press("Enter")
    expect(button).to_have_attribute("aria-disabled", "true")
    expect(button).to_be_focused()
    before = len(page.evaluate("window.ended"))
    page.get_by_label("petal_width").fill("1")  # the row has changed before it was answered
    expect(button).to_have_attribute("aria-disabled", "false")
    assert [each.endswith("/predict") for each in page.evaluate("window.ended")[before:]] == [True]
    assert told.count() == 0


@pytest.mark.parametrize(
    ("decimal", "typed", "value", "told"),
    [
        (None, "3,622", 3.622, "is read as 3.622; type 3622 if that is meant"),
        (None, "3.622", 3.622, "is read as 3.622; type 3622 if that is meant"),
        (None, "1.234,5", 1234.5, "is read as 1234.5"),
        (None, "85,4", 85.4, "is read as 85.4"),
        (None, "85.4", 85.4, ""),
        ("comma", "3,622", 3.622, ""),
        ("comma", "3.622", 3622, "is read as 3622"),
        ("comma", "1.234,5", 1234.5, "is read as 1234.5"),
        ("comma", "85.4", 85.4, ""),
        ("point", "3,622", 3622, "is read as 3622"),
        ("point", "3.622", 3.622, ""),
        ("point", "1 234.5", 1234.5, "is read as 1234.5"),
    ],
)
def test_a_number_is_read_as_the_table_writes_them_and_shown_where_it_could_be_another(
    service: Running, key: str, job: str, visit: Callable[..., Visit], decimal: str | None, typed: str, value: float, told: str
) -> None:
    visited = visit(service.url())

    def as_said(route: Route) -> None:
        """As if the upload had said how decimals are written."""
        answer = route.fetch()
        reading = {"numbers": [], "texts": [], "missing_values": [], "decimal": decimal}
        route.fulfill(response=answer, json={**answer.json(), "reading": reading})

    visited.page.route(re.compile(r"/v1/datasets/\w+$"), as_said)
    page = visited.open(f"#/jobs/{job}/predict", key)
    expect(page.get_by_label("petal_length")).to_have_value("1,4" if decimal == "comma" else "1.4")
    field = page.get_by_label("petal_width")
    field.fill(typed)
    expect(field).to_have_accessible_description(told)
    with page.expect_request(re.compile("/predict$")) as sent:
        field.press("Enter")
    assert sent.value.post_data_json["rows"][0] == {
        "sepal_length": 5.1,
        "sepal_width": 3.5,
        "petal_length": 1.4,
        "petal_width": value,
    }
    expect(page.get_by_role("region", name="Prediction")).to_be_visible()


def test_what_means_a_missing_value_in_the_data_means_one_in_a_row(
    service: Running, key: str, job: str, visit: Callable[..., Visit]
) -> None:
    visited = visit(service.url())

    def as_said(route: Route) -> None:
        answer = route.fetch()
        reading = {"numbers": [], "texts": [], "missing_values": ["-999", "k.A."], "decimal": "comma"}
        route.fulfill(response=answer, json={**answer.json(), "reading": reading})

    visited.page.route(re.compile(r"/v1/datasets/\w+$"), as_said)
    page = visited.open(f"#/jobs/{job}/predict", key)
    for name, text in (
        ("sepal_length", " k.A. "),
        ("sepal_width", "-999"),
        ("petal_length", "−1e−5"),
        ("petal_width", "3.622"),
    ):
        page.get_by_label(name).fill(text)
    expect(page.get_by_label("sepal_length")).to_have_accessible_description("is taken as missing")
    heard = page.get_by_role("main").get_by_role("status").filter(has_text="petal_width")
    expect(heard).to_have_text("petal_width is read as 3622")  # a reader of the screen hears it while one types
    with page.expect_request(re.compile("/predict$")) as sent:
        page.get_by_role("button", name="Predict").click()
    row = {"sepal_length": None, "sepal_width": None, "petal_length": -0.00001, "petal_width": 3622}
    assert sent.value.post_data_json["rows"][0] == row


def test_the_first_field_that_is_wrong_has_the_focus_and_what_is_typed_next_is_not_wrong(
    service: Running, key: str, job: str, visit: Callable[..., Visit]
) -> None:
    page = opened(visit(service.url()), job, key)
    first, last = page.get_by_label("sepal_width"), page.get_by_label("petal_width")
    first.fill("wide")
    last.fill("long")
    for _ in range(2):
        last.press("Enter")
        expect(first).to_be_focused()
        last.focus()
    first.fill("3")
    assert first.get_attribute("aria-invalid") is None
    expect(first).to_have_accessible_description("")
    expect(last).to_have_attribute("aria-invalid", "true")


def test_of_two_readings_that_of_the_columns_own_size_is_taken(service: Running, key: str, visit: Callable[..., Visit]) -> None:
    lines = [f"{1000 + 90 * row + 0.5},{row % 2}" for row in range(40)]
    with service.client() as client:
        content = "\n".join(["price,dear", *lines])
        dataset = client.post("/v1/datasets", content=content, headers={"Content-Type": "text/csv"}).json()["id"]
        request = {"dataset": {"id": dataset, "target": "dear"}, "training": {"epochs": 3}}
        job = finished(client, client.post("/v1/jobs", json=request).raise_for_status().json()["id"])["id"]
    field = visit(service.url()).open(f"#/jobs/{job}/predict", key).get_by_label("price")
    field.fill("3.622")
    expect(field).to_have_accessible_description("is read as 3622; if 3.622 is meant, type 3.6220")
    field.fill("3.6220")
    expect(field).to_have_accessible_description("")
    field.fill("dear")
    field.press("Enter")
    expect(field).to_have_accessible_description('"dear" is no number; leave it empty where the value is missing')


def test_what_is_wrong_with_no_field_is_told_beside_what_is(
    service: Running, key: str, job: str, visit: Callable[..., Visit]
) -> None:
    page = opened(visit(service.url()), job, key)

    def with_another(route: Route) -> None:
        """As if the network had learned from what the data have no column of any more."""
        answer = route.fetch()
        problem = answer.json()
        other = {"pointer": "/rows/0/colour", "message": "the colour is missing"}
        route.fulfill(response=answer, json={**problem, "errors": [*problem["errors"], other]})

    page.route(re.compile("/predict$"), with_another)
    field = page.get_by_label("petal_width")
    field.fill("wide")
    field.press("Enter")
    expect(field).to_have_accessible_description(re.compile("wide"))
    expect(page.get_by_role("alert")).to_have_text("/rows/0/colour: the colour is missing")


@pytest.mark.parametrize("context", [{}, DARK, PHONE], ids=["light", "dark", "phone"])
def test_what_cannot_be_predicted_stands_at_its_field(
    service: Running, key: str, job: str, visit: Callable[..., Visit], context: dict[str, object]
) -> None:
    visited = visit(service.url(), **context)
    page = opened(visited, job, key)
    page.get_by_role("button", name="Predict").press("Enter")
    expect(page.get_by_role("region", name="Prediction")).to_be_visible()
    assert visited.violations() == []
    assert not visited.is_too_wide()
    field = page.get_by_label("petal_width")
    field.fill("wide")
    field.press("Enter")
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_have_accessible_description(re.compile("wide"))
    assert page.get_by_role("region", name="Prediction").count() == 0
    assert visited.violations() == []
