"""The standard dialect: refresh and logout by form, with the error responses of RFC 6749."""

import asyncio
import json
from datetime import timedelta
from typing import Any

import httpx
import pytest

from development.client import PASSWORD, REVOKE, TOKEN, Pair, Person, pair
from tests.integration.service import Logs, MakeService, Service, claims_of, events, is_problem, statuses

CALLS = 20
BASIC = {"Authorization": "Basic bm9ib2R5Om5vdGhpbmc="}


def is_oauth_error(answer: httpx.Response, error: str, status: int = 400) -> bool:
    """Return whether the response is this error in the format of RFC 6749 section 5.2."""
    body = answer.json()
    return (
        answer.status_code == status
        and answer.headers["content-type"] == "application/json"
        and answer.headers["cache-control"] == "no-store"
        and set(body) == {"error", "error_description", "correlation_id"}
        and body["error"] == error
        and body["correlation_id"] == answer.headers["x-correlation-id"]
        and "www-authenticate" not in answer.headers
    )


def scope_of(access_token: str) -> str:
    return str(claims_of(access_token)["scope"])


def generation_of(service: Service, person: Person) -> int:
    return int(service.sessions_of(person)[0]["generation"])


def assign_to_other_client(service: Service, person: Person) -> None:
    """Assign the person's sessions to another client."""
    service.sql(
        "INSERT INTO oauth_clients (client_id, name, auth_method, grant_types, scopes, resources, created_at,"
        " updated_at, not_before) VALUES ('reports', 'Reports', 'none', '{refresh_token}', '{account,extra}', '{}',"
        " now(), now(), 'epoch') ON CONFLICT DO NOTHING"
    )
    service.sql("UPDATE sessions SET client_id = 'reports' WHERE user_id = %s", person.id)


def is_untouched(service: Service, person: Person) -> bool:
    (session,) = service.sessions_of(person)
    return (session["generation"], session["ended_at"]) == (1, None)


async def test_a_form_refreshes_at_the_token_call(service: Service) -> None:
    person, first = await service.register_and_log_in()
    answer = await service.post_refresh_form(first.refresh)
    body = answer.json()
    assert answer.status_code == 200
    assert (answer.headers["content-type"], answer.headers["cache-control"]) == ("application/json", "no-store")
    assert set(body) == {"access_token", "refresh_token", "token_type", "expires_in", "scope"}
    assert (body["token_type"], body["expires_in"], body["scope"]) == ("bearer", 1800, "account")
    assert "doorward-device" not in answer.headers
    assert generation_of(service, person) == 1
    assert (await service.get_me(body["access_token"])).json()["id"] == person.id


async def test_both_dialects_rotate_the_same_session(service: Service) -> None:
    person, current = await service.register_and_log_in()
    for post in (service.post_refresh_form, service.post_refresh, service.post_refresh_form):
        current = pair(await post(current.refresh))
    assert generation_of(service, person) == 3


async def test_a_used_token_in_a_form_ends_the_session(service: Service) -> None:
    person, first = await service.register_and_log_in()
    second = await service.refresh(first.refresh)
    assert is_oauth_error(await service.post_refresh_form(first.refresh), "invalid_grant")
    assert service.sessions_of(person)[0]["end_reason"] == "reuse"
    assert is_oauth_error(await service.post_refresh_form(second.refresh), "invalid_grant")
    assert (await service.get_me(second.access)).status_code == 401


@pytest.mark.parametrize("token", ["unknown", "dwr_", "x" * 118, "\u00e9", "a\x00b"])
async def test_an_invalid_refresh_token_is_an_invalid_grant(service: Service, token: str) -> None:
    assert is_oauth_error(await service.post_refresh_form(token), "invalid_grant")


async def test_an_access_token_is_an_invalid_grant(service: Service) -> None:
    _, tokens = await service.register_and_log_in()
    assert is_oauth_error(await service.post_refresh_form(tokens.access), "invalid_grant")


async def test_client_id_and_basic_credentials_are_ignored(service: Service) -> None:
    _, first = await service.register_and_log_in()
    form = {"grant_type": "refresh_token", "refresh_token": first.refresh, "client_id": "x", "client_secret": "y"}
    answer = await service.client.post(TOKEN, data=form, headers=BASIC)
    assert answer.status_code == 200
    revoked = await service.client.post(REVOKE, data={"token": pair(answer).refresh, "client_id": "x"}, headers=BASIC)
    assert (revoked.status_code, revoked.json()) == (200, {})
    assert (await service.get_me(pair(answer).access)).status_code == 401


@pytest.mark.parametrize("asked", ["items:read", "items:write items:read", "account", " account ", ""])
async def test_requested_scopes_narrow_the_access_token_only(service: Service, asked: str) -> None:
    _, first = await service.register_and_log_in()
    answer = await service.post_refresh_form(first.refresh, scope=asked)
    granted = " ".join(sorted(asked.split())) or "account"
    assert (answer.json()["scope"], scope_of(pair(answer).access)) == (granted, granted)
    again = await service.post_refresh_form(pair(answer).refresh)
    assert scope_of(pair(again).access) == "account"


