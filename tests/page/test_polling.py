"""How the page asks again: as long as the service lets it wait, no faster after a refusal, and with nothing left behind."""

import re
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.api.conftest import Worker
from tests.api.server import Server
from tests.page.browser import Visit
from tests.page.test_views import submitted
from tests.polling import until

pytestmark = pytest.mark.xdist_group("page")

# Counts what listens for the end of something, and the pauses and the requests: all, and those of the moment.
COUNTED = """
window.listening = 0;
const { addEventListener: add, removeEventListener: remove } = AbortSignal.prototype;
AbortSignal.prototype.addEventListener = function (...given) { window.listening++; return add.apply(this, given); };
AbortSignal.prototype.removeEventListener = function (...given) { window.listening--; return remove.apply(this, given); };
window.pauses = 0;
window.pausing = 0;
const { setTimeout: later } = window;
window.setTimeout = (work, ms) => {
  if (!(ms >= 200)) return later(work, ms);
  window.pauses++;
  window.pausing++;
  return later(() => (window.pausing--, work()), ms);
};
window.asked = 0;
window.asking = 0;
const { fetch: asks } = window;
window.fetch = (...given) => {
  window.asked++;
  window.asking++;
  return asks(...given).finally(() => window.asking--);
};
window.quiet = () => window.pausing === 0 && window.asking === 0;
window.answered = () => asks("/openapi.json").then((answer) => answer.text());
"""

STARTS = (
    "performance.getEntriesByType('resource').filter((each) => each.name.includes('/epochs')).map((each) => each.startTime)"
)


@pytest.fixture
def brisk(database_url: str, tmp_path: Path) -> Iterator[Server]:
    """An API at which nobody may wait for long."""
    server = Server(database_url, tmp_path, GRADMILL_AUTH="off", GRADMILL_MAX_WAIT_S="2")
    yield server
    server.stop()


def test_a_service_that_lets_nobody_wait_for_long_is_watched_all_the_same(
    brisk: Server, worker: Worker, visit: Callable[..., Visit]
) -> None:
    visited = visit(brisk.address)
    page = visited.open(f"#/jobs/{submitted(brisk, 'watched')}")
    status = page.get_by_role("status")
    expect(status).to_contain_text("queued")
    claim = worker.claim()
    expect(status).to_contain_text("running")
    worker.record(claim, [1, 2, 3])
    worker.succeed(claim)
    expect(status).to_contain_text("succeeded")
    assert visited.refusals == []


def test_pauses_leave_nothing_behind(server: Server, worker: Worker, visit: Callable[..., Visit]) -> None:
    job = submitted(server, "long watched", 100)
    claim = worker.claim()
    worker.record(claim, [1])
    visited = visit(server.address)
    visited.page.add_init_script(COUNTED)
    page = visited.open(f"#/jobs/{job}")
    expect(page.get_by_role("img", name="Loss by epoch")).to_be_visible()
    until(lambda: page.evaluate("window.pauses") >= 5)
    before = page.evaluate("window.listening")
    until(lambda: page.evaluate("window.pauses") >= 25)
    assert page.evaluate("window.listening") <= before + 2  # those of the moment


def test_of_a_job_that_has_ended_nothing_is_asked_again(server: Server, worker: Worker, visit: Callable[..., Visit]) -> None:
    job = submitted(server, "over")
    claim = worker.claim()
    worker.record(claim, [1, 2, 3])
    worker.succeed(claim)
    visited = visit(server.address)
    visited.page.add_init_script(COUNTED)
    page = visited.open(f"#/jobs/{job}")
    expect(page.get_by_role("img", name="Loss by epoch")).to_be_visible()
    until(lambda: page.evaluate("window.quiet()"))
    # Whoever goes on, though it neither paused nor asked at that moment, does so before a request that begins now is answered.
    before = page.evaluate("window.asked")
    page.evaluate("window.answered()")
    assert page.evaluate("window.quiet()")
    assert page.evaluate("window.asked") == before


def test_after_a_refusal_it_pauses_for_two_seconds(server: Server, worker: Worker, visit: Callable[..., Visit]) -> None:
    job = submitted(server, "refused", 100)
    worker.record(worker.claim(), [1])
    visited = visit(server.address)
    page = visited.page
    page.route(re.compile("/epochs"), lambda route: route.fulfill(status=503, json={"detail": "The database does not answer."}))
    visited.open(f"#/jobs/{job}")
    until(lambda: len(page.evaluate(STARTS)) >= 3)
    starts = page.evaluate(STARTS)
    assert all(later - earlier >= 1900 for earlier, later in pairwise(starts)), starts
