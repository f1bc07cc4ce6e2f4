"""Insecure settings are allowed, and each is reported with its risk."""

import ipaddress
import json
import secrets
from pathlib import Path

import pytest

from doorward.settings.config import settings_from
from doorward.settings.insecure import insecure_settings
from tests.unit.settings.loading import load_settings


def _named(**values: object) -> list[str]:
    settings = settings_from({"secret_key": secrets.token_urlsafe(48), **values})
    return [name for name, why in insecure_settings(settings) if why]


def test_the_defaults_are_secure() -> None:
    assert _named() == []


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ({"environment": "development"}, "ENVIRONMENT"),
        ({"admin_requires_second_factor": False}, "ADMIN_REQUIRES_SECOND_FACTOR"),
        ({"rate_limit_enabled": False}, "RATE_LIMIT_ENABLED"),
        ({"trusted_proxies": (ipaddress.ip_network("0.0.0.0/0"),)}, "TRUSTED_PROXIES"),
        ({"trusted_proxies": "10.0.0.0/8,::/0"}, "TRUSTED_PROXIES"),
        ({"trusted_proxies": "0.0.0.0/1,128.0.0.0/1"}, "TRUSTED_PROXIES"),
        ({"trusted_proxies": "0.0.0.0/2,64.0.0.0/2,128.0.0.0/2,192.0.0.0/2"}, "TRUSTED_PROXIES"),
        ({"trusted_proxies": ",".join(f"{number}.0.0.0/8" for number in range(1, 224))}, "TRUSTED_PROXIES"),
        ({"trusted_proxies": "160.0.0.0/5"}, "TRUSTED_PROXIES"),
        ({"trusted_proxies": "2000::/3"}, "TRUSTED_PROXIES"),
        ({"trusted_proxies": "2000::/4,3000::/4"}, "TRUSTED_PROXIES"),
        ({"trusted_proxies": "::/1"}, "TRUSTED_PROXIES"),
        ({"trusted_proxies": "::ffff:0:0/96"}, "TRUSTED_PROXIES"),
        ({"trusted_proxies": "::ffff:0:0/97,::ffff:128.0.0.0/97"}, "TRUSTED_PROXIES"),
        ({"rate_limit_token": "9999999/second"}, "RATE_LIMIT_TOKEN"),
        ({"rate_limit_register": "6001/minute"}, "RATE_LIMIT_REGISTER"),
        ({"rate_limit_refresh": "9999999/day"}, "RATE_LIMIT_REFRESH"),
        ({"database_url": "postgresql://ada@db.example.com/doorward"}, "DATABASE_URL"),
        ({"database_url": "postgresql://ada@db.example.com/doorward?sslmode=require"}, "DATABASE_URL"),
        ({"database_url": "postgresql://ada@[2001:db8::1]:5432/doorward"}, "DATABASE_URL"),
        ({"database_url": "postgresql:///doorward?host=/run/postgresql,db.example.com"}, "DATABASE_URL"),
        ({"database_url": "postgresql://ada@db/doorward?hostaddr=192.0.2.7"}, "DATABASE_URL"),
        ({"postgres_host": "db.example.com"}, "POSTGRES_HOST"),
        ({"rate_limit_storage_uri": "redis://:a-password@cache.example.com:6379/0"}, "RATE_LIMIT_STORAGE_URI"),
        ({"rate_limit_storage_uri": "redis://192.0.2.7"}, "RATE_LIMIT_STORAGE_URI"),
        ({"public_url": "http://auth.example.com"}, "PUBLIC_URL"),
        ({"cors_allow_origins": "*"}, "CORS_ALLOW_ORIGINS"),
        ({"cors_allow_origins": "https://app.example.com,http://app.example.com:8080"}, "CORS_ALLOW_ORIGINS"),
    ],
)
def test_an_insecure_setting_is_reported(values: dict[str, object], name: str) -> None:
    assert _named(**values) == [name]


