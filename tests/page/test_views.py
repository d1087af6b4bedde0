"""Views against an API whose worker the tests play: jobs of every state, long histories, mistakes at their fields."""

import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest
from playwright.sync_api import expect

from tests.api.conftest import Worker, row, xor
from tests.api.server import Server
from tests.page.browser import Visit
from tests.page.test_page import DARK, PHONE

pytestmark = pytest.mark.xdist_group("page")

EPOCHS = 100_000


def submitted(server: Server, name: str, epochs: int = 3, **others: Any) -> str:
    training = {**xor()["training"], "epochs": epochs, **others}
    job = httpx2.post(f"{server.address}/v1/jobs", json=xor(training=training, metadata={"name": name})).raise_for_status()
    return str(job.json()["id"])


def test_without_keys_none_is_asked_for(server: Server, visit: Callable[..., Visit]) -> None:
    visited = visit(server.address)
    page = visited.open()
    expect(page.get_by_text("There are no jobs yet.")).to_be_visible()
    assert page.get_by_label("API key").count() == 0
    assert page.get_by_role("button", name="Sign out").count() == 0
    assert visited.refusals == []


def test_a_hundred_thousand_epochs_are_drawn_with_few_points(
    server: Server, worker: Worker, visit: Callable[..., Visit]
) -> None:
    job_id = submitted(server, "long", EPOCHS)
    claim = worker.claim()
    for first in range(1, EPOCHS, 10_000):
        worker.record(claim, range(first, first + 10_000))
    worker.succeed(claim)
    visited = visit(server.address)
    sent: list[dict[str, Any]] = []
    visited.page.on("response", lambda answer: sent.append(answer.json()) if "/epochs" in answer.url else None)
    page = visited.open(f"#/jobs/{job_id}")
    expect(page.get_by_role("img", name="Loss by epoch")).to_have_attribute(
        "aria-label", "Loss by epoch: training from 1 to 1.00e−5; validation from 2 to 2.00e−5"
    )
    expect(page.get_by_text("100,000 of 100,000")).to_be_visible()
    slider = page.get_by_role("slider", name="Epoch").first
    slider.press("Home")
    expect(page.get_by_text("training 1", exact=True)).to_be_visible()
    drawn = page.get_by_role("img", name="Loss by epoch").bounding_box()
    assert drawn is not None
    page.mouse.move(drawn["x"] + drawn["width"] / 2, drawn["y"] + drawn["height"] / 2)
    expect(slider).to_have_attribute("aria-valuetext", re.compile(r"epoch [3-6]\d{4}"))
    expect(page.get_by_text(re.compile(r"^training [1-3]\.\d+e−5$"))).to_be_visible()
    page.get_by_label("Logarithmic").check()
    assert [len(each["data"]) for each in sent] == [400]


def test_the_list_is_live_filtered_and_in_pages(server: Server, worker: Worker, visit: Callable[..., Visit]) -> None:
    for number in range(22):
        submitted(server, f"job {number}")
    page = visit(server.address).open()
    expect(page.get_by_role("row")).to_have_count(21)
    page.get_by_role("button", name="Older").click()
    expect(page.get_by_role("link", name="job 0", exact=True)).to_be_visible()
    expect(page.get_by_role("row")).to_have_count(3)
    claim = worker.claim()  # the oldest
    expect(page.get_by_role("row", name="job 0")).to_contain_text("running")
    worker.record(claim, [1, 2, 3])
    worker.succeed(claim)
    expect(page.get_by_role("row", name="job 0")).to_contain_text("succeeded")
    page.get_by_label("State").select_option("succeeded")
    expect(page.get_by_role("row")).to_have_count(2)
    page.get_by_label("State").select_option("any state")
    page.get_by_label("Metadata").fill("name=job 7")
    expect(page.get_by_role("row")).to_have_count(2)
    expect(page.get_by_role("link", name="job 7", exact=True)).to_be_visible()


def test_the_best_epoch_is_told_first_and_the_last_beside_it(
    server: Server, worker: Worker, visit: Callable[..., Visit]
) -> None:
    job_id = submitted(server, "past its best", validation={"rows": [0]})
    rows = [row(epoch) for epoch in (1, 2, 3)]
    worker.store.jobs.record_epochs(worker.claim(), rows, None, best_epoch=2)
    page = visit(server.address).open(f"#/jobs/{job_id}")
    summary = page.get_by_role("region", name="Summary")
    expect(summary).to_contain_text("Best epoch 2, measured on validation rows")
    loss = summary.get_by_text("Validation loss").locator("xpath=..")
    expect(loss).to_have_text(f"Validation loss{rows[1].validation_loss:g}last {rows[2].validation_loss:.4g}")
    page.get_by_role("link", name="Jobs").first.click()
    expect(page.get_by_role("columnheader", name="Loss")).to_be_visible()
    told = f"{rows[1].validation_loss:g} in validation"
    expect(page.get_by_role("row", name="past its best").get_by_role("cell", name=told, exact=True)).to_be_visible()


