"""How far a job is, or was when it ended: its summary, its curves and the list tell the same."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from core.nn.saving.weights import to_safetensors
from core.store import EpochRow
from tests.api.conftest import ARRAYS, METADATA, RESULT, Worker, row
from tests.api.server import Server
from tests.page.browser import Visit
from tests.page.test_views import submitted
from tests.polling import until

pytestmark = pytest.mark.xdist_group("page")


def facts(page: Page) -> str:
    return page.get_by_role("region", name="Summary").locator("dl.line").inner_text()


def test_the_summary_speaks_of_the_epoch_that_the_curves_show(
    server: Server, worker: Worker, visit: Callable[..., Visit]
) -> None:
    job = submitted(server, "running", 100)
    claim = worker.claim()
    worker.record(claim, [1, 2, 3])
    page = visit(server.address).open(f"#/jobs/{job}")
    shown = page.locator(".readout strong")
    expect(shown).to_have_text("3")
    held: list[Route] = []
    page.route(re.compile("/epochs"), lambda route: held.append(route))
    worker.record(claim, [4, 5])
    until(lambda: page.evaluate("1") and held)  # asked for since the job has more of them
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert "3 of 100" in facts(page)
    worker.record(claim, [6, 7])  # while those before are on their way
    for each in held:
        each.continue_()
    page.unroute(re.compile("/epochs"))
    expect(shown).to_have_text("7")
    expect(page.get_by_role("region", name="Summary")).to_contain_text("7 of 100")


def ended(worker: Worker, epochs: int, **result: Any) -> None:
    claim = worker.claim()
    worker.store.jobs.record_epochs(
        claim, [row(epoch) for epoch in range(1, epochs + 1)], None, best_epoch=result["best_epoch"]
    )
    weights = {which: to_safetensors(ARRAYS, {**METADATA, "which": which}) for which in ("best", "last")}
    worker.store.jobs.succeed(claim, {**RESULT, "epochs": epochs, **result}, weights)


def test_a_job_that_stopped_early_says_so(server: Server, worker: Worker, visit: Callable[..., Visit]) -> None:
    jobs = [submitted(server, name, 223) for name in ("early", "spent", "whole")]
    ended(worker, 22, stopped="early", best_epoch=12)
    ended(worker, 30, stopped="budget", best_epoch=30)
    ended(worker, 223, stopped="epochs", best_epoch=200)
    page = visit(server.address).open()
    for name, told in (
        ("early", "22 epochs, stopped early"),
        ("spent", "30 epochs, its time was spent"),
        ("whole", "223 of 223"),
    ):
        expect(page.get_by_role("row", name=name)).to_contain_text(told)
    for job, told in zip(
        jobs,
        (
            "It stopped early, after 22 of 223 epochs: no better for 10; best at 12.",
            "It ended after 30 of 223 epochs: its time was spent; best at 30.",
            "It ended after 223 epochs: all of them are done; best at 200.",
        ),
        strict=True,
    ):
        page.goto(f"{server.address}/#/jobs/{job}")
        expect(page.get_by_text(told)).to_be_visible()
        expect(page.get_by_text("It learned to tell")).to_be_visible()


def test_each_line_is_named_and_one_slider_leads_through_all_charts(
    server: Server, worker: Worker, visit: Callable[..., Visit]
) -> None:
    job = submitted(server, "two charts", 9, validation={"rows": [0]})
    rows = [EpochRow(epoch, 1 / epoch, 2 / epoch, {"accuracy": epoch / 10}, 0.01, 0.1, 0.5, 1000.0) for epoch in range(1, 10)]
    worker.store.jobs.record_epochs(worker.claim(), rows, None, best_epoch=9)
    page = visit(server.address).open(f"#/jobs/{job}")
    loss, accuracy = (
        page.locator("figure").filter(has=page.get_by_role("img", name=f"{name} by epoch")) for name in ("Loss", "accuracy")
    )
    expect(loss.get_by_role("listitem")).to_have_text([re.compile("^training "), re.compile("^validation ")])
    expect(accuracy.get_by_role("listitem")).to_have_text([re.compile("^validation ")])
    slider = page.get_by_role("slider", name="Epoch")
    expect(slider).to_have_count(1)
    slider.press("Home")
    expect(loss.get_by_role("listitem")).to_have_text(["training 1", "validation 2"])
    expect(accuracy.get_by_role("listitem")).to_have_text(["validation 0.1"])
    page.get_by_label("Second curve").select_option("learning rate")
    other = page.locator("figure").filter(has=page.get_by_role("img", name="learning rate by epoch"))
    expect(other.get_by_role("listitem")).to_have_text([re.compile("^learning rate ")])
