"""Authorization requests: valid ones, and invalid ones that are refused with or without a redirect."""

from dataclasses import replace
from typing import Any

import pytest

from doorward.domain.oauth.authorization_request import (
    AuthorizationError,
    AuthorizationRequest,
    Prompt,
    RefusedAuthorization,
    Reply,
    read_authorization,
)
from doorward.domain.oauth.exceptions import InvalidAuthorizationError
from doorward.domain.oauth.pkce import challenge_of, is_verified
from doorward.domain.oauth.token_policy import Audiences
from tests.unit.oauth.applications import (
    APP,
    ASKED,
    CALLBACK,
    ISSUER,
    NOW,
    ORDERS,
    VERIFIER,
    parameters,
    read,
    request_for,
)

LEGACY = replace(APP, requires_pkce=False)


def test_a_valid_request_is_read() -> None:
    request = request_for(nonce="n", prompt="login consent", max_age="60", acr_values="2 unknown", login_hint="ada")
    assert request.client == APP
    assert request.reply == Reply(CALLBACK, "the state")
    assert request.scopes == {"openid", "profile"}
    assert (request.resource, request.nonce, request.max_age, request.login_hint) == (None, "n", 60, "ada")
    assert request.code_challenge == ASKED["code_challenge"]
    assert request.prompts == {Prompt.LOGIN, Prompt.CONSENT}
    assert request.acr_levels == {2}


@pytest.mark.parametrize(
    ("client", "repeated", "changes"),
    [
        (None, (), {}),
        (replace(APP, disabled_at=NOW), (), {}),
        (APP, ("client_id",), {}),
        (APP, ("redirect_uri",), {}),
        (APP, (), {"redirect_uri": None}),
        (APP, (), {"redirect_uri": CALLBACK + "/.."}),
        (APP, (), {"redirect_uri": "https://evil.example/"}),
        # The redirect URI is checked before everything else.
        (APP, (), {"redirect_uri": "https://evil.example/", "response_type": "token", "scope": ""}),
        (APP, ("scope",), {"redirect_uri": "https://evil.example/", "prompt": "none"}),
    ],
)
def test_early_errors_never_redirect_cve_2026_41479(client: Any, repeated: tuple[str, ...], changes: Any) -> None:
    with pytest.raises(InvalidAuthorizationError):
        read(client, repeated, **changes)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": None}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "code id_token"}, "unsupported_response_type"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"request": "eyJ"}, "request_not_supported"),
        ({"request_uri": "https://app.example/request"}, "request_uri_not_supported"),
        ({"registration": "{}"}, "registration_not_supported"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"code_challenge": VERIFIER + "="}, "invalid_request"),
        ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
        ({"prompt": "create"}, "invalid_request"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"max_age": "-1"}, "invalid_request"),
        ({"max_age": "soon"}, "invalid_request"),
        ({"max_age": "1" * 10}, "invalid_request"),
        ({"acr_values": "gold"}, "unmet_authentication_requirements"),
        ({"scope": "orders:write"}, "invalid_scope"),
        ({"scope": "offline_access"}, "invalid_scope"),
        ({"resource": "https://other.example"}, "invalid_target"),
        ({"resource": "doorward"}, "invalid_target"),
        ({"resource": ORDERS, "scope": "items:read"}, "invalid_scope"),
        ({"state": "s" * 2049}, "invalid_request"),
        ({"nonce": "a\0"}, "invalid_request"),
    ],
)
def test_errors_of_a_known_application_are_reported_to_it(changes: dict[str, Any], error: str) -> None:
    refused = read(**changes)
    assert isinstance(refused, RefusedAuthorization)
    assert refused.error == error
    assert refused.reply.redirect_uri == CALLBACK
    assert '"' not in refused.description
    assert refused.description.isascii()


def test_the_audience_of_logins_is_an_invalid_target_even_for_a_client_that_has_it() -> None:
    """The token endpoint would refuse the code, after the user has agreed."""
    refused = read(replace(APP, resources=("doorward",)), resource="doorward")
    assert isinstance(refused, RefusedAuthorization)
    assert refused.error is AuthorizationError.INVALID_TARGET


