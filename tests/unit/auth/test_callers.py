"""The caller of a browser session."""

from uuid import UUID

from doorward.domain.auth.callers import caller_in_browser
from doorward.domain.auth.models import Standing
from tests.unit.oauth.applications import session


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
