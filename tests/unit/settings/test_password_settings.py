"""Settings of breached passwords: off by default, and requests to other machines only over HTTPS."""

import secrets

import pytest

from doorward.settings.config import SettingsError, settings_from
from doorward.settings.passwords import PasswordSettings


def passwords(**values: object) -> PasswordSettings:
    return settings_from({"secret_key": secrets.token_urlsafe(48), **values}).passwords


def test_by_default_no_password_is_looked_up() -> None:
    settings = passwords()
    assert (settings.password_breaches, settings.password_breaches_failure) == ("off", "open")


def test_a_lookup_in_a_file_requires_the_name_of_the_file() -> None:
    with pytest.raises(SettingsError, match="PASSWORD_BREACHES=file needs PASSWORD_BREACHES_LIST"):
        passwords(password_breaches="file")
    assert passwords(password_breaches="file", password_breaches_list="/x").password_breaches_list is not None


@pytest.mark.parametrize("url", ["http://pwned.example.com", "http://10.0.0.1:8080", "ftp://127.0.0.1", "https://x/y"])
def test_a_server_on_another_machine_requires_https(url: str) -> None:
    with pytest.raises(SettingsError, match="PASSWORD_BREACHES_URL"):
        passwords(password_breaches_url=url)


@pytest.mark.parametrize(
    "url", ["https://pwned.example.com", "http://127.0.0.1:8080", "http://[::1]", "http://localhost:1"]
)
def test_a_server_on_this_machine_may_use_http(url: str) -> None:
    assert passwords(password_breaches_url=url).password_breaches_url == url
