"""Secrets in the settings: weak ones are refused in production, and none is ever shown."""

import secrets
from base64 import b64encode, encodebytes, urlsafe_b64encode

import pytest
from pydantic import ValidationError

from doorward.settings.config import TOPICS, SettingsError, settings_from
from doorward.settings.published_secrets import DEVELOPMENT_SECRET_KEY, PUBLISHED_SECRETS
from doorward.settings.secret_strength import problem_with_secret_key
from tests.unit.settings.loading import load_settings

MARK = "marked-and-never-to-be-shown"


def _problems() -> tuple[str, ...]:
    with pytest.raises(SettingsError) as refusal:
        load_settings()
    return refusal.value.problems


def _refused_secret_key(environment: pytest.MonkeyPatch, value: str) -> str:
    environment.setenv("SECRET_KEY", value)
    (problem,) = _problems()
    assert problem.startswith("SECRET_KEY ")
    return problem


def test_production_needs_a_secret_key(clean_environment: pytest.MonkeyPatch) -> None:
    clean_environment.setenv("ENVIRONMENT", "production")
    (problem,) = _problems()
    assert problem.startswith("SECRET_KEY is missing. Example: ")


def test_an_empty_secret_key_counts_as_missing(clean_environment: pytest.MonkeyPatch) -> None:
    assert "is missing" in _refused_secret_key(clean_environment, "")


def test_an_unknown_environment_is_treated_as_production(clean_environment: pytest.MonkeyPatch) -> None:
    clean_environment.setenv("ENVIRONMENT", "staging")
    assert [problem.split()[0] for problem in _problems()] == ["ENVIRONMENT", "SECRET_KEY"]


def test_a_secret_key_of_31_bytes_is_too_short(clean_environment: pytest.MonkeyPatch) -> None:
    assert "shorter than 32 bytes" in _refused_secret_key(clean_environment, secrets.token_hex(16)[:31])


def test_the_length_of_a_secret_key_is_counted_in_bytes(clean_environment: pytest.MonkeyPatch) -> None:
    clean_environment.setenv("SECRET_KEY", "".join(chr(0xE0 + 7 * number % 16) for number in range(16)))
    load_settings()


@pytest.mark.parametrize("value", sorted(PUBLISHED_SECRETS))
@pytest.mark.parametrize("spelling", [str, str.upper, str.title])
def test_a_published_secret_key_is_refused_in_any_case(
    value: str, spelling: type[str], clean_environment: pytest.MonkeyPatch
) -> None:
    problem = _refused_secret_key(clean_environment, spelling(value))
    assert "is a published value" in problem or "is shorter" in problem


def as_copied(value: str) -> list[str]:
    """Return the spellings of a value that was copied from a page, a shell or another file."""
    return [
        value,
        f" {value}",
        f"\t{value} \n",
        f'"{value}"',
        f"'{value}'",
        f"`{value}`",
        f' "{value}" ',
        value.upper(),
        value.title(),
        value.replace(" ", "\n"),
        value.replace(" ", "  "),
        "".join(chr(ord(each) + 0xFEE0) if "!" <= each <= "~" else each for each in value),
    ]


@pytest.mark.parametrize("value", sorted(each for each in PUBLISHED_SECRETS if len(each) >= 32))
def test_a_published_value_is_refused_in_every_copied_spelling(
    value: str, clean_environment: pytest.MonkeyPatch
) -> None:
    for copied in as_copied(value):
        assert "is a published value" in _refused_secret_key(clean_environment, copied)


@pytest.mark.parametrize(
    "value",
    [
        "a phrase that somebody made up and nobody ever wrote down",
        "my-very-own-secret-key-for-production",
        "TheVeryOwnSecretKeyThatNobodyHasSeen",
        "MY_VERY_OWN_SECRET_KEY_FOR_PRODUCTION",
        "https://auth.example.com/a/path/that/is/long",
        "SECRET_KEY=/etc/doorward/the_key_of_this_service",
        "tests/unit/settings/test_settings_secrets.py::test_1",
        "abcdefghijklmnopqrstuvwxyz0123456789",
        "ZYXWVUTSRQPONMLKJIHGFEDCBA9876543210",
        "q7Rk2vXwq7Rk2vXwq7Rk2vXwq7Rk2vXw",
        pytest.param(f"dwr_{secrets.token_urlsafe(48)}", id="refresh token"),
        pytest.param(f"dwo_{secrets.token_urlsafe(48)}", id="one-time token"),
        pytest.param(f"dwd_{secrets.token_urlsafe(48)}", id="device token"),
        pytest.param(f"$2b$12${secrets.token_urlsafe(40)}", id="password hash"),
        pytest.param(f"eyJhbGciOiJIUzI1NiJ9.{secrets.token_urlsafe(40)}", id="JWT"),
    ],
)
def test_a_secret_key_that_is_not_random_is_refused(value: str, clean_environment: pytest.MonkeyPatch) -> None:
    _refused_secret_key(clean_environment, value)


