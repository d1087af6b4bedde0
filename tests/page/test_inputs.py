"""Which columns the form takes as inputs: those that the service takes by itself, until one says otherwise of a column."""

import re
from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from playwright.sync_api import Page, expect

from tests.api.server import Server
from tests.page.browser import Visit
from tests.page.test_page import WELL

pytestmark = pytest.mark.xdist_group("page")

Cell = Callable[[int], object]  # of a row
LEFT_OUT = 'column "name" is left out: it has 120 different texts in 120 rows'


def table(rows: int, **columns: Cell) -> bytes:
    lines = [",".join(columns), *(",".join(str(of(i)) for of in columns.values()) for i in range(rows))]
    return "\n".join(lines).encode()


FISH: dict[str, Cell] = {
    "name": lambda i: f"fish {i}",
    "pond": lambda i: f"pond {i % 4}",
    "length": lambda i: i % 7 + 0.5,
    "kind": lambda i: "abc"[i % 3],
}


def with_table(page: Page, content: bytes) -> None:
    page.get_by_label("Choose a table").set_input_files({"name": "fish.csv", "mimeType": "text/csv", "buffer": content})
    expect(page.get_by_label("What shall it learn to tell?")).to_be_visible()


def box(page: Page, column: str) -> Any:
    return page.get_by_label(f"{column} is an input", exact=True)


def started(server: Server, page: Page) -> Any:
    """The features of the job that the form starts."""
    page.get_by_role("button", name="Start the training").click()
    expect(page.get_by_role("heading", name="fish")).to_be_visible()
    job = page.url.split("/jobs/")[1]
    return httpx2.get(f"{server.address}/v1/jobs/{job}").json()["dataset"]["features"]


def test_texts_that_hardly_repeat_stay_out_when_another_column_is_unticked(server: Server, visit: Callable[..., Visit]) -> None:
    page = visit(server.address).open("#/new")
    with_table(page, table(120, **FISH))
    expect(page.get_by_text(LEFT_OUT)).to_be_visible()
    expect(box(page, "name")).not_to_be_checked()
    expect(box(page, "pond")).to_be_checked()
    box(page, "pond").uncheck()
    expect(page.get_by_text(WELL)).to_be_visible()
    expect(box(page, "name")).not_to_be_checked()
    assert started(server, page) == ["length"]


def test_texts_that_hardly_repeat_are_taken_in_when_they_are_ticked(server: Server, visit: Callable[..., Visit]) -> None:
    page = visit(server.address).open("#/new")
    with_table(page, table(120, **FISH))
    expect(page.get_by_text(LEFT_OUT)).to_be_visible()
    box(page, "name").check()
    expect(
        page.get_by_text('column "name": 120 distinct texts in 120 rows: as a feature it becomes 120 inputs')
    ).to_be_visible()
    assert started(server, page) == ["name", "pond", "length"]


def test_what_is_unticked_and_ticked_again_is_as_if_nothing_was_said(server: Server, visit: Callable[..., Visit]) -> None:
    page = visit(server.address).open("#/new")
    with_table(page, table(120, **FISH))
    box(page, "pond").uncheck()
    expect(page.get_by_text(WELL)).to_be_visible()
    box(page, "pond").check()
    expect(page.get_by_text(LEFT_OUT)).to_be_visible()
    assert started(server, page) == ["pond", "length"]


def test_they_stay_out_too_where_another_column_is_wrong_or_they_were_the_target(
    server: Server, visit: Callable[..., Visit]
) -> None:
    page = visit(server.address).open("#/new")
    weight: dict[str, Cell] = {"weight": lambda i: "n.a." if i % 9 == 0 else i + 0.25}
    with_table(page, table(120, **FISH, **weight, note=lambda i: f"seen {i} times"))
    expect(page.get_by_text("One column was read as texts, though most of its cells look like numbers")).to_be_visible()
    box(page, "weight").uncheck()
    page.get_by_label("What shall it learn to tell?").select_option("kind")
    expect(page.get_by_text(WELL)).to_be_visible()
    expect(box(page, "note")).not_to_be_checked()
    assert started(server, page) == ["pond", "length"]


@pytest.mark.parametrize(("rows", "fewer", "more"), [(120, 50, 51), (520, 52, 53)])
def test_the_form_shows_ticked_what_the_service_takes(
    server: Server, visit: Callable[..., Visit], rows: int, fewer: int, more: int
) -> None:
    page = visit(server.address).open("#/new")
    texts: dict[str, Cell] = {"fewer": lambda i: f"text {i % fewer}", "more": lambda i: f"text {i % more}"}
    with_table(page, table(rows, **FISH, **texts, answer=lambda i: "yes" if i % 2 else "no"))
    expect(page.get_by_text('column "more" is left out')).to_be_visible()
    ticked = [each for each in (*FISH, *texts) if box(page, each).is_checked()]
    assert ticked == ["pond", "length", "kind", "fewer"] == started(server, page)


NUMBER: dict[str, Cell] = {"Objekt-Nr": lambda i: 10_000 + i}


def test_numbers_of_the_rows_stay_out_until_they_are_ticked(server: Server, visit: Callable[..., Visit]) -> None:
    page = visit(server.address).open("#/new")
    with_table(page, table(120, **NUMBER, **FISH))
    told = page.get_by_text('column "Objekt-Nr" is left out: its numbers rise by 1 from row to row')
    expect(told).to_be_visible()
    expect(told).to_contain_text("to take it in, tick it")
    expect(box(page, "Objekt-Nr")).not_to_be_checked()
    box(page, "Objekt-Nr").check()
    expect(told).to_be_hidden()
    assert started(server, page) == ["Objekt-Nr", "pond", "length"]


def test_where_only_columns_that_tell_rows_apart_are_left_the_numbers_among_them_are_ticked(
    server: Server, visit: Callable[..., Visit]
) -> None:
    page = visit(server.address).open("#/new")
    with_table(page, table(120, **NUMBER, name=FISH["name"], kind=FISH["kind"]))
    expect(page.get_by_text(LEFT_OUT)).to_be_visible()
    expect(box(page, "name")).not_to_be_checked()
    expect(box(page, "Objekt-Nr")).to_be_checked()
    assert started(server, page) == ["Objekt-Nr"]


def test_where_there_are_only_texts_that_hardly_repeat_they_are_taken(server: Server, visit: Callable[..., Visit]) -> None:
    page = visit(server.address).open("#/new")
    with_table(page, table(120, name=FISH["name"], kind=FISH["kind"]))
    expect(page.get_by_text('column "name": 120 distinct texts')).to_be_visible()
    expect(box(page, "name")).to_be_checked()
    box(page, "name").uncheck()
    expect(page.get_by_text("One thing is not right yet.")).to_be_visible()


def test_numbers_of_one_column_are_written_alike_and_years_as_years(server: Server, visit: Callable[..., Visit]) -> None:
    page = visit(server.address).open("#/new")
    numbers: dict[str, Cell] = {"id": lambda i: 10000 + i, "year": lambda i: 1890 + i % 130, "price": lambda i: 408 + 14 * i}
    with_table(page, table(600, **numbers, kind=FISH["kind"]))
    expect(page.get_by_role("row", name="id")).to_contain_text("10,000 to 10,599, mean 10,300")
    expect(page.get_by_role("row", name="year")).to_contain_text(re.compile(r"1890 to 2019, mean 195\d"))
    expect(page.get_by_role("row", name="price")).to_contain_text("408 to 8794, mean 4601")
