"""Whatever a client sends, it gets a clear 4xx, and the service goes on."""

from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from starlette.testclient import TestClient

from tests.api.conftest import xor

JOB = orjson.dumps(xor())
DEEP = b"[" * 3000 + b"]" * 3000


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """Each database has characters and numbers of its own that it does not take."""
    return str(request.getfixturevalue({"sqlite": "sqlite_url", "postgresql": "postgres_url"}[request.param]))


def with_data(inputs: bytes, targets: bytes = b"[0,1]") -> bytes:
    return JOB.replace(b"[[0,0],[0,1],[1,0],[1,1]]", inputs).replace(b"[0,1,1,0]", targets)


def with_units(units: bytes) -> bytes:
    return JOB.replace(b'"units":2', b'"units":' + units)


# name: (body, status, pointer that must be among the errors, text that must be in the answer)
BODIES: dict[str, tuple[bytes, int, str | None, str]] = {
    "nothing": (b"", 400, None, "empty"),
    "blanks": (b" \n ", 400, None, "empty"),
    "no JSON": (b"network=1", 400, None, "line 1, column"),
    "half a document": (JOB[:50], 400, None, "line 1"),
    "a trailing comma": (b'{"network": {},}', 400, None, "trailing comma"),
    "no UTF-8": (b'{"network": "\xff"}', 400, None, "UTF-8"),
    "UTF-16": (JOB.decode().encode("utf-16"), 400, None, "UTF-8"),
    "deep arrays": (DEEP, 400, None, "64 levels"),
    "deep arrays that never close": (b"[" * 100_000, 400, None, "64 levels"),
    "deep objects": (b'{"a":' * 3000 + b"1" + b"}" * 3000, 400, None, "64 levels"),
    "deep inputs": (with_data(DEEP), 400, None, "64 levels"),
    "brackets hidden in texts": (b'["' + b"]" * 3000 + b'",' + b"[" * 3000, 400, None, ""),
    "one bracket too many": (with_data(b"[" + b"[1]," * 100 + b"[1]]]"), 400, None, "line 1"),
    "100 levels": (with_data(b"[" * 100 + b"1" + b"]" * 100), 400, None, "64 levels"),
    "60 levels": (with_data(b"[" * 60 + b"1" + b"]" * 60), 422, "/dataset/inputs/0/0", ""),
    "NaN": (with_data(b"[[NaN],[1]]"), 400, "/dataset/inputs/0/0", "NaN"),
    "Infinity": (with_data(b"[[1],[Infinity]]"), 400, "/dataset/inputs/1/0", "Infinity"),
    "-Infinity and NaN": (with_data(b"[[1],[-Infinity]]", b"[NaN,0]"), 400, "/dataset/targets/0", "2 problems"),
    "NaN among the targets": (with_data(b"[[1],[2]]", b"[0,NaN]"), 400, "/dataset/targets/1", "NaN"),
    "-Infinity in a row of targets": (with_data(b"[[1],[2]]", b"[[0],[-Infinity]]"), 400, "/dataset/targets/1/0", "-Infinity"),
    "nan": (with_data(b"[[nan],[1]]"), 400, None, "line 1"),
    "NaN as a text": (with_data(b'[["NaN"],[1]]'), 422, "/dataset/inputs/0/0", "a number is expected"),
    "NaN as a text among numbers": (with_data(b"[[1],[2]]", b'[0,"NaN"]'), 422, "/dataset/targets/1", "a number is expected"),
    "NaN as a text in a row of targets": (with_data(b"[[1],[2]]", b'[[0],["NaN"]]'), 422, "/dataset/targets/1/0", "a number"),
    "null for a number": (with_data(b"[[1],[null]]"), 422, "/dataset/inputs/1/0", "null"),
    "null for a target": (with_data(b"[[1],[2]]", b"[null,1]"), 422, "/dataset/targets/0", "null"),
    "null for a text": (with_data(b"[[1],[2]]", b'["a",null]'), 422, "/dataset/targets/1", "null"),
    "1e400": (with_data(b"[[1e400],[1]]"), 400, "/dataset/inputs/0/0", "1e400"),
    "-1e400 among the targets": (with_data(b"[[1],[2]]", b"[0,-1e400]"), 400, "/dataset/targets/1", "-1e400"),
    "an integer of 5000 digits": (with_data(b"[[1],[" + b"9" * 5000 + b"]]"), 400, "/dataset/inputs/1/0", "5000 characters"),
    "an integer just beyond a double": (with_data(b"[[1],[" + b"9" * 309 + b"]]"), 400, "/dataset/inputs/1/0", "finite"),
    "an integer just beyond a double, below zero": (
        with_data(b"[[1],[2]]", b"[1,-" + b"9" * 309 + b"]"),
        400,
        "/dataset/targets/1",
        "finite",
    ),
    "a long integer that is a double, beside NaN": (
        with_data(b"[[-1" + b"0" * 308 + b"],[NaN]]"),
        400,
        "/dataset/inputs/1/0",
        '"detail":"inputs[1][0] is NaN',
    ),
    "2 to the 64 in a network that is wrong": (
        with_data(b"[[18446744073709551616],[[1]]]").replace(b'"units":2', b'"units":0'),
        422,
        "/dataset/inputs/1/0",
        "2 problems",
    ),
    "a number of 5000 digits": (with_units(b"9" * 5000), 400, "/network/layers/0/units", "5000 characters"),
    "a number of 400 digits": (with_units(b"9" * 400), 400, "/network/layers/0/units", "finite"),
    "a number of 200 digits": (with_units(b"9" * 200), 422, "/network/layers/0/units", "whole number"),
    "2 to the 64": (with_units(b"18446744073709551616"), 422, "/network/layers/0/units", ""),
    "2 to the 63 as seed": (JOB.replace(b'"epochs":3', b'"epochs":3,"seed":9223372036854775808'), 422, "/training/seed", ""),
    "a billion units": (with_units(b"1000000000"), 422, "/network/layers/0/units", "1000000 or less"),
    "as many units as are allowed, twice": (
        JOB.replace(b'"units":2', b'"units":1000000').replace(b'"units":1', b'"units":1000000', 1),
        422,
        None,
        "",
    ),
    "units below zero": (with_units(b"-1"), 422, "/network/layers/0/units", "1 or more"),
    "minus zero": (with_units(b"-0"), 422, "/network/layers/0/units", "1 or more"),
    "true units": (with_units(b"true"), 422, "/network/layers/0/units", "true"),
    "units in a list": (with_units(b"[2]"), 422, "/network/layers/0/units", "a list of 1"),
    "50,000 layers": (orjson.dumps(xor(network={"layers": [{"units": 1}] * 50_000})), 422, "", "more than 10000 objects"),
    "9,000 layers": (orjson.dumps(xor(network={"layers": [{"units": 1}] * 9_000})), 422, "/network/layers", "9000 items"),
    "200 layers": (orjson.dumps(xor(network={"layers": [{"units": 1}] * 200})), 422, "/network/layers", "100"),
    "50,000 unknown fields behind a layer that is none": (
        orjson.dumps(xor(network={"layers": [0, {str(i): i for i in range(50_000)}]})),
        422,
        "",
        "fields",
    ),
    "50,000 unknown fields": (orjson.dumps({str(i): i for i in range(50_000)}), 422, "", "fields"),
    "50,000 wrong metrics": (
        orjson.dumps(xor(training={"loss": "mean_squared_error", "metrics": [0] * 50_000})),
        422,
        None,
        "",
    ),
    "50,000 wrong features": (
        orjson.dumps(xor(dataset={"id": "ds_x", "target": "a", "features": [0] * 50_000})),
        422,
        None,
        "",
    ),
    "a lone surrogate": (JOB.replace(b"sigmoid", rb"\ud800"), 400, "/network/layers/0/activation", "surrogate"),
    "a lone surrogate as key": (JOB.replace(b'"loss"', rb'"\udfff"'), 400, "/training", "surrogate"),
    "a lone surrogate among the inputs": (with_data(rb'[["\ud800"],[1]]'), 400, "/dataset/inputs/0/0", "surrogate"),
    "a lone surrogate among the classes": (with_data(b"[[1],[2]]", rb'["a","\udfff"]'), 400, "/dataset/targets/1", "surrogate"),
    "a pair of surrogates turned round": (
        with_data(b"[[1],[2]]", rb'["a","\udde0\ud83e"]'),
        400,
        "/dataset/targets/1",
        "surrogate",
    ),
    "a lone surrogate in a row of targets": (
        with_data(b"[[1],[2]]", rb'[[1],["\ud800"]]'),
        400,
        "/dataset/targets/1/0",
        "surr",
    ),
    "a lone surrogate as key of a row": (with_data(rb'[{"\ud800":1},[1]]'), 400, "/dataset/inputs/0", "surrogate"),
    "a surrogate in UTF-8": (with_data(b"[[1],[2]]", b'["a","\xed\xa0\x80"]'), 400, None, "UTF-8"),
    "the character 0": (orjson.dumps(xor(metadata={"a": "x\0y"})), 400, "/metadata/a", "u0000"),
    "the character 0 in a key": (orjson.dumps(xor(metadata={"\0": "x"})), 400, "/metadata", "u0000"),
    "the character 0 among the classes": (with_data(b"[[1],[2]]", rb'["a","\u0000"]'), 400, "/dataset/targets/1", "u0000"),
    "ragged rows": (with_data(b"[[1,2],[3]]"), 422, "/dataset/inputs/1", ""),
    "rows of texts": (with_data(b'[["a"],["b"]]'), 422, "/dataset/inputs/0/0", ""),
    "rows of objects": (with_data(b"[{},{}]"), 422, "/dataset/inputs/0", ""),
    "rows of nothing": (with_data(b"[[],[]]"), 422, None, ""),
    "rows within rows": (with_data(b"[[1],[[2]]]"), 422, "/dataset/inputs/1/0", "a list"),
    "an object within a row": (with_data(b'[[1],[{"a":1}]]'), 422, "/dataset/inputs/1/0", "an object"),
    "a list among the targets": (with_data(b"[[1],[2]]", b"[0,[1]]"), 422, "/dataset/targets/1", "a list"),
    "a list among the classes": (with_data(b"[[1],[2]]", b'["a",["b"]]'), 422, "/dataset/targets/1", "a list"),
    "an object among the targets": (with_data(b"[[1],[2]]", b'[1,{"a":2}]'), 422, "/dataset/targets/1", "an object"),
    "a number among rows of targets": (with_data(b"[[1],[2]]", b"[[0],1]"), 422, "/dataset/targets/1", "a list of numbers"),
    "deep targets": (with_data(b"[[1],[2]]", b"[" * 60 + b"1" + b"]" * 60), 422, "/dataset/targets/0/0", "a list"),
    "an object for inputs": (with_data(b'{"0":[1]}'), 422, "/dataset/inputs", "an object"),
    "a text for inputs": (with_data(b'"[[1],[2]]"'), 422, "/dataset/inputs", "a list"),
    "null for targets": (with_data(b"[[1],[2]]", b"null"), 422, "/dataset/targets", "null"),
    "no rows": (with_data(b"[]", b"[]"), 422, "/dataset/inputs", ""),
    "null among the rows": (with_data(b"[[1],null]"), 422, "/dataset/inputs/1", ""),
    "more targets than rows": (with_data(b"[[1],[2]]", b"[1,2,3]"), 422, "/dataset/targets", ""),
    "mixed targets": (with_data(b"[[1],[2]]", b'["a",[1]]'), 422, None, ""),
    "targets in three dimensions": (with_data(b"[[1],[2]]", b"[[[1]],[[2]]]"), 422, None, ""),
    "one row and a validation split": (
        orjson.dumps(
            xor(
                dataset={"inputs": [[1, 2]], "targets": [1]},
                training={"loss": "mean_squared_error", "validation": {"fraction": 0.5}},
            )
        ),
        422,
        None,
        "",
    ),
    "an unknown dataset": (
        orjson.dumps(xor(dataset={"id": "ds_01936f2a7c3e7d0f8a5b4c3d2e1f0a9b", "target": "a"})),
        422,
        "/dataset/id",
        "",
    ),
    "an id of a job as dataset": (
        orjson.dumps(xor(dataset={"id": "job_01936f2a7c3e7d0f8a5b4c3d2e1f0a9b", "target": "a"})),
        422,
        "/dataset/id",
        "",
    ),
    "SQL as id": (orjson.dumps(xor(dataset={"id": "' OR 1=1; --", "target": "a"})), 422, "/dataset/id", ""),
    "fields that are ours": (orjson.dumps(xor(state="succeeded", tenant="other", fence=9)), 422, "/fence", ""),
    "a state": (orjson.dumps(xor(state="succeeded")), 422, "/state", ""),
    "a tenant": (orjson.dumps(xor(tenant="other")), 422, "/tenant", ""),
    "a tenant's id": (orjson.dumps(xor(tenant_id="other")), 422, "/tenant_id", ""),
    "a lease": (orjson.dumps(xor(lease_owner="me")), 422, "/lease_owner", ""),
    "a list for an object": (b"[]", 422, "", ""),
    "null": (b"null", 422, "", ""),
    "a text": (b'"network"', 422, "", ""),
}


