"""How one example runs through a network and its error back: every number that the page tells is the service's own."""

import re
from collections.abc import Callable, Iterator
from math import exp, isclose

import pytest
from playwright.sync_api import Route, expect

from tests.page.browser import Visit
from tests.page.learning import (
    JSON,
    check_back,
    check_begin,
    check_equations,
    check_forward,
    check_step,
    check_sum,
    chosen,
    drawing,
    go,
    in_nodes,
    listed,
    liveliest,
    read,
    same,
    told,
)
from tests.page.test_page import DARK, PHONE, WELL, with_iris
from tests.service.running import ROOT, Running, finished, xor

pytestmark = pytest.mark.xdist_group("page")

IRIS = (ROOT / "examples" / "data" / "iris.csv").read_bytes()
ROW = 57


@pytest.fixture(scope="module")
def job(service: Running) -> str:
    """A network of two layers that tells irises apart, whose weights are kept from before its training on."""
    with service.client() as client:
        dataset = client.post("/v1/datasets", content=IRIS, headers={"Content-Type": "text/csv"}).json()["id"]
        request = {
            "network": {"layers": [{"units": 5, "activation": "tanh"}, {"units": 3}]},
            "dataset": {"id": dataset, "target": "species"},
            "training": {"loss": "softmax_cross_entropy", "epochs": 60, "snapshots": 8, "validation": {"fraction": 0.2}},
        }
        return str(finished(client, client.post("/v1/jobs", json=request).raise_for_status().json()["id"])["id"])


@pytest.fixture
def traced(service: Running, job: str) -> Iterator[Callable[[int], JSON]]:
    """What the service says of the row at an epoch."""
    with service.client() as client:
        yield lambda epoch: client.get(f"/v1/jobs/{job}/trace", params={"row": ROW, "epoch": epoch}).raise_for_status().json()


@pytest.fixture
def epochs(service: Running, job: str) -> list[int]:
    with service.client() as client:
        found: list[int] = client.get(f"/v1/jobs/{job}/trace").raise_for_status().json()["epochs"]
    assert found[0] == 0
    assert len(found) > 5
    return found


@pytest.fixture
def opened(service: Running, key: str, job: str, visit: Callable[..., Visit]) -> Callable[..., Visit]:
    """A window that shows the row."""

    def opened(**context: object) -> Visit:
        visited = visit(service.url(), **context)
        page = visited.open(f"#/jobs/{job}/learning", key)
        page.get_by_label("Row", exact=True).fill(str(ROW))
        page.get_by_role("group", name="Phase").get_by_role("button", name="Forward").click()
        expect(page.get_by_label("What is computed")).to_contain_text(f"Row {ROW} ")
        return visited

    return opened