def test_a_failure_is_told_plainly_and_can_be_tried_again(server: Server, worker: Worker, visit: Callable[..., Visit]) -> None:
    job_id = submitted(server, "doomed")
    error = {"fault": "user", "code": "diverged", "message": "the loss became NaN in epoch 2; a lower learning rate may help"}
    worker.store.jobs.fail(worker.claim(), error)
    page = visit(server.address).open(f"#/jobs/{job_id}")
    expect(page.get_by_text("the loss became NaN in epoch 2")).to_be_visible()
    expect(page.get_by_text("The request or its data caused this.")).to_be_visible()
    page.get_by_role("button", name="Train it again").click()
    expect(page.get_by_text("It repeats another job.")).to_be_visible()
    assert job_id not in page.url


@pytest.mark.parametrize("context", [{}, DARK, PHONE], ids=["light", "dark", "phone"])
def test_a_failure_tells_its_places_and_what_helps(
    server: Server, worker: Worker, visit: Callable[..., Visit], context: dict[str, object]
) -> None:
    doomed, misplaced = submitted(server, "doomed"), submitted(server, "misplaced")
    message = "the loss became NaN or infinite in epoch 1 of 5"
    hint = "lower training.optimizer.learning_rate, now 1e+06, for example to 0.01, the default of sgd"
    worker.store.jobs.fail(worker.claim(), {"fault": "user", "code": "diverged", "message": message, "epoch": 1, "hint": hint})
    place = {"pointer": "/dataset/features", "message": 'column "depth" of the features is "deep" in row 3'}
    error = {"fault": "user", "code": "invalid_data", "message": "2 problems; the first: it is text", "problems": [place]}
    worker.store.jobs.fail(worker.claim(), error)
    visited = visit(server.address, **context)
    page = visited.open(f"#/jobs/{doomed}")
    expect(page.get_by_text(f"What helps: {hint}")).to_be_visible()
    assert visited.violations() == []
    assert not visited.is_too_wide()
    page.goto(f"{server.address}/#/jobs/{misplaced}")
    expect(page.get_by_role("listitem").filter(has_text=f"{place['pointer']}: {place['message']}")).to_be_visible()
    assert page.get_by_text("What helps").count() == 0


def test_mistakes_stand_at_their_fields_while_one_types(server: Server, visit: Callable[..., Visit]) -> None:
    visited = visit(server.address)
    page = visited.open("#/new")
    page.get_by_role("button", name="Exclusive or").click()
    expect(page.get_by_text("All is well; it can start.")).to_be_visible()
    page.get_by_label("My own layers").check()
    mistakes = [("Units of layer 1", "0", "1 or more"), ("Epochs", "1.5", "1.5"), ("Learning rate", "-1", "-1")]
    for label, value, _ in mistakes:
        page.get_by_label(label, exact=True).fill(value)
    expect(page.get_by_text("3 things are not right yet.")).to_be_visible()
    expect(page.get_by_role("button", name="Start the training")).to_be_disabled()
    for label, _, told in mistakes:
        field = page.get_by_label(label, exact=True)
        expect(field).to_have_attribute("aria-invalid", "true")
        described = str(field.get_attribute("aria-describedby")).split()[-1]
        expect(page.locator(f"#{described}")).to_contain_text(told)
    page.get_by_label("Epochs", exact=True).fill("1,000")  # which is not 1
    expect(page.get_by_text('epochs is "1,000"; it must be')).to_be_visible()
    page.get_by_label("Epochs", exact=True).fill("1.000")  # which is not 1 everywhere
    expect(page.get_by_text('epochs is "1.000"; it must be')).to_be_visible()
    for label, value in (("Units of layer 1", "5"), ("Epochs", "9"), ("Learning rate", "0.1")):
        page.get_by_label(label, exact=True).fill(value)
    expect(page.get_by_text("All is well; it can start.")).to_be_visible()
    expect(page.get_by_role("complementary").get_by_role("row", name="1 dense")).to_contain_text("5")


def test_a_table_that_cannot_be_read_is_told(server: Server, visit: Callable[..., Visit]) -> None:
    page = visit(server.address).open("#/new")
    broken = {"name": "broken.parquet", "mimeType": "application/octet-stream", "buffer": b"no parquet"}
    page.get_by_label("Choose a table").set_input_files(broken)  # type: ignore[arg-type]
    expect(page.get_by_role("alert")).to_contain_text("arquet")


def test_a_table_may_be_dropped_on_the_page(server: Server, visit: Callable[..., Visit]) -> None:
    page = visit(server.address).open("#/new")
    table = (
        "() => { const t = new DataTransfer(); t.items.add(new File(['a,b\\n1,2\\n2,4\\n3,6\\n'], 'pairs.csv')); return t; }"
    )
    page.dispatch_event(".drop", "drop", {"dataTransfer": page.evaluate_handle(table)})
    expect(page.get_by_text("pairs: 3 rows, 2 columns.")).to_be_visible()
    expect(page.get_by_label("What shall it learn to tell?")).to_have_value("b")


