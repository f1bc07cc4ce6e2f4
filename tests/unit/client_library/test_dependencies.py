"""FastAPI dependencies: the requests that they accept, and the responses to all others."""

import time
from typing import Any

import pytest
from fastapi import HTTPException, Request
from fastapi.responses import PlainTextResponse
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from doorward_client import Doorward
from doorward_client.dependencies import Refusal
from doorward_client.testing import Issuer
from tests.unit.client_library.service import Unreachable, application, auth, call
from tests.unit.client_library.signing import AUDIENCE, ISSUER


@pytest.fixture
def issuer(doorward_issuer: Issuer) -> Issuer:
    doorward_issuer.connect(auth)
    return doorward_issuer


async def test_a_route_receives_the_current_user(issuer: Issuer) -> None:
    answer = await call(application(), "GET", issuer.token("ada", "orders:read"))
    assert answer.status_code == 200
    assert answer.json() == {"sub": "ada", "scopes": ["orders:read"]}


async def test_without_a_token_the_challenge_has_no_error_code(issuer: Issuer) -> None:
    app = application()
    assert issuer
    for headers in ({}, {"Authorization": b"Basic YTpi"}, {"Authorization": b"Bearer"}, {"Authorization": b""}):
        answer = await call(app, "GET", None, **headers)
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"] == 'Bearer realm="doorward"'
        assert answer.json()["code"] == "missing_access_token"


async def test_a_refusal_is_a_problem_response(issuer: Issuer) -> None:
    answer = await call(application(), "GET", issuer.expired("ada"))
    assert answer.status_code == 401
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["Cache-Control"] == "no-store"
    detail = "The access token is not valid, or no longer. Refresh it or log in again."
    assert answer.headers["WWW-Authenticate"] == (
        f'Bearer realm="doorward", error="invalid_token", error_description="{detail}"'
    )
    assert answer.json() == {
        "type": "urn:doorward:problem:invalid_access_token",
        "title": "Unauthorized",
        "status": 401,
        "detail": detail,
        "code": "invalid_access_token",
    }


@pytest.mark.parametrize("token", [b"x", b"a.b.c", b"\xc3\xa9", b"a b", b"x" * 20_000], ids=range(5))
async def test_an_invalid_token_is_refused(issuer: Issuer, token: bytes) -> None:
    assert issuer
    answer = await call(application(), "GET", None, Authorization=b"Bearer " + token)
    assert answer.status_code == 401
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


async def test_two_authorization_headers_are_refused(issuer: Issuer) -> None:
    class Doubled:
        def __init__(self, app: ASGIApp) -> None:
            self.app = app

        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            headers = [each for each in scope.get("headers", []) if each[0] == b"authorization"]
            await self.app({**scope, "headers": [*scope.get("headers", []), *headers]}, receive, send)

    app = application()
    token = issuer.token("ada")
    assert (await call(app, "GET", token)).status_code == 200
    app = application()
    app.add_middleware(Doubled)
    assert (await call(app, "GET", token)).status_code == 401


@pytest.mark.parametrize("scope", ["", "orders:read", "orders:write", "orders:reads orders:write", "account"])
async def test_a_missing_scope_is_reported(issuer: Issuer, scope: str) -> None:
    answer = await call(application(), "POST", issuer.token("ada", scope))
    assert answer.status_code == 403
    assert answer.json()["code"] == "insufficient_scope"
    challenge = answer.headers["WWW-Authenticate"]
    assert 'error="insufficient_scope"' in challenge
    assert 'scope="orders:read orders:write"' in challenge


async def test_a_token_with_all_scopes_is_accepted(issuer: Issuer) -> None:
    answer = await call(application(), "POST", issuer.token("ada", "orders:write profile orders:read"))
    assert (answer.status_code, answer.json()) == (200, "ada")


