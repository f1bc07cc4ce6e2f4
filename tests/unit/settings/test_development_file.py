"""Commands beside `inv dev` use its database, unless another one is configured."""

import secrets
from collections.abc import Callable
from pathlib import Path

import pytest

from doorward.settings.config import SettingsError
from tests.unit.settings.loading import load_settings

URL = "postgresql://postgres@/postgres?host=%2Ftmp%2Fdoorward-pg&port=5432"


@pytest.fixture
def development_file(clean_environment: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    del clean_environment
    path = tmp_path / ".development" / "service.env"
    path.parent.mkdir()
    path.write_text(f"ENVIRONMENT=development\nDATABASE_URL={URL}\n", encoding="utf-8")
    return path


def database_url() -> str | None:
    url = load_settings(beside_inv_dev=True).database.database_url
    return url.get_secret_value() if url else None


def test_without_a_configuration_the_database_of_inv_dev_is_used(development_file: Path) -> None:
    assert database_url() == URL
    settings = load_settings(beside_inv_dev=True)
    assert settings.deployment.environment == "development"
    assert settings.origin_of("database_url") == f"inv dev, {development_file.relative_to(Path.cwd())}"


def test_settings_that_name_no_database_are_used_in_addition(
    development_file: Path, clean_environment: pytest.MonkeyPatch
) -> None:
    del development_file
    clean_environment.setenv("LOG_LEVEL", "error")
    assert database_url() == URL
    assert load_settings(beside_inv_dev=True).telemetry.log_level == "error"


@pytest.mark.parametrize(
    "configure",
    [
        lambda environment, _: environment.setenv("DATABASE_URL", "postgresql://db.internal/doorward"),
        lambda environment, _: environment.setenv("POSTGRES_HOST", "db.internal"),
        lambda environment, _: environment.setenv("ENVIRONMENT", "production"),
        lambda _, folder: (folder / ".env").write_text("POSTGRES_DB=other\n", encoding="utf-8"),
    ],
)
def test_another_configured_database_or_environment_takes_precedence(
    development_file: Path,
    clean_environment: pytest.MonkeyPatch,
    tmp_path: Path,
    configure: Callable[[pytest.MonkeyPatch, Path], object],
) -> None:
    del development_file
    clean_environment.setenv("SECRET_KEY", secrets.token_urlsafe(48))
    configure(clean_environment, tmp_path)
    assert database_url() != URL
    assert load_settings(beside_inv_dev=True).deployment.environment == "production"


def test_a_secret_key_in_a_file_counts_as_a_configuration(
    development_file: Path, clean_environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    del development_file
    (tmp_path / "key").write_text(secrets.token_urlsafe(48), encoding="utf-8")
    clean_environment.setenv("SECRET_KEY_FILE", str(tmp_path / "key"))
    assert database_url() is None
    assert load_settings(beside_inv_dev=True).deployment.environment == "production"


def test_a_service_does_not_use_the_settings_of_inv_dev(development_file: Path) -> None:
    """A file that a killed `inv dev` left behind must not give a service the built-in key."""
    del development_file
    with pytest.raises(SettingsError, match="SECRET_KEY is missing"):
        load_settings()
