"""What libpq cannot read of a URL is named, with what to write instead, and without the URL."""

import secrets

import pytest

from doorward.settings.config import SettingsError, load_settings

MARK = "marked-and-never-to-be-shown"


def _problems() -> tuple[str, ...]:
    with pytest.raises(SettingsError) as refusal:
        load_settings()
    return refusal.value.problems


@pytest.mark.parametrize(
    ("end", "said"),
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
def test_what_libpq_does_not_understand_of_a_url_is_named_without_the_url(
    end: str, said: str, clean_environment: pytest.MonkeyPatch
) -> None:
    clean_environment.setenv("SECRET_KEY", secrets.token_urlsafe(48))
    clean_environment.setenv("DATABASE_URL", f"postgresql://ada:{MARK}@{end}")
    (problem,) = _problems()
    assert problem.startswith(f"DATABASE_URL {said}")
    assert MARK not in problem


def test_a_percent_sign_of_a_password_is_not_shown_with_its_surroundings(clean_environment: pytest.MonkeyPatch) -> None:
    clean_environment.setenv("SECRET_KEY", secrets.token_urlsafe(48))
    for password in (f"{MARK}%", f"%{MARK}", f"x?{MARK}=1&ssl%", f"{MARK}?ssl"):
        clean_environment.setenv("DATABASE_URL", f"postgresql://ada:{password}@db.internal/x")
        (problem,) = _problems()
        assert problem.startswith("DATABASE_URL ")
        assert MARK not in problem