def test_where_there_are_no_weights_to_predict_with_it_is_told(
    server: Server, worker: Worker, visit: Callable[..., Visit]
) -> None:
    job = submitted(server, "without")
    page = visit(server.address).open(f"#/jobs/{job}/predict")
    expect(page.get_by_text("It has no weights to predict with before it ends.")).to_be_visible()
    expect(page.get_by_role("link", name="Predict")).to_have_attribute("aria-current", "page")
    httpx2.post(f"{server.address}/v1/jobs/{job}/cancel").raise_for_status()
    expect(page.get_by_text("It left no weights to predict with.")).to_be_visible()


def test_an_unknown_job_and_an_unknown_place_are_told(server: Server, visit: Callable[..., Visit]) -> None:
    page = visit(server.address).open(f"#/jobs/job_{'0' * 32}")
    expect(page.get_by_role("alert")).to_contain_text(f"job_{'0' * 32}")
    page.goto(f"{server.address}/#/nowhere")
    expect(page.get_by_role("heading", name="There is nothing here")).to_be_visible()


def test_what_a_client_names_is_shown_as_text(server: Server, visit: Callable[..., Visit]) -> None:
    name = '<img src=x onerror="document.title=1">'
    job_id = submitted(server, name)
    page = visit(server.address).open(f"#/jobs/{job_id}")
    expect(page.get_by_role("heading", name=name)).to_be_visible()
    assert page.locator("main img:not([role])").count() == 0


def test_times_are_rounded_before_they_are_divided(
    server: Server, database_url: str, worker: Worker, visit: Callable[..., Visit]
) -> None:
    used = {"59.6 s": 59.6, "119.7 s": 119.7, "7199 s": 7199, "172799 s": 172_799, "3725 s": 3725}
    ids = {name: submitted(server, name) for name in used}
    for _ in used:
        worker.succeed(worker.claim())
    with closing(sqlite3.connect(urlsplit(database_url).path.removeprefix("/"))) as database, database:
        for name, seconds in used.items():
            database.execute("UPDATE jobs SET used_s = ? WHERE id = ?", (seconds, ids[name]))
    page = visit(server.address).open()
    told = {"59.6 s": "1 min", "119.7 s": "2 min", "7199 s": "2 h", "172799 s": "2 d", "3725 s": "1 h 2 min"}
    for name, time in told.items():
        expect(page.get_by_role("row", name=name).get_by_role("cell").last).to_have_text(time)


def test_the_list_is_filtered_by_values_that_hold_an_equals_sign(server: Server, visit: Callable[..., Visit]) -> None:
    for name in ("b=c", "b"):
        submitted(server, name)
    page = visit(server.address).open()
    page.get_by_label("Metadata").fill("name=b=c")
    expect(page.get_by_role("row")).to_have_count(2)
    expect(page.get_by_role("link", name="b=c", exact=True)).to_be_visible()


@pytest.mark.parametrize("id", [r"..\..\docs", "%2e%2e%2fdatasets", "..?with=x"])
def test_an_address_leads_to_jobs_alone(server: Server, visit: Callable[..., Visit], id: str) -> None:
    visited = visit(server.address)
    asked: list[str] = []
    visited.page.on("request", lambda request: asked.append(urlsplit(request.url).path))
    page = visited.open(f"#/jobs/{id}")
    expect(page.get_by_role("heading", name="There is nothing here")).to_be_visible()
    assert [each for each in asked if each != "/" and not each.startswith("/assets/")] == []


def test_jobs_beside_it_are_jobs_too(server: Server, worker: Worker, visit: Callable[..., Visit]) -> None:
    job = submitted(server, "alone")
    worker.record(worker.claim(), [1])
    visited = visit(server.address)
    page = visited.open(rf"#/jobs/{job}?with=..\..\docs")
    expect(page.get_by_role("img", name="Loss by epoch")).to_be_visible()
    expect(page.get_by_label("Beside it")).to_be_visible()
    assert page.get_by_role("button", name="Take ").count() == 0


def test_a_learning_rate_alone_says_which_optimizer_it_makes(server: Server, visit: Callable[..., Visit]) -> None:
    page = visit(server.address).open("#/new")
    page.get_by_role("button", name="Two rings").click()
    expect(page.get_by_text("All is well; it can start.")).to_be_visible()
    optimizer, rate = page.get_by_label("Optimizer"), page.get_by_label("Learning rate")
    expect(optimizer).not_to_have_attribute("aria-describedby", re.compile("."))
    rate.fill("0.01")
    expect(optimizer).to_have_accessible_description("adam, which goes with a learning rate of your own")
    rate.fill("")
    expect(optimizer).not_to_have_attribute("aria-describedby", re.compile("."))
