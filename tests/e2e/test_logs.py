"""The format of the log, and the secrets that it must never contain."""

import json
import secrets

from development.client import ME, REFRESH, REGISTER, REVOKE, TOKEN, ApiClient
from tests.e2e.logs import complete_log
from tests.e2e.people import client_of, new_person
from tests.e2e.stack import Service, Stack


async def use_every_call(client: ApiClient, mark: str) -> list[str]:
    """Make every call, with valid and invalid values that the log must not contain; return these values."""
    person = new_person(password=f"{mark}-password")
    wrong = new_person(person.username, f"{mark}-wrong")
    assert (await client.post_account(person)).status_code == 201
    assert (await client.post_account(person)).status_code == 409
    tokens = await client.log_in(person)
    assert (await client.post_login(wrong)).status_code == 401
    as_query = {"username": person.username, "password": f"{mark}-query"}
    as_form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert (await client.call("POST", TOKEN, params=as_query, headers=as_form)).status_code == 422
    assert (await client.call("POST", REGISTER, json={"password": [f"{mark}-list"]})).status_code == 422
    assert (await client.call("POST", REFRESH, content=f"{mark}-broken")).status_code == 415
    assert (await client.call("POST", REVOKE, json={f"{mark}-member": f"{mark}-value"})).status_code == 422
    assert (await client.call("GET", f"/{mark}-path", params={"token": f"{mark}-parameter"})).status_code == 404
    assert (await client.get_me(f"{mark}-bearer")).status_code == 401
    assert (await client.call("GET", ME, headers={"Authorization": f"Basic {mark}"})).status_code == 401
    assert (await client.get_me(tokens.access)).status_code == 200
    renewed = await client.refresh(tokens.refresh)
    assert (await client.post_refresh(tokens.refresh)).status_code == 401
    assert (await client.get_me(renewed.access)).status_code == 401
    last = await client.log_in(person)
    assert (await client.post_revoke(last.refresh)).status_code == 204
    pairs = (tokens, renewed, last)
    signatures = [pair.access.rpartition(".")[2] for pair in pairs]
    return [mark, person.email, *(pair.refresh for pair in pairs), *(pair.access for pair in pairs), *signatures]


async def assert_holds_none(stack: Stack, service: Service, canaries: list[str]) -> None:
    log, _ = await complete_log(service)
    secret_settings = [stack.settings["SECRET_KEY"], stack.settings.get("POSTGRES_PASSWORD")]
    for canary in [*canaries, *filter(None, secret_settings)]:
        assert canary not in log


async def test_the_log_of_a_service_in_production_contains_no_password_token_or_address(
    stack: Stack, production_service: Service
) -> None:
    canaries = await use_every_call(client_of(production_service), f"canary{secrets.token_hex(8)}")
    await assert_holds_none(stack, production_service, canaries)


async def test_every_line_is_a_json_object_and_a_request_is_found_by_its_correlation_id(
    production_service: Service,
) -> None:
    log, correlation_id = await complete_log(production_service)
    lines = [json.loads(line) for line in log.splitlines()]
    found = [line for line in lines if line.get("correlation_id") == correlation_id]
    assert [(line["event"], line["route"], line["status"]) for line in found] == [("http.request", ME, 401)]
