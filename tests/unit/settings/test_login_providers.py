"""LOGIN_PROVIDERS: valid entries, their sources, and the protection of the client secret."""

import json
from pathlib import Path
from typing import Any, Final

import pytest

from doorward.settings.config import Settings, SettingsError, settings_from
from doorward.settings.insecure import insecure_settings
from doorward.settings.secret_values import secret_values

SECRET: Final = "of the client at acme"
ENTRY: Final[dict[str, Any]] = {
    "name": "acme",
    "label": "ACME",
    "issuer": "https://login.acme.example",
    "client_id": "doorward",
    "client_secret": SECRET,
}
KEY: Final = "k" * 8 + "-3f1b9c0a7d5e2846-" + "x" * 20


def settings(value: object, **changes: object) -> Settings:
    values = {"environment": "development", "secret_key": KEY, "public_url": "https://auth.example.com", **changes}
    return settings_from({**values, "login_providers": value})


def refusal(value: object, **changes: object) -> str:
    with pytest.raises(SettingsError) as caught:
        settings(value, **changes)
    assert SECRET not in str(caught.value)
    return str(caught.value)


def inline(*changes: dict[str, object]) -> str:
    entries = [{**ENTRY, **each} for each in changes or ({},)]
    return json.dumps([{name: value for name, value in each.items() if value is not None} for each in entries])


def test_no_provider_is_configured_by_default() -> None:
    assert settings("[]").logins.login_providers == ()


def test_missing_members_of_an_entry_have_the_strictest_defaults() -> None:
    (provider,) = settings(inline()).logins.login_providers
    assert provider.scopes == ("openid",)
    assert not provider.allow_private_addresses


@pytest.mark.parametrize("text", [inline(), f'{{"providers": {inline()}}}'], ids=["list", "object"])
def test_entries_are_read_from_a_file(tmp_path: Path, text: str) -> None:
    file = tmp_path / "providers.json"
    file.write_text(text)
    (provider,) = settings(str(file)).logins.login_providers
    assert provider.client_secret.get_secret_value() == SECRET


def test_the_secret_is_redacted_and_never_shown() -> None:
    found = settings(inline())
    assert SECRET in secret_values(found)
    assert SECRET not in repr(found)
    assert [str(each) for each in found.logins.login_providers] == ["acme"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": "Acme"}, "entry 1: name"),
        ({"name": None}, "entry 1: name"),
        ({"label": "\n"}, "label"),
        ({"issuer": "http://login.acme.example"}, "https://"),
        ({"issuer": "https://login.acme.example?a=b"}, "without user, query and fragment"),
        ({"client_secret": ""}, "entry 1: client_secret"),
        ({"client_secret": None}, "entry 1: client_secret"),
        ({"scopes": ["profile"]}, "openid is needed"),
        ({"scopes": ["openid", "a b"]}, "entry 1: scopes"),
        ({"secret": SECRET}, "entry 1: secret"),
        ({"issuer": "https://auth.example.com/"}, "the service's own issuer"),
    ],
)
def test_an_unusable_entry_is_refused(change: dict[str, object], message: str) -> None:
    assert message in refusal(inline(change))


def test_names_and_issuers_must_be_unique() -> None:
    assert "acme once" in refusal(inline({}, {"issuer": "https://another.example"}))
    assert "https://login.acme.example once" in refusal(inline({}, {"name": "another"}))


def test_a_provider_requires_a_public_url() -> None:
    assert "needs PUBLIC_URL" in refusal(inline(), public_url=None)


def test_a_provider_without_encryption_is_reported() -> None:
    entry = {"issuer": "http://10.0.0.5", "allow_private_addresses": True}
    assert "LOGIN_PROVIDERS" in dict(insecure_settings(settings(inline(entry))))
    assert "LOGIN_PROVIDERS" not in dict(insecure_settings(settings(inline())))