async def test_a_token_with_fewer_scopes_does_not_act_as_the_user(service: Service) -> None:
    _, first = await service.register_and_log_in()
    answer = await service.post_refresh_form(first.refresh, scope="items:read")
    assert is_problem(await service.get_me(pair(answer).access), 403, "insufficient_scope")


@pytest.mark.parametrize(
    "asked", ["orders:read", "account orders:read", "admin:users:read", "a\x00b", "\u00e9", 'a"b', "ACCOUNT"]
)
async def test_additional_scopes_are_refused_and_the_token_stays_valid(
    service: Service, logs: Logs, asked: str
) -> None:
    person, first = await service.register_and_log_in()
    answer = await service.post_refresh_form(first.refresh, scope=asked)
    assert is_oauth_error(answer, "invalid_scope")
    assert asked not in answer.text
    assert [line["reason"] for line in events(logs, "auth.refresh.refused")] == ["scope"]
    assert (generation_of(service, person), service.sessions_of(person)[0]["ended_at"]) == (0, None)
    assert (await service.post_refresh_form(first.refresh)).status_code == 200


async def test_a_session_without_the_account_scope_gets_only_its_granted_scopes(service: Service) -> None:
    person, first = await service.register_and_log_in()
    service.sql("UPDATE sessions SET scopes = '{items:read}' WHERE user_id = %s", person.id)
    assert is_oauth_error(await service.post_refresh_form(first.refresh, scope="items:write"), "invalid_scope")
    assert is_oauth_error(await service.post_refresh_form(first.refresh, scope="account"), "invalid_scope")
    assert (await service.post_refresh_form(first.refresh, scope="items:read")).json()["scope"] == "items:read"


async def test_a_used_token_ends_the_session_for_every_requested_scope(service: Service) -> None:
    person, first = await service.register_and_log_in()
    await service.refresh(first.refresh)
    assert is_oauth_error(await service.post_refresh_form(first.refresh, scope="orders:read"), "invalid_grant")
    assert service.sessions_of(person)[0]["end_reason"] == "reuse"


async def test_a_repetition_within_the_leeway_allows_fewer_scopes_but_not_more(
    make_service: MakeService,
) -> None:
    service = await make_service(refresh_token_reuse_leeway_seconds=10)
    _, first = await service.register_and_log_in()
    second = await service.refresh(first.refresh)
    assert is_oauth_error(await service.post_refresh_form(first.refresh, scope="orders:read"), "invalid_scope")
    again = await service.post_refresh_form(first.refresh, scope="items:read")
    assert (pair(again).refresh, again.json()["scope"]) == (second.refresh, "items:read")


@pytest.mark.parametrize("scope", ["", "items:read"])
async def test_of_concurrent_forms_with_one_token_one_is_rotated(service: Service, scope: str) -> None:
    person, first = await service.register_and_log_in()
    answers = await asyncio.gather(*(service.post_refresh_form(first.refresh, scope=scope) for _ in range(CALLS)))
    assert statuses(answers) == [200] + [400] * (CALLS - 1)
    (session,) = service.sessions_of(person)
    assert (session["generation"], session["end_reason"]) == (1, "reuse")


@pytest.mark.parametrize("form", [{}, {"refresh_token": ""}, {"refresh_token": "x" * 1025}, {"scope": "account"}])
async def test_a_refresh_form_without_a_usable_token_is_an_invalid_request(
    service: Service, form: dict[str, str]
) -> None:
    answer = await service.client.post(TOKEN, data={"grant_type": "refresh_token", **form})
    assert is_oauth_error(answer, "invalid_request")
    assert answer.json()["error_description"].startswith("refresh_token: ")


@pytest.mark.parametrize("grant", ["client_credentials", "authorization_code", "REFRESH_TOKEN", "refresh_token "])
async def test_other_grants_are_refused_as_problems(service: Service, grant: str) -> None:
    answer = await service.client.post(TOKEN, data={"grant_type": grant, "refresh_token": "x"})
    assert is_problem(answer, 422, "unsupported_grant_type")
    assert answer.json()["error"] == "unsupported_grant_type"


@pytest.mark.parametrize("one_of", [lambda pair: pair.refresh, lambda pair: pair.access], ids=["refresh", "access"])
@pytest.mark.parametrize("hint", ["", "refresh_token", "access_token", "nonsense"])
async def test_a_form_with_either_token_ends_the_session(service: Service, one_of: Any, hint: str) -> None:
    person, tokens = await service.register_and_log_in()
    answer = await service.post_revoke_form(one_of(tokens), token_type_hint=hint)
    assert (answer.status_code, answer.json(), answer.headers["cache-control"]) == (200, {}, "no-store")
    assert service.sessions_of(person)[0]["end_reason"] == "logout"
    assert (await service.get_me(tokens.access)).status_code == 401
    assert is_oauth_error(await service.post_refresh_form(tokens.refresh), "invalid_grant")
    assert (await service.post_revoke_form(one_of(tokens))).json() == {}


