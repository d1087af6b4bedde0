"""What the view of a network's learning shows, as numbers, and what of a trace it ought to be."""

import re
from math import isclose
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

JSON = dict[str, Any]


def read(text: str) -> list[float]:
    """The numbers in a text, as people write them."""
    found = re.findall(r"−?\d[\d,]*\.?\d*(?:e−?\d+)?", text)
    return [float(each.replace("−", "-").replace(",", "")) for each in found]


def same(shown: list[float], true: Any) -> bool:
    """Equal as far as they are written out: to three digits, the smallest to two."""
    true = [float(each) for each in true]
    return len(shown) == len(true) and all(
        isclose(one, other, rel_tol=0.006 if abs(other) >= 1e-3 else 0.06, abs_tol=1e-9)
        for one, other in zip(shown, true, strict=True)
    )


def drawing(page: Page) -> Locator:
    return page.get_by_role("group", name="The network: ")


def in_nodes(page: Page, layer: int) -> list[float]:
    """What the nodes of a layer tell a reader of the screen."""
    where = f", layer {layer}: " if layer else ", input: "
    nodes = drawing(page).locator(f'[role=button][aria-label*="{where}"]').all()
    return [read(str(node.get_attribute("aria-label")).rsplit(" is ", 1)[1])[0] for node in nodes]


def told(page: Page) -> list[float]:
    """The numbers of the sentence about the chosen node, whose name may have some, too."""
    text = page.get_by_label("What is computed").locator(".numbers").inner_text()
    return read(text.split(": ", 1)[-1])


def listed(page: Page) -> list[list[float]]:
    """The numbers of the chosen node, row by row."""
    rows = page.get_by_role("complementary", name="The chosen node").locator("tr:has(td)").all()
    return [[read(cell)[0] for cell in row.locator("td").all_inner_texts()] for row in rows]


def go(page: Page, epochs: list[int], epoch: int) -> None:
    slider = page.get_by_role("slider", name="Epoch")
    slider.fill(str(epochs.index(epoch)))
    expect(page.locator("output")).to_have_text(f"Epoch {epoch}" if epoch else "Before training")


def check_forward(page: Page, layer: JSON, incoming: list[float], number: int) -> None:
    weights, bias = layer["weights"][0], layer["bias"][0]
    assert same(in_nodes(page, number), layer["activations"])
    ends = [layer["weighted_sums"][0]] + ([layer["activations"][0]] if layer["activation"] == "tanh" else [])
    terms = [each for pair in zip(weights, incoming, strict=True) for each in pair]
    assert same(told(page), [*terms, bias, *ends])
    rows = listed(page)
    for row, weight, value in zip(rows, weights, incoming, strict=False):
        assert same(row, [value, weight, weight * value])
    assert [row[0] for row in rows[len(weights) :]] == [pytest.approx(each, rel=1e-3) for each in [bias, *ends]]


def check_back(page: Page, layer: JSON, ahead: JSON, number: int) -> None:
    assert same(in_nodes(page, number), layer["errors"])
    weights = [row[0] for row in ahead["weights"]]
    reached = sum(weight * error for weight, error in zip(weights, ahead["errors"], strict=True))
    slope = 1 - layer["activations"][0] ** 2  # of tanh
    terms = [each for pair in zip(weights, ahead["errors"], strict=True) for each in pair]
    assert same(told(page), [*terms, reached, layer["weighted_sums"][0], slope, reached, slope, layer["errors"][0]])
    assert same(
        [row[-1] for row in listed(page)],
        [*(w * e for w, e in zip(weights, ahead["errors"], strict=True)), reached, slope, layer["errors"][0]],
    )


def check_step(page: Page, layer: JSON, incoming: list[float], rate: float) -> None:
    gradients, steps, weights = layer["gradients"]["weights"][0], layer["steps"]["weights"][0], layer["weights"][0]
    most = max(range(len(steps)), key=lambda index: abs(steps[index]))
    gradient, step, weight = gradients[most], steps[most], weights[most]
    assert same(told(page), [layer["errors"][0], incoming[most], gradient, -rate, gradient, step, weight, weight + step])
    rows = listed(page)
    for row, *each in zip(rows, gradients, steps, weights, strict=False):
        assert same(row, [each[0], each[1], each[2] + each[1]])
    bias = layer["bias"][0] + layer["steps"]["bias"][0]
    assert same(rows[len(weights)], [layer["gradients"]["bias"][0], layer["steps"]["bias"][0], bias])
