"""The whole way, from the key to the weights, against a service that trains."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from safetensors.numpy import load_file

from core.exports import FORMS
from core.keys import new_key
from tests.page.browser import Visit
from tests.service.running import ROOT, Running, endless, finished, xor

pytestmark = pytest.mark.xdist_group("page")

IRIS = ROOT / "examples" / "data" / "iris.csv"
PHONE = {"viewport": {"width": 360, "height": 740}}
DARK = {"color_scheme": "dark"}
WELL = "All is well; it can start."


def with_iris(page: Page) -> None:
    for link in ("Jobs", "New job"):
        page.get_by_role("navigation", name="Main").get_by_role("link", name=link).click()
    page.get_by_label("Choose a table").set_input_files(IRIS)
    expect(page.get_by_text(WELL)).to_be_visible()


def trained(page: Page, name: str, epochs: int = 300) -> None:
    with_iris(page)
    page.get_by_label("Epochs", exact=True).fill(str(epochs))
    page.get_by_label("Name of the job").fill(name)
    expect(page.get_by_text(WELL)).to_be_visible()
    page.get_by_role("button", name="Start the training").click()
    expect(page.get_by_role("heading", name=name)).to_be_visible()
    expect(page.get_by_role("status")).to_have_text("✓ succeeded")


def curve(page: Page, name: str = "Loss") -> str:
    """What the curve tells a reader of the screen, once there are values in it."""
    drawn = page.get_by_role("img", name=f"{name} by epoch")
    expect(drawn).to_have_attribute("aria-label", re.compile("from .+ to "))
    expect(drawn.locator("canvas")).to_be_visible()
    return str(drawn.get_attribute("aria-label"))


def test_a_table_becomes_a_trained_network_and_a_file(
    service: Running, key: str, visit: Callable[..., Visit], tmp_path: Path
) -> None:
    visited = visit(service.url())
    page = visited.open(key=key)
    with_iris(page)
    expect(page.get_by_label("What shall it learn to tell?")).to_have_value("species")
    expect(page.get_by_role("row", name="petal_width")).to_contain_text("0.1 to 2.5")
    trained(page, "flowers")
    assert curve(page).startswith("Loss by epoch: training from ")
    curve(page, "accuracy")
    forms = page.get_by_label("Weights as")
    expect(forms.get_by_role("option")).to_have_count(len(FORMS))
    for form in FORMS:
        forms.select_option(form)
        with page.expect_download() as download:
            page.get_by_role("button", name="Download").click()
        assert download.value.suggested_filename.startswith("job_")
        download.value.save_as(tmp_path / form)
        assert (tmp_path / form).stat().st_size > 0
    page.get_by_role("link", name="How it learns").click()
    drawn = page.get_by_role("group", name="The network: 4 inputs, ")
    tensors = load_file(tmp_path / "safetensors")
    expect(drawn.locator("line")).to_have_count(sum(each.size for each in tensors.values() if each.ndim == 2))
    page.get_by_role("group", name="Phase").get_by_role("button", name="Forward").click()
    page.get_by_label("Layer", exact=True).select_option("1")
    page.get_by_label("Unit", exact=True).select_option(label="unit 2")
    expect(page.get_by_role("caption")).to_have_text("The sum of unit 2")
    for name, weight in zip(
        ("sepal_length", "sepal_width", "petal_length", "petal_width"), tensors["0.weight"][1], strict=True
    ):
        said = page.get_by_role("row", name=name).get_by_role("cell").nth(1).inner_text()
        assert float(said.replace("−", "-")) == pytest.approx(weight, rel=1e-3)
    page.get_by_role("link", name="Events").click()
    expect(page.get_by_text("It was trained to its end.")).to_be_visible()
    page.get_by_role("link", name="Settings").click()
    expect(page.get_by_role("row", name="1 dense")).to_be_visible()
    assert visited.refusals == [(401, "/v1/jobs")]


@pytest.fixture
def long_job(service: Running) -> Iterator[str]:
    """One that would keep the worker for hours."""
    with service.client() as client:
        path = f"/v1/jobs/{client.post('/v1/jobs', json=endless()).json()['id']}"
        yield path
        client.post(f"{path}/cancel")


def test_a_job_is_watched_paused_resumed_cancelled_and_deleted(
    service: Running, key: str, long_job: str, visit: Callable[..., Visit]
) -> None:
    page = visit(service.url()).open(f"#{long_job.removeprefix('/v1')}", key)
    status = page.get_by_role("status")
    expect(status).to_contain_text("running")
    curve(page)
    epochs = page.get_by_role("slider", name="Epoch").first
    expect(epochs).not_to_have_attribute("aria-valuetext", str(epochs.get_attribute("aria-valuetext")))
    page.get_by_role("button", name="Pause").click()
    expect(status).to_have_text("❚❚ paused")
    page.get_by_role("button", name="Resume").click()
    expect(status).to_contain_text("running")
    page.get_by_role("button", name="Cancel").click()
    expect(status).to_contain_text("cancelled")
    page.get_by_role("button", name="Delete …").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_role("heading", name="Jobs", exact=True)).to_be_visible()
    with service.client() as client:
        assert client.get(long_job).status_code == 404


def test_of_a_large_network_the_strongest_weights_are_drawn_and_it_says_so(
    service: Running, key: str, visit: Callable[..., Visit]
) -> None:
    with service.client() as client:
        job = client.post("/v1/jobs", json=xor(3, units=100)).json()["id"]
        finished(client, job)
    page = visit(service.url()).open(f"#/jobs/{job}/learning", key)
    expect(page.get_by_text("the network has 10,501 weights and biases")).to_be_visible()
    drawn = page.get_by_role("group", name="The network: 2 inputs, 100 sigmoid, 100 sigmoid, 1 sigmoid")
    expect(drawn.get_by_role("button")).to_have_count(2 + 64 + 64 + 1)
    expect(drawn.locator("line")).to_have_count(2000)
    expect(page.get_by_text("only the 2000 strongest are drawn")).to_be_visible()
    page.get_by_label("Layer", exact=True).select_option("2")
    page.get_by_label("Unit", exact=True).select_option(label="unit 38")
    expect(drawn.get_by_role("button")).to_have_count(2 + 64 + 65 + 1)
    expect(drawn.locator("line.chosen")).to_have_count(64 + 1)  # all of its own, weak or strong


def test_several_jobs_are_drawn_over_one_another(service: Running, key: str, visit: Callable[..., Visit]) -> None:
    page = visit(service.url()).open(key=key)
    for name, epochs in (("first try", 50), ("second try", 80)):
        trained(page, name, epochs)
    page.get_by_label("Beside it").select_option(label="first try (succeeded)")
    loss = page.get_by_role("img", name="Loss by epoch")
    expect(loss).to_have_attribute("aria-label", re.compile("training of second try from .*; training of first try from "))
    page.get_by_role("button", name="Take first try away").click()
    expect(loss).not_to_have_attribute("aria-label", re.compile("first try"))


def test_a_first_visit_is_greeted_and_told_where_the_key_is(service: Running, visit: Callable[..., Visit]) -> None:
    page = visit(service.url()).open("#/new")
    expect(page.get_by_role("heading", name="Gradmill trains neural networks")).to_be_visible()
    expect(page.get_by_text("var/key", exact=True)).to_be_visible()
    expect(page.get_by_label("API key")).to_be_visible()
    assert page.get_by_role("alert").count() == 0
    assert page.get_by_text("Authorization").count() == 0
    expect(page.get_by_role("navigation").get_by_role("link")).to_have_count(1)  # the API's own page needs no key


def test_with_epochs_of_ones_own_a_fifth_of_the_rows_is_kept_to_measure_on(
    service: Running, key: str, visit: Callable[..., Visit]
) -> None:
    page = visit(service.url()).open(key=key)
    trained(page, "with a fifth", 5)
    summary = page.get_by_role("region", name="Summary")
    expect(summary).to_contain_text("measured on validation rows")
    expect(summary).to_contain_text("Validation loss")
    page.get_by_role("link", name="Settings").click()
    expect(page.get_by_text("Rows validated on").locator("xpath=..")).to_contain_text("30")  # of 150
    with_iris(page)
    page.get_by_label("Keep a fifth of the rows to measure on").uncheck()
    expect(page.get_by_text("Rows to validate on").locator("xpath=..")).to_have_text("Rows to validate on0")


def test_a_wrong_key_is_told_and_the_right_one_stays_in_the_tab(
    service: Running, key: str, visit: Callable[..., Visit]
) -> None:
    visited = visit(service.url())
    page = visited.open(key=new_key().text)
    expect(page.get_by_role("alert")).to_have_text("This key is unknown here. Look whether it is whole, and of this service.")
    expect(page.get_by_text("var/key", exact=True)).to_be_visible()
    page.get_by_label("API key").fill("kéy with spaces")
    page.get_by_role("button", name="Open").click()
    expect(page.get_by_role("alert")).to_contain_text("This is no key")
    page.get_by_label("API key").fill(key)
    page.get_by_role("button", name="Open").click()
    expect(page.get_by_role("heading", name="Jobs")).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name="Jobs")).to_be_visible()
    assert page.evaluate("Object.keys(localStorage).length + document.cookie.length") == 0
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_label("API key")).to_be_visible()
    assert page.evaluate("sessionStorage.length") == 0


def test_the_keyboard_is_enough(service: Running, key: str, visit: Callable[..., Visit]) -> None:
    page = visit(service.url()).open()
    expect(page.get_by_label("API key")).to_be_visible()

    def reach(role: str, name: str) -> None:
        """Presses Tab until it is there."""
        wanted = page.get_by_role(role, name=name, exact=True).first  # type: ignore[arg-type]
        expect(wanted).to_be_visible()
        for _ in range(60):
            if wanted.evaluate("each => each === document.activeElement"):
                return
            page.keyboard.press("Tab")
        raise AssertionError(f"Tab does not lead to the {role} {name}")

    reach("textbox", "API key")
    page.keyboard.type(key)
    page.keyboard.press("Enter")
    reach("link", "New job")
    page.keyboard.press("Enter")
    reach("button", "Two rings")
    page.keyboard.press("Enter")
    reach("textbox", "Epochs")
    page.keyboard.type("30")
    expect(page.get_by_text(WELL)).to_be_visible()
    reach("button", "Start the training")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_have_text("✓ succeeded")
    curve(page)
    reach("slider", "Smoothing")
    page.keyboard.press("End")
    reach("link", "Events")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="What happened")).to_be_visible()


@pytest.mark.parametrize("context", [{}, DARK, PHONE], ids=["light", "dark", "phone"])
def test_every_view_can_be_used_by_everyone(
    service: Running, key: str, visit: Callable[..., Visit], context: dict[str, object]
) -> None:
    visited = visit(service.url(), **context)

    def look(view: str) -> None:
        assert visited.violations() == [], view
        assert not visited.is_too_wide(), view

    page = visited.open()
    expect(page.get_by_label("API key")).to_be_visible()
    look("key")
    page = visited.open(key=key)
    expect(page.get_by_role("heading", name="Jobs")).to_be_visible()
    page.get_by_role("navigation", name="Main").get_by_role("link", name="New job").click()
    expect(page.get_by_label("Choose a table")).to_be_visible()
    look("upload")
    with_iris(page)
    page.get_by_label("My own layers").check()
    page.get_by_label("Units of layer 1").fill("many")
    expect(page.get_by_text("One thing is not right yet.")).to_be_visible()
    look("form with a mistake")
    page.get_by_label("Units of layer 1").fill("6")
    expect(page.get_by_text(WELL)).to_be_visible()
    look("form")
    trained(page, "for everyone", 40)
    curve(page)
    look("curves")
    for tab in ("How it learns", "Events", "Settings"):
        page.get_by_role("link", name=tab).click()
        expect(page.get_by_role("link", name=tab)).to_have_attribute("aria-current", "page")
        look(tab)
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Jobs").click()
    expect(page.get_by_role("link", name="for everyone").first).to_be_visible()
    look("jobs")


def test_darkness_is_followed(service: Running, visit: Callable[..., Visit]) -> None:
    def brightness(visited: Visit) -> int:
        page = visited.open()
        expect(page.get_by_label("API key")).to_be_visible()
        colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
        return sum(int(each) for each in re.findall(r"\d+", colour)[:3])

    assert brightness(visit(service.url(), **DARK)) < 150
    assert brightness(visit(service.url())) > 600