@pytest.mark.parametrize(
    "values",
    [
        {"public_url": "https://auth.example.com"},
        {"public_url": "http://localhost:8080"},
        {"cors_allow_origins": "https://app.example.com,http://localhost:3000,http://127.0.0.1,http://[::1]:3000"},
        {"trusted_proxies": "10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,fc00::/7,127.0.0.0/8,::1,2001:db8::/32"},
        {"rate_limit_token": "100/second", "rate_limit_refresh": "6000/minute"},
        {"database_url": "postgresql://ada@db.example.com/doorward?sslmode=verify-full"},
        {"database_url": "postgresql:///doorward?host=/run/postgresql"},
        {"database_url": "postgresql://ada@%2Frun%2Fpostgresql/doorward"},
        {"database_url": "postgresql://ada@postgres:5432/doorward"},
        {"database_url": "postgresql://ada@[::1]:5432/doorward?host=127.0.0.2,localhost"},
        {"postgres_host": "postgres"},
        {"rate_limit_storage_uri": "redis://redis:6379/0"},
        {"rate_limit_storage_uri": "rediss://cache.example.com:6380/0"},
        {"allowed_hosts": "auth.example.com"},
    ],
)
def test_a_secure_setting_is_not_reported(values: dict[str, object]) -> None:
    assert _named(**values) == []


@pytest.mark.parametrize(
    ("mode", "named"), [(0o644, ["SECRET_KEY"]), (0o604, ["SECRET_KEY"]), (0o640, []), (0o400, [])]
)
@pytest.mark.parametrize("place", ["SECRET_KEY_FILE", ".env"])
def test_a_file_with_a_secret_that_all_users_can_read_is_reported(
    clean_environment: pytest.MonkeyPatch, tmp_path: Path, place: str, mode: int, named: list[str]
) -> None:
    key = secrets.token_urlsafe(48)
    path = tmp_path / ("key" if place == "SECRET_KEY_FILE" else ".env")
    if place == "SECRET_KEY_FILE":
        path.write_text(key, encoding="utf-8")
        clean_environment.setenv("SECRET_KEY_FILE", str(path))
    else:
        path.write_text(f"SECRET_KEY={key}\n", encoding="utf-8")
    path.chmod(mode)
    assert [name for name, _ in insecure_settings(load_settings())] == named


def test_a_secret_file_that_a_container_mounts_may_be_readable_by_all_users(
    clean_environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "secrets" / "secret_key"
    path.parent.mkdir()
    path.write_text(secrets.token_urlsafe(48), encoding="utf-8")
    path.chmod(0o444)
    assert list(insecure_settings(load_settings())) == []
    clean_environment.setenv("SECRET_KEY_FILE", str(path))
    assert list(insecure_settings(load_settings())) == []


@pytest.mark.parametrize(("mode", "named"), [(0o644, ["LOGIN_PROVIDERS"]), (0o640, [])])
@pytest.mark.parametrize("place", ["providers.json", "secrets/providers.json", ".env", "environment"])
def test_a_file_with_client_secrets_that_all_users_can_read_is_reported(
    clean_environment: pytest.MonkeyPatch, tmp_path: Path, place: str, mode: int, named: list[str]
) -> None:
    provider = {"name": "acme", "label": "ACME", "issuer": "https://login.acme.example", "client_id": "doorward"}
    providers = json.dumps([{**provider, "client_secret": secrets.token_urlsafe(32)}])
    path = tmp_path / place
    if place == ".env":
        path.write_text(f"LOGIN_PROVIDERS='{providers}'\n", encoding="utf-8")
        path.chmod(mode)
    elif place == "environment":
        clean_environment.setenv("LOGIN_PROVIDERS", providers)
    else:
        path.parent.mkdir(exist_ok=True)
        path.write_text(providers, encoding="utf-8")
        path.chmod(mode)
        clean_environment.setenv("LOGIN_PROVIDERS", str(path))
    clean_environment.setenv("SECRET_KEY", secrets.token_urlsafe(48))
    clean_environment.setenv("PUBLIC_URL", "https://auth.example.com")
    is_checked = place in {"providers.json", ".env"}
    assert [name for name, _ in insecure_settings(load_settings())] == (named if is_checked else [])
