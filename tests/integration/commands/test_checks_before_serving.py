"""What settings need is checked before the service starts, and by check-config: packages, pictures and templates."""

import sys
from pathlib import Path

import pytest

from tests.integration.commands.refusals import refused_with_one_line


@pytest.fixture(autouse=True)
def database(environment: pytest.MonkeyPatch, shared_database: str) -> None:
    environment.setenv("DATABASE_URL", shared_database)


@pytest.mark.parametrize("command", ["check-config", "serve"])
@pytest.mark.parametrize("missing", ["limits", "redis"])
def test_a_missing_driver_for_the_store_of_limits_is_reported_with_the_remedy(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: str, missing: str
) -> None:
    environment.delitem(sys.modules, "doorward.infrastructure.limits.store", raising=False)
    environment.setitem(sys.modules, missing, None)
    environment.setenv("RATE_LIMIT_STORAGE_URI", "redis://:hidden@cache.internal:6379/0")
    line = refused_with_one_line(capsys, command)
    assert "Install doorward[redis]" in line
    assert "hidden" not in line


@pytest.mark.parametrize("command", ["check-config", "serve"])
@pytest.mark.parametrize(
    ("name", "value", "module", "extra"),
    [
        ("WEBHOOKS_ENABLED", "true", "sealing", "doorward[webhooks]"),
        ("RABBITMQ_URL", "amqp://ada:hidden@broker.internal/", "rabbitmq", "doorward[rabbitmq]"),
        ("PUBLIC_URL", "https://auth.example.com", "signing_keys", "doorward[oauth]"),
    ],
)
def test_a_missing_package_of_a_setting_is_reported_with_the_remedy(
    environment: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: str,
    name: str,
    value: str,
    module: str,
    extra: str,
) -> None:
    environment.setitem(sys.modules, f"doorward.infrastructure.{module}", None)
    environment.setenv("ENVIRONMENT", "production")
    environment.setenv("BCRYPT_ROUNDS", "12")
    environment.setenv(name, value)
    line = refused_with_one_line(capsys, command)
    assert extra in line
    assert "hidden" not in line


@pytest.mark.parametrize("url", ["redis://:hidden@cache:port/0", "redis://:hidden@cache/0", "redis://[::1"])
def test_a_malformed_store_of_limits_is_reported_in_one_line(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], url: str
) -> None:
    environment.setenv("RATE_LIMIT_STORAGE_URI", url)
    line = refused_with_one_line(capsys, "check-config")
    assert "RATE_LIMIT_STORAGE_URI is malformed" in line
    assert "hidden" not in line


@pytest.mark.parametrize("command", ["check-config", "serve"])
@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize(
    ("name", "value", "cause"),
    [
        ("BRAND_LOGO_FILE", "none.png", "BRAND_LOGO_FILE: none.png cannot be read: No such file or directory"),
        ("TEMPLATES_DIR", "none", "TEMPLATES_DIR: none is no folder"),
        ("TEMPLATES_DIR", "broken", "TEMPLATES_DIR: sign_in.html, line 2 cannot be used: Expected an expression"),
        ("TEMPLATES_DIR", "latin", "TEMPLATES_DIR: sign_in.html cannot be used: "),
    ],
)
def test_an_unusable_logo_or_template_is_reported_in_one_line(
    environment: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    command: str,
    workers: str,
    name: str,
    value: str,
    cause: str,
) -> None:
    for folder in ("broken", "latin"):
        (tmp_path / folder).mkdir()
    (tmp_path / "broken" / "sign_in.html").write_text("<p>\n{% if %}", encoding="utf-8")
    (tmp_path / "latin" / "sign_in.html").write_bytes(b"\xff")
    environment.setenv("PUBLIC_URL", "http://localhost:8000")
    environment.setenv("WEB_CONCURRENCY", workers)
    environment.setenv(name, value)
    line = refused_with_one_line(capsys, command)
    assert line.startswith(f"doorward: {cause}")
    assert line.endswith(". Correct it, or unset the setting")