@pytest.mark.parametrize("path", ["/v1/jobs", "/v1/networks/check"])
def test_hostile_bodies_are_refused_with_reasons(client: TestClient, path: str) -> None:
    for name, (body, status, pointer, text) in BODIES.items():
        answer = client.post(path, content=body, headers={"Content-Type": "application/json"})
        assert answer.status_code == status, (name, answer.text)
        assert answer.headers["content-type"] == "application/problem+json", name
        problem = answer.json()
        assert problem["status"] == status, name
        assert problem["request_id"] == answer.headers["x-request-id"], name
        assert text in answer.text, (name, answer.text)
        if pointer is not None:
            assert pointer in [error["pointer"] for error in problem["errors"]], (name, answer.text)
        assert len(answer.content) < 50_000, name
    assert client.post(path, content=JOB, headers={"Content-Type": "application/json"}).is_success


def test_odd_bodies_that_are_right_are_taken(client: TestClient) -> None:
    for name, body in {
        "duplicate keys": JOB[:-1] + b',"metadata":{"a":"b"},"metadata":{"a":"c"}}',
        "a byte order mark": b"\xef\xbb\xbf" + JOB,
        "blanks around": b"\n\t " + JOB + b"\r\n ",
        "a backslash before u0000": orjson.dumps(xor(metadata={"a": r"\u0000"})),
        "emoji": orjson.dumps(xor(metadata={"schlüssel": "🧠"})),
        "subnormal numbers": with_data(b"[[1e-320],[1e-999]]"),
        "large but finite numbers": with_data(b"[[1e300],[123456789012345678901234567890]]"),
        "integers around 64 bits": with_data(b"[[18446744073709551615,-9223372036854775809],[18446744073709551616,0]]"),
        "targets around 64 bits": with_data(b"[[1],[2]]", b"[18446744073709551616,-9223372036854775809]"),
        "numbers whose sum is infinite": with_data(b"[[1.7e308,1.7e308],[1.7e308,-1.7e308]]"),
        "brackets in texts": orjson.dumps(xor(metadata={"a": "[" * 300, "b": '\\"[' * 30})),
    }.items():
        answer = client.post("/v1/jobs", content=body, headers={"Content-Type": "application/json"})
        assert answer.status_code == 202, (name, answer.text)
        job = answer.json()
        assert client.get(f"/v1/jobs/{job['id']}").json() == job, name