def test_generated_secret_keys_are_always_accepted() -> None:
    """The formats are those of `openssl rand -hex 32`, `openssl rand -base64 32` and Python's `secrets`."""
    for _ in range(500):
        random = secrets.token_bytes(48)
        for value in (random.hex(), random[:16].hex(), b64encode(random).decode(), urlsafe_b64encode(random).decode()):
            assert problem_with_secret_key(value) is None
            assert problem_with_secret_key(f"{value}\n") is None
        assert problem_with_secret_key(encodebytes(secrets.token_bytes(96)).decode()) is None


@pytest.mark.parametrize(
    "value", ["<password>", "...", "${POSTGRES_PASSWORD}", "{{ password }}", "[PASSWORD]", "xxxxxxxx"]
)
def test_a_placeholder_for_a_password_of_the_database_is_refused(
    value: str, clean_environment: pytest.MonkeyPatch
) -> None:
    clean_environment.setenv("SECRET_KEY", secrets.token_urlsafe(48))
    clean_environment.setenv("POSTGRES_PASSWORD", value)
    (problem,) = _problems()
    assert problem.startswith("POSTGRES_PASSWORD has a published password")


def test_the_built_in_key_of_development_is_refused_as_published(clean_environment: pytest.MonkeyPatch) -> None:
    assert "is a published value" in _refused_secret_key(clean_environment, DEVELOPMENT_SECRET_KEY)


@pytest.mark.parametrize("value", ["a" * 64, "ab" * 32, "0123456789" * 5, "abcdefghijk" * 4])
def test_a_regular_secret_key_is_refused(value: str, clean_environment: pytest.MonkeyPatch) -> None:
    assert "is too regular" in _refused_secret_key(clean_environment, value)


@pytest.mark.parametrize("make", [secrets.token_urlsafe, secrets.token_hex])
def test_random_secret_keys_are_accepted(make: object, clean_environment: pytest.MonkeyPatch) -> None:
    assert callable(make)
    clean_environment.setenv("SECRET_KEY", make(48))
    load_settings()


@pytest.mark.parametrize(
    "value",
    [
        "postgres",
        "Password",
        "doorward",
        "changeme",
        " postgres",
        "'changeme'",
        "the output of python3 -c 'import secrets; print(secrets.token_urlsafe(48))'",
    ],
)
def test_a_published_password_of_the_database_is_refused(value: str, clean_environment: pytest.MonkeyPatch) -> None:
    clean_environment.setenv("SECRET_KEY", secrets.token_urlsafe(48))
    clean_environment.setenv("POSTGRES_PASSWORD", value)
    (problem,) = _problems()
    assert problem.startswith("POSTGRES_PASSWORD has a published password")


@pytest.mark.parametrize("value", ["postgres", "Password", "doorward", "changeme", "%70ostgres"])
@pytest.mark.parametrize("url", ["postgresql://ada:{}@db.internal/doorward", "postgres://ada@db/x?password={}"])
def test_a_published_password_in_the_url_is_refused(
    url: str, value: str, clean_environment: pytest.MonkeyPatch
) -> None:
    clean_environment.setenv("SECRET_KEY", secrets.token_urlsafe(48))
    clean_environment.setenv("DATABASE_URL", url.format(value))
    (problem,) = _problems()
    assert problem.startswith("DATABASE_URL has a published password")


def test_a_password_that_the_url_overrides_is_not_checked(clean_environment: pytest.MonkeyPatch) -> None:
    clean_environment.setenv("SECRET_KEY", secrets.token_urlsafe(48))
    clean_environment.setenv("DATABASE_URL", "postgresql://ada@db.internal/doorward")
    clean_environment.setenv("POSTGRES_PASSWORD", "postgres")
    load_settings()


def test_development_may_use_published_passwords(clean_environment: pytest.MonkeyPatch) -> None:
    clean_environment.setenv("ENVIRONMENT", "development")
    clean_environment.setenv("DATABASE_URL", "postgresql://ada:postgres@localhost/doorward")
    clean_environment.setenv("POSTGRES_PASSWORD", "postgres")
    load_settings()


