"""What makes numbers of some columns is said of the whole file: where it would touch others, one is asked first."""

import re
from collections.abc import Callable, Sequence

import httpx2
import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.api.server import Server
from tests.page.browser import Visit
from tests.page.test_page import PHONE
from tests.polling import until

pytestmark = pytest.mark.xdist_group("page")

AGAIN = "Read the file again"


def with_table(page: Page, lines: Sequence[str]) -> None:
    file = {"name": "table.csv", "mimeType": "text/csv", "buffer": "\n".join(lines).encode()}
    page.get_by_label("Choose a table").set_input_files(file)  # type: ignore[arg-type]
    expect(page.get_by_text(re.compile(r"^table: \d+ rows, "))).to_be_visible()


def as_numbers(page: Page) -> Locator:
    return page.get_by_role("region", name="Numbers read as texts").get_by_role("button", name="as numbers")


def again(page: Page) -> Locator:
    return page.get_by_role("button", name=AGAIN)


def row(page: Page, column: str) -> Locator:
    return page.get_by_role("row", name=re.compile(f"^{column} "))


def readings(server: Server) -> list[dict[str, object]]:
    found = httpx2.get(f"{server.address}/v1/datasets").json()["data"]
    return [httpx2.get(f"{server.address}/v1/datasets/{each['id']}").json()["reading"] for each in found]


@pytest.mark.parametrize("context", [{}, PHONE], ids=["desk", "phone"])
def test_a_text_that_other_columns_have_is_missing_only_after_one_has_agreed(
    server: Server, visit: Callable[..., Visit], context: dict[str, object]
) -> None:
    visited = visit(server.address, **context)
    page = visited.open("#/new")
    with_table(
        page,
        [
            "kind,size,let",
            *(f"{'ab?'[i % 3].replace('?', 'unknown')},{'unknown' if i == 7 else i},{'yn'[i % 2]}" for i in range(60)),
        ],
    )
    as_numbers(page).press("Enter")
    told = page.get_by_role("alert")
    expect(told).to_contain_text("“unknown” is a value of kind, too, and would be missing there as well.")
    expect(told).to_be_in_viewport()
    expect(page.get_by_label("Missing values")).to_have_value("unknown")
    expect(page.get_by_label("What size holds")).to_have_value("numbers")
    expect(page.get_by_role("button", name="Start the training")).to_be_disabled()
    expect(again(page)).to_be_focused()
    assert visited.violations() == []
    assert not visited.is_too_wide()
    assert len(readings(server)) == 1
    again(page).press("Enter")
    expect(row(page, "size")).to_contain_text("0 to 59")
    expect(row(page, "kind")).to_contain_text("a, b")
    expect(told).to_have_count(0)
    expect(page.get_by_role("button", name="Start the training")).to_be_enabled()


def test_a_sign_that_would_change_other_numbers_is_taken_only_after_one_has_agreed(
    server: Server, visit: Callable[..., Visit]
) -> None:
    page = visit(server.address).open("#/new")
    rows = [f'"{i},5",{2 + i % 7}.2{i % 10}0,{i % 2}' for i in range(60)]
    with_table(page, ["a,c,let", '"k.A.",2.250,1', *rows])
    expect(row(page, "c")).to_contain_text("2.2 to 8.28")
    as_numbers(page).click()
    expect(page.get_by_role("alert")).to_contain_text("c, now 2.2 to 8.28, would be 2200 to 8280")
    expect(row(page, "c")).to_contain_text("2.2 to 8.28")  # the table stays as it was
    expect(page.get_by_label("Decimal sign")).to_have_value("comma")
    expect(page.get_by_role("button", name="Start the training")).to_be_disabled()
    again(page).click()
    expect(row(page, "c")).to_contain_text("2200 to 8280")
    expect(row(page, "a")).to_contain_text("0.5 to 59.5")


def test_no_sign_is_said_for_columns_that_are_written_differently(server: Server, visit: Callable[..., Visit]) -> None:
    page = visit(server.address).open("#/new")
    rows = [f'"{i},5",{1 + i % 9}.{100 + i},{i % 2}' for i in range(60)]
    with_table(page, ["a,b,let", "k.A.,k.A.,1", *rows])
    as_numbers(page).click()
    expect(page.get_by_role("alert")).to_contain_text("a has decimal commas, b decimal points")
    expect(page.get_by_label("Decimal sign")).to_have_value("as found")
    expect(page.get_by_label("Missing values")).to_have_value("k.A.")
    assert len(readings(server)) == 1
    page.get_by_label("What a holds").select_option("as found")
    again(page).click()
    expect(row(page, "b")).to_contain_text("1.1 to 9.1")


def test_whole_numbers_are_read_with_the_sign_of_others_at_once(server: Server, visit: Callable[..., Visit]) -> None:
    page = visit(server.address).open("#/new")
    rows = [f'"{i},5",{100 + i},{i % 2}' for i in range(60)]
    with_table(page, ["a,b,let", "k.A.,k.A.,1", *rows])
    as_numbers(page).click()
    expect(row(page, "a")).to_contain_text("0.5 to 59.5")
    expect(row(page, "b")).to_contain_text("100 to 159")
    expect(page.get_by_role("alert")).to_have_count(0)


