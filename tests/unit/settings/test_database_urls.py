"""Parts of a URL that libpq cannot read are reported with a correction and without the URL."""

import secrets

import pytest

from doorward.settings.config import SettingsError, settings_from
from doorward.settings.insecure import insecure_settings
from doorward.settings.secret_strength import passwords_in
from tests.unit.settings.loading import load_settings

MARK = "marked-and-never-to-be-shown"


def _problems() -> tuple[str, ...]:
    with pytest.raises(SettingsError) as refusal:
        load_settings()
    return refusal.value.problems


@pytest.mark.parametrize(
    ("end", "message"),
    [
        (
            "db.internal/x?schema=auth",
            "has the parameter schema, which PostgreSQL's library does not know: remove it, and set DB_SCHEMA",
        ),
        (
            "db.internal/x?ssl=true",
            "has the parameter ssl, which PostgreSQL's library does not know: write sslmode=requ",
        ),
        ("db.internal/x?sslmode=require&pgbouncer=true", "has the parameter pgbouncer"),
        ("db.internal/x?CurrentSchema=auth", "has the parameter currentschema"),
        ("db.internal/100%", "has a % that begins no escape; write a % that is part of a name or a password as %25"),
        ("db.internal/x%zz", "has a % that begins no escape"),
        ("db.internal/x%00", "has a % that begins no escape"),
    ],
)
def test_a_part_of_a_url_that_libpq_cannot_read_is_reported_without_the_url(
    end: str, message: str, clean_environment: pytest.MonkeyPatch
) -> None:
    clean_environment.setenv("SECRET_KEY", secrets.token_urlsafe(48))
    clean_environment.setenv("DATABASE_URL", f"postgresql://ada:{MARK}@{end}")
    (problem,) = _problems()
    assert problem.startswith(f"DATABASE_URL {message}")
    assert MARK not in problem


def test_a_percent_sign_in_a_password_is_reported_without_the_password(clean_environment: pytest.MonkeyPatch) -> None:
    clean_environment.setenv("SECRET_KEY", secrets.token_urlsafe(48))
    for password in (f"{MARK}%", f"%{MARK}", f"x?{MARK}=1&ssl%", f"{MARK}?ssl"):
        clean_environment.setenv("DATABASE_URL", f"postgresql://ada:{password}@db.internal/x")
        (problem,) = _problems()
        assert problem.startswith("DATABASE_URL ")
        assert MARK not in problem


@pytest.mark.parametrize(
    "hosts",
    [
        "db1:5432,db2:5432",
        "db1,db2:5433",
        "db1:5432,[2001:db8::2]:5432",
        "[2001:db8::1],[2001:db8::2]:65535",
        "%2Frun%2Fone:5432,%2Frun%2Ftwo:5433",
        "db1:,db2",
    ],
)
def test_several_hosts_are_accepted_and_the_password_is_found(hosts: str) -> None:
    url = f"postgresql://ada:{MARK}@{hosts}/doorward?target_session_attrs=read-write"
    values = {"environment": "development", "database_url": url}
    settings = settings_from(values)
    assert settings.database.database_url is not None
    assert settings.database.database_url.get_secret_value() == url
    assert passwords_in(url) == [MARK]


def test_a_remote_host_among_several_is_reported() -> None:
    def named(hosts: str) -> list[str]:
        url = f"postgresql://ada@{hosts}/doorward?target_session_attrs=read-write"
        settings = settings_from({"secret_key": secrets.token_urlsafe(48), "database_url": url})
        return [name for name, _ in insecure_settings(settings)]

    assert named("localhost:5432,db1") == []
    assert named("localhost:5432,db2.example.com:5433") == ["DATABASE_URL"]
    assert named("[::1],[2001:db8::2]:5433") == ["DATABASE_URL"]


@pytest.mark.parametrize("hosts", ["db1:5432,db2:port", "db1:0,db2", "db1,db2:65536", "db1,[::1", "a@db1,db2"])
def test_hosts_that_cannot_be_read_are_refused_without_being_shown(hosts: str) -> None:
    with pytest.raises(SettingsError) as refusal:
        settings_from({"environment": "development", "database_url": f"postgresql://ada:{MARK}@{hosts}/doorward"})
    (problem,) = refusal.value.problems
    assert problem.startswith("DATABASE_URL cannot be read; check hosts and ports")
    assert MARK not in problem


def test_several_hosts_with_a_published_password_are_refused_in_production() -> None:
    with pytest.raises(SettingsError, match="has a published password"):
        settings_from(
            {"secret_key": secrets.token_urlsafe(48), "database_url": "postgresql://ada:changeme@db1,db2/doorward"}
        )
