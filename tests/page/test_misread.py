"""Columns of numbers with some odd cells: the form says in its own words what they are, and reads them all at once."""

import re
from collections.abc import Callable

import httpx2
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.api.server import Server
from tests.page.browser import Visit
from tests.page.test_page import DARK, PHONE

pytestmark = pytest.mark.xdist_group("page")

# Of two columns some cells are words, so that no reader takes them for numbers; another is of texts that hardly repeat.
FLATS = ["id;area (m²);rent;note;rooms;let"] + [
    f"{'ab'[i % 2]}{7 * i};{'k.A.' if i % 25 == 3 else 40 + i};{'n/v' if i % 30 == 7 else 'k.A.' if i == 60 else 300 + 9 * i};"
    f"seen {i} times;{i % 5};{'yes' if i % 3 else 'no'}"
    for i in range(120)
]
REQUESTS = re.compile(r"decimal=|numbers=|texts=|missing_values|upload the data|in features|softmax_cross_entropy|%20")


def with_flats(page: Page) -> None:
    content = "\n".join(FLATS).encode()
    page.get_by_label("Choose a table").set_input_files({"name": "flats.csv", "mimeType": "text/csv", "buffer": content})  # type: ignore[arg-type]
    expect(page.get_by_text("flats: 120 rows, 6 columns.")).to_be_visible()


def misread(page: Page) -> Locator:
    return page.get_by_role("region", name="Numbers read as texts")


def test_all_that_were_read_as_texts_are_read_as_numbers_by_one_button(server: Server, visit: Callable[..., Visit]) -> None:
    page = visit(server.address).open("#/new")
    with_flats(page)
    expect(page.get_by_text("2 things are not right yet.")).to_be_visible()
    expect(misread(page).get_by_role("listitem")).to_have_text(
        [
            "area (m²): 115 of 120 cells look like numbers; the 5 others do not, such as “k.A.” (line 5)",
            "rent: 115 of 120 cells look like numbers; the 5 others do not, such as “n/v” (line 9), “k.A.” (line 62)",
        ]
    )
    expect(page.get_by_role("main")).not_to_contain_text(REQUESTS)
    misread(page).get_by_role("button", name="Read them as numbers, what is none as missing").press("Enter")
    expect(page.get_by_role("row", name="rent")).to_contain_text("300 to 1")
    expect(page.get_by_role("row", name="area (m²)")).to_contain_text("40 to 159")
    expect(page.get_by_label("Missing values")).to_have_value("k.A.; n/v")
    expect(page.get_by_role("group", name="Columns")).to_be_focused()
    expect(misread(page)).to_have_count(0)
    expect(page.get_by_role("button", name="Start the training")).to_be_enabled()
    [dataset, _] = httpx2.get(f"{server.address}/v1/datasets").json()["data"]
    reading = httpx2.get(f"{server.address}/v1/datasets/{dataset['id']}").json()["reading"]
    assert reading == {
        "numbers": ["area (m²)", "rent"],
        "texts": [],
        "missing_values": ["k.A.", "n/v"],
        "decimal": None,
        "encoding": None,
    }


def test_a_target_that_was_read_as_texts_is_told_of_with_them(server: Server, visit: Callable[..., Visit]) -> None:
    page = visit(server.address).open("#/new")
    with_flats(page)
    page.get_by_label("What shall it learn to tell?").select_option("rent")
    page.get_by_label("area (m²) is an input").uncheck()
    expect(misread(page).get_by_role("listitem")).to_have_count(1)
    expect(misread(page)).to_contain_text("One column was read as texts, though most of its cells look like numbers")
    expect(page.get_by_text("One thing is not right yet.")).to_be_visible()
    expect(page.get_by_role("main")).not_to_contain_text(REQUESTS)
    page.get_by_label("What rent holds").select_option("texts")  # what is said of it goes when it is to be read otherwise
    expect(misread(page)).to_have_count(0)