@pytest.mark.parametrize(
    ("acr", "seconds_ago", "status"),
    [("2", 0, 200), ("phr", 290, 200), ("2", 301, 401), ("1", 0, 401), (None, 0, 401), ("3", 0, 401), ("2", None, 401)],
)
async def test_a_strong_and_recent_sign_in_may_be_required(
    issuer: Issuer, acr: str | None, seconds_ago: int | None, status: int
) -> None:
    auth_time = None if seconds_ago is None else int(time.time()) - seconds_ago
    answer = await call(application(), "DELETE", issuer.token("ada", acr=acr, auth_time=auth_time))
    assert answer.status_code == status
    if status == 401:
        challenge = answer.headers["WWW-Authenticate"]
        assert 'error="insufficient_user_authentication"' in challenge
        assert 'acr_values="2", max_age="300"' in challenge
        assert answer.json()["code"] == "reauthentication_required"


async def test_a_revoked_token_is_refused_by_live_verification_only(issuer: Issuer) -> None:
    app, token = application(), issuer.token("ada")
    assert (await call(app, "PUT", token)).status_code == 200
    other = issuer.token("ada")
    issuer.revoke(other)
    assert (await call(app, "PUT", other)).status_code == 401
    assert (await call(app, "GET", other)).status_code == 200


async def test_without_the_issuer_the_response_has_a_retry_after_header(issuer: Issuer) -> None:
    token = issuer.token("ada")
    auth.use_transport(Unreachable())
    answer = await call(application(), "GET", token)
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"
    assert "WWW-Authenticate" not in answer.headers
    assert answer.json()["code"] == "authentication_unavailable"


def test_the_openapi_document_names_the_required_scopes() -> None:
    document: dict[str, Any] = application().openapi()
    scheme = document["components"]["securitySchemes"]["doorward"]
    assert (scheme["type"], scheme["scheme"], scheme["bearerFormat"]) == ("http", "bearer", "JWT")
    assert document["paths"]["/orders"]["get"]["security"] == [{"doorward": []}]
    assert document["paths"]["/orders"]["post"]["security"] == [{"doorward": ["orders:read", "orders:write"]}]
    assert "parameters" not in document["paths"]["/orders"]["get"]


async def test_an_application_may_handle_refusals_itself(issuer: Issuer) -> None:
    async def teapot(_request: Request, refusal: Exception) -> PlainTextResponse:
        assert isinstance(refusal, Refusal)
        return PlainTextResponse(refusal.code, 418, refusal.headers)

    assert issuer
    for handled in (Refusal, HTTPException, 401):
        app = application()
        app.add_exception_handler(handled, teapot)
        answer = await call(app, "GET", None)
        assert (answer.status_code, answer.text) == (418, "missing_access_token")


async def test_without_starlettes_exception_handlers_status_and_challenge_are_the_same(
    issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A later Starlette may store its handlers elsewhere; FastAPI's default response is sent then."""

    class Elsewhere(dict[str, Any]):
        def get(self, key: str, default: Any = None) -> Any:
            return default if key == "starlette.exception_handlers" else super().get(key, default)

    original = ExceptionMiddleware.__call__

    async def hidden(self: ExceptionMiddleware, scope: Scope, receive: Receive, send: Send) -> None:
        await original(self, Elsewhere(scope), receive, send)

    assert issuer
    monkeypatch.setattr(ExceptionMiddleware, "__call__", hidden)
    answer = await call(application(), "GET", None)
    assert answer.status_code == 401
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="doorward"'
    assert answer.json() == {"detail": "No access token was sent."}


@pytest.mark.parametrize(
    "declare",
    [
        lambda: auth.require_scope("orders:read orders:write"),
        lambda: auth.require_scope('orders"'),
        lambda: auth.require_scope(""),
        lambda: auth.require_acr("3"),
        lambda: auth.require_acr("2", max_age=-1),
        lambda: Doorward(ISSUER, AUDIENCE).user(live=True),
    ],
)
def test_an_invalid_declaration_is_refused_at_startup(declare: Any) -> None:
    with pytest.raises(ValueError, match=r"."):
        declare()
