"""How one example runs through a network and its error back: every number that the page tells is the service's own."""

import re
from collections.abc import Callable, Iterator
from math import exp

import pytest
from playwright.sync_api import Route, expect

from tests.page.browser import Visit
from tests.page.learning import JSON, check_back, check_forward, check_step, drawing, go, in_nodes, listed, read, same, told
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
        assert same(told(page), [trace["inputs"][0]["value"], inputs[0]])
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
        assert same(told(page), [outputs[0][1], outputs[0][2], second["errors"][0]])
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
