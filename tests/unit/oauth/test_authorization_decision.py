"""The decision to issue a code, to prompt the user, or to refuse the request."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from doorward.domain.oauth.authorization_decision import (
    AccountChoiceDue,
    CodeDue,
    ConsentDue,
    SignInDue,
    UserState,
    decide,
)
from doorward.domain.oauth.authorization_request import RefusedAuthorization
from tests.unit.oauth.applications import APP, NOW, USER_ID, request_for, session

MINUTE = timedelta(minutes=1)
GRANTED = frozenset({"openid", "profile"})
SIGNED_IN = UserState(session(), GRANTED)
PHONE = replace(APP, auth_method="none")


def decided(user: UserState = SIGNED_IN, client: Any = APP, **asked: Any) -> Any:
    return decide(request_for(client, **asked), user, NOW + MINUTE)


def error_of(decision: Any) -> str:
    assert isinstance(decision, RefusedAuthorization), decision
    return decision.error


def test_a_signed_in_user_with_a_given_consent_gets_a_code() -> None:
    assert isinstance(decided(), CodeDue)
    assert isinstance(decided(prompt="none"), CodeDue)


def test_a_user_without_a_session_must_sign_in() -> None:
    assert decided(UserState(None)) == SignInDue(needs_second_factor=False)
    assert error_of(decided(UserState(None), prompt="none")) == "login_required"


@pytest.mark.parametrize("prompt", ["login", "login select_account", "login consent"])
def test_a_requested_login_is_required_once(prompt: str) -> None:
    assert isinstance(decided(prompt=prompt), SignInDue)
    before = replace(SIGNED_IN, asked_at=NOW + timedelta(seconds=1))
    assert isinstance(decided(before, prompt=prompt), SignInDue)
    after = replace(SIGNED_IN, asked_at=NOW)
    assert not isinstance(decided(after, prompt=prompt), SignInDue)


def test_an_account_is_chosen_once_and_only_if_there_is_a_session() -> None:
    assert decided(prompt="select_account") == AccountChoiceDue(SIGNED_IN.session or session())
    assert isinstance(decided(UserState(None), prompt="select_account"), SignInDue)
    for user in (replace(SIGNED_IN, has_chosen=True), replace(SIGNED_IN, asked_at=NOW)):
        assert isinstance(decided(user, prompt="select_account"), CodeDue)
    # A choice does not replace a sign-in that is also requested.
    assert isinstance(decided(replace(SIGNED_IN, has_chosen=True), prompt="login select_account"), SignInDue)
    assert isinstance(decided(replace(SIGNED_IN, has_chosen=True), prompt="select_account", max_age="59"), SignInDue)


def test_max_age_is_measured_from_the_login() -> None:
    assert isinstance(decided(max_age="60"), CodeDue)
    assert isinstance(decided(max_age="59"), SignInDue)
    assert isinstance(decided(replace(SIGNED_IN, asked_at=NOW), max_age="0"), CodeDue)
    assert error_of(decided(max_age="0", prompt="none")) == "login_required"


class TestStrength:
    def test_the_requested_or_a_higher_level_is_accepted(self) -> None:
        two = UserState(session(acr=2, amr=("pwd", "otp", "mfa")), GRANTED)
        passkey = UserState(session(acr=2, amr=("pop", "user", "mfa")), GRANTED)
        for user, values in ((SIGNED_IN, "1"), (two, "1"), (two, "phr 2"), (passkey, "phr"), (passkey, "2")):
            assert isinstance(decided(user, acr_values=values), CodeDue)

    def test_a_user_with_a_second_factor_is_prompted_for_it(self) -> None:
        user = UserState(session(has_second_factor=True), GRANTED)
        assert decided(user, acr_values="2") == SignInDue(needs_second_factor=True)
        assert decided(UserState(None), acr_values="2") == SignInDue(needs_second_factor=True)
        assert decided(UserState(None), acr_values="1 2") == SignInDue(needs_second_factor=False)

    def test_a_user_without_a_second_factor_gets_an_error(self) -> None:
        unmet = "unmet_authentication_requirements"
        assert error_of(decided(acr_values="2")) == unmet
        able = UserState(session(has_second_factor=True), GRANTED)
        assert error_of(decided(replace(able, asked_at=NOW), acr_values="phr")) == unmet
        assert error_of(decided(able, acr_values="2", prompt="none")) == unmet


class TestConsent:
    def test_new_scopes_require_consent(self) -> None:
        decision = decided(scope="openid email")
        assert isinstance(decision, ConsentDue)
        assert decision.scopes == {"openid", "email"}
        assert decision.new == {"email"}
        assert error_of(decided(scope="openid email", prompt="none")) == "consent_required"

    def test_consent_can_be_requested_again(self) -> None:
        decision = decided(prompt="consent")
        assert isinstance(decision, ConsentDue)
        assert decision.new == set()

    def test_a_first_party_client_needs_no_consent(self) -> None:
        own = replace(APP, is_first_party=True)
        assert isinstance(decided(UserState(session()), own), CodeDue)
        assert isinstance(decided(UserState(session()), own, prompt="consent"), ConsentDue)

    def test_a_public_application_on_the_device_requires_consent_each_time(self) -> None:
        loopback = "http://127.0.0.1:5000/callback"
        for client in (PHONE, replace(PHONE, is_first_party=True)):
            assert isinstance(decided(client=client, redirect_uri=loopback), ConsentDue)
        assert error_of(decided(client=PHONE, redirect_uri=loopback, prompt="none")) == "interaction_required"
        assert isinstance(decided(client=PHONE), CodeDue)
        assert isinstance(decided(redirect_uri=loopback), CodeDue)


class TestHint:
    def test_another_user_than_the_hinted_one_must_sign_in(self) -> None:
        hinted = replace(SIGNED_IN, hinted_user=str(USER_ID))
        other = replace(SIGNED_IN, hinted_user=str(uuid4()))
        assert isinstance(decided(hinted, id_token_hint="x"), CodeDue)
        assert isinstance(decided(other, id_token_hint="x"), SignInDue)
        assert error_of(decided(other, id_token_hint="x", prompt="none")) == "login_required"

    def test_a_second_sign_in_as_another_user_gets_an_error(self) -> None:
        other = replace(SIGNED_IN, hinted_user=str(uuid4()), asked_at=NOW)
        assert error_of(decided(other, id_token_hint="x")) == "login_required"

    def test_an_unreadable_hint_is_refused_only_if_no_prompt_is_allowed(self) -> None:
        assert isinstance(decided(id_token_hint="x"), CodeDue)
        assert error_of(decided(id_token_hint="x", prompt="none")) == "login_required"