@pytest.mark.parametrize("url", ["mysql://ada@db/doorward", "db.internal", "host=db.internal", "postgresql:ada"])
def test_a_url_of_another_kind_is_refused(url: str, clean_environment: pytest.MonkeyPatch) -> None:
    clean_environment.setenv("SECRET_KEY", secrets.token_urlsafe(48))
    clean_environment.setenv("DATABASE_URL", url)
    (problem,) = _problems()
    assert problem.startswith("DATABASE_URL must begin with postgresql://")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SECRET_KEY", MARK),
        ("DATABASE_URL", f"mysql://ada:{MARK}@db/doorward"),
        ("DATABASE_URL", f"postgresql://ada:{MARK}@[::1/doorward"),
        ("DATABASE_URL", f"postgresql://ada:@{MARK}@db/doorward"),
        ("DATABASE_URL", f"postgresql://ada:{MARK}#@db:{MARK}/doorward"),
        ("RATE_LIMIT_STORAGE_URI", f"mongodb://:{MARK}@cache"),
    ],
)
def test_a_refusal_does_not_show_the_value(name: str, value: str, clean_environment: pytest.MonkeyPatch) -> None:
    clean_environment.setenv("SECRET_KEY", secrets.token_urlsafe(48))
    clean_environment.setenv(name, value)
    with pytest.raises(SettingsError) as refusal:
        load_settings()
    assert MARK not in str(refusal.value)
    assert MARK not in repr(refusal.value)


@pytest.mark.parametrize("name", ["secret_key", "database_url", "rate_limit_storage_uri"])
def test_the_refusal_of_pydantic_itself_does_not_show_the_value(name: str) -> None:
    (topic,) = [topic for topic in TOPICS.values() if name in topic.model_fields]
    with pytest.raises(ValidationError) as refusal:
        topic.model_validate({name: MARK})
    assert name in str(refusal.value)
    assert MARK not in str(refusal.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("secret_key", secrets.token_urlsafe(24) + MARK),
        ("database_url", f"postgresql://ada:{MARK}@db/doorward"),
        ("secret_key_previous", secrets.token_urlsafe(24) + MARK),
        ("postgres_password", MARK),
        ("rate_limit_storage_uri", f"redis://:{MARK}@cache:6379"),
    ],
    ids=["secret_key", "database_url", "secret_key_previous", "postgres_password", "rate_limit_storage_uri"],
)
@pytest.mark.parametrize("show", [repr, str])
def test_settings_do_not_show_secrets(
    name: str, value: str, show: type[str], clean_environment: pytest.MonkeyPatch
) -> None:
    clean_environment.setenv("SECRET_KEY", secrets.token_urlsafe(48))
    clean_environment.setenv(name.upper(), value)
    assert MARK not in show(load_settings())


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (secrets.token_hex(15), "is shorter"),
        (DEVELOPMENT_SECRET_KEY, "is a published value"),
        ("ab" * 32, "too regular"),
    ],
    ids=["short", "published", "regular"],
)
def test_the_previous_key_is_checked_by_the_same_rules(
    value: str, reason: str, clean_environment: pytest.MonkeyPatch
) -> None:
    clean_environment.setenv("SECRET_KEY", secrets.token_urlsafe(48))
    clean_environment.setenv("SECRET_KEY_PREVIOUS", value)
    (problem,) = _problems()
    assert problem.startswith("SECRET_KEY_PREVIOUS ")
    assert reason in problem
    assert value not in problem


def test_development_may_have_any_previous_key(clean_environment: pytest.MonkeyPatch) -> None:
    clean_environment.setenv("ENVIRONMENT", "development")
    clean_environment.setenv("SECRET_KEY_PREVIOUS", "short")
    previous = load_settings().keys.secret_key_previous
    assert previous is not None
    assert previous.get_secret_value() == "short"


@pytest.mark.parametrize("environment", ["production", "development"])
def test_the_previous_key_must_differ_from_the_current_one(
    environment: str, clean_environment: pytest.MonkeyPatch
) -> None:
    clean_environment.setenv("ENVIRONMENT", environment)
    value = secrets.token_urlsafe(48)
    clean_environment.setenv("SECRET_KEY", value)
    clean_environment.setenv("SECRET_KEY_PREVIOUS", value)
    (problem,) = _problems()
    assert problem.startswith("SECRET_KEY_PREVIOUS is the same as SECRET_KEY")
    assert value not in problem


def test_an_empty_previous_key_is_read_as_none() -> None:
    settings = settings_from({"secret_key": secrets.token_urlsafe(48), "secret_key_previous": ""})
    assert settings.keys.secret_key_previous is None
