"""The OpenAPI document describes the error responses that the service returns."""

import json
import re
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest

from development.client import ME, PASSWORD, REFRESH, REGISTER, REVOKE, TOKEN
from doorward.api.openapi import openapi_document
from doorward.api.policy import PUBLIC, RoutePolicy
from doorward.api.routing import Call, PolicyRoute
from doorward.api.v1 import HTTP_HINTS
from tests.integration.service import Service


@pytest.fixture
async def document(lasting_service: Service) -> dict[str, Any]:
    found: dict[str, Any] = (await lasting_service.client.get("/openapi.json")).json()
    return found


def _examples(document: dict[str, Any]) -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    """Yield call, status, code and body of each example of an error response."""
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            for status, answer in operation["responses"].items():
                content = answer.get("content", {}).get("application/problem+json", {"examples": {}})
                for code, example in content["examples"].items():
                    yield f"{method} {path}", status, code, example["value"]


async def test_every_refusal_has_examples_of_its_own_status_without_null_members(document: dict[str, Any]) -> None:
    found = list(_examples(document))
    assert len(found) > 100
    for call, status, code, example in found:
        assert (str(example["status"]), example["code"]) == (status, code), call
        assert None not in example.values(), call
    refused = {
        (path, status)
        for path, operations in document["paths"].items()
        for operation in operations.values()
        for status, answer in operation["responses"].items()
        if status >= "400" and not all(content["examples"] for content in answer["content"].values())
    }
    assert not refused


async def test_no_member_of_a_problem_may_be_null(document: dict[str, Any]) -> None:
    members = document["components"]["schemas"]["Problem"]["properties"]
    assert not [name for name, member in members.items() if "anyOf" in member or "default" in member]


async def test_the_examples_equal_the_responses_of_the_service(
    lasting_service: Service, document: dict[str, Any]
) -> None:
    example_of = {(call, code): example for call, _, code, example in _examples(document)}
    client = lasting_service.client
    person, pair = await lasting_service.register_and_log_in()
    again = {"email": person.email, "username": person.username, "password": PASSWORD}
    headers = {"Authorization": f"Bearer {pair.access}"}
    answers = {
        (f"get {ME}", "missing_access_token"): await client.get(ME),
        (f"post {REGISTER}", "email_taken"): await client.post(REGISTER, json=again),
        (f"post {TOKEN}", "invalid_credentials"): await lasting_service.post_token(person.username, "wrong password"),
        (f"post {REFRESH}", "invalid_refresh_token"): await lasting_service.post_refresh("unknown"),
        (f"post {REVOKE}", "access_token_not_revocable"): await lasting_service.post_revoke(pair.access),
        ("post /api/v1/items", "unsupported_media_type"): await client.post("/api/v1/items", headers=headers),
        ("get /api/v1/items/{item_id}", "item_not_found"): await client.get(
            f"/api/v1/items/{UUID(int=1)}", headers=headers
        ),
    }
    for key, answer in answers.items():
        assert {**answer.json(), "correlation_id": ""} == {**example_of[key], "correlation_id": ""}


async def test_refusals_of_admission_are_described_for_each_call_that_can_have_them(document: dict[str, Any]) -> None:
    described = {(call, code) for call, _, code, _ in _examples(document)}
    of_token = {"too_many_calls_of_address", "bound_access_token", "invalid_dpop_proof"}
    of_administration = {"second_factor_needed", "reauthentication_required"}
    admitted = 0
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if "security" in operation:
                admitted += 1
                expected = of_token | of_administration if path.startswith("/api/v1/admin/") else of_token
                assert {code for call, code in described if call == f"{method} {path}"} >= expected, path
    assert admitted > 50


async def test_the_schema_of_problems_has_every_member_of_an_example(document: dict[str, Any]) -> None:
    members = {name for _, _, _, example in _examples(document) for name in example}
    described = document["components"]["schemas"]["Problem"]["properties"].keys()
    assert {"mfa_token", "methods"} <= members <= described


async def test_every_reference_resolves_to_a_schema_of_the_document(document: dict[str, Any]) -> None:
    referenced = set(re.findall(r'"\$ref": "([^"]+)"', json.dumps(document)))
    assert referenced == {f"#/components/schemas/{name}" for name in document["components"]["schemas"]} & referenced
    assert "#/components/schemas/AdminScope" in referenced


async def test_head_is_not_described(document: dict[str, Any]) -> None:
    assert not [path for path, operations in document["paths"].items() if "head" in operations]


async def test_the_scope_of_each_call_is_described(document: dict[str, Any]) -> None:
    assert document["paths"][ME]["get"]["security"] == [{"password": ["account"]}]
    assert "security" not in document["paths"][TOKEN]["post"]


async def test_client_scopes_are_described_if_the_service_issues_tokens_to_clients(
    lasting_service: Service, document: dict[str, Any]
) -> None:
    assert set(document["components"]["securitySchemes"]) == {"password"}
    routes = [route for route in lasting_service.app.routes if isinstance(route, PolicyRoute)]
    token_call = PolicyRoute(Call("POST", "/oauth/token", _give_token, RoutePolicy(PUBLIC)))
    described = openapi_document([*routes, token_call], HTTP_HINTS)
    flow = described["components"]["securitySchemes"]["client_credentials"]["flows"]["clientCredentials"]
    assert (flow["tokenUrl"], set(flow["scopes"])) == ("/oauth/token", {"items:read", "items:write"})
    security = {path: described["paths"][path]["get"]["security"] for path in ("/api/v1/items", ME)}
    assert security == {
        "/api/v1/items": [{"password": ["account"]}, {"client_credentials": ["items:read"]}],
        ME: [{"password": ["account"]}],
    }


async def _give_token() -> None:
    """Replace the call of the OpenID provider."""


async def test_the_script_of_the_reference_page_loads_no_image_from_other_hosts(lasting_service: Service) -> None:
    script = (await lasting_service.client.get("/docs/assets/redoc.standalone.js")).text
    assert 'src:"data:,"' in script
    assert 'src:"http' not in script
    assert "cdn." not in script


async def test_a_header_is_required_for_a_status_if_all_its_errors_have_it(lasting_service: Service) -> None:
    paths = (await lasting_service.client.get("/openapi.json")).json()["paths"]
    answers = paths["/api/v1/account/reauthenticate"]["post"]["responses"]
    # Of its errors only one names a scope; a wrong password does not.
    assert answers["403"]["headers"]["WWW-Authenticate"]["required"] is False
    assert answers["401"]["headers"]["WWW-Authenticate"]["required"] is True
    assert answers["503"]["headers"]["Retry-After"]["required"] is True
