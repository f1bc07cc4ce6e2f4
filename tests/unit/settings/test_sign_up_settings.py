"""The settings of sign-up."""

import secrets

import pytest

from doorward.settings.config import SettingsError
from tests.unit.settings.loading import load_settings


@pytest.fixture(autouse=True)
def usable_settings(clean_environment: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    clean_environment.setenv("SECRET_KEY", secrets.token_urlsafe(48))
    return clean_environment


def test_misleading_names_are_reserved_and_special_domains_refused_by_default() -> None:
    settings = load_settings()
    assert {"admin", "root", "support", "postmaster", "null", "me", "api"} <= set(
        settings.registration.reserved_usernames
    )
    assert not settings.registration.email_allow_special_domains


def test_reserved_user_names_must_be_a_list_of_valid_names(clean_environment: pytest.MonkeyPatch) -> None:
    clean_environment.setenv("RESERVED_USERNAMES", "Acme, no-reply")
    assert load_settings().registration.reserved_usernames == ("Acme", "no-reply")
    clean_environment.setenv("RESERVED_USERNAMES", "acme,the boss")
    with pytest.raises(SettingsError, match="RESERVED_USERNAMES"):
        load_settings()


MAIL = {
    "PUBLIC_URL": "https://auth.example.com",
    "EMAIL_FROM": "accounts@example.com",
    "SMTP_HOST": "smtp.example.com",
}


def refusals(environment: pytest.MonkeyPatch, **values: str) -> tuple[str, ...]:
    """Return the problems that are reported for these settings."""
    for name, value in values.items():
        environment.setenv(name, value)
    with pytest.raises(SettingsError) as refusal:
        load_settings()
    return refusal.value.problems


def test_registration_is_open_and_login_needs_no_verified_address_by_default() -> None:
    registration = load_settings().registration
    assert registration.registration == "open"
    assert registration.registration_domains == ()
    assert not registration.registration_confirmation
    assert not registration.login_requires_verified_email


@pytest.mark.parametrize("name", ["REGISTRATION_CONFIRMATION", "LOGIN_REQUIRES_VERIFIED_EMAIL"])
def test_a_setting_that_needs_mail_is_refused_without_mail(clean_environment: pytest.MonkeyPatch, name: str) -> None:
    (problem,) = refusals(clean_environment, **{name: "true"})
    assert problem.startswith(f"{name} needs mail: set SMTP_HOST, EMAIL_FROM and PUBLIC_URL")
    for each, value in MAIL.items():
        clean_environment.setenv(each, value)
    assert load_settings()


def test_registration_domains_need_verified_addresses_and_mail(clean_environment: pytest.MonkeyPatch) -> None:
    (problem,) = refusals(clean_environment, REGISTRATION_DOMAINS="example.com", **MAIL)
    assert problem.startswith("REGISTRATION_DOMAINS needs verified addresses")
    clean_environment.setenv("REGISTRATION_CONFIRMATION", "true")
    assert load_settings().registration.registration_domains == ("example.com",)
    clean_environment.delenv("SMTP_HOST")
    clean_environment.delenv("EMAIL_FROM")
    (problem,) = refusals(clean_environment)
    assert problem.startswith("REGISTRATION_CONFIRMATION needs mail")


def test_a_domain_is_normalised_like_addresses(clean_environment: pytest.MonkeyPatch) -> None:
    for name, value in {**MAIL, "LOGIN_REQUIRES_VERIFIED_EMAIL": "true"}.items():
        clean_environment.setenv(name, value)
    clean_environment.setenv("REGISTRATION_DOMAINS", "Example.COM, xn--bcher-kva.example.com,corp.local")
    assert load_settings().registration.registration_domains == ("example.com", "b\u00fccher.example.com", "corp.local")
    for wrong in ("@example.com", "example.com/", "*.example.com", "exa mple.com", "a@b.example"):
        (problem,) = refusals(clean_environment, REGISTRATION_DOMAINS=wrong)
        assert problem.startswith("REGISTRATION_DOMAINS must be domains"), wrong


@pytest.mark.parametrize("mode", ["OPEN", "on", "invited"])
def test_an_unknown_mode_of_registration_is_refused(clean_environment: pytest.MonkeyPatch, mode: str) -> None:
    (problem,) = refusals(clean_environment, REGISTRATION=mode)
    assert problem.startswith("REGISTRATION must be 'open', 'invite' or 'closed'")
