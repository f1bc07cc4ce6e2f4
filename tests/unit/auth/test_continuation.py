"""The credentials and the proof of a caller's continued session."""

import pytest

from doorward.domain.auth.callers import caller_in_browser
from doorward.domain.auth.models import LoggedIn, TokenPair
from doorward.domain.auth.sessions.browser_sessions import SignedIn
from doorward.domain.auth.sessions.continuation import cookies_of, proof_of, tokens_of
from tests.unit.oauth.applications import session

TOKENS = LoggedIn(TokenPair("access", "refresh", 1800, frozenset()), "device")
COOKIES = SignedIn("cookie", "device", None)


def test_credentials_of_the_expected_kind_are_returned_and_others_raise() -> None:
    assert (tokens_of(TOKENS), cookies_of(COOKIES)) == (TOKENS, COOKIES)
    with pytest.raises(TypeError):
        tokens_of(COOKIES)
    with pytest.raises(TypeError):
        cookies_of(TOKENS)


def test_a_proof_is_kept_with_the_new_epoch() -> None:
    caller = caller_in_browser(session(acr=2, amr=("pwd", "otp", "mfa")))
    proof = proof_of(caller, epoch=5)
    assert (proof.methods, proof.acr, proof.session_epoch) == (("mfa", "otp", "pwd"), 2, 5)
    assert proof.proven_at == caller.authenticated_at
