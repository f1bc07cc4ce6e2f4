"""Settings that give up security are allowed, and each is named with what it gives up."""

import ipaddress
import secrets

import pytest

from doorward.core.config import Settings
from doorward.core.insecure_settings import insecure_settings


def _named(**values: object) -> list[str]:
    settings = Settings.model_validate({"secret_key": secrets.token_urlsafe(48), **values})
    return [name for name, why in insecure_settings(settings) if why]


def test_the_defaults_give_up_nothing() -> None:
    assert _named() == []


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ({"environment": "development"}, "ENVIRONMENT"),
        ({"rate_limit_enabled": False}, "RATE_LIMIT_ENABLED"),
        ({"trusted_proxies": (ipaddress.ip_network("0.0.0.0/0"),)}, "TRUSTED_PROXIES"),
        ({"trusted_proxies": "10.0.0.0/8,::/0"}, "TRUSTED_PROXIES"),
        ({"public_url": "http://auth.example.com"}, "PUBLIC_URL"),
        ({"cors_allow_origins": "*"}, "CORS_ALLOW_ORIGINS"),
        ({"cors_allow_origins": "https://app.example.com,http://app.example.com:8080"}, "CORS_ALLOW_ORIGINS"),
    ],
)
def test_what_gives_up_security_is_named(values: dict[str, object], name: str) -> None:
    assert _named(**values) == [name]


@pytest.mark.parametrize(
    "values",
    [
        {"public_url": "https://auth.example.com"},
        {"public_url": "http://localhost:8080"},
        {"cors_allow_origins": "https://app.example.com,http://localhost:3000,http://127.0.0.1,http://[::1]:3000"},
        {"trusted_proxies": "10.0.0.0/8"},
        {"allowed_hosts": "auth.example.com"},
    ],
)
def test_what_gives_up_nothing_is_not_named(values: dict[str, object]) -> None:
    assert _named(**values) == []