def test_what_cannot_be_read_so_is_told_where_it_is_tried_again(server: Server, visit: Callable[..., Visit]) -> None:
    page = visit(server.address).open("#/new")
    lines = ["size,kind", *(f"{'5-6' if i == 9 else 'k.A.' if i == 4 else 10 + i},{'ab'[i % 2]}" for i in range(60))]
    content = "\n".join(lines).encode()
    page.get_by_label("Choose a table").set_input_files({"name": "sizes.csv", "mimeType": "text/csv", "buffer": content})  # type: ignore[arg-type]
    expect(misread(page)).to_contain_text("58 of 60 cells look like numbers; the others are “k.A.” (line 6), “5-6” (line 11)")
    misread(page).get_by_role("button").click()
    expect(page.get_by_role("row", name="size")).to_contain_text("10 to 69")
    expect(page.get_by_label("Missing values")).to_have_value("5-6; k.A.")
    page.get_by_label("Missing values").fill("k.A.")
    page.get_by_role("button", name="Read the file again").press("Enter")
    problem = page.get_by_role("alert")
    expect(problem).to_contain_text('1 of its 60 cells is none: "5-6" in row 9 (line 11 of the file)')
    expect(problem).to_contain_text("name those that mean a missing value under Missing values")
    expect(problem).not_to_contain_text(REQUESTS)
    expect(page.get_by_role("button", name="Read the file again")).to_be_focused()


def test_cells_of_several_units_are_not_offered_to_be_read_as_such(server: Server, visit: Callable[..., Visit]) -> None:
    page = visit(server.address).open("#/new")
    content = "rent;let\n" + "".join(f"{900 + i},85 {'€$'[i % 2]};{'yes' if i % 3 else 'no'}\n" for i in range(40))
    page.get_by_label("Choose a table").set_input_files(
        {"name": "flats.csv", "mimeType": "text/csv", "buffer": content.encode()}  # type: ignore[arg-type]
    )
    expect(misread(page)).to_contain_text("such as “900,85 €”; write the numbers alone into the file")
    expect(misread(page).get_by_role("button")).to_have_count(0)


def test_numbers_are_read_with_the_decimal_sign_that_they_have(server: Server, visit: Callable[..., Visit]) -> None:
    page = visit(server.address).open("#/new")
    lines = ["size,kind", *(f"{'k.A.' if i == 4 else f'{chr(34)}1.{i:03},5{chr(34)}'},{'ab'[i % 2]}" for i in range(60))]
    content = "\n".join(lines).encode()
    page.get_by_label("Choose a table").set_input_files({"name": "sizes.csv", "mimeType": "text/csv", "buffer": content})  # type: ignore[arg-type]
    expect(misread(page)).to_contain_text("59 of 60 cells look like numbers; the other is “k.A.” (line 6)")
    misread(page).get_by_role("button").click()
    expect(page.get_by_role("row", name="size")).to_contain_text("1001 to 1060")
    expect(page.get_by_label("Decimal sign")).to_have_value("comma")
    expect(page.get_by_label("Missing values")).to_have_value("k.A.")
    expect(page.get_by_text("The file is to be read again first.")).to_have_count(0)


def test_points_that_separate_thousands_are_said_to_do_so(server: Server, visit: Callable[..., Visit]) -> None:
    page = visit(server.address).open("#/new")
    lines = ["place;turnover"] + [f"{'ab'[i % 2]};{f'1.{100 + i}' if i % 3 else 900 + i}" for i in range(60)]
    content = "\n".join(lines).encode()
    page.get_by_label("Choose a table").set_input_files({"name": "turnover.csv", "mimeType": "text/csv", "buffer": content})  # type: ignore[arg-type]
    told = "if they separate thousands, choose comma under Decimal sign"
    expect(page.get_by_role("row", name="turnover")).to_contain_text(told)
    expect(page.get_by_role("complementary", name="Dry run")).to_contain_text(told)
    expect(page.get_by_role("main")).not_to_contain_text(REQUESTS)
    page.get_by_label("Decimal sign").select_option("comma")
    page.get_by_role("button", name="Read the file again").click()
    expect(page.get_by_role("row", name="turnover")).to_contain_text("900 to 1159")
    expect(page.get_by_label("Decimal sign").get_by_role("option", selected=True)).to_have_text("comma")
    page.get_by_label("What place holds").select_option("texts")
    with page.expect_request(re.compile(r"/datasets\?.*texts=place")) as asked:
        page.get_by_role("button", name="Read the file again").click()
    assert "decimal=comma" in asked.value.url  # it was said
    expect(page.get_by_role("button", name="Read the file again")).to_have_count(0)


