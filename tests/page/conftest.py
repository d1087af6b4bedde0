"""The page in a browser, against a whole service and against an API whose worker the tests play."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from core.store import Store
from tests.api.conftest import Worker
from tests.api.server import Server
from tests.page import browser as browsers
from tests.page.browser import Visit
from tests.service.running import Running


# Not for the session: an event loop runs in this thread while the browser does, and other tests start their own.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with browsers.opened() as browser:
        yield browser


@pytest.fixture
def visit(browser: Browser) -> Iterator[Callable[..., Visit]]:
    """Opens windows; none of them may have asked another host for anything, or complained."""
    contexts, visits = [], []

    def visit(address: str, **context: object) -> Visit:
        contexts.append(browser.new_context(**context))  # type: ignore[arg-type]
        visits.append(Visit(contexts[-1].new_page(), address))
        return visits[-1]

    yield visit
    for context in contexts:
        context.close()
    for each in visits:
        each.check()


@pytest.fixture(scope="module")
def service(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The whole service, with a worker that trains."""
    running = Running(tmp_path_factory.mktemp("page") / "data")
    running.url()
    yield running
    running.stop()


@pytest.fixture
def key(service: Running) -> str:
    return (service.data_dir / "key").read_text().strip()


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """The page is the same on every database."""
    return sqlite_url


@pytest.fixture
def server(browser: Browser, database_url: str, tmp_path: Path) -> Iterator[Server]:
    """The API alone, which asks for no key: nothing is trained but by the test."""
    server = Server(database_url, tmp_path, GRADMILL_AUTH="off")
    yield server
    server.stop()


@pytest.fixture
def worker(store: Store) -> Worker:
    return Worker(store)