def test_only_json_is_taken_where_json_is_due(client: TestClient) -> None:
    for media_type in [
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/jsonx",
        "multipart/form-data",
        "\xff",
    ]:
        answer = client.post("/v1/jobs", content=JOB, headers={"Content-Type": media_type.encode("latin-1")})
        assert answer.status_code == 415, media_type
        assert "application/json" in answer.json()["detail"]
    assert client.post("/v1/jobs", content=JOB, headers={"Content-Type": "Application/JSON; charset=utf-8"}).status_code == 202


def test_a_large_body_is_refused_whether_it_says_so_or_not(client: TestClient) -> None:
    def chunks() -> Iterator[bytes]:
        for _ in range(50):
            yield b" " * 2**20

    headers = {"Content-Type": "application/json"}
    for content in (b" " * (2**20 + 1), chunks()):
        answer = client.post("/v1/jobs", content=content, headers=headers)
        assert (answer.status_code, answer.headers["content-type"]) == (413, "application/problem+json")
        assert "1 MiB" in answer.json()["detail"]
    lying = client.post("/v1/jobs", content=chunks(), headers={**headers, "Content-Length": "10"})
    assert lying.status_code == 413


ID = "job_01936f2a7c3e7d0f8a5b4c3d2e1f0a9b"
REQUESTS: list[tuple[str, str, int]] = [
    ("POST", "/", 405),
    ("GET", "/index.html", 404),
    ("GET", "/assets/", 404),
    ("GET", "/assets/..%2f..%2fassets.py", 404),
    ("GET", "/v1", 404),
    ("GET", "/v1/jobs/", 404),
    ("PUT", "/v1/jobs", 405),
    ("DELETE", f"/v1/jobs/{ID}/epochs", 405),
    ("GET", f"/v1/jobs/{ID}", 404),
    ("GET", "/v1/jobs/%00", 404),
    ("GET", "/v1/jobs/%ff%fe", 404),
    ("GET", "/v1/jobs/..%2f..%2fetc%2fpasswd", 404),
    ("GET", "/v1/jobs/" + "a" * 5000, 404),
    ("GET", f"/v1/jobs/{ID.upper()}", 404),
    ("GET", f"/v1/jobs/{ID}?wait=nan", 422),
    ("GET", f"/v1/jobs/{ID}?wait=inf", 422),
    ("GET", f"/v1/jobs/{ID}?wait=-1", 422),
    ("GET", f"/v1/jobs/{ID}?wait=1e400", 422),
    ("GET", f"/v1/jobs/{ID}?wiat=1", 422),
    ("GET", f"/v1/jobs/{ID}/epochs?after=-1", 422),
    ("GET", f"/v1/jobs/{ID}/epochs?after=99999999999999999999", 422),
    ("GET", f"/v1/jobs/{ID}/epochs?after=2147483647", 404),
    ("GET", f"/v1/jobs/{ID}/epochs?limit=0", 422),
    ("GET", f"/v1/jobs/{ID}/epochs?limit=1e3", 422),
    ("GET", f"/v1/jobs/{ID}/epochs?points=1", 422),
    ("GET", f"/v1/jobs/{ID}/epochs?points={'9' * 5000}", 422),
    ("GET", f"/v1/jobs/{ID}/events?after=x", 422),
    ("GET", f"/v1/jobs/{ID}/events?after=999999999", 404),
    ("GET", f"/v1/jobs/{ID}/events?after=2147483647", 422),
    ("GET", f"/v1/jobs/{ID}/weights", 404),
    ("GET", f"/v1/jobs/{ID}/weights?format=pickle", 422),
    ("GET", f"/v1/jobs/{ID}/weights?epoch=first", 422),
    ("GET", f"/v1/jobs/{ID}/weights?epoch=7", 404),
    ("POST", f"/v1/jobs/{ID}/cancel", 404),
    ("GET", "/v1/jobs?limit=0", 422),
    ("GET", "/v1/jobs?limit=101", 422),
    ("GET", "/v1/jobs?cursor=x", 422),
    ("GET", "/v1/jobs?cursor=%00", 422),
    ("GET", "/v1/jobs?cursor=job_" + "f" * 32, 200),
    ("GET", "/v1/weights?cursor=x", 422),
    ("GET", "/v1/weights?limit=0", 422),
    ("GET", "/v1/jobs?status=done", 422),
    ("GET", "/v1/jobs?status=cancelling", 422),
    ("GET", "/v1/jobs?metadata=x", 422),
    ("GET", "/v1/jobs?metadata[]=x", 422),
    ("GET", "/v1/jobs?metadata[a=x", 422),
    ("GET", "/v1/jobs?metadata[a]=%00", 422),
    ("GET", "/v1/jobs?metadata[%00]=a", 422),
    ("GET", "/v1/jobs?metadata[a]=%ff&metadata[%22%24]=%5c", 200),
    ("GET", "/v1/jobs?" + "&".join(f"metadata[{i}]=x" for i in range(30)), 422),
    ("GET", "/v1/jobs?created_after=yesterday", 422),
    ("GET", "/v1/jobs?created_after=2026-01-01T00:00:00", 422),
    ("GET", "/v1/jobs?created_after=0001-01-01T00:00:00%2B23:59", 200),
    ("GET", "/v1/jobs?created_before=9999-12-31T23:59:59-23:59", 200),
    ("GET", "/v1/jobs?created_after=1e308", 422),
    ("GET", "/v1/jobs?created_before=0.5", 422),
    ("GET", "/v1/jobs?created_before=1767225600", 422),
    ("POST", "/v1/jobs?dry_run=true", 422),
    ("POST", "/v1/networks/check?dry_run=true", 422),
    ("POST", f"/v1/jobs/{ID}/cancel?dry_run=true", 422),
    ("DELETE", "/v1/datasets/ds_01936f2a7c3e7d0f8a5b4c3d2e1f0a9b?dry_run=true", 422),
    ("GET", "/v1/datasets/ds_01936f2a7c3e7d0f8a5b4c3d2e1f0a9b?rows=1", 422),
    ("GET", "/v1/datasets/ds_01936f2a7c3e7d0f8a5b4c3d2e1f0a9b/preview?rows=1", 422),
    ("GET", "/healthz?a=%00", 422),
    ("GET", "/v1/datasets/ds_1", 404),
    ("GET", f"/v1/datasets/{ID}/preview", 404),
    ("DELETE", "/v1/datasets/ds_01936f2a7c3e7d0f8a5b4c3d2e1f0a9b", 404),
    ("GET", "/v1/datasets?limit=abc", 422),
    ("GET", "/docs/assets/..%2f..%2f..%2f__init__.py", 404),
    ("POST", "/v1/datasets?format=xlsx", 422),
    ("POST", "/v1/datasets?format=csv&name=%00", 422),
    ("POST", "/v1/datasets?format=csv&name=" + "a" * 201, 422),
    ("POST", "/v1/datasets?format=csv&name=%0d%0aSet-Cookie:x", 422),
]


