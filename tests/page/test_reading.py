"""How the cells of a table are read may be said on the page: kinds of columns, and what means a missing value."""

import re
from collections.abc import Callable

import httpx2
import pytest
from playwright.sync_api import Page, Route, expect

from tests.api.server import Server
from tests.page.browser import NOTED, Visit
from tests.page.test_page import DARK, PHONE, WELL
from tests.polling import until

pytestmark = pytest.mark.xdist_group("page")

# Decimal commas, codes that look like numbers, a column with words for what is missing, dates.
ROOMS = ["area;zip;rent;seen;let"] + [
    f"{20 + i % 17},{i % 10};0{1067 + i % 5};{'n.a.' if i % 6 == 0 else 'unknown' if i % 11 == 0 else 300 + 9 * i};"
    f"2024-03-{1 + i % 28:02};{'yes' if i % 3 else 'no'}"
    for i in range(60)
]


def with_rooms(page: Page) -> None:
    content = "\n".join(ROOMS).encode()
    page.get_by_label("Choose a table").set_input_files({"name": "rooms.csv", "mimeType": "text/csv", "buffer": content})  # type: ignore[arg-type]
    expect(page.get_by_text("rooms: 60 rows, 5 columns.")).to_be_visible()
    expect(page.get_by_text("One thing is not right yet.")).to_be_visible()
    expect(page.get_by_text("rent: 45 of 60 cells look like numbers; the 15 others do not")).to_be_visible()
    expect(page.get_by_text("choose texts under Holds; if a column is no input, untick it")).to_be_visible()


def kind(page: Page, column: str) -> str:
    return page.get_by_label(f"What {column} holds").evaluate("each => each.selectedOptions[0].text")


def test_columns_are_read_as_one_says(server: Server, visit: Callable[..., Visit]) -> None:
    visited = visit(server.address)
    page = visited.open("#/new")
    with_rooms(page)
    assert [kind(page, each) for each in ("area", "zip", "rent", "seen")] == [
        "as found: number",
        "as found: number",
        "as found: text",
        "as found: ignored",
    ]
    start = page.get_by_role("button", name="Start the training")
    page.get_by_label("What shall it learn to tell?").select_option("let")
    page.get_by_label("area is an input").uncheck()
    page.get_by_label("What rent holds").select_option("numbers")
    page.get_by_label("What zip holds").select_option("texts")
    expect(page.get_by_text("The file is to be read again first.")).to_be_visible()
    expect(start).to_be_disabled()
    page.get_by_role("button", name="Read the file again").click()
    expect(page.get_by_role("alert")).to_contain_text(
        'column "rent" is to be numbers, but 15 of its 60 cells are none: "n.a." in row 0'
    )
    page.get_by_label("Missing values").fill("n.a.; unknown")
    expect(page.get_by_role("alert")).to_have_count(0)
    with page.expect_request(re.compile(r"/datasets\?.*numbers=rent")) as asked:
        page.get_by_role("button", name="Read the file again").click()
    assert "decimal=" not in asked.value.url  # it is found, and was not said
    expect(page.get_by_text(WELL)).to_be_visible()
    expect(page.get_by_label("Decimal sign").get_by_role("option", selected=True)).to_have_text("as found: comma")
    expect(page.get_by_role("row", name="rent")).to_contain_text("309 to 831")
    expect(page.get_by_role("row", name="zip")).to_contain_text("01067")
    expect(page.get_by_label("area is an input")).not_to_be_checked()  # what was chosen stays
    assert page.get_by_role("button", name="Read the file again").count() == 0
    start.click()
    expect(page.get_by_role("heading", name="rooms")).to_be_visible()
    dataset, first = httpx2.get(f"{server.address}/v1/datasets").json()["data"]  # another window may have sent the first, too
    as_it_looks = {
        "numbers": [],
        "texts": [],
        "missing_values": [],
        "decimal": "comma",
        "encoding": None,
    }  # which its cells show
    assert httpx2.get(f"{server.address}/v1/datasets/{first['id']}").json()["reading"] == as_it_looks
    reading = httpx2.get(f"{server.address}/v1/datasets/{dataset['id']}").json()["reading"]
    assert reading == {
        "numbers": ["rent"],
        "texts": ["zip"],
        "missing_values": ["n.a.", "unknown"],
        "decimal": "comma",
        "encoding": None,
    }