async def test_a_logout_by_an_access_token_is_recorded_once(service: Service, logs: Logs) -> None:
    person, tokens = await service.register_and_log_in()
    for _ in range(2):
        await service.post_revoke_form(tokens.access)
    found = service.sql("SELECT data FROM audit_events WHERE user_id = %s AND type = 'session.ended'", person.id)
    assert [row["data"]["reason"] for row in found] == ["logout"]
    assert [line["reason"] for line in events(logs, "auth.revocation.ignored")] == ["not_live"]


async def test_an_access_token_with_fewer_scopes_ends_its_session_too(service: Service) -> None:
    _, first = await service.register_and_log_in()
    second = pair(await service.post_refresh_form(first.refresh, scope="items:read"))
    await service.post_revoke_form(second.access)
    assert is_oauth_error(await service.post_refresh_form(second.refresh), "invalid_grant")


async def test_a_logout_by_an_access_token_leaves_other_sessions_of_the_user(service: Service) -> None:
    person, tokens = await service.register_and_log_in()
    other = await service.log_in(person)
    await service.post_revoke_form(tokens.access)
    assert (await service.get_me(other.access)).status_code == 200


async def test_an_expired_access_token_ends_no_session(service: Service) -> None:
    person, tokens = await service.register_and_log_in()
    service.clock.advance(timedelta(minutes=31))
    assert (await service.post_revoke_form(tokens.access)).json() == {}
    assert service.sessions_of(person)[0]["ended_at"] is None


async def test_an_altered_access_token_ends_no_session(service: Service) -> None:
    person, tokens = await service.register_and_log_in()
    head, claims, signature = tokens.access.split(".")
    forged = f"{head}.{claims}.{signature[::-1]}"
    assert (await service.post_revoke_form(forged)).json() == {}
    assert service.sessions_of(person)[0]["ended_at"] is None


@pytest.mark.parametrize("token", ["unknown", "dwr_", "eyJ..", "eyJ.a.b", "\u00e9", "a\x00b"])
async def test_a_form_with_an_unknown_token_gets_the_usual_response(service: Service, token: str) -> None:
    answer = await service.post_revoke_form(token)
    assert (answer.status_code, answer.content) == (200, b"{}")


@pytest.mark.parametrize(
    ("content", "path"),
    [(b"", REVOKE), (b"token=", REVOKE), (b"token=a&token=b", REVOKE), (b"token=a", f"{REVOKE}?a=b")],
)
async def test_an_invalid_logout_form_is_an_invalid_request(service: Service, content: bytes, path: str) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    assert is_oauth_error(await service.client.post(path, content=content, headers=headers), "invalid_request")


async def test_a_logout_with_json_keeps_its_response_format(service: Service) -> None:
    _, tokens = await service.register_and_log_in()
    assert is_problem(await service.client.post(REVOKE, json={"token": tokens.refresh}), 422, "invalid_request")
    assert is_problem(await service.post_revoke(tokens.access), 422, "access_token_not_revocable")
    answer = await service.post_revoke(tokens.refresh)
    assert (answer.status_code, answer.content) == (204, b"")


async def _tokens_of_another_client(service: Service) -> tuple[Person, Pair, Pair]:
    """Return the first and second token pair of a session that belongs to another client."""
    person, first = await service.register_and_log_in()
    second = await service.refresh(first.refresh)
    assign_to_other_client(service, person)
    return person, first, second


async def test_sessions_of_other_clients_are_not_refreshed_and_continue(service: Service) -> None:
    person, first, second = await _tokens_of_another_client(service)
    for token in (second.refresh, first.refresh):
        assert is_problem(await service.post_refresh(token), 401, "invalid_refresh_token")
        assert is_oauth_error(await service.post_refresh_form(token), "invalid_grant")
        assert is_oauth_error(await service.post_refresh_form(token, scope="account"), "invalid_grant")
    assert is_untouched(service, person)


async def test_refresh_tokens_of_other_clients_end_no_session(service: Service) -> None:
    person, first, second = await _tokens_of_another_client(service)
    for token in (second.refresh, first.refresh):
        assert (await service.post_revoke(token)).status_code == 204
        assert (await service.post_revoke_form(token)).json() == {}
    assert is_untouched(service, person)


async def test_access_tokens_of_other_clients_end_no_session(service: Service) -> None:
    person, _, second = await _tokens_of_another_client(service)
    refreshed = await service.app.state.services.sessions.refresh(second.refresh, client_id="reports")
    assert (await service.post_revoke_form(refreshed.access_token)).json() == {}
    assert service.sessions_of(person)[0]["ended_at"] is None


async def test_the_response_to_the_password_form_is_unchanged(service: Service) -> None:
    person = await service.register()
    answer = await service.post_login(person)
    body = answer.json()
    members = ["access_token", "refresh_token", "token_type", "expires_in"]
    assert list(body) == members
    assert answer.content == json.dumps(body, separators=(",", ":")).encode()
    assert is_problem(await service.post_token(person.username, f"not {PASSWORD}"), 401, "invalid_credentials")
