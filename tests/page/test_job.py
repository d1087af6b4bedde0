"""What the page says of a job: what it learns, from what, and by how much it is wrong, in words and units that people have."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.page.browser import Visit
from tests.page.test_page import DARK, PHONE
from tests.service.running import Running

pytestmark = pytest.mark.xdist_group("page")

# As spreadsheets write it: semicolons, decimal commas, words for what is missing.
RENTS = ["Datum;Ort;Fläche;Zimmer;Alter;Miete"] + [
    f"2024-05-{1 + i % 28:02};{('Bern', 'Basel', 'Chur')[i % 3]};"
    f"{'n/a' if i % 23 == 5 else 'k.A.' if i in (40, 90) else f'{20 + 7 * i % 113},5'};{1 + i % 5};{i % 80};"
    f"{211 + 11 * (20 + 7 * i % 113) + 40 * (1 + i % 5) - 3 * (i % 80)},{i % 10}5"
    for i in range(120)
]


def with_rents(page: Page) -> None:
    page.get_by_role("navigation", name="Main").get_by_role("link", name="New job").click()
    content = "\n".join(RENTS).encode()
    page.get_by_label("Choose a table").set_input_files({"name": "mieten.csv", "mimeType": "text/csv", "buffer": content})  # type: ignore[arg-type]
    expect(page.get_by_text("mieten: 120 rows, 6 columns.")).to_be_visible()
    page.get_by_label("What Fläche holds").select_option("numbers")
    page.get_by_label("Missing values").fill("n/a; k.A.")
    page.get_by_role("button", name="Read the file again").click()
    expect(page.get_by_role("row", name="Fläche")).to_contain_text("20.5 to 132.5")


@pytest.mark.parametrize("context", [{}, DARK, PHONE], ids=["light", "dark", "phone"])
def test_of_numbers_the_error_is_told_in_their_own_unit(
    service: Running, key: str, visit: Callable[..., Visit], context: dict[str, object]
) -> None:
    visited = visit(service.url(), reduced_motion="reduce", **context)
    page = visited.open(key=key)
    with_rents(page)
    page.get_by_label("Epochs", exact=True).fill("40")
    expect(page.get_by_text(re.compile("[Ii]t can start"))).to_be_visible()
    page.get_by_role("button", name="Start the training").click()
    expect(page.get_by_role("status")).to_have_text("✓ succeeded")
    with service.client() as client:
        job = client.get(f"/v1/jobs/{page.url.rsplit('/', 1)[1]}").json()
    best = job["progress"]["best"]["metrics"]
    assert [each["type"] for each in job["training"]["metrics"]] == ["root_mean_squared_error", "r2"]
    summary = page.get_by_role("region", name="Summary")
    expect(summary).to_contain_text("It learned to tell Miete from Ort, Fläche, Zimmer, Alter in mieten, 120 rows.")
    error, r2 = (summary.get_by_text(name, exact=True).locator("xpath=..") for name in ("root mean squared error", "R²"))
    expect(error).to_contain_text("typical error, in the unit of Miete")
    expect(error).to_contain_text(f"{best['root_mean_squared_error']:.4g}")
    expect(r2).to_contain_text("share of the differences explained")
    assert visited.violations() == []
    assert not visited.is_too_wide()
    page.get_by_role("link", name="Settings").click()
    expect(page.get_by_text("fail after so many seconds")).to_be_visible()
    assert page.get_by_text(re.compile("budget s|max seconds", re.IGNORECASE)).count() == 0
    summary.get_by_role("link", name="mieten").click()
    expect(page.get_by_text("mieten: 120 rows, 6 columns.")).to_be_visible()


def test_the_example_trains_a_network_that_can_be_followed(service: Running, key: str, visit: Callable[..., Visit]) -> None:
    page = visit(service.url()).open("#/new", key)
    page.get_by_role("button", name="Exclusive or").click()
    expect(page.get_by_text("it can start.")).to_be_visible()
    page.get_by_role("button", name="Start the training").click()
    expect(page.get_by_role("status")).to_have_text("✓ succeeded")
    expect(page.get_by_role("region", name="Summary")).to_contain_text(
        "It learned to tell answer from left, right in exclusive or, 4 rows."
    )
    page.get_by_role("link", name="How it learns").click()
    expect(page.get_by_role("group", name="The network: 2 inputs, 3 tanh, 1 sigmoid")).to_be_visible()
    with service.client() as client:
        job = client.get(f"/v1/jobs/{page.url.split('/')[-2]}").json()
    assert job["progress"]["best"]["metrics"]["accuracy"] == 1
    assert job["progress"]["best"]["loss"] < 0.1


def test_tables_of_one_name_are_told_apart(service: Running, key: str, visit: Callable[..., Visit]) -> None:
    with service.client() as client:
        for reading in ({}, {"texts": "a"}):
            params = {"name": "twice", **reading}
            client.post("/v1/datasets", params=params, content="a,b\n1,2\n3,4\n", headers={"Content-Type": "text/csv"})
    page = visit(service.url()).open("#/new", key)
    options = page.get_by_label("Or one that is here already").get_by_role("option", name="twice (2 rows, 2 columns, ")
    expect(options).to_have_count(2)
    one, other = options.all_inner_texts()
    assert one != other


def test_where_nothing_was_learned_the_page_says_so(service: Running, key: str, visit: Callable[..., Visit]) -> None:
    """Sigmoid never reaches targets of hundreds."""
    layers = [{"units": 2, "activation": "relu"}, {"units": 1, "activation": "sigmoid"}]
    rows = [[float(i)] for i in range(40)]
    dataset = {"inputs": rows, "targets": [[100 + 10 * row[0]] for row in rows], "target_scaling": "none"}
    training = {"loss": "mean_squared_error", "epochs": 3, "metrics": ["r2"]}
    with service.client() as client:
        job = client.post("/v1/jobs", json={"network": {"layers": layers}, "dataset": dataset, "training": training}).json()
        client.get(f"/v1/jobs/{job['id']}", params={"wait": 30})
    page = visit(service.url()).open(f"#/jobs/{job['id']}", key)
    expect(page.get_by_text("no better than always saying the mean of the target")).to_be_visible()
