"""The rules for clients that send browsers to sign in."""

from dataclasses import replace
from typing import Final

import pytest

from doorward.domain.oauth.exceptions import (
    InvalidClientScopesError,
    InvalidRedirectUriError,
    OperatorOnlyError,
    PkceRequiredError,
    RedirectUriMissingError,
)
from doorward.domain.oauth.models import ClientContent
from doorward.domain.oauth.policy import checked_content, require_operator_for

CLIENT: Final = ClientContent("Nightly", scopes=("orders:read",))
APPLICATION: Final = replace(
    CLIENT, grant_types=("authorization_code",), redirect_uris=("https://app.example/callback",), scopes=("openid",)
)


def test_an_application_needs_valid_redirect_uris() -> None:
    assert checked_content(APPLICATION) == APPLICATION
    with pytest.raises(RedirectUriMissingError):
        checked_content(replace(APPLICATION, redirect_uris=()))
    wrong = ("http://app.example/",)
    for content in (replace(APPLICATION, redirect_uris=wrong), replace(APPLICATION, post_logout_uris=wrong)):
        with pytest.raises(InvalidRedirectUriError):
            checked_content(content)


def test_a_client_that_acts_for_users_and_for_itself_may_have_openid() -> None:
    both = replace(APPLICATION, grant_types=("authorization_code", "client_credentials"))
    assert checked_content(both).scopes == ("openid",)


def test_only_a_first_party_client_may_have_the_scope_account() -> None:
    account = replace(APPLICATION, scopes=("account",))
    with pytest.raises(InvalidClientScopesError):
        checked_content(account)
    own = replace(account, is_first_party=True)
    assert checked_content(own) == own


def test_only_a_client_with_a_secret_may_omit_pkce() -> None:
    legacy = replace(APPLICATION, requires_pkce=False)
    assert checked_content(legacy) == legacy
    with pytest.raises(PkceRequiredError):
        checked_content(replace(legacy, auth_method="none"))


def test_only_the_operator_may_change_redirect_uris_of_a_first_party_client() -> None:
    own = replace(APPLICATION, is_first_party=True)
    moved = replace(own, redirect_uris=("https://other.example/",))
    require_operator_for(own, replace(own, name="Other"))
    require_operator_for(APPLICATION, replace(APPLICATION, redirect_uris=moved.redirect_uris))
    with pytest.raises(OperatorOnlyError):
        require_operator_for(own, moved)
