"""The service's answer to a table that is predicted in the browser: taken at once and whole, and told where it breaks off."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from tests.page.browser import Visit
from tests.page.test_predicted_tables import IRIS, downloaded, take, trained
from tests.service.running import Running, finished

pytestmark = pytest.mark.xdist_group("page")

ROWS = "sepal_length,sepal_width,petal_length,petal_width\n" + "5.1,3.5,1.4,0.2\n" * 3
# Files are read no further than their first byte, which tells whether they are there, until somebody says so.
HELD = """
const { stream } = Blob.prototype;
window.released = new Promise((release) => (window.release = release));
Blob.prototype.stream = function () {
  if (!(this instanceof File)) return stream.call(this);
  const { readable, writable } = new TransformStream();
  window.released.then(() => stream.call(this).pipeTo(writable).catch(() => {}));
  return readable;
};
"""
# Half of what the service answers, and then no connection any more.
BROKEN = """
const { fetch: asks } = window;
window.fetch = async (...given) => {
  const answer = await asks(...given);
  if (!given[0].includes("/predict")) return answer;
  const text = new Uint8Array(await answer.arrayBuffer());
  const start = (control) => {
    control.enqueue(text.slice(0, text.length / 2));
    control.error(new TypeError("network error"));
  };
  return new Response(new ReadableStream({ start }));
};
"""


@pytest.fixture(scope="module")
def flowers(service: Running) -> str:
    with service.client() as client:
        return trained(client, IRIS, "species")


def opened(visited: Visit, job: str, key: str) -> Page:
    page = visited.open(f"#/jobs/{job}/predict", key)
    expect(page.get_by_label("A file of new rows")).to_be_visible()
    return page


def test_all_of_the_answer_is_taken_however_long_the_rows_of_the_file_take(
    service: Running, key: str, flowers: str, visit: Callable[..., Visit]
) -> None:
    visited = visit(service.url())
    visited.page.add_init_script(HELD)
    page = opened(visited, flowers, key)
    with page.expect_event("requestfinished", lambda request: "/predict" in request.url):
        take(page, "many.csv", ROWS + "5.1,3.5,1.4,0.2\n" * 150_000)  # more of an answer than waits on the way
    page.evaluate("window.release()")
    expect(page.get_by_text(re.compile(r"^150.?003 rows are predicted"))).to_be_visible()
    expect(page.get_by_text("The rows of the file, with the predictions behind them.")).to_be_visible()


def test_a_connection_that_breaks_is_told(service: Running, key: str, flowers: str, visit: Callable[..., Visit]) -> None:
    visited = visit(service.url())
    visited.page.add_init_script(BROKEN)
    page = opened(visited, flowers, key)
    take(page, "new.csv", ROWS)
    expect(page.get_by_role("alert")).to_have_text(
        "new.csv cannot be predicted:The answer broke off before its end. Try it again."
    )
    page.get_by_role("button", name="Predict", exact=True).click()
    expect(page.get_by_role("alert").first).to_have_text("The answer broke off before its end. Try it again.")
    page.get_by_label("petal_width").fill("1")
    expect(page.get_by_role("alert")).to_have_count(1)  # that of the other row is gone


@pytest.mark.parametrize("end", ['"targets"', '"predictions":[', ',{"values"', '],"warnings":', "]}"])
def test_an_answer_that_ends_early_is_told(
    service: Running, key: str, flowers: str, visit: Callable[..., Visit], end: str
) -> None:
    visited = visit(service.url())

    def cut(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, body=answer.text()[: answer.text().rindex(end) + 1])

    page = opened(visited, flowers, key)
    page.route(re.compile("/predict"), cut)
    take(page, "new.csv", ROWS)
    expect(page.get_by_role("alert")).to_contain_text("The answer broke off before its end. Try it again.")


def test_a_file_that_is_gone_when_its_rows_are_wanted_is_told(
    service: Running, key: str, flowers: str, visit: Callable[..., Visit], tmp_path: Path
) -> None:
    visited = visit(service.url())
    visited.page.add_init_script(HELD)
    page = opened(visited, flowers, key)
    file = tmp_path / "gone.csv"
    file.write_text(ROWS)
    with page.expect_event("requestfinished", lambda request: "/predict" in request.url):
        page.get_by_label("A file of new rows").set_input_files(file)
    file.unlink()
    page.evaluate("window.release()")
    expect(page.get_by_role("alert")).to_contain_text("gone.csv cannot be read any more")


def test_classes_that_are_whole_numbers_among_others_keep_their_probabilities(
    service: Running, key: str, visit: Callable[..., Visit], tmp_path: Path
) -> None:
    with service.client() as client:
        content = "\n".join(["a,size", *(f"{i % 3},{('1.0', '1.5', '2.0')[i % 3]}" for i in range(60))])
        dataset = client.post("/v1/datasets", content=content, headers={"Content-Type": "text/csv"}).raise_for_status().json()
        request = {
            "dataset": {"id": dataset["id"], "target": "size"},
            "training": {"loss": "softmax_cross_entropy", "epochs": 20},
        }
        job = finished(client, client.post("/v1/jobs", json=request).raise_for_status().json()["id"])["id"]
        rows = [{"a": i} for i in range(3)]
        true = client.post(f"/v1/jobs/{job}/predict", json={"rows": rows}).raise_for_status().json()["predictions"]
    page = opened(visit(service.url()), job, key)
    take(page, "new.csv", "a\n0\n1\n2")
    found = page.get_by_role("region", name="Predicted: new.csv")
    for row, each in enumerate(true):
        label, likely = max(each["probabilities"].items(), key=lambda pair: float(pair[1]))
        cell = found.get_by_role("row").nth(row + 1).get_by_role("cell").first
        expect(cell).to_have_text(f"{label} {100 * likely:.1f} %")
    assert downloaded(page, tmp_path).splitlines()[0] == ("a,predicted_size,probability_1.0,probability_1.5,probability_2.0")
    page.get_by_label("a", exact=True).fill("0")
    page.get_by_role("button", name="Predict", exact=True).click()
    told = page.get_by_role("region", name="Prediction", exact=True)
    label = max(true[0]["probabilities"], key=true[0]["probabilities"].get)
    expect(told.get_by_role("definition")).to_have_text(label)
