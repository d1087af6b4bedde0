"""What stands in and beside the nodes of the drawing finds room there, is written alike, and says what the data say."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.page.browser import Visit
from tests.page.learning import check_steps, drawing, read, table
from tests.page.test_page import DARK
from tests.service.running import Running, finished

pytestmark = pytest.mark.xdist_group("page")

KINDS = ("Wohnung", "Büro", "Lager", "Einfamilienhaus")
FLATS = ["Objektart;Baujahr;Fläche;Miete"] + [
    f"{KINDS[i % 4]};{1890 + 7 * i % 130};{20 + 7 * i % 113};{408 + 90 * (7 * i % 113) - 300 * (i % 4)}" for i in range(160)
]
WIDE, PHONE = {"viewport": {"width": 1280, "height": 900}}, {"viewport": {"width": 390, "height": 844}}
# Names that leave the drawing, that stand behind nodes of other layers, and numbers that leave their nodes.
CLIPPED = """(svg) => [...svg.querySelectorAll('.node text:not(.value)')].filter((text) => {
  const [box, whole] = [text.getBoundingClientRect(), svg.getBoundingClientRect()];
  return box.left < whole.left - 0.5 || box.right > whole.right + 0.5;
}).map((text) => text.textContent)"""
HIDDEN = """(svg) => [...svg.querySelectorAll('.node text:not(.value)')].filter((text) => {
  const box = text.getBoundingClientRect();
  return [...svg.querySelectorAll('.body')].some((body) => {
    const other = body.getBoundingClientRect();
    const isOfItsLayer = body.closest('.node').parentNode === text.closest('.node').parentNode;
    if (isOfItsLayer) return false;
    return box.left < other.right && box.right > other.left && box.top < other.bottom && box.bottom > other.top;
  });
}).map((text) => text.textContent)"""
TOO_WIDE = """(svg) => [...svg.querySelectorAll('.value')].filter((text) =>
  text.getBoundingClientRect().width > text.parentNode.querySelector('.body').getBoundingClientRect().width - 2
).map((text) => text.textContent)"""


@pytest.fixture(scope="module")
def job(service: Running) -> Iterator[str]:
    """Rents from texts and numbers, by three layers, many of whose units give 0."""
    with service.client() as client:
        csv = {"Content-Type": "text/csv"}
        dataset = client.post("/v1/datasets", content="\n".join(FLATS).encode(), headers=csv).json()["id"]
        request = {
            "network": {"layers": [{"units": 32, "activation": "relu"}, {"units": 16, "activation": "relu"}, {"units": 1}]},
            "dataset": {"id": dataset, "target": "Miete"},
            "training": {"loss": "mean_squared_error", "epochs": 40, "snapshots": 3},
        }
        yield str(finished(client, client.post("/v1/jobs", json=request).raise_for_status().json()["id"])["id"])


def opened(service: Running, key: str, job: str, visit: Callable[..., Visit], context: dict[str, object]) -> Page:
    page = visit(service.url(), reduced_motion="reduce", **context).open(f"#/jobs/{job}/learning", key)
    expect(drawing(page)).to_be_visible()
    return page


def phase(page: Page, name: str) -> None:
    page.get_by_role("group", name="Phase").get_by_role("button", name=name).click()


@pytest.mark.parametrize("context", [WIDE, WIDE | DARK, PHONE], ids=["wide", "dark", "phone"])
def test_names_are_neither_clipped_nor_hidden_and_values_stay_within_their_nodes(
    service: Running, key: str, job: str, visit: Callable[..., Visit], context: dict[str, object]
) -> None:
    page = opened(service, key, job, visit, context)
    for kind in KINDS[:3]:
        expect(drawing(page)).to_contain_text(f"Objektart= {kind}")
    for each in ("Forward", "Loss", "Backward", "Step"):
        phase(page, each)
        for fault in (CLIPPED, HIDDEN, TOO_WIDE):
            assert drawing(page).evaluate(fault) == [], each
        for layer in range(4):
            values = drawing(page).locator(f'[id^="node-{layer}-"] .value').all_text_contents()
            decimals = {"e" in value or len(value.partition(".")[2]) for value in values if value != "0"}
            assert len(decimals) <= 1, values


def test_the_target_is_told_as_the_data_have_it_where_the_network_counts_otherwise(
    service: Running, key: str, job: str, visit: Callable[..., Visit]
) -> None:
    page = opened(service, key, job, visit, WIDE)
    with service.client() as client:
        trace = client.get(f"/v1/jobs/{job}/trace", params={"row": 0}).json()
    told = drawing(page).locator('[id^="node-3-"]').text_content() or ""
    assert re.search(rf"target .*data: {trace['target']:g}$", told.replace(",", ""), re.DOTALL), told


def test_a_weight_that_does_not_move_is_written_as_before_and_what_is_left_out_is_told_truly(
    service: Running, key: str, job: str, visit: Callable[..., Visit]
) -> None:
    page = opened(service, key, job, visit, WIDE)
    phase(page, "Step")
    page.get_by_label("Layer", exact=True).select_option("2")
    check_steps(page)
    stayed = {name: was for name, _, step, was, becomes in (each for each in table(page) if len(each) == 5) if step == "0"}
    assert stayed
    names = [each[0] for each in table(page)]
    [others] = [place for place, name in enumerate(names) if name.startswith("and ")]
    assert names[others] == "and 12 others, which stay"
    assert names[others + 1] == "bias"
    unit = page.get_by_label("Unit", exact=True).input_value()
    phase(page, "Forward")
    page.get_by_label("Layer", exact=True).select_option("2")
    page.get_by_label("Unit", exact=True).select_option(unit)
    before = {each[0]: each[2] for each in table(page) if len(each) == 4}
    both = stayed.keys() & before.keys()
    assert both
    for name in both:
        shorter = min(before[name], stayed[name], key=len)
        assert len(shorter.lstrip("−").replace("0.", "").lstrip("0")) >= 3
        assert abs(read(before[name])[0] - read(stayed[name])[0]) <= 0.51 * 10 ** -len(shorter.partition(".")[2])
