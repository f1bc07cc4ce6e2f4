"""The settings of sign-up."""

import secrets

import pytest

from doorward.settings.config import SettingsError
from tests.unit.settings.loading import load_settings


@pytest.fixture(autouse=True)
def usable_settings(clean_environment: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    clean_environment.setenv("SECRET_KEY", secrets.token_urlsafe(48))
    return clean_environment


def test_names_that_people_trust_are_reserved_and_special_domains_refused_by_default() -> None:
    settings = load_settings()
    assert {"admin", "root", "support", "postmaster", "null", "me", "api"} <= set(
        settings.registration.reserved_usernames
    )
    assert not settings.registration.email_allow_special_domains


def test_reserved_user_names_are_a_list_of_possible_names(clean_environment: pytest.MonkeyPatch) -> None:
    clean_environment.setenv("RESERVED_USERNAMES", "Acme, no-reply")
    assert load_settings().registration.reserved_usernames == ("Acme", "no-reply")
    clean_environment.setenv("RESERVED_USERNAMES", "acme,the boss")
    with pytest.raises(SettingsError, match="RESERVED_USERNAMES"):
        load_settings()