def test_a_table_that_is_read_again_does_not_come_back_beneath_another(server: Server, visit: Callable[..., Visit]) -> None:
    visited = visit(server.address)
    visited.page.add_init_script(NOTED)
    page = visited.open("#/new")
    with_rooms(page)
    page.get_by_label("Missing values").fill("n.a.; unknown")
    held: list[Route] = []
    page.route(re.compile(r"/datasets\?"), lambda route: held.append(route), times=1)
    page.get_by_role("button", name="Read the file again").click()
    expect(page.get_by_role("button", name="Read the file again")).to_have_attribute("aria-disabled", "true")
    until(lambda: page.evaluate("1") and held)
    page.get_by_role("button", name="Take another table").click()
    until(lambda: page.evaluate("window.ended.some((path) => path.includes('missing_values'))"))
    page.get_by_role("button", name="Exclusive or").click()
    expect(page.get_by_text("exclusive or: 4 rows, 3 columns.")).to_be_visible()
    expect(page.get_by_label("What shall it learn to tell?")).to_have_value("answer")
    expect(page.get_by_label("Missing values")).to_have_value("")


def test_of_two_tables_the_one_that_was_chosen_last_is_taken(server: Server, visit: Callable[..., Visit]) -> None:
    visited = visit(server.address)
    visited.page.add_init_script(NOTED)
    page = visited.open("#/new")
    held: list[Route] = []
    page.route(re.compile("/datasets$"), lambda route: held.append(route), times=1)
    page.get_by_role("button", name="Two rings").click()
    expect(page.get_by_role("status")).to_have_text("Reading two rings.csv …")
    page.get_by_role("button", name="Exclusive or").click()
    until(lambda: page.evaluate("window.ended.includes('/v1/datasets')"))
    expect(page.get_by_text("exclusive or: 4 rows, 3 columns.")).to_be_visible()


def test_the_tables_that_are_here_are_asked_for_only_while_one_chooses(server: Server, visit: Callable[..., Visit]) -> None:
    visited = visit(server.address)
    visited.page.add_init_script(NOTED)
    held: list[Route] = []
    visited.page.route(re.compile("/datasets.limit="), lambda route: held.append(route), times=1)
    page = visited.open("#/new")
    until(lambda: page.evaluate("1") and held)
    page.evaluate("location.hash = '#/'")
    until(lambda: page.evaluate("window.ended.includes('/v1/datasets?limit=100')"))


def test_with_the_keys_alone_the_focus_goes_on_at_the_columns(server: Server, visit: Callable[..., Visit]) -> None:
    page = visit(server.address).open("#/new")
    with_rooms(page)
    columns, again = page.get_by_role("group", name="Columns"), page.get_by_role("button", name="Read the file again")
    page.get_by_label("What zip holds").select_option("texts")
    page.get_by_role("button", name="Leave it as it was").press("Enter")
    expect(columns).to_be_focused()
    page.get_by_label("What rent holds").select_option("numbers")
    again.press("Enter")
    expect(page.get_by_role("alert")).to_be_visible()
    expect(again).to_be_focused()
    field = page.get_by_label("Missing values")
    field.fill("n.a.; unknown")
    field.press("Enter")
    expect(again).to_have_count(0)
    expect(page.get_by_role("row", name="rent")).to_contain_text("309 to 831")
    expect(field).to_be_focused()
    page.get_by_label("What zip holds").select_option("texts")
    again.press("Enter")
    expect(again).to_have_count(0)
    expect(page.get_by_role("row", name="zip")).to_contain_text("01067")
    expect(columns).to_be_focused()


def test_of_a_table_that_was_sent_before_the_file_is_wanted(server: Server, visit: Callable[..., Visit]) -> None:
    params = {"texts": "zip", "name": "before"}
    csv = {"Content-Type": "text/csv"}
    httpx2.post(f"{server.address}/v1/datasets", params=params, content="\n".join(ROOMS), headers=csv).raise_for_status()
    page = visit(server.address).open("#/new")
    known = page.get_by_label("Or one that is here already")
    known.select_option(known.get_by_role("option", name="before (60 rows, 5 columns, ").get_attribute("value"))
    expect(page.get_by_text("choose the file itself again")).to_be_visible()
    assert page.get_by_label("What zip holds").count() == 0


@pytest.mark.parametrize("context", [{}, DARK, PHONE], ids=["light", "dark", "phone"])
def test_everyone_can_say_it(server: Server, visit: Callable[..., Visit], context: dict[str, object]) -> None:
    visited = visit(server.address, **context)
    page = visited.open("#/new")
    with_rooms(page)
    page.get_by_label("What rent holds").focus()
    page.keyboard.press("ArrowDown")
    assert kind(page, "rent") == "numbers"
    expect(page.get_by_role("button", name="Read the file again")).to_be_visible()
    assert visited.violations() == []
    assert not visited.is_too_wide()
    page.get_by_role("button", name="Read the file again").press("Enter")
    expect(page.get_by_role("alert")).to_be_visible()
    assert visited.violations() == []
    assert not visited.is_too_wide()
    page.get_by_role("button", name="Leave it as it was").press("Enter")
    expect(page.get_by_text("One thing is not right yet.")).to_be_visible()
