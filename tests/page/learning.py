"""What the view of a network's learning shows, as numbers, and what of a trace it ought to be."""

import re
from math import isclose
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

JSON = dict[str, Any]
NUMBER = r"−?\d[\d,]*\.?\d*(?:e−?\d+)?"


def read(text: str) -> list[float]:
    """The numbers in a text, as people write them."""
    found = re.findall(NUMBER, text)
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


def chosen(page: Page) -> int:
    """The unit that is looked at."""
    return int(page.get_by_label("Unit", exact=True).input_value())


def liveliest(values: list[float]) -> int:
    """The unit with which a layer begins: the one that does most."""
    return max(range(len(values)), key=lambda unit: abs(values[unit]))


def comes_out(shown: str, computed: float) -> bool:
    """What is written is what the numbers beside it come to, to its last digit."""
    return isclose(read(shown)[0], computed, abs_tol=0.5001 * unit_of(shown))


def unit_of(shown: str) -> float:
    """One in the last digit that is written."""
    mantissa, _, power = shown.replace("−", "-").replace(",", "").partition("e")
    return 10.0 ** (int(power or 0) - len(mantissa.partition(".")[2]))


def check_forward(page: Page, layer: JSON, incoming: list[float], number: int) -> None:
    unit = chosen(page)
    assert unit == liveliest(layer["activations"])
    weights, bias = layer["weights"][unit], layer["bias"][unit]
    assert same(in_nodes(page, number), layer["activations"])
    ends = [layer["weighted_sums"][unit]] + ([layer["activations"][unit]] if layer["activation"] == "tanh" else [])
    terms = [each for pair in zip(weights, incoming, strict=True) for each in pair]
    assert same(told(page), [*terms, bias, *ends])
    rows = listed(page)
    for row, weight, value in zip(rows, weights, incoming, strict=False):
        assert same(row, [value, weight, weight * value])
    assert [row[0] for row in rows[len(weights) :]] == [pytest.approx(each, rel=1e-3) for each in [bias, *ends]]
    check_sum(page)


def check_sum(page: Page) -> None:
    """The products of the chosen node, and their sum, as one computes them with the numbers that are written."""
    rows = page.get_by_role("complementary", name="The chosen node").locator("tr:has(td)").all()
    cells = [row.locator("td").all_inner_texts() for row in rows]
    products = [each for each in cells if len(each) == 3]
    for one, other, product in products:
        assert comes_out(product, read(one)[0] * read(other)[0]), (one, other, product)
    parts = [read(each[-1])[0] for each in products]
    names = [row.locator("th").first.inner_text() for row in rows]
    for name, each in zip(names, cells, strict=True):
        if name == "bias" or name.endswith("together"):
            parts.append(read(each[0])[0])
        if name in ("weighted sum", "sum"):
            assert comes_out(each[0], sum(parts)), (each, parts)


def check_back(page: Page, layer: JSON, ahead: JSON, number: int) -> None:
    unit = chosen(page)
    assert unit == liveliest(layer["errors"])
    assert same(in_nodes(page, number), layer["errors"])
    weights = [row[unit] for row in ahead["weights"]]
    reached = sum(weight * error for weight, error in zip(weights, ahead["errors"], strict=True))
    slope = 1 - layer["activations"][unit] ** 2  # of tanh
    terms = [each for pair in zip(weights, ahead["errors"], strict=True) for each in pair]
    assert same(told(page), [*terms, reached, layer["weighted_sums"][unit], slope, reached, slope, layer["errors"][unit]])
    assert same(
        [row[-1] for row in listed(page)],
        [*(w * e for w, e in zip(weights, ahead["errors"], strict=True)), reached, slope, layer["errors"][unit]],
    )
    check_sum(page)


def check_begin(page: Page, trace: JSON) -> None:
    """Where the error begins: at the outputs, by their probabilities and targets."""
    errors = trace["layers"][-1]["errors"]
    assert chosen(page) == liveliest(errors)
    likely = trace["prediction"]["probabilities"].values()
    rows = [[p, each["target"], error] for p, each, error in zip(likely, trace["outputs"], errors, strict=True)]
    assert all(same(row, each) for row, each in zip(listed(page), rows, strict=True))
    unit = chosen(page)
    assert same(told(page), rows[unit])
    probability, target, share = read_again(page)
    assert comes_out(share, read(probability)[0] - read(target)[0])


def read_again(page: Page) -> list[str]:
    """The numbers of the sentence, as they are written."""
    text = page.get_by_label("What is computed").locator(".numbers").inner_text()
    return re.findall(NUMBER, text.split(": ", 1)[-1])


def equations(page: Page) -> list[tuple[str, str]]:
    """Both sides of every equation of sums, products and squares in the sentence, the left one as Python writes it."""
    text = page.get_by_label("What is computed").locator(".numbers").inner_text()
    found = []
    for part in re.split(r"[;:] | is (?=\()|and (?=[\d(−])|gives |\.( |$)", text):
        left, equals, right = (part or "").partition(" = ")
        left = re.sub(r"\(\d+ others, together\)|bias |gradient |step ", "", left).replace("−", "-").replace(",", "")
        left = left.replace("×", "*").replace("÷", "/").replace("²", "**2")
        if equals and re.fullmatch(r"[-+*/().e\d\s]+", left):
            found.append((left, re.findall(NUMBER, right)[0]))
    return found


def check_equations(page: Page) -> None:
    found = equations(page)
    assert found
    for left, right in found:
        assert comes_out(right, eval(left)), (left, right)


def check_step(page: Page, layer: JSON, incoming: list[float], rate: float) -> None:
    unit = chosen(page)
    assert unit == liveliest(layer["errors"])
    gradients, steps, weights = layer["gradients"]["weights"][unit], layer["steps"]["weights"][unit], layer["weights"][unit]
    most = max(range(len(steps)), key=lambda index: abs(steps[index]))
    gradient, step, weight = gradients[most], steps[most], weights[most]
    assert same(told(page), [layer["errors"][unit], incoming[most], gradient, -rate, gradient, step, weight, weight + step])
    share, came, slope, against, again, by, was, becomes = read_again(page)
    assert comes_out(slope, read(share)[0] * read(came)[0])
    assert slope == again
    assert comes_out(by, read(against)[0] * read(again)[0])
    assert comes_out(becomes, read(was)[0] + read(by)[0])
    rows = listed(page)
    for row, *each in zip(rows, gradients, steps, weights, strict=False):
        assert same(row, [each[0], each[1], each[2], each[2] + each[1]])
    step, bias = layer["steps"]["bias"][unit], layer["bias"][unit]
    assert same(rows[len(weights)], [layer["gradients"]["bias"][unit], step, bias, bias + step])
    check_steps(page)


def check_steps(page: Page) -> None:
    """Of every weight that is listed, what it was and its step come to what it becomes."""
    found = 0
    for _, *numbers in table(page):
        if len(numbers) == 4:
            _, step, was, becomes = numbers
            assert comes_out(becomes, read(was)[0] + read(step)[0]), numbers
            found += 1
    assert found


def table(page: Page) -> list[list[str]]:
    """The rows about the chosen node, as they are written: each its name and its cells."""
    rows = page.get_by_role("complementary", name="The chosen node").locator("tbody tr, tfoot tr").all()
    return [row.locator("th, td").all_inner_texts() for row in rows]
