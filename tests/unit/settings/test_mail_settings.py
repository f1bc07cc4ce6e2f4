"""Settings of mail: complete or absent, encrypted, with links to this service."""

import secrets
from typing import Any

import pytest

from doorward.settings.config import Settings, SettingsError, settings_from
from doorward.settings.mail import sender_address
from doorward.settings.secret_values import secret_values
from doorward.wiring.keys import sealing_keys
from doorward.wiring.mail import has_mail

MAIL = {
    "email_from": "Example <accounts@example.com>",
    "smtp_host": "smtp.example.com",
    "public_url": "https://auth.example.com",
}


def production(**values: object) -> Settings:
    return settings_from({"secret_key": secrets.token_urlsafe(48), **values})


def refused(**values: object) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as refusal:
        production(**values)
    return refusal.value.problems


def without(name: str) -> dict[str, Any]:
    return {each: value for each, value in MAIL.items() if each != name}


def test_without_settings_mail_is_disabled() -> None:
    assert not has_mail(production())
    assert not has_mail(production(public_url="https://auth.example.com"))
    assert has_mail(production(**MAIL))


def test_in_development_a_public_url_is_enough() -> None:
    assert not has_mail(production(environment="development"))
    assert has_mail(production(environment="development", public_url="http://localhost:8000"))


@pytest.mark.parametrize(
    ("missing", "sentence"),
    [
        ("smtp_host", "EMAIL_FROM is set without SMTP_HOST"),
        ("email_from", "SMTP_HOST is set without EMAIL_FROM"),
        ("public_url", "SMTP_HOST needs PUBLIC_URL"),
    ],
)
def test_a_missing_setting_of_mail_is_reported_in_one_line(missing: str, sentence: str) -> None:
    (problem,) = refused(**without(missing))
    assert problem.startswith(sentence)


@pytest.mark.parametrize(("tls", "port"), [("starttls", 587), ("implicit", 465), ("none", 587)])
def test_the_port_follows_the_encryption(tls: str, port: int) -> None:
    mail = {**MAIL, "smtp_host": "127.0.0.1"}
    assert production(**mail, smtp_tls=tls).mail.port == port
    assert production(**mail, smtp_tls=tls, smtp_port=2525).mail.port == 2525


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1"])
def test_mail_may_be_unencrypted_on_this_machine(host: str) -> None:
    assert production(**{**MAIL, "smtp_host": host}, smtp_tls="none").mail.smtp_tls == "none"


@pytest.mark.parametrize("host", ["smtp.example.com", "10.0.0.1", "mail", "127.0.0.1.example.com"])
def test_mail_may_be_unencrypted_on_a_network_only_in_development(host: str) -> None:
    mail = {**MAIL, "smtp_host": host, "smtp_tls": "none"}
    (problem,) = refused(**mail)
    assert problem.startswith("SMTP_TLS must not be none unless SMTP_HOST is this machine")
    assert production(**mail, environment="development").mail.smtp_tls == "none"


@pytest.mark.parametrize("name", ["smtp_username", "smtp_password"])
def test_user_name_and_password_require_each_other(name: str) -> None:
    (problem,) = refused(**MAIL, **{name: secrets.token_urlsafe(16)})
    assert "belong together" in problem


def test_a_login_without_a_server_is_refused() -> None:
    (problem,) = refused(smtp_username="doorward", smtp_password=secrets.token_urlsafe(16))
    assert problem.startswith("SMTP_USERNAME is set without SMTP_HOST")


@pytest.mark.parametrize(
    "sender",
    [
        "nobody",
        "a@b@c",
        "a@example.com, b@example.com",
        "Example <accounts@example.com>\r\nBcc: eve@example.com",
        "Example\n <accounts@example.com>",
        "",
    ],
)
def test_a_sender_that_is_not_one_mailbox_is_refused(sender: str) -> None:
    (problem,) = refused(**{**MAIL, "email_from": sender})
    assert problem.startswith("EMAIL_FROM must be one e-mail address")


def test_a_sender_may_have_a_name() -> None:
    assert str(sender_address("Example <accounts@example.com>")) == "Example <accounts@example.com>"
    assert str(sender_address("accounts@example.com")) == "accounts@example.com"


def test_production_refuses_a_folder_for_mails(tmp_path: object) -> None:
    (problem,) = refused(mail_development_folder=tmp_path)
    assert problem.startswith("MAIL_DEVELOPMENT_FOLDER must not be set in production")


def test_the_password_and_each_encryption_key_are_redacted() -> None:
    password, *keys = (secrets.token_urlsafe(40) for _ in range(3))
    settings = production(**MAIL, smtp_username="doorward", smtp_password=password, encryption_keys=",".join(keys))
    assert {password, *keys} <= set(secret_values(settings))
    assert not any(each in repr(settings) for each in (password, *keys))


def test_encryption_keys_must_be_as_strong_as_the_secret_key() -> None:
    good = secrets.token_urlsafe(40)
    assert refused(encryption_keys=f"{good},short")[0].startswith("ENCRYPTION_KEYS has a key that is shorter")
    assert refused(encryption_keys=f"{good},{good}")[0].startswith("ENCRYPTION_KEYS has a key twice")
    assert good not in str(refused(encryption_keys=f"{good},short"))


def test_stored_secrets_are_sealed_with_the_encryption_keys_or_else_with_the_secret_key() -> None:
    root, old, own = (secrets.token_urlsafe(40) for _ in range(3))
    by_default = sealing_keys(production(secret_key=root, secret_key_previous=old).keys)
    assert len(by_default) == 2
    assert {len(key) for key in by_default} == {32}
    begun = sealing_keys(production(secret_key=root, encryption_keys=f"{own},{root}").keys)
    assert begun[1] == by_default[0]
    assert begun[0] not in by_default