def test_where_the_values_of_a_column_cannot_be_had_that_is_told(server: Server, visit: Callable[..., Visit]) -> None:
    page = visit(server.address).open("#/new")
    with_table(page, ["size,let", *(f"{'k.A.' if i == 7 else i},{'yn'[i % 2]}" for i in range(60))])
    refusal = {"status": 503, "json": {"code": "unavailable", "detail": "The store is away for a moment."}}
    page.route(re.compile("values=all"), lambda route: route.fulfill(**refusal), times=1)  # type: ignore[arg-type]
    as_numbers(page).press("Enter")
    expect(page.get_by_role("alert")).to_have_text("The store is away for a moment.")
    expect(again(page)).to_have_count(0)
    expect(as_numbers(page)).to_be_focused()
    as_numbers(page).press("Enter")
    expect(row(page, "size")).to_contain_text("0 to 59")
    expect(page.get_by_role("alert")).to_have_count(0)


@pytest.mark.parametrize("is_read", [True, False], ids=["read", "refused"])
def test_what_is_changed_while_the_file_is_read_again_stays(server: Server, visit: Callable[..., Visit], is_read: bool) -> None:
    page = visit(server.address).open("#/new")
    with_table(page, ["size,kind,let", *(f"{'k.A.' if i == 7 else i},{i % 3},{'yn'[i % 2]}" for i in range(60))])
    held: list[Route] = []
    page.route(re.compile(r"/datasets\?"), lambda route: held.append(route), times=1)
    as_numbers(page).click()
    expect(page.get_by_text("Reading table.csv again …")).to_be_visible()
    until(lambda: page.evaluate("1") and held)
    page.get_by_label("What kind holds").select_option("texts")
    page.get_by_label("Missing values").fill("n.a.")
    if is_read:
        held[0].continue_()
        expect(row(page, "size")).to_contain_text("0 to 59")
    else:
        held[0].fulfill(status=503, json={"detail": "The store is away for a moment."})
        expect(page.get_by_role("alert")).to_have_text("The store is away for a moment.")
    expect(page.get_by_label("What size holds")).to_have_value("numbers")
    expect(page.get_by_label("What kind holds")).to_have_value("texts")
    expect(page.get_by_label("Missing values")).to_have_value("n.a.; k.A.")
    again(page).click()
    expect(row(page, "kind")).to_contain_text("0, 1, 2")
    expect(again(page)).to_have_count(0)
    assert readings(server)[0] == {
        "numbers": ["size"],
        "texts": ["kind"],
        "missing_values": ["k.A.", "n.a."],
        "decimal": None,
        "encoding": None,
    }


def test_a_missing_value_may_hold_a_semicolon_and_quotes(server: Server, visit: Callable[..., Visit]) -> None:
    page = visit(server.address).open("#/new")
    odd = {3: '"n.a.; lost"', 5: '"""gone"""', 7: "k.A."}
    with_table(page, ["size,let", *(f"{odd.get(i, i)},{'yn'[i % 2]}" for i in range(60))])
    as_numbers(page).click()
    expect(row(page, "size")).to_contain_text("0 to 59")
    expect(page.get_by_label("Missing values")).to_have_value('"""gone"""; k.A.; "n.a.; lost"')
    assert readings(server)[0]["missing_values"] == ['"gone"', "k.A.", "n.a.; lost"]
    page.get_by_label("Missing values").fill('"n.a.; lost"; k.A.;"""gone""" ; k.A.')  # the same, said otherwise
    expect(again(page)).to_have_count(0)


def test_more_different_texts_than_can_be_named_are_to_be_corrected_in_the_file(
    server: Server, visit: Callable[..., Visit]
) -> None:
    page = visit(server.address).open("#/new")
    with_table(page, ["size,let", *(f"{f'about {i}' if i % 5 == 0 else i},{'yn'[i % 2]}" for i in range(300))])
    as_numbers(page).click()
    expect(page.get_by_role("alert")).to_have_text(
        "60 different texts in size are no numbers, too many to be named as missing values; correct them in the file."
    )
    expect(page.get_by_label("Missing values")).to_have_value("")


def test_texts_that_are_too_long_to_be_named_are_to_be_corrected_in_the_file(
    server: Server, visit: Callable[..., Visit]
) -> None:
    page = visit(server.address).open("#/new")
    with_table(page, ["size,let", *(f"{'ä' * 300 + str(i) if i < 3 else i},{'yn'[i % 2]}" for i in range(60))])
    as_numbers(page).click()
    expect(page.get_by_role("alert")).to_contain_text("3 different texts in size are no numbers, too long to be named")


def test_an_address_that_is_too_long_for_a_server_on_the_way_is_told_as_such(
    server: Server, visit: Callable[..., Visit]
) -> None:
    visited = visit(server.address)
    page = visited.open("#/new")
    names = [f"question {i}: how often do you {'very ' * 20}gladly work" for i in range(40)]
    rows = [",".join(f"{'k.A.' if (i + j) % 20 == 7 else i + j}" for j in range(40)) + f",{'yn'[i % 2]}" for i in range(60)]
    with_table(page, [",".join([*names, "let"]), *rows])
    for refuse in (lambda route: route.fulfill(status=414, body="Too long"), lambda route: route.abort()):
        page.route(re.compile(r"/datasets\?"), refuse, times=1)
        as_numbers(page).click()
        expect(page.get_by_role("alert")).to_contain_text(re.compile(r"the request's address has \d{4} characters"))
        page.get_by_role("button", name="Leave it as it was").click()
        expect(page.get_by_role("alert")).to_have_count(0)
    [told] = visited.complaints  # of the browser, of the second
    assert "net::ERR_FAILED" in told
    visited.complaints.clear()
