"""The files of the page, as the API sends them."""

import gzip
import re
from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from api import assets
from api.app import create_app
from core.settings import Settings

FILES = sorted(file.relative_to(assets.FOLDER).as_posix() for file in assets.FOLDER.rglob("*") if file.is_file())
PATHS = ["/" if name == "index.html" else f"/{name}" for name in FILES]
MOST_BYTES = 100_000  # of all files together, compressed


@pytest.fixture
def client(sqlite_url: str) -> Iterator[TestClient]:
    with TestClient(create_app(Settings(database_url=sqlite_url, redis_url=""))) as client:
        yield client


def test_every_built_file_is_served_as_it_is(client: TestClient) -> None:
    assert "/" in PATHS
    for name, path in zip(FILES, PATHS, strict=True):
        plain = client.get(path, headers={"Accept-Encoding": "identity"})
        assert (plain.status_code, plain.content) == (200, (assets.FOLDER / name).read_bytes()), path
        assert plain.headers["x-content-type-options"] == "nosniff"
        compressed = client.get(path, headers={"Accept-Encoding": "br, gzip;q=0.8"})
        assert compressed.headers["content-encoding"] == "gzip"
        assert compressed.content == plain.content
        refused = client.get(path, headers={"Accept-Encoding": "gzip;q=0"})
        assert "content-encoding" not in refused.headers


def test_all_of_the_page_weighs_less_than_100_kilobytes() -> None:
    weights = {name: len(gzip.compress((assets.FOLDER / name).read_bytes())) for name in FILES}
    assert sum(weights.values()) < MOST_BYTES, weights


def test_a_file_that_one_has_is_not_sent_again(client: TestClient) -> None:
    for path in PATHS:
        etags = set()
        for coding in ("gzip", "identity"):
            etag = client.get(path, headers={"Accept-Encoding": coding}).headers["etag"]
            assert re.fullmatch(r'"[0-9a-f]{64}(-gzip)?"', etag)
            again = client.get(path, headers={"Accept-Encoding": coding, "If-None-Match": etag})
            assert (again.status_code, again.content) == (304, b"")
            etags.add(etag)
        assert len(etags) == 2, path


def test_what_is_named_by_its_content_is_kept_for_ever_and_the_page_is_not(client: TestClient) -> None:
    for path in PATHS:
        kept = client.get(path).headers["cache-control"]
        assert kept == ("no-cache" if path == "/" else "public, max-age=31536000, immutable")
        assert path == "/" or re.search(r"-[\w-]{8}\.\w+$", path), path


def test_head_is_answered_as_get(client: TestClient) -> None:
    for path in PATHS:
        head, get = client.head(path), client.get(path)
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["etag"] == get.headers["etag"]


def test_the_page_runs_nothing_that_stands_in_it_and_loads_nothing_from_elsewhere(client: TestClient) -> None:
    answer = client.get("/")
    directives = dict(each.strip().split(" ", 1) for each in answer.headers["content-security-policy"].split(";"))
    assert directives["default-src"] == "'none'"
    for name, sources in directives.items():
        assert sources in ("'none'", "'self'"), name
    assert not re.search(r"<style|style=|\son\w+=|javascript:", answer.text)
    assert re.findall(r"<script[^>]*>(.*?)</script>", answer.text) == [""]
    assert all(place in PATHS for place in re.findall(r'(?:src|href)="(/assets[^"]*)"', answer.text))


def test_other_paths_are_unknown_as_before(client: TestClient) -> None:
    for path in ("/assets", "/assets/", "/assets/index.js", "/index.html", "/favicon.ico", "/page"):
        answer = client.get(path)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), path
    assert client.post("/").status_code == 405
    assert client.get("/docs").status_code == 200


def test_the_document_of_the_api_does_not_list_the_page(client: TestClient) -> None:
    assert set(PATHS).isdisjoint(client.get("/openapi.json").json()["paths"])
