"""A file that is not UTF-8 is read on the page as it is written: as most are by one button, or as one chooses."""

import re
from collections.abc import Callable

import httpx2
import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.api.server import Server
from tests.page.browser import Visit
from tests.page.test_page import DARK, PHONE, WELL
from tests.polling import until

pytestmark = pytest.mark.xdist_group("page")

# As a German spreadsheet writes it.
PLACES = "Ort;Größe;let\n" + "".join(
    f"{('Köln', 'Gießen', 'Ulm')[i % 3]};{20 + i},5;{'yes' if i % 2 else 'no'}\n" for i in range(60)
)


def choose(page: Page, content: bytes) -> None:
    file = {"name": "Orte.csv", "mimeType": "text/csv", "buffer": content}
    page.get_by_label("Choose a table").set_input_files(file)  # type: ignore[arg-type]


def refused(page: Page) -> Locator:
    return page.get_by_role("region", name="Not UTF-8")


@pytest.mark.parametrize("context", [{}, DARK, PHONE], ids=["light", "dark", "phone"])
def test_a_file_of_windows_is_read_by_one_button(
    server: Server, visit: Callable[..., Visit], context: dict[str, object]
) -> None:
    visited = visit(server.address, **context)
    page = visited.open("#/new")
    choose(page, PLACES.encode("cp1252"))
    expect(refused(page).get_by_role("alert")).to_contain_text(
        'Orte.csv: line 1 has the byte 0xf6, which is not UTF-8 (as windows-1252 it is "ö").'
    )
    expect(page.get_by_role("main")).not_to_contain_text("encoding=")
    assert visited.violations() == []
    assert not visited.is_too_wide()
    refused(page).get_by_role("button", name="Read it as windows-1252").press("Enter")
    expect(page.get_by_role("row", name="Größe")).to_contain_text("20.5 to 79.5")
    expect(page.get_by_role("row", name="Ort")).to_contain_text("Gießen, Köln, Ulm")
    expect(page.get_by_text(WELL)).to_be_visible()
    expect(page.get_by_label("Written in", exact=True)).to_have_value("windows-1252")
    assert visited.violations() == []
    assert not visited.is_too_wide()
    [found] = httpx2.get(f"{server.address}/v1/datasets").json()["data"]
    assert httpx2.get(f"{server.address}/v1/datasets/{found['id']}").json()["reading"]["encoding"] == "windows-1252"


def test_another_encoding_is_chosen_before_or_after_it_is_read(server: Server, visit: Callable[..., Visit]) -> None:
    page = visit(server.address).open("#/new")
    content = PLACES.replace("Größe", "Вес").replace("Köln", "Москва").replace("Gießen", "Сочи").encode("cp1251")
    choose(page, content)
    page.get_by_label("It is written in").select_option("windows-1257")
    refused(page).get_by_role("button", name="Read it as windows-1257").click()
    page.get_by_label("Written in", exact=True).select_option(label="windows-1251: Cyrillic")
    page.get_by_role("button", name="Read the file again").click()
    expect(page.get_by_role("row", name="Вес")).to_contain_text("20.5 to 79.5")
    expect(page.get_by_role("row", name="Ort")).to_contain_text("Москва, Сочи")


def test_of_two_files_each_has_its_own_encoding(server: Server, visit: Callable[..., Visit]) -> None:
    page = visit(server.address).open("#/new")
    choose(page, PLACES.encode("cp1252"))
    page.get_by_label("It is written in").select_option("koi8-r")
    held: list[Route] = []
    page.route(re.compile("/datasets$"), lambda route: held.append(route), times=1)
    choose(page, PLACES.replace("Ulm", "Ölm").encode("cp1252"))
    expect(refused(page)).to_have_count(0)
    until(lambda: page.evaluate("1") and held)
    held[0].continue_()
    expect(page.get_by_label("It is written in")).to_have_value("windows-1252")


def test_what_was_said_of_columns_stays_when_another_encoding_names_them_otherwise(
    server: Server, visit: Callable[..., Visit]
) -> None:
    page = visit(server.address).open("#/new")
    rows = [f"{('Köln', 'Ulm')[i % 2]};{20 + i},5;{i % 7};{i * i % 11};{'yes' if i % 2 else 'no'}" for i in range(60)]
    choose(page, "\n".join(["Ort;Größe;Fläche;Höhe;let", *rows]).encode("cp1252"))
    page.get_by_label("It is written in").select_option("macintosh")
    refused(page).get_by_role("button", name="Read it as macintosh").click()
    page.get_by_label("What shall it learn to tell?").select_option("Grˆﬂe")
    page.get_by_label("Fl‰che is an input").uncheck()
    page.get_by_label("What Hˆhe holds").select_option("texts")
    page.get_by_label("What let holds").select_option("texts")
    page.get_by_label("Written in", exact=True).select_option("windows-1252")
    page.get_by_role("button", name="Read the file again").click()
    expect(page.get_by_label("What shall it learn to tell?")).to_have_value("Größe")
    expect(page.get_by_label("Fläche is an input")).not_to_be_checked()
    expect(page.get_by_label("Ort is an input")).to_be_checked()
    expect(page.get_by_label("What Höhe holds")).to_have_value("texts")
    expect(page.get_by_label("What let holds")).to_have_value("texts")
    expect(page.get_by_role("row", name="Höhe")).to_contain_text("0, 1, 3, 4, 5")
    expect(page.get_by_role("button", name="Read the file again")).to_have_count(0)
    expect(page.get_by_text(WELL)).to_be_visible()


def test_what_the_chosen_encoding_lacks_is_told_and_another_may_be_tried(server: Server, visit: Callable[..., Visit]) -> None:
    page = visit(server.address).open("#/new")
    choose(page, PLACES.replace("Ulm", "Uľm\u0165").encode("cp1250"))
    told = refused(page).get_by_role("alert")
    expect(told).to_contain_text("not UTF-8")
    refused(page).get_by_role("button").press("Enter")
    expect(told).to_contain_text("which is neither UTF-8 nor windows-1252.")
    expect(refused(page).get_by_role("button")).to_be_focused()
    page.get_by_label("It is written in").select_option("windows-1250")
    refused(page).get_by_role("button", name="Read it as windows-1250").click()
    expect(page.get_by_role("row", name="Ort")).to_contain_text("Uľmť")
    page.get_by_role("button", name="Take another table").click()
    page.get_by_role("button", name="Exclusive or").click()
    expect(page.get_by_label("Written in", exact=True)).to_have_count(0)
