"""Every route of the application has a policy, and no other code decides by the path."""

import ast
import secrets
from typing import Final

import pytest

from doorward.api.policy import Cache, InBrowser, NeedsScope, Public
from doorward.api.routing import PolicyRoute
from doorward.settings.config import settings_from
from doorward.wiring.application import create_wired_app
from tests.architecture.sources import at, source_modules, tree_of

SETTINGS: Final = {
    "environment": "development",
    "secret_key": secrets.token_urlsafe(48),
    "database_url": "postgresql://doorward@localhost/doorward",
    "public_url": "http://localhost:8000",
    "security_contact": "mailto:security@example.com",
    "client_registration_enabled": True,
    "webhooks_enabled": True,
    "login_providers": [
        {
            "name": "acme",
            "label": "ACME",
            "issuer": "https://login.acme.example",
            "client_id": "doorward",
            "client_secret": secrets.token_urlsafe(24),
        }
    ],
}
"""Settings that enable all optional routes."""

CALLS = [each.call for each in create_wired_app(settings_from(SETTINGS)).routes if isinstance(each, PolicyRoute)]
BEFORE_A_SESSION: Final = (
    "/account/accept-invitation",
    "/account/choose",
    "/account/confirm-email-change",
    "/account/confirm-registration",
    "/account/consent",
    "/account/device",
    "/account/forgot-password",
    "/account/register",
    "/account/reset-password",
    "/account/restore",
    "/account/second-factor",
    "/account/sign-in",
    "/account/verify-email",
    "/account/with-{name}",
    "/oauth/authorize",
    "/oauth/logout",
)
PAGES_TO_SIGN_IN: Final = {
    *(f"{method} {path}" for method in ("GET", "POST") for path in BEFORE_A_SESSION),
    "GET /account/lost-device",
    "GET /account/back-from-{name}",
}
"""Pages for users who are not signed in yet, or whom a link or an authorization request identifies."""

LEADS_ON: Final = {"open_form", "open_account", "open_administration"}
"""Endpoints that only redirect to a page, which has its own policy."""


def public_calls() -> set[str]:
    found = [call for call in CALLS if isinstance(call.policy.access, Public)]
    assert all(call.method == "GET" for call in found if call.endpoint.__name__ in LEADS_ON)
    return {f"{call.method} {call.path}" for call in found if call.endpoint.__name__ not in LEADS_ON}


def test_only_the_listed_routes_are_public() -> None:
    files = ("GET /docs", "GET /redoc", "GET /health/", "GET /development/", "GET /account/static/")
    assert {call for call in public_calls() - PAGES_TO_SIGN_IN if not call.startswith(files)} == {
        "GET /",
        "GET /oauth/jwks",
        "GET /.well-known/openid-configuration",
        "GET /.well-known/oauth-authorization-server",
        "GET /openapi.json",
        "GET /.well-known/security.txt",
        "POST /api/v1/auth/register",
        "POST /api/v1/auth/register/confirm",
        "POST /api/v1/auth/register/resend",
        "POST /api/v1/auth/invitations/accept",
        "POST /api/v1/auth/token",
        "POST /api/v1/auth/second-factor/totp",
        "POST /api/v1/auth/second-factor/recovery-code",
        "POST /api/v1/auth/refresh",
        "POST /api/v1/auth/revoke",
        "POST /api/v1/auth/passkeys/options",
        "POST /api/v1/auth/second-factor/passkey",
        "POST /api/v1/auth/passkeys/token",
        "POST /api/v1/auth/password/forgot",
        "POST /api/v1/auth/password/reset",
        "POST /api/v1/auth/deletion/cancel",
    }


def test_every_page_before_the_sign_in_is_public() -> None:
    assert public_calls() >= PAGES_TO_SIGN_IN


def test_no_route_of_the_administration_is_public() -> None:
    of_administration = [call for call in CALLS if "/admin" in call.path and call.endpoint.__name__ not in LEADS_ON]
    assert len(of_administration) > 80
    assert not [call.path for call in of_administration if not isinstance(call.policy.access, NeedsScope | InBrowser)]


@pytest.mark.parametrize("call", [call for call in CALLS if call.path.startswith("/api/")], ids=lambda call: call.path)
def test_no_response_of_the_api_may_be_stored_in_a_shared_cache(call: object) -> None:
    policy = next(each.policy for each in CALLS if each is call)
    expected = Cache.NO_STORE if isinstance(policy.access, Public) else policy.cache
    assert policy.cache is expected
    assert policy.cache in {Cache.NO_STORE, Cache.PRIVATE}


def test_only_routes_that_need_a_scope_have_a_limit_for_each_user() -> None:
    limited = [call for call in CALLS if call.policy.limit_of_user is not None]
    assert limited
    assert all(isinstance(call.policy.access, NeedsScope) for call in limited)


def test_no_code_decides_by_a_path_prefix() -> None:
    strays = [
        at(path, node)
        for path in source_modules()
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "startswith"
        if any(isinstance(part, ast.Constant) and str(part.value).startswith("/") for part in node.args)
        or "path" in ast.unparse(node.func.value)
    ]
    assert not strays, "declare it in the route's policy"
