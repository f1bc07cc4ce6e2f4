"""Settings as one object of topics, built from values by name."""

import ipaddress
from pathlib import Path

import pytest
from pydantic import ValidationError

from doorward.settings.config import FIELDS, TOPICS, SettingsError, settings_from
from doorward.settings.passwords import PasswordSettings


def test_settings_may_be_made_from_python_values() -> None:
    network = ipaddress.IPv4Network("10.0.0.0/8")
    settings = settings_from({"environment": "development", "trusted_proxies": (network,), "log_level": "error"})
    assert (settings.limits.trusted_proxies, settings.telemetry.log_level) == ((network,), "error")


def test_an_unknown_setting_is_refused() -> None:
    with pytest.raises(SettingsError) as refusal:
        settings_from({"environment": "development", "jwt_issuers": "x"})
    assert refusal.value.problems == ("JWT_ISSUERS is not a setting",)


def test_each_setting_belongs_to_one_topic() -> None:
    names = [name for topic in TOPICS.values() for name in topic.model_fields]
    assert len(names) == len(set(names)) == len(FIELDS)


def test_a_topic_that_is_built_by_itself_is_as_strict_as_production() -> None:
    with pytest.raises(ValidationError):
        PasswordSettings(bcrypt_rounds=4)


def test_settings_made_from_values_read_no_other_source(clean_environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    clean_environment.setenv("JWT_ISSUER", "of-the-environment")
    (tmp_path / ".env").write_text("JWT_AUDIENCE=of-the-file\n", encoding="utf-8")
    settings = settings_from({"environment": "development"})
    assert (settings.tokens.jwt_issuer, settings.tokens.jwt_audience, settings.telemetry.log_level) == (
        None,
        "doorward",
        "info",
    )


def test_all_problems_are_reported_at_once_including_those_of_the_environment() -> None:
    with pytest.raises(SettingsError) as refusal:
        settings_from({"secret_key": "short", "postgres_password": "changeme", "bcrypt_rounds": 4})
    assert [problem.split()[0] for problem in refusal.value.problems] == [
        "SECRET_KEY",
        "POSTGRES_PASSWORD",
        "BCRYPT_ROUNDS",
    ]
