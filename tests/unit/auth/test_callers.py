"""The caller with an access token, and the caller of a browser session."""

from dataclasses import replace
from uuid import UUID

import pytest

from doorward.core.principal import Principal
from doorward.domain.auth.callers import Caller, caller_in_browser
from doorward.domain.auth.models import LiveSession, Standing
from doorward.domain.auth.tokens.key_binding import KeyBinding
from tests.unit.oauth.applications import NOW, session

LIVE = LiveSession(
    id=UUID(int=1),
    client_id="doorward",
    amr=("pwd",),
    acr=1,
    authenticated_at=NOW,
    user_id=UUID(int=7),
    email="ada@example.com",
    username="ada",
    is_verified=False,
    has_second_factor=False,
    roles=None,
    role_scopes=None,
)


@pytest.mark.parametrize("is_verified", [False, True])
def test_a_caller_with_a_token_has_the_standing_of_its_live_session(*, is_verified: bool) -> None:
    live = replace(LIVE, is_verified=is_verified, has_second_factor=not is_verified, roles=("support",))
    caller = Caller.of(live, Principal(live.user_id, live.id, "doorward", frozenset({"account"})))
    assert (caller.user.is_active, caller.is_email_verified) == (True, is_verified)
    assert (caller.has_second_factor, caller.roles) == (not is_verified, frozenset({"support"}))
    assert caller.binding is None


def test_the_binding_of_a_bound_token_includes_refresh_tokens() -> None:
    bound = Principal(LIVE.user_id, LIVE.id, "doorward", frozenset({"account"}), thumbprint="the thumbprint")
    assert Caller.of(LIVE, bound).binding == KeyBinding("the thumbprint", includes_refresh_tokens=True)


def test_a_caller_in_a_browser_has_the_scope_account_and_no_roles() -> None:
    live = session(acr=2, amr=("pwd", "otp", "mfa"), has_second_factor=True, is_verified=False)
    caller = caller_in_browser(live)
    own = frozenset({"account"})
    assert (caller.scopes, caller.token_scopes, caller.roles) == (own, own, frozenset())
    assert (caller.user_id, caller.user.username, caller.user.email) == (UUID(int=7), "ada", "ada@example.com")
    assert (caller.acr, caller.amr, caller.authenticated_at) == (2, frozenset(live.amr), live.authenticated_at)
    assert (caller.has_second_factor, caller.is_email_verified) == (True, False)
    assert (caller.session_id, caller.browser_session, caller.client_id) == (live.id, live, "doorward")


def test_a_caller_in_a_browser_is_active_and_has_the_roles_of_the_users_standing() -> None:
    standing = Standing(UUID(int=7), is_active=True, roles=("support",), scopes=("admin:users:read",))
    caller = caller_in_browser(session(is_verified=True), standing)
    assert (caller.user.is_active, caller.is_email_verified, caller.roles) == (True, True, frozenset({"support"}))