def test_hostile_addresses_are_refused_with_reasons(client: TestClient) -> None:
    for method, path, status in REQUESTS:
        answer = client.request(method, path)
        assert answer.status_code == status, (path[:100], answer.text)
        if status >= 400:
            assert answer.headers["content-type"] == "application/problem+json", path[:100]
            assert answer.json()["detail"], path[:100]


HEADERS: list[dict[str, str]] = [
    {"If-None-Match": ',"",W/,*x'},
    {"If-None-Match": "\xff" * 100},
    {"Prefer": "wait=-1"},
    {"Prefer": "wait=99999999999999999999"},
    {"Prefer": "wait=1e9, wait=x"},
    {"Accept": ",;q=,*/;q=x"},
    {"Accept": "a/b," * 1000},
    {"Range": "bytes=" + "9" * 5000 + "-"},
    {"Range": "bytes=-0"},
    {"If-Range": "\xff"},
    {"X-Request-ID": "<script>" * 100},
    {"Host": "\xff"},
]


def test_hostile_headers_do_no_harm(client: TestClient, trained: dict[str, Any]) -> None:
    for headers in HEADERS:
        for path in (f"/v1/jobs/{trained['id']}", f"/v1/jobs/{trained['id']}/epochs", f"/v1/jobs/{trained['id']}/weights"):
            encoded = {name: value.encode("latin-1") for name, value in headers.items()}
            answer = client.get(path, headers=encoded)
            assert answer.status_code < 500, (headers, answer.text)


@pytest.mark.parametrize("key", ["", " ", "a b", "ä", "x" * 256, "\x7f"])
def test_a_key_that_is_none_is_refused(client: TestClient, key: str) -> None:
    headers = {"Content-Type": "application/json", "Idempotency-Key": key.encode("latin-1")}
    answer = client.post("/v1/jobs", content=JOB, headers=headers)
    assert (answer.status_code, answer.json()["errors"][0]["parameter"]) == (400, "Idempotency-Key")