def test_if_logins_have_the_issuer_as_audience_it_can_be_requested() -> None:
    audiences = Audiences(issuer=ISSUER, own=ISSUER)
    request = read_authorization(parameters(resource=ISSUER), (), APP, None, audiences)
    assert isinstance(request, AuthorizationRequest)


@pytest.mark.parametrize("name", ["scope", "response_type", "code_challenge", "nonce", "state", "unknown"])
def test_a_repeated_parameter_is_refused(name: str) -> None:
    refused = read(APP, (name,))
    assert isinstance(refused, RefusedAuthorization)
    assert refused.error is AuthorizationError.INVALID_REQUEST
    assert refused.reply.state == (None if name == "state" else "the state")


def test_a_client_without_the_grant_is_unauthorized() -> None:
    refused = read(replace(APP, grant_types=("refresh_token",)))
    assert isinstance(refused, RefusedAuthorization)
    assert refused.error is AuthorizationError.UNAUTHORIZED_CLIENT


def test_a_refusal_uses_the_requested_response_mode() -> None:
    refused = read(response_mode="form_post", scope="none-that-is-known")
    assert isinstance(refused, RefusedAuthorization)
    assert refused.reply == Reply(CALLBACK, "the state", "form_post")


class TestScopes:
    def test_unknown_scopes_are_dropped(self) -> None:
        assert request_for(scope="openid admin:users:read unknown").scopes == {"openid"}

    @pytest.mark.parametrize("scope", [None, " "])
    def test_without_a_requested_scope_all_but_offline_access_are_granted(self, scope: str | None) -> None:
        assert request_for(scope=scope).scopes == set(APP.scopes) - {"offline_access"}

    def test_a_resource_gets_its_own_scopes_and_those_about_the_user(self) -> None:
        request = request_for(resource=ORDERS, scope="openid items:read orders:read offline_access")
        assert request.scopes == {"openid", "orders:read", "offline_access"}
        assert request.resource == ORDERS

    def test_the_issuer_as_the_resource_is_read_as_none(self) -> None:
        assert request_for(resource=ISSUER).resource is None

    def test_a_client_without_the_refresh_grant_gets_no_offline_access(self) -> None:
        client = replace(APP, grant_types=("authorization_code",))
        assert request_for(client, scope="openid offline_access").scopes == {"openid"}


class TestPkce:
    def test_the_example_of_the_standard_is_verified(self) -> None:
        verifier = "dBjftJeZ4CVP-mB92K27u" + "hbUJU1p1r_wW1gFWFOEjXk"
        challenge = "E9Melhoa2OwvFrEMTJguC" + "HaoeK1t8URWbuGJSstw-cM"
        assert challenge_of(verifier) == challenge
        assert is_verified(challenge, verifier)

    def test_a_missing_verifier_is_refused_cve_2023_48228(self) -> None:
        assert not is_verified(challenge_of(VERIFIER), None)
        assert not is_verified(None, VERIFIER)
        assert is_verified(None, None)

    @pytest.mark.parametrize("verifier", ["", "v" * 42, "v" * 129, "w" * 43, "v" * 42 + "\u00e9", VERIFIER + "\n"])
    def test_another_verifier_is_refused(self, verifier: str) -> None:
        assert not is_verified(challenge_of(VERIFIER), verifier)
        assert not is_verified(challenge_of(verifier), verifier) or len(verifier) == 43

    def test_a_legacy_client_may_omit_pkce_but_not_half_of_it(self) -> None:
        bare: dict[str, Any] = {"code_challenge": None, "code_challenge_method": None}
        request = read(LEGACY, **bare)
        assert isinstance(request, AuthorizationRequest)
        assert request.code_challenge is None
        assert isinstance(read(LEGACY, code_challenge=None), RefusedAuthorization)
        assert isinstance(read(LEGACY, code_challenge_method="plain"), RefusedAuthorization)