def test_warnings_speak_of_ticks_and_not_of_requests(server: Server, visit: Callable[..., Visit]) -> None:
    page = visit(server.address).open("#/new")
    rows = [f"{1 + i % 28:02}.03.2024,seen {i} times,{i % 4},{i % 7:05},{'ab'[i % 2]}" for i in range(120)]
    lines = ["day,note,pond,code,kind", *rows]
    content = "\n".join(lines).encode()
    page.get_by_label("Choose a table").set_input_files({"name": "days.csv", "mimeType": "text/csv", "buffer": content})  # type: ignore[arg-type]
    expect(page.get_by_text("Look at this:").first).to_be_visible()
    dry = page.get_by_role("complementary", name="Dry run")
    expect(dry).to_contain_text('column "note" is left out: it has 120 different texts in 120 rows')
    expect(dry).to_contain_text("to take it in, tick it")
    expect(page.get_by_role("row", name="day")).to_contain_text("if texts are meant, choose texts under Holds")
    zeros = 'its numbers have leading zeros, "00000" is read as 0; if texts are meant, choose texts under Holds'
    expect(page.get_by_role("row", name="code")).to_contain_text(zeros)
    expect(dry).to_contain_text("(looks like dates, DD.MM.YYYY; if texts are meant, choose texts under Holds)")
    expect(page.get_by_role("main")).not_to_contain_text(REQUESTS)
    page.get_by_role("button", name="Start the training").click()
    summary = page.get_by_role("region", name="Summary")
    expect(summary).to_contain_text('column "note" is left out: it has 120 different texts in 120 rows')
    expect(summary).to_contain_text("(looks like dates, DD.MM.YYYY)")
    expect(summary).not_to_contain_text(REQUESTS)


def test_names_that_look_like_messages_are_shown_as_they_are(server: Server, visit: Callable[..., Visit]) -> None:
    page = visit(server.address).open("#/new")
    head = 'note,"note"" x; in features",pond,kind'
    lines = [head] + [f"{i % 7},heard {i} times,{i % 4},{'ab'[i % 2]}" for i in range(120)]
    content = "\n".join(lines).encode()
    page.get_by_label("Choose a table").set_input_files({"name": "notes.csv", "mimeType": "text/csv", "buffer": content})  # type: ignore[arg-type]
    expect(page.get_by_label("note is an input", exact=True)).to_be_checked()
    dry = page.get_by_role("complementary", name="Dry run")
    told = 'column "note" x; in features" is left out: it has 120 different texts in 120 rows, each of which would be an input'
    expect(dry).to_contain_text(f"{told}; to take it in, tick it")
    expect(page.get_by_role("main")).not_to_contain_text(re.compile("name the column|leave the column"))


def test_errors_stand_on_lines_of_their_own_and_are_counted(server: Server, visit: Callable[..., Visit]) -> None:
    page = visit(server.address).open("#/new")
    with_flats(page)
    page.get_by_label("Epochs", exact=True).fill("1.5")
    page.get_by_label("My own layers").check()
    for place in (1, 2):
        page.get_by_label(f"Units of layer {place}").fill("0")
    expect(page.get_by_text("5 things are not right yet.")).to_be_visible()
    assert page.locator(".wrong p").count() + misread(page).get_by_role("listitem").count() == 5
    for name in ("area (m²)", "rent"):
        page.get_by_label(f"{name} is an input").uncheck()
    expect(page.get_by_text("3 things are not right yet.")).to_be_visible()


@pytest.mark.parametrize("context", [{}, DARK, PHONE], ids=["light", "dark", "phone"])
def test_everyone_can_use_it(server: Server, visit: Callable[..., Visit], context: dict[str, object]) -> None:
    visited = visit(server.address, **context)
    page = visited.open("#/new")
    with_flats(page)
    expect(misread(page)).to_be_visible()
    assert visited.violations() == []
    assert not visited.is_too_wide()
    page.get_by_label("What rooms holds").select_option("texts")
    again = page.get_by_role("button", name="Read the file again")
    expect(again).to_be_in_viewport()  # beside what was changed
    assert visited.violations() == []
    again.click()
    expect(again).to_have_count(0)
    misread(page).get_by_role("button").click()
    expect(page.get_by_text(re.compile("it can start|It can start"))).to_be_visible()
