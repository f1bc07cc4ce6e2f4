"""Every route of the application has a policy, and nothing else decides by a path."""

import ast

import pytest

from doorward.api import documentation, front_page, health, security_contact, v1
from doorward.api.policy import Cache, NeedsScope, Public
from tests.architecture.sources import at, source_modules, tree_of

CALLS = [
    *v1.calls(),
    *health.calls(),
    *security_contact.calls("mailto:security@example.com", None),
    *front_page.calls(has_documentation=True),
    *documentation.calls(),
]


def test_these_calls_are_public_and_no_others() -> None:
    public = {call.path for call in CALLS if isinstance(call.policy.access, Public)}
    assert {path for path in public if not path.startswith(("/docs", "/redoc", "/health/"))} == {
        "/",
        "/openapi.json",
        "/.well-known/security.txt",
        "/api/v1/auth/register",
        "/api/v1/auth/register/confirm",
        "/api/v1/auth/register/resend",
        "/api/v1/auth/invitations/accept",
        "/api/v1/auth/token",
        "/api/v1/auth/second-factor/totp",
        "/api/v1/auth/second-factor/recovery-code",
        "/api/v1/auth/refresh",
        "/api/v1/auth/revoke",
        "/api/v1/auth/passkeys/options",
        "/api/v1/auth/second-factor/passkey",
        "/api/v1/auth/passkeys/token",
        "/api/v1/auth/password/forgot",
        "/api/v1/auth/password/reset",
        "/api/v1/auth/deletion/cancel",
        "/api/v1/auth/email/verify",
    }


@pytest.mark.parametrize("call", [call for call in CALLS if call.path.startswith("/api/")], ids=lambda call: call.path)
def test_no_answer_of_the_api_may_be_stored_in_a_shared_cache(call: object) -> None:
    policy = next(each.policy for each in CALLS if each is call)
    expected = Cache.NO_STORE if isinstance(policy.access, Public) else policy.cache
    assert policy.cache is expected
    assert policy.cache in {Cache.NO_STORE, Cache.PRIVATE}


def test_only_routes_that_need_a_scope_are_limited_by_user_and_they_all_read_uploads() -> None:
    limited = [call for call in CALLS if call.policy.limit_of_user is not None]
    assert limited
    assert all(isinstance(call.policy.access, NeedsScope) for call in limited)


def test_no_code_of_the_edge_decides_by_the_beginning_of_a_path() -> None:
    strays = [
        at(path, node)
        for path in source_modules()
        if path.is_relative_to("src/doorward/api")
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "startswith"
        if any(isinstance(part, ast.Constant) and str(part.value).startswith("/") for part in node.args)
        or "path" in ast.unparse(node.func.value)
    ]
    assert not strays, "declare it in the route's policy"