def test_from_phase_to_phase_every_number_is_that_of_the_trace(
    opened: Callable[..., Visit], traced: Callable[[int], JSON], epochs: list[int]
) -> None:
    page = opened().page
    step_on = page.get_by_role("button", name="Next →")
    phase = page.get_by_role("group", name="Phase")
    for epoch in (epochs[0], epochs[len(epochs) // 2], epochs[-1]):
        go(page, epochs, epoch)
        trace = traced(epoch)
        first, second = trace["layers"]
        inputs = [each["input"] for each in trace["inputs"]]
        phase.get_by_role("button", name="Forward").click()
        assert same(in_nodes(page, 0), inputs)
        first_input = liveliest(inputs)
        assert same(told(page), [trace["inputs"][first_input]["value"], inputs[first_input]])
        step_on.click()
        check_forward(page, first, inputs, 1)
        step_on.click()
        check_forward(page, second, first["activations"], 2)
        step_on.click()
        expect(phase.get_by_role("button", pressed=True)).to_have_text("Loss")
        assert same(told(page), [exp(-trace["loss"]), trace["loss"]])
        probabilities = trace["prediction"]["probabilities"].values()
        outputs = [[each["output"], p, each["target"]] for each, p in zip(trace["outputs"], probabilities, strict=True)]
        assert all(same(row, each) for row, each in zip(listed(page), [*outputs, [trace["loss"]]], strict=True))
        step_on.click()
        assert same(in_nodes(page, 2), second["errors"])
        check_begin(page, trace)
        step_on.click()
        check_back(page, first, second, 1)
        step_on.click()
        check_step(page, first, inputs, trace["learning_rate"])
        step_on.click()
        check_step(page, second, first["activations"], trace["learning_rate"])
        page.get_by_role("button", name="From the start").click()
        expect(phase.get_by_role("button", pressed=True)).to_have_text("Forward")


def test_a_node_and_a_weight_are_chosen_and_told(
    opened: Callable[..., Visit], traced: Callable[[int], JSON], epochs: list[int]
) -> None:
    page = opened().page
    go(page, epochs, epochs[3])
    layer = traced(epochs[3])["layers"][0]
    inputs = [each["input"] for each in traced(epochs[3])["inputs"]]
    drawing(page).get_by_role("button", name="unit 4, layer 1").click()
    expect(page.get_by_text("The sum of unit 4")).to_be_visible()
    expect(page.get_by_label("Unit", exact=True)).to_have_value("3")
    chosen = page.get_by_role("complementary", name="The chosen node")
    chosen.get_by_role("button", name="petal_length").click()
    sentence = chosen.get_by_text("The weight from petal_length to unit 4: ")
    gradient, step, weight = (
        each[3][2] for each in (layer["gradients"]["weights"], layer["steps"]["weights"], layer["weights"])
    )
    numbers = read(sentence.inner_text().split(": ", 1)[1])
    assert same(numbers, [layer["errors"][3], inputs[2], gradient, step / gradient, gradient, step, weight, weight + step])
    expect(drawing(page).locator("line.told")).to_have_count(1)
    page.get_by_label("Layer", exact=True).select_option("2")
    page.get_by_label("Unit", exact=True).select_option(label="virginica")
    expect(page.get_by_text("The sum of virginica")).to_be_visible()
    assert sentence.count() == 0


def test_nothing_is_there_to_be_chosen_that_the_trace_would_undo(
    service: Running, key: str, job: str, visit: Callable[..., Visit]
) -> None:
    page = visit(service.url()).page
    held: list[Route] = []
    page.route(re.compile("/trace"), lambda route: held.append(route))
    page.goto(f"{service.url()}/#/jobs/{job}/learning")
    page.get_by_label("API key").fill(key)
    with page.expect_request(re.compile("/trace")):
        page.get_by_role("button", name="Open").click()
    expect(page.get_by_text("Row 0 is on its way")).to_be_visible()
    assert page.get_by_label("Unit", exact=True).count() == 0
    for each in held:
        each.continue_()
    page.unroute(re.compile("/trace"))
    page.get_by_label("Unit", exact=True).select_option("2")
    sentence = page.get_by_label("What is computed").inner_text()
    page.get_by_role("button", name="Next row").click()  # another trace
    expect(page.get_by_label("What is computed")).not_to_have_text(sentence, use_inner_text=True)
    expect(page.get_by_label("Unit", exact=True)).to_have_value("2")


def test_the_epochs_are_played_and_walked(
    opened: Callable[..., Visit], traced: Callable[[int], JSON], epochs: list[int]
) -> None:
    page = opened().page
    go(page, epochs, epochs[-1])
    page.get_by_role("button", name="Play").click()
    shown = page.locator("output")
    expect(shown).to_have_text("Before training")
    page.get_by_role("button", name="Pause").click()
    go(page, epochs, 0)
    loss = page.get_by_text(re.compile("^loss "))
    for epoch in epochs[1:]:
        page.get_by_role("button", name="Next epoch").click()
        expect(shown).to_have_text(f"Epoch {epoch}")
        assert same(read(loss.inner_text()), [traced(epoch)["loss"]])
    expect(page.get_by_role("button", name="Next epoch")).to_be_disabled()
    curve = page.get_by_role("img", name="The loss of this row")
    ends = (traced(epochs[0])["loss"], traced(epochs[-1])["loss"])
    expect(curve).to_have_attribute("aria-label", re.compile(f"at epoch {epochs[-1]}$"))
    first, _, last, _ = read(str(curve.get_attribute("aria-label")))
    assert same([first, last], ends)
    go(page, epochs, epochs[-2])
    page.get_by_role("button", name="Play").click()
    expect(shown).to_have_text(f"Epoch {epochs[-1]}")
    expect(page.get_by_role("button", name="Play")).to_be_visible()  # it ends by itself


def test_the_arrow_keys_lead_from_node_to_node(opened: Callable[..., Visit]) -> None:
    page = opened(reduced_motion="reduce").page
    drawing(page).get_by_role("button", name="unit 1, layer 1").click()
    for press, name in (
        ("ArrowDown", "unit 2, layer 1"),
        ("ArrowRight", "setosa, layer 2"),
        ("ArrowLeft", "unit 1, layer 1"),
        ("ArrowUp", "unit 1, layer 1"),
        ("ArrowLeft", "sepal_length, input"),
    ):
        page.keyboard.press(press)
        node = drawing(page).get_by_role("button", name=name)
        expect(node).to_be_focused()
        expect(node).to_have_attribute("aria-pressed", "true")
    expect(drawing(page).locator("[tabindex='0']")).to_have_count(1)
    expect(page.get_by_label("What is computed")).to_contain_text("sepal_length is ")


@pytest.fixture(scope="module")
def rents(service: Running) -> tuple[str, list[float]]:
    """A job of 32 relu units, some of which give 0, that learns numbers of thousands; and these."""
    rows = [(20 + 7 * i % 113, 1 + i % 5, 1900 + 13 * i % 101) for i in range(60)]
    targets = [211.35 + 11.25 * area + 40.5 * rooms for area, rooms, _ in rows]
    lines = [f"{area},{rooms},{year},{rent}" for (area, rooms, year), rent in zip(rows, targets, strict=True)]
    with service.client() as client:
        content = "\n".join(["area,rooms,year,rent", *lines])
        dataset = client.post("/v1/datasets", content=content, headers={"Content-Type": "text/csv"}).json()["id"]
        request = {
            "network": {"layers": [{"units": 32, "activation": "relu"}, {"units": 16, "activation": "relu"}, {"units": 1}]},
            "dataset": {"id": dataset, "target": "rent"},
            "training": {"loss": "mean_squared_error", "epochs": 20, "snapshots": 4},
        }
        return str(finished(client, client.post("/v1/jobs", json=request).raise_for_status().json()["id"])["id"]), targets


def test_a_value_may_hold_an_equals_sign_too(service: Running, key: str, visit: Callable[..., Visit]) -> None:
    lines = [f"x = {row % 2},{row % 3},{row % 2}" for row in range(40)]
    with service.client() as client:
        content = "\n".join(["condition of it,other,answer", *lines])
        dataset = client.post("/v1/datasets", content=content, headers={"Content-Type": "text/csv"}).json()["id"]
        network = {"layers": [{"units": 3, "activation": "tanh"}, {"units": 1}]}
        request = {"network": network, "dataset": {"id": dataset, "target": "answer"}, "training": {"epochs": 3}}
        job = finished(client, client.post("/v1/jobs", json=request).raise_for_status().json()["id"])["id"]
    page = visit(service.url()).open(f"#/jobs/{job}/learning", key)
    expect(drawing(page)).to_contain_text("condition of it= x = 1")


def test_of_many_units_the_largest_stand_first_and_what_is_computed_comes_out(
    service: Running, key: str, rents: tuple[str, list[float]], visit: Callable[..., Visit]
) -> None:
    job, targets = rents
    page = visit(service.url()).open(f"#/jobs/{job}/learning", key)
    step_on = page.get_by_role("button", name="Next →")
    sentence = page.get_by_label("What is computed")
    terms = page.get_by_role("complementary", name="The chosen node")
    with service.client() as client:
        traces = {row: client.get(f"/v1/jobs/{job}/trace", params={"row": row}).json() for row in (0, 7, 31)}
    for row, trace in traces.items():
        first, second, last = trace["layers"]
        page.get_by_label("Row", exact=True).fill(str(row))
        page.get_by_role("group", name="Phase").get_by_role("button", name="Forward").click()
        expect(sentence).to_contain_text(f"Row {row} of")
        step_on.click()
        expect(sentence).to_contain_text("relu of that sum: the sum itself where it is above 0, else 0")
        assert chosen(page) == liveliest(first["activations"])
        check_equations(page)
        check_sum(page)
        step_on.click()
        unit = chosen(page)
        products = [w * y for w, y in zip(second["weights"][unit], first["activations"], strict=True)]
        largest = sorted(products, key=abs, reverse=True)
        rows = listed(page)
        assert same([each[2] for each in rows[:20]], largest[:20])
        expect(terms).to_contain_text("and 12 others, together")
        assert isclose(rows[20][0], sum(largest[20:]), rel_tol=0.006, abs_tol=1e-3)
        expect(sentence).to_contain_text("(27 others, together)")
        check_equations(page)
        check_sum(page)
        step_on.click()
        step_on.click()
        expect(sentence).to_contain_text(f"the data say {targets[row]}. ")
        check_equations(page)
        step_on.click()
        expect(page.get_by_role("caption")).to_have_text("Where the error begins")
        assert same(listed(page)[0], [trace["outputs"][0]["output"], trace["outputs"][0]["target"], last["errors"][0]])
        check_equations(page)
        for layer in (second, first):
            step_on.click()
            assert layer["errors"][chosen(page)] != 0
            assert chosen(page) == liveliest(layer["errors"])
            expect(sentence).to_contain_text("the slope of its activation, which is how fast what it gives grows")
            check_equations(page)
            check_sum(page)
        for layer in (first, second, last):
            step_on.click()
            assert chosen(page) == liveliest(layer["errors"])
            check_equations(page)


@pytest.mark.parametrize("context", [{}, DARK, PHONE], ids=["light", "dark", "phone"])
def test_every_phase_can_be_followed_by_everyone(opened: Callable[..., Visit], context: dict[str, object]) -> None:
    visited = opened(reduced_motion="reduce", **context)  # colours that change are looked at when they have
    for phase in ("Forward", "Loss", "Backward", "Step"):
        visited.page.get_by_role("group", name="Phase").get_by_role("button", name=phase).click()
        assert visited.violations() == [], phase
        assert not visited.is_too_wide(), phase


def test_of_a_network_with_other_layers_it_says_why_there_is_no_example(
    service: Running, key: str, visit: Callable[..., Visit]
) -> None:
    request = xor(3)
    request["network"]["layers"].insert(1, {"type": "layer_normalisation"})
    with service.client() as client:
        job = client.post("/v1/jobs", json=request).raise_for_status().json()["id"]
        finished(client, job)
    page = visit(service.url()).open(f"#/jobs/{job}/learning", key)
    expect(page.get_by_text("layer 1 is layer_normalisation; a trace shows dense layers")).to_be_visible()
    expect(page.get_by_text("Only networks of dense layers are drawn")).to_be_visible()


def test_without_kept_epochs_the_best_one_is_followed(service: Running, key: str, visit: Callable[..., Visit]) -> None:
    with service.client() as client:
        job = client.post("/v1/jobs", json=xor(30)).raise_for_status().json()["id"]
        finished(client, job)
        trace = client.get(f"/v1/jobs/{job}/trace").raise_for_status().json()
    page = visit(service.url()).open(f"#/jobs/{job}/learning", key)
    expect(page.get_by_text("only these weights are kept")).to_be_visible()
    expect(page.get_by_role("cell", name="0", exact=True).first).to_be_visible()  # row 0 is (0, 0)
    assert page.get_by_role("cell", name="−0", exact=True).count() == 0
    for _ in range(3):
        page.get_by_role("button", name="Next →").click()
    expect(page.get_by_label("What is computed")).to_contain_text("The mean squared error is (")
    assert same(told(page)[-1:], [trace["loss"]])


@pytest.fixture
def running_job(service: Running) -> Iterator[str]:
    request = xor(10_000_000, units=60)
    request["training"]["snapshots"] = 100
    with service.client() as client:
        job = client.post("/v1/jobs", json=request).raise_for_status().json()["id"]
        yield job
        client.post(f"/v1/jobs/{job}/cancel")


def test_while_it_learns_epochs_are_added(service: Running, key: str, running_job: str, visit: Callable[..., Visit]) -> None:
    page = visit(service.url()).open(f"#/jobs/{running_job}/learning", key)
    slider = page.get_by_role("slider", name="Epoch")
    expect(slider).to_be_visible()
    most = str(slider.get_attribute("max"))
    expect(slider).not_to_have_attribute("max", most)


def test_the_form_keeps_epochs_of_small_networks(service: Running, key: str, visit: Callable[..., Visit]) -> None:
    page = visit(service.url()).open(key=key)
    with_iris(page)
    kept = page.get_by_label("Keep the weights of so many epochs")
    expect(kept).to_have_value("30")
    page.get_by_label("My own layers").check()
    page.get_by_label("Units of layer 1").fill("3000")
    expect(kept).to_have_value("0")
    page.get_by_label("Units of layer 1").fill("4")
    expect(kept).to_have_value("30")
    kept.fill("101")
    expect(page.get_by_text("One thing is not right yet.")).to_be_visible()
    kept.fill("12")
    page.get_by_label("Epochs", exact=True).fill("20")
    expect(page.get_by_text(WELL)).to_be_visible()
    page.get_by_role("button", name="Start the training").click()
    expect(page.get_by_role("status")).to_have_text("✓ succeeded")
    with service.client() as client:
        assert client.get(f"/v1/jobs/{page.url.rsplit('/', 1)[1]}").json()["training"]["snapshots"] == 12
