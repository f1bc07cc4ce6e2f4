"""The response of each successful call, and the headers of every response."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import asdict, replace
from uuid import UUID

import httpx
import pytest

from development.client import ME, PASSWORD, REFRESH, REGISTER, REVOKE, TOKEN
from doorward.api.app import create_app
from doorward.api.schemas.health import CheckState
from tests.integration.hashers import FailingHasher
from tests.integration.service import PARTS, Logs, MakeService, Service, is_problem, mark, statuses

SECURITY_HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
}
Call = Callable[[Service], Awaitable[httpx.Response]]


def _has_security_headers(answer: httpx.Response) -> bool:
    present = all(answer.headers.get(name) == value for name, value in SECURITY_HEADERS.items())
    return present and "frame-ancestors 'none'" in answer.headers.get("content-security-policy", "")


@pytest.fixture
def service(lasting_service: Service) -> Service:
    """The application, made once: these tests change nothing of it."""
    return lasting_service


async def test_registration_returns_the_account(service: Service) -> None:
    name = mark()
    body = {"email": f"{name}@Example.com", "username": name.upper(), "password": PASSWORD}
    answer = await service.client.post(REGISTER, json=body)
    account = answer.json()
    assert answer.status_code == 201
    assert UUID(account.pop("id")).version == 4
    assert account == {"email": f"{name}@example.com", "username": name.upper(), "is_active": True}


@pytest.mark.parametrize("grant", [{}, {"grant_type": "password"}, {"scope": "account"}, {"scope": ""}])
async def test_a_login_returns_a_token_pair(service: Service, grant: dict[str, str]) -> None:
    person = await service.register()
    answer = await service.client.post(TOKEN, data={"username": person.username, "password": person.password, **grant})
    body = answer.json()
    assert answer.status_code == 200
    assert set(body) == {"access_token", "refresh_token", "token_type", "expires_in"}
    assert (body["token_type"], body["expires_in"]) == ("bearer", 1800)
    assert body["refresh_token"].startswith("dwr_")


@pytest.mark.parametrize("spell", [str, str.upper, str.title])
@pytest.mark.parametrize("by", ["username", "email"])
async def test_a_login_accepts_user_name_or_address_in_any_case(service: Service, by: str, spell: type[str]) -> None:
    person = await service.register()
    assert (await service.post_token(spell(asdict(person)[by]), PASSWORD)).status_code == 200


@pytest.mark.parametrize("by", ["username", "email"])
async def test_a_login_accepts_user_name_or_address_in_full_width(service: Service, by: str) -> None:
    person = await service.register()
    spelling = asdict(person)[by].translate({code: code + 0xFEE0 for code in range(0x21, 0x7F)})
    assert (await service.post_token(spelling, PASSWORD)).status_code == 200


async def test_client_credentials_in_the_form_are_ignored(service: Service) -> None:
    person = await service.register()
    form = {"username": person.username, "password": PASSWORD, "client_id": "swagger", "client_secret": "anything"}
    assert (await service.client.post(TOKEN, data=form)).status_code == 200


async def test_me_returns_the_account(service: Service) -> None:
    person, pair = await service.register_and_log_in()
    answer = await service.get_me(pair.access)
    assert answer.status_code == 200
    assert answer.json() == {
        "id": person.id,
        "email": person.email,
        "username": person.username,
        "is_active": True,
    }


async def test_a_refresh_returns_a_token_pair_like_a_login(service: Service) -> None:
    _, pair = await service.register_and_log_in()
    body = (await service.post_refresh(pair.refresh)).json()
    assert set(body) == {"access_token", "refresh_token", "token_type", "expires_in"}
    assert (body["token_type"], body["expires_in"]) == ("bearer", 1800)


async def test_a_revocation_returns_no_content_and_ends_the_session(service: Service) -> None:
    person, pair = await service.register_and_log_in()
    answer = await service.post_revoke(pair.refresh)
    assert (answer.status_code, answer.content) == (204, b"")
    assert "content-type" not in answer.headers
    assert is_problem(await service.post_refresh(pair.refresh), 401, "invalid_refresh_token")
    assert is_problem(await service.get_me(pair.access), 401, "invalid_access_token")
    assert service.sessions_of(person)[0]["end_reason"] == "logout"


async def test_a_logout_with_a_replaced_token_ends_its_session(service: Service) -> None:
    _, first = await service.register_and_log_in()
    second = await service.refresh(first.refresh)
    assert (await service.post_revoke(first.refresh)).status_code == 204
    assert (await service.get_me(second.access)).status_code == 401


@pytest.mark.parametrize("token", ["", "dwr_", "unknown", "x" * 75, "\u00e9"])
async def test_revoking_an_unknown_token_succeeds(service: Service, token: str) -> None:
    assert (await service.post_revoke(token)).status_code == 204


async def test_revoking_twice_succeeds(service: Service) -> None:
    _, pair = await service.register_and_log_in()
    assert statuses([await service.post_revoke(pair.refresh) for _ in range(2)]) == [204, 204]


@pytest.mark.parametrize("name", ["liveness", "readiness", "startup"])
async def test_health_returns_ok(service: Service, name: str) -> None:
    answer = await service.client.get(f"/health/{name}")
    assert (answer.status_code, answer.json()["status"]) == (200, "ok")


async def test_an_unknown_path_returns_404(service: Service) -> None:
    assert is_problem(await service.client.get("/nowhere"), 404, "not_found")


async def test_an_unsupported_method_returns_405_with_the_allowed_methods(service: Service) -> None:
    answer = await service.client.get(TOKEN)
    assert is_problem(answer, 405, "method_not_allowed")
    assert answer.headers["allow"] == "POST"


async def test_a_path_with_a_trailing_slash_returns_404(service: Service) -> None:
    assert is_problem(await service.client.get(f"{ME}/"), 404, "not_found")


@pytest.mark.parametrize("path", [REGISTER, TOKEN, ME, REFRESH, REVOKE, "/nowhere", "/docs", "/health/liveness"])
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS"])
async def test_every_response_has_a_correlation_id_and_security_headers(
    service: Service, method: str, path: str
) -> None:
    answer = await service.client.request(method, path)
    assert _has_security_headers(answer)
    assert len(answer.headers["x-correlation-id"]) == 32
    assert (answer.headers.get("cache-control") == "no-store") is path.startswith(("/api/v1/auth", "/nowhere"))


@pytest.mark.parametrize(("method", "path"), [("POST", REGISTER), ("GET", "/health/readiness")])
async def test_an_unhandled_error_returns_500_with_only_the_logged_id(
    make_service: MakeService, logs: Logs, method: str, path: str
) -> None:
    defect = RuntimeError(secret := mark())

    async def broken() -> dict[str, CheckState]:
        raise defect

    wired = await make_service(replace(PARTS, hasher=FailingHasher(defect)))
    services = replace(wired.app.state.services, check_readiness=broken)
    app = create_app(wired.settings.deployment, wired.settings.browsers, services)
    body = {"email": "ada@example.com", "username": "ada", "password": PASSWORD}
    async with Service(app, wired.settings, wired.clock) as service:
        answer = await service.client.request(method, path, json=body)
    assert is_problem(answer, 500, "internal_error")
    assert secret not in answer.text
    (line,) = [line for line in logs.lines() if line["event"] == "http.request.crashed"]
    assert line["correlation_id"] == answer.json()["correlation_id"]
    assert secret in line["exception"]
    assert _has_security_headers(answer)
    assert (answer.headers.get("cache-control") == "no-store") is path.startswith("/api/v1/auth")


@pytest.mark.parametrize("given", ["a", "a.b_c-D9", "x" * 64])
async def test_a_valid_correlation_id_is_kept(service: Service, given: str) -> None:
    answer = await service.client.get(ME, headers={"X-Correlation-ID": given})
    assert answer.headers["x-correlation-id"] == answer.json()["correlation_id"] == given


@pytest.mark.parametrize("given", ["", " ", "x" * 65, "a b", "a\tb", "{}", "a;b", "a,b", "\u00e9"])
async def test_an_invalid_correlation_id_is_replaced(service: Service, given: str) -> None:
    answer = await service.client.get(ME, headers=[(b"X-Correlation-ID", given.encode())])
    assert answer.headers["x-correlation-id"] == answer.json()["correlation_id"] != given
    assert len(answer.headers["x-correlation-id"]) == 32


async def test_two_correlation_ids_are_replaced(service: Service) -> None:
    answer = await service.client.get(ME, headers=[("X-Correlation-ID", "one"), ("X-Correlation-ID", "two")])
    assert len(answer.headers["x-correlation-id"]) == 32


async def test_concurrent_requests_keep_their_own_correlation_ids(service: Service, logs: Logs) -> None:
    ids = [mark() for _ in range(20)]
    answers = await asyncio.gather(*(service.client.get(ME, headers={"X-Correlation-ID": each}) for each in ids))
    assert [answer.json()["correlation_id"] for answer in answers] == ids
    assert sorted(line["correlation_id"] for line in logs.lines()) == sorted(ids)


async def test_a_request_is_logged_with_its_route_without_query_or_secrets(service: Service, logs: Logs) -> None:
    person, pair = await service.register_and_log_in()
    secret = mark()
    await service.get_me(pair.access)
    await service.client.get(ME, params={"access_token": secret})
    await service.client.get(f"/{secret}")
    text = logs.text()
    assert [secret in text, PASSWORD in text, pair.access in text, pair.refresh in text] == [False] * 4
    requests = [line for line in logs.lines() if line["event"] == "http.request"]
    assert [line["route"] for line in requests] == [REGISTER, TOKEN, ME, ME, None]
    assert [line["status"] for line in requests] == [201, 200, 200, 401, 404]
    assert person.email not in text


async def test_successful_health_calls_are_not_logged(service: Service, logs: Logs) -> None:
    await service.client.get("/health/liveness")
    assert logs.text() == ""


@pytest.mark.parametrize(
    ("path", "content_type"), [(REGISTER, b"application/json"), (TOKEN, b"application/x-www-form-urlencoded")]
)
async def test_a_client_disconnect_during_the_request_is_no_error(
    service: Service, logs: Logs, path: str, content_type: bytes
) -> None:
    scope = {
        "type": "http",
        "method": "POST",
        "path": path,
        "query_string": b"",
        "headers": [(b"content-type", content_type), (b"content-length", b"100")],
    }

    async def gone() -> dict[str, object]:
        return {"type": "http.disconnect"}

    async def ignore_message(_: object) -> None:
        pass

    await service.app(scope, gone, ignore_message)
    assert "http.request.crashed" not in logs.text()
    assert logs.lines()[-1]["event"] == "http.request"


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/api/v1/items", "GET, HEAD, POST"),
        ("POST", f"/api/v1/items/{UUID(int=1)}", "DELETE, GET, HEAD, PATCH, PUT"),
        ("PUT", "/api/v1/items/import", "POST"),
        ("GET", "/api/v1/auth/token", "POST"),
        ("POST", "/openapi.json", "GET, HEAD"),
    ],
)
async def test_a_405_response_lists_all_allowed_methods_of_the_path(
    service: Service, method: str, path: str, allowed: str
) -> None:
    answer = await service.client.request(method, path)
    assert is_problem(answer, 405, "method_not_allowed")
    assert answer.headers["allow"] == allowed
