"""What the log holds, and what it must never hold."""

import json
import secrets
import time

from tests.e2e.people import ME, REFRESH, REGISTER, REVOKE, TOKEN, Client, Person, tokens_of
from tests.e2e.stack import Service, Stack

LOGGED_SECONDS = 60


def use_every_call(client: Client, mark: str) -> list[str]:
    """Make every call, well and badly, with values that would be found; return the secrets among them."""
    person = Person(password=f"{mark}-password")
    wrong = Person(person.username, f"{mark}-wrong")
    assert client.register(person).status_code == 201
    assert client.register(person).status_code == 409
    tokens = tokens_of(client.token(person))
    assert client.token(wrong).status_code == 401
    as_query = {"username": person.username, "password": f"{mark}-query"}
    as_form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert client.call("POST", TOKEN, params=as_query, headers=as_form).status_code == 422
    assert client.call("POST", REGISTER, json={"password": [f"{mark}-list"]}).status_code == 422
    assert client.call("POST", REFRESH, data=f"{mark}-broken").status_code == 415
    assert client.call("POST", REVOKE, json={f"{mark}-member": f"{mark}-value"}).status_code == 422
    assert client.call("GET", f"/{mark}-path", params={"token": f"{mark}-parameter"}).status_code == 404
    assert client.me(f"{mark}-bearer").status_code == 401
    assert client.call("GET", ME, headers={"Authorization": f"Basic {mark}"}).status_code == 401
    assert client.me(tokens.access).status_code == 200
    renewed = tokens_of(client.refresh(tokens.refresh))
    assert client.refresh(tokens.refresh).status_code == 401
    assert client.me(renewed.access).status_code == 401
    last = client.log_in(person)
    assert client.revoke(last.refresh).status_code == 204
    pairs = (tokens, renewed, last)
    signatures = [pair.access.rpartition(".")[2] for pair in pairs]
    return [mark, person.email, *(pair.refresh for pair in pairs), *(pair.access for pair in pairs), *signatures]


def complete_log(service: Service) -> tuple[str, str]:
    """Return the log with all requests up to now, and the correlation id of the last: a line follows its answer."""
    correlation_id = secrets.token_hex(8)
    Client(service).call("GET", ME, headers={"X-Correlation-ID": correlation_id})
    deadline = time.monotonic() + LOGGED_SECONDS
    while correlation_id not in (log := service.logs()) or not log.endswith("\n"):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return log, correlation_id


def assert_holds_none(stack: Stack, service: Service, canaries: list[str]) -> None:
    log, _ = complete_log(service)
    secret_settings = [stack.settings["SECRET_KEY"], stack.settings.get("POSTGRES_PASSWORD")]
    for canary in [*canaries, *filter(None, secret_settings)]:
        assert canary not in log


def test_the_log_of_a_service_in_production_holds_no_password_token_or_address(
    stack: Stack, production_service: Service
) -> None:
    canaries = use_every_call(Client(production_service), f"canary{secrets.token_hex(8)}")
    assert_holds_none(stack, production_service, canaries)


def test_every_line_is_a_json_object_and_a_request_is_found_by_its_correlation_id(
    production_service: Service,
) -> None:
    log, correlation_id = complete_log(production_service)
    lines = [json.loads(line) for line in log.splitlines()]
    found = [line for line in lines if line.get("correlation_id") == correlation_id]
    assert [(line["event"], line["route"], line["status"]) for line in found] == [("http.request", ME, 401)]
