"""The document says what the service does: valid OpenAPI 3.1, every operation named, explained, shown and refused."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator
from starlette.testclient import TestClient

from api.app import create_app
from api.openapi import document
from api.schemas import EXAMPLES
from core.nn.saving.weights import to_safetensors
from tests.api.conftest import xor

Operation = tuple[str, str, dict[str, Any]]


@pytest.fixture(scope="module")
def openapi() -> dict[str, Any]:
    return document(create_app())


def operations(openapi: dict[str, Any]) -> Iterator[Operation]:
    for path, item in openapi["paths"].items():
        for method, operation in item.items():
            yield method.upper(), path, operation


def conforms(openapi: dict[str, Any], schema: dict[str, Any], instance: Any) -> None:
    Draft202012Validator({**schema, "components": openapi["components"]}).validate(instance)


def test_it_is_valid(openapi: dict[str, Any]) -> None:
    assert openapi["openapi"].startswith("3.1")
    OpenAPIV31SpecValidator(openapi).validate()


def test_it_lists_the_operations(openapi: dict[str, Any]) -> None:
    assert {(method, path, operation["operationId"]) for method, path, operation in operations(openapi)} == {
        ("POST", "/v1/datasets", "create_dataset"),
        ("GET", "/v1/datasets", "list_datasets"),
        ("GET", "/v1/datasets/{dataset_id}", "get_dataset"),
        ("DELETE", "/v1/datasets/{dataset_id}", "delete_dataset"),
        ("GET", "/v1/datasets/{dataset_id}/preview", "preview_dataset"),
        ("POST", "/v1/networks/check", "check_network"),
        ("POST", "/v1/jobs/{job_id}/predict", "predict"),
        ("POST", "/v1/jobs", "create_job"),
        ("GET", "/v1/jobs", "list_jobs"),
        ("GET", "/v1/jobs/{job_id}", "get_job"),
        ("DELETE", "/v1/jobs/{job_id}", "delete_job"),
        ("POST", "/v1/jobs/{job_id}/cancel", "cancel_job"),
        ("POST", "/v1/jobs/{job_id}/pause", "pause_job"),
        ("POST", "/v1/jobs/{job_id}/resume", "resume_job"),
        ("POST", "/v1/jobs/{job_id}/retry", "retry_job"),
        ("GET", "/v1/jobs/{job_id}/epochs", "list_epochs"),
        ("GET", "/v1/jobs/{job_id}/snapshots", "list_snapshots"),
        ("GET", "/v1/jobs/{job_id}/trace", "get_trace"),
        ("GET", "/v1/jobs/{job_id}/events", "list_events"),
        ("GET", "/v1/events", "list_all_events"),
        ("POST", "/v1/webhooks", "create_webhook"),
        ("GET", "/v1/webhooks", "list_webhooks"),
        ("GET", "/v1/webhooks/{webhook_id}", "get_webhook"),
        ("PATCH", "/v1/webhooks/{webhook_id}", "change_webhook"),
        ("DELETE", "/v1/webhooks/{webhook_id}", "delete_webhook"),
        ("POST", "/v1/webhooks/{webhook_id}/rotate", "rotate_webhook"),
        ("POST", "/v1/webhooks/{webhook_id}/test", "test_webhook"),
        ("GET", "/v1/webhooks/{webhook_id}/deliveries", "list_deliveries"),
        ("POST", "/v1/webhooks/{webhook_id}/deliveries/{delivery_id}/redeliver", "redeliver"),
        ("GET", "/v1/jobs/{job_id}/weights", "get_weights"),
        ("POST", "/v1/weights", "create_weights"),
        ("GET", "/v1/weights", "list_sent_weights"),
        ("GET", "/v1/weights/{weights_id}", "get_sent_weights"),
        ("DELETE", "/v1/weights/{weights_id}", "delete_weights"),
        ("GET", "/healthz", "get_health"),
        ("GET", "/readyz", "get_readiness"),
    }


def test_every_operation_is_explained_with_an_example_and_its_problems(openapi: dict[str, Any]) -> None:
    for method, path, operation in operations(openapi):
        assert operation["summary"], path
        assert operation["tags"], path
        success = next(answer for status, answer in operation["responses"].items() if status.startswith("2"))
        if method != "DELETE":
            assert any("example" in content for content in success["content"].values()), path
        if path.startswith("/v1"):
            refusals = [answer for status, answer in operation["responses"].items() if status.startswith(("4", "5"))]
            assert refusals, path
            assert all("application/problem+json" in answer["content"] for answer in refusals), path
        if "requestBody" in operation:
            for content in operation["requestBody"]["content"].values():
                is_binary = content["schema"].get("format") == "binary"
                assert is_binary or "example" in content or "examples" in content, path


def test_every_example_is_what_its_schema_says(openapi: dict[str, Any]) -> None:
    for _, _, operation in operations(openapi):
        for answer in operation["responses"].values():
            for content in answer.get("content", {}).values():
                for example in [content.get("example"), *(each["value"] for each in content.get("examples", {}).values())]:
                    if example is not None and "schema" in content:
                        conforms(openapi, content["schema"], example)


def test_the_examples_of_requests_are_requests(openapi: dict[str, Any]) -> None:
    schema = openapi["components"]["schemas"]["JobRequest"]
    for request in [*(example["value"] for example in EXAMPLES.values()), xor()]:
        conforms(openapi, {"$ref": "#/components/schemas/JobRequest"}, request)
    assert schema["additionalProperties"] is False


def test_the_first_example_of_a_request_works_as_it_stands(openapi: dict[str, Any], client: TestClient) -> None:
    for path, status in (("/v1/networks/check", 200), ("/v1/jobs", 202)):
        examples = openapi["paths"][path]["post"]["requestBody"]["content"]["application/json"]["examples"]
        answer = client.post(path, json=next(iter(examples.values()))["value"])
        assert answer.status_code == status, answer.text


def test_the_example_of_a_new_job_is_one_that_has_not_begun(openapi: dict[str, Any], client: TestClient) -> None:
    shown = openapi["paths"]["/v1/jobs"]["post"]["responses"]["202"]["content"]["application/json"]["example"]
    job = client.post("/v1/jobs", json=xor()).json()
    for field in ("status", "started_at", "finished_at", "attempt", "result", "error", "weights"):
        assert shown[field] == job[field], field
    assert {**shown["progress"], "epochs": 3} == job["progress"]


def test_a_bare_name_is_short_for_a_type_in_the_document_too(openapi: dict[str, Any]) -> None:
    dense = {"$ref": "#/components/schemas/Dense"}
    for activation in ("relu", {"type": "relu"}):
        conforms(openapi, dense, {"type": "dense", "units": 1, "activation": activation})


def test_the_answers_of_the_service_are_what_the_document_says(openapi: dict[str, Any], client: TestClient) -> None:
    job = client.post("/v1/jobs", json=xor()).json()
    dataset = job["dataset"]["id"]
    file = to_safetensors({"0.weight": np.ones((1, 2), np.float32)}, {})
    sent = client.post("/v1/weights", content=file, headers={"Content-Type": "application/x-safetensors"}).json()["id"]
    webhook = client.post("/v1/webhooks", json={"url": "http://127.0.0.1:9/hook"}).json()["id"]
    assert client.post(f"/v1/webhooks/{webhook}/test").status_code == 202
    for method, template, operation in operations(openapi):
        if method == "GET" and not template.endswith(("{job_id}/weights", "{job_id}/trace")):  # there are none yet
            answer = client.get(template.format(job_id=job["id"], dataset_id=dataset, weights_id=sent, webhook_id=webhook))
            described = operation["responses"][str(answer.status_code)]
            conforms(openapi, described["content"]["application/json"]["schema"], answer.json())


def test_problems_are_what_the_document_says(openapi: dict[str, Any], client: TestClient) -> None:
    for answer in (client.post("/v1/jobs", json={}), client.get("/v1/jobs?limit=0"), client.get("/nowhere")):
        conforms(openapi, {"$ref": "#/components/schemas/ProblemAnswer"}, answer.json())


def test_it_is_served_with_a_tag(client: TestClient) -> None:
    answer = client.get("/openapi.json")
    assert answer.headers["content-type"] == "application/json"
    assert client.get("/openapi.json", headers={"If-None-Match": answer.headers["etag"]}).status_code == 304


def test_the_page_loads_nothing_from_outside(client: TestClient) -> None:
    page = client.get("/docs")
    assert "default-src 'self'" in page.headers["content-security-policy"]
    assert "//" not in page.text.replace("<!doctype html>", "")
    for asset in ("swagger-ui.css", "swagger-ui-bundle.js", "favicon-32x32.png"):
        assert asset in page.text
        assert client.get(f"/docs/assets/{asset}").status_code == 200
    assert "openapi.json" in client.get("/docs/start.js").text
