"""Reading of settings: their sources, their bounds, and their formats."""

import ipaddress
import secrets
from pathlib import Path

import pytest

from doorward.settings.config import SettingsError
from doorward.settings.published_secrets import DEVELOPMENT_SECRET_KEY
from tests.unit.settings.budget_defaults import BUDGETS, DEFAULTS, MAIL
from tests.unit.settings.loading import load_settings


@pytest.fixture(autouse=True)
def usable_settings(clean_environment: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Set the minimum that a start in production requires."""
    clean_environment.setenv("SECRET_KEY", secrets.token_urlsafe(48))
    return clean_environment


def _problems() -> tuple[str, ...]:
    with pytest.raises(SettingsError) as refusal:
        load_settings()
    return refusal.value.problems


def test_production_requires_only_a_secret_key() -> None:
    assert load_settings().deployment.environment == "production"


def test_the_defaults_are_unchanged() -> None:
    settings = load_settings()
    secrets_and_sign_up = {"secret_key", "rate_limit_storage_uri", "reserved_usernames", "email_allow_special_domains"}
    shown = {name: value for name, value in settings.values() if name not in secrets_and_sign_up}
    assert settings.limits.rate_limit_storage_uri.get_secret_value() == "memory://"
    assert shown == {**DEFAULTS, **BUDGETS, **MAIL}


def test_settings_are_read_from_the_file(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("JWT_ISSUER=from-the-file\n", encoding="utf-8")
    assert load_settings().tokens.jwt_issuer == "from-the-file"


def test_the_environment_overrides_the_file(tmp_path: Path, usable_settings: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text("JWT_ISSUER=from-the-file\n", encoding="utf-8")
    usable_settings.setenv("JWT_ISSUER", "from-the-environment")
    assert load_settings().tokens.jwt_issuer == "from-the-environment"


def test_an_empty_variable_counts_as_unset(usable_settings: pytest.MonkeyPatch) -> None:
    usable_settings.setenv("WEB_CONCURRENCY", "")
    assert load_settings().server.web_concurrency == 1


def test_names_are_case_insensitive(usable_settings: pytest.MonkeyPatch) -> None:
    usable_settings.setenv("jwt_issuer", "in-lower-case")
    assert load_settings().tokens.jwt_issuer == "in-lower-case"


def test_a_misspelt_name_in_the_environment_is_reported_with_a_suggestion(usable_settings: pytest.MonkeyPatch) -> None:
    usable_settings.setenv("ACCESS_TOKEN_EXPIRES_MINUTES", "5")
    assert _problems() == ("ACCESS_TOKEN_EXPIRES_MINUTES is not a setting: did you mean ACCESS_TOKEN_EXPIRE_MINUTES?",)


def test_a_misspelt_name_in_the_file_is_reported_with_a_suggestion(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("RATE_LIMIT_ENABLE=false\n", encoding="utf-8")
    assert _problems() == ("RATE_LIMIT_ENABLE is not a setting: did you mean RATE_LIMIT_ENABLED?",)


def test_all_problems_are_reported_at_once(usable_settings: pytest.MonkeyPatch) -> None:
    usable_settings.setenv("LOG_LEVELS", "info")
    usable_settings.setenv("WEB_CONCURRENCY", "many")
    usable_settings.setenv("BCRYPT_ROUNDS", "40")
    assert [problem.split()[0] for problem in _problems()] == ["LOG_LEVELS", "BCRYPT_ROUNDS", "WEB_CONCURRENCY"]


def test_names_of_other_programs_are_ignored(usable_settings: pytest.MonkeyPatch) -> None:
    usable_settings.setenv("POSTGRES_INITDB_ARGS", "--data-checksums")
    usable_settings.setenv("SOMETHING_ELSE", "1")
    load_settings()


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("ENVIRONMENT", ["", "staging", "dev"]),
        ("ALGORITHM", ["none", "PS256", "hs256"]),
        ("POSTGRES_PORT", ["0", "65536", "-1", "five"]),
        ("PORT", ["65536", "-1", "five"]),
        ("METRICS_PORT", ["65536", "-1", "five"]),
        ("DB_POOL_MIN_CONN", ["-1", "101", "1.5"]),
        ("DB_POOL_MAX_CONN", ["0", "101"]),
        ("ACCESS_TOKEN_EXPIRE_MINUTES", ["0", "1441", "-5", "30m"]),
        ("REFRESH_TOKEN_EXPIRE_DAYS", ["0", "366"]),
        ("SESSION_MAX_DAYS", ["0", "3651"]),
        ("SESSIONS_PER_USER", ["0", "251"]),
        ("REFRESH_TOKEN_REUSE_LEEWAY_SECONDS", ["-1", "61"]),
        ("BCRYPT_ROUNDS", ["3", "9", "17"]),
        ("RATE_LIMIT_ENABLED", ["perhaps"]),
        ("RATE_LIMIT_REGISTER", ["5", "0/minute", "-1/minute", "5/fortnight", "5 per minute", "5/minute;9/day"]),
        ("RATE_LIMIT_TOKEN", ["many/minute", "10/minute\n"]),
        ("RATE_LIMIT_REFRESH", ["1000000000/second"]),
        ("RATE_LIMIT_STORAGE_URI", ["file:///tmp", "mongodb://x", "redis"]),
        ("TRUSTED_PROXIES", ["everybody", "10.0.0.0/33", "10.0.0.1/8", "10.0.0.0/8;192.168.0.0/16"]),
        ("WEB_CONCURRENCY", ["0", "65", "two"]),
        ("PUBLIC_URL", ["auth.example.com", "https://auth.example.com/", "https://auth.example.com/a//b", "*"]),
        ("CORS_ALLOW_ORIGINS", ["app.example.com", "https://app.example.com/", "null", "*,https://app.example.com"]),
        ("CORS_ALLOW_CREDENTIALS", ["perhaps"]),
        ("ALLOWED_HOSTS", ["*", "auth.example.com:443", "https://auth.example.com", "a.example.com;b.example.com"]),
        ("DOCS_ENABLED", ["perhaps"]),
        ("LOG_LEVEL", ["trace", "notice"]),
    ],
)
def test_a_value_out_of_bounds_is_reported_with_an_example(
    name: str, values: list[str], usable_settings: pytest.MonkeyPatch
) -> None:
    for value in filter(None, values):
        usable_settings.setenv(name, value)
        (problem,) = _problems()
        assert problem.startswith(f"{name} ")
        assert ". Example: " in problem


@pytest.mark.parametrize(
    ("name", "lowest", "highest"),
    [
        ("POSTGRES_PORT", "1", "65535"),
        ("DB_POOL_MAX_CONN", "1", "100"),
        ("ACCESS_TOKEN_EXPIRE_MINUTES", "1", "1440"),
        ("REFRESH_TOKEN_EXPIRE_DAYS", "1", "365"),
        ("SESSION_MAX_DAYS", "1", "3650"),
        ("SESSIONS_PER_USER", "1", "250"),
        ("REFRESH_TOKEN_REUSE_LEEWAY_SECONDS", "0", "60"),
        ("BCRYPT_ROUNDS", "10", "16"),
        ("WEB_CONCURRENCY", "1", "64"),
    ],
)
def test_bounds_are_inclusive(name: str, lowest: str, highest: str, usable_settings: pytest.MonkeyPatch) -> None:
    for value in (lowest, highest):
        usable_settings.setenv(name, value)
        assert dict(load_settings().values())[name.lower()] == int(value)


def test_development_may_use_a_low_hash_cost(usable_settings: pytest.MonkeyPatch) -> None:
    usable_settings.setenv("ENVIRONMENT", "development")
    usable_settings.setenv("BCRYPT_ROUNDS", "4")
    assert load_settings().passwords.bcrypt_rounds == 4


def test_the_minimum_of_the_pool_must_not_exceed_its_maximum(usable_settings: pytest.MonkeyPatch) -> None:
    usable_settings.setenv("DB_POOL_MIN_CONN", "3")
    usable_settings.setenv("DB_POOL_MAX_CONN", "2")
    (problem,) = _problems()
    assert problem.startswith("DB_POOL_MIN_CONN must not be above DB_POOL_MAX_CONN")


def test_the_wildcard_origin_with_credentials_is_refused(usable_settings: pytest.MonkeyPatch) -> None:
    usable_settings.setenv("CORS_ALLOW_ORIGINS", "*")
    usable_settings.setenv("CORS_ALLOW_CREDENTIALS", "true")
    (problem,) = _problems()
    assert problem.startswith("CORS_ALLOW_ORIGINS must name its origins while CORS_ALLOW_CREDENTIALS is true")


def test_named_origins_may_be_combined_with_credentials(usable_settings: pytest.MonkeyPatch) -> None:
    usable_settings.setenv("CORS_ALLOW_ORIGINS", "https://app.example.com, http://localhost:3000")
    usable_settings.setenv("CORS_ALLOW_CREDENTIALS", "true")
    assert load_settings().browsers.cors_allow_origins == ("https://app.example.com", "http://localhost:3000")


def test_the_minimum_and_the_maximum_of_the_pool_may_be_equal(usable_settings: pytest.MonkeyPatch) -> None:
    usable_settings.setenv("DB_POOL_MIN_CONN", "2")
    usable_settings.setenv("DB_POOL_MAX_CONN", "2")
    assert load_settings().database.db_pool_max_conn == 2


@pytest.mark.parametrize(
    ("text", "networks"),
    [
        ("10.0.0.0/8", ["10.0.0.0/8"]),
        ("10.0.0.0/8,192.168.1.5", ["10.0.0.0/8", "192.168.1.5/32"]),
        (" 10.0.0.0/8 , fd00::/8 ,", ["10.0.0.0/8", "fd00::/8"]),
    ],
)
def test_trusted_proxies_are_networks_separated_by_commas(
    text: str, networks: list[str], usable_settings: pytest.MonkeyPatch
) -> None:
    usable_settings.setenv("TRUSTED_PROXIES", text)
    assert load_settings().limits.trusted_proxies == tuple(map(ipaddress.ip_network, networks))


@pytest.mark.parametrize("spelling", ["warning", "WARNING", "Warning"])
def test_the_log_level_is_case_insensitive(spelling: str, usable_settings: pytest.MonkeyPatch) -> None:
    usable_settings.setenv("LOG_LEVEL", spelling)
    assert load_settings().telemetry.log_level == "warning"


def test_development_has_a_built_in_secret_key(usable_settings: pytest.MonkeyPatch) -> None:
    usable_settings.delenv("SECRET_KEY")
    usable_settings.setenv("ENVIRONMENT", "development")
    assert load_settings().keys.secret_key.get_secret_value() == DEVELOPMENT_SECRET_KEY


def test_development_uses_a_given_secret_key(usable_settings: pytest.MonkeyPatch) -> None:
    usable_settings.setenv("SECRET_KEY", "short")
    usable_settings.setenv("ENVIRONMENT", "development")
    assert load_settings().keys.secret_key.get_secret_value() == "short"


def test_a_port_in_the_format_of_kubernetes_service_links_is_read(usable_settings: pytest.MonkeyPatch) -> None:
    usable_settings.setenv("POSTGRES_PORT", "tcp://10.0.0.1:5433")
    assert load_settings().database.postgres_port == 5433


def test_a_file_that_is_not_text_is_reported_in_one_line(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"JWT_ISSUER=\xff\xfe\n")
    assert _problems() == (".env is not UTF-8 text. Write it again as such",)


def test_private_fields_are_separated_by_commas(usable_settings: pytest.MonkeyPatch) -> None:
    usable_settings.setenv("PII_FIELDS", "birth, tax_id,")
    assert load_settings().telemetry.pii_fields == ("birth", "tax_id")


def test_a_kubernetes_link_to_a_service_called_metrics_enables_no_metrics(usable_settings: pytest.MonkeyPatch) -> None:
    usable_settings.setenv("METRICS_PORT", "tcp://10.0.0.1:9090")
    assert load_settings().telemetry.metrics_port == 0


@pytest.mark.parametrize(
    ("general", "own", "url"),
    [
        (None, None, None),
        ("http://collector:4318/", None, "http://collector:4318/v1/traces"),
        ("http://collector:4318", "https://traces/here", "https://traces/here"),
        (None, "https://traces/here", "https://traces/here"),
    ],
)
def test_traces_are_sent_to_the_url_in_the_variables_of_opentelemetry(
    usable_settings: pytest.MonkeyPatch, general: str | None, own: str | None, url: str | None
) -> None:
    for name, value in (("OTEL_EXPORTER_OTLP_ENDPOINT", general), ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", own)):
        usable_settings.setenv(name, value or "")
    assert load_settings().telemetry.traces_url == url


def test_a_password_in_the_url_for_traces_is_refused(usable_settings: pytest.MonkeyPatch) -> None:
    usable_settings.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:s3cret@collector.internal:4318")
    with pytest.raises(SettingsError) as refusal:
        load_settings()
    assert "OTEL_EXPORTER_OTLP_ENDPOINT must not hold a password" in str(refusal.value)
    assert "s3cret" not in str(refusal.value)
