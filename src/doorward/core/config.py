"""Every setting of the service: its name, type, default, bounds and meaning.

Reading the environment happens in ``load_settings`` and nowhere else.
"""

import difflib
import ipaddress
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Final, Literal, Self
from urllib.parse import parse_qs, unquote, urlsplit

from dotenv import dotenv_values
from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
RateLimit = Annotated[str, Field(pattern=r"^[1-9][0-9]{0,6}/(second|minute|hour|day)$")]

DEVELOPMENT_SECRET_KEY: Final = "doorward-development-secret-key-never-for-production"  # noqa: S105 - refused in production
"""Signs tokens in development when no SECRET_KEY is set. Published, so production refuses it."""

PUBLISHED_SECRETS: Final = frozenset(
    {DEVELOPMENT_SECRET_KEY, "doorward", "postgres", "password", "changeme", "change-me", "secret", "test"}
)
"""Values that this repository or common examples show: no secret at all. Compared without regard to case."""

MINIMUM_SECRET_BYTES: Final = 32
"""RFC 7518 section 3.2: an HMAC-SHA-256 key has at least the size of the hash output."""

RATE_LIMIT_STORES: Final = ("memory://", "redis://", "rediss://")
MINIMUM_DISTINCT_CHARACTERS: Final = 12
MINIMUM_PRODUCTION_BCRYPT_ROUNDS: Final = 10
LIKENESS_IN_FILE: Final = 0.85
LIKENESS_IN_ENVIRONMENT: Final = 0.9
"""difflib's ratio from which a name is taken for a misspelt setting."""

GENERATE_A_SECRET: Final = "python3 -c 'import secrets; print(secrets.token_urlsafe(48))'"  # noqa: S105 - a command


class SettingsError(Exception):
    """The settings cannot be used. ``problems`` has one sentence for each, never with a secret's value."""

    def __init__(self, problems: Iterable[str]) -> None:
        """Keep the sentences; the message is all of them, one a line."""
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


class Settings(BaseSettings):
    """All settings. Environment variables of the same name in upper case, or lines of ``.env``, set them."""

    model_config = SettingsConfigDict(
        env_file=".env",
        extra="ignore",
        env_ignore_empty=True,
        frozen=True,
        hide_input_in_errors=True,
        validate_default=True,
    )

    environment: Literal["production", "development"] = Field(
        "production",
        description="`development` relaxes the checks on secrets and colours the log.",
        examples=["production"],
    )
    secret_key: SecretStr = Field(
        SecretStr(""),
        description="Root of all signing keys; at least 32 random bytes. Changing it signs everybody out. "
        "`inv up` makes one; by hand: `"
        + GENERATE_A_SECRET
        + "`. In development a built-in one is used when it is unset.",
        examples=["the output of " + GENERATE_A_SECRET],
    )
    database_url: SecretStr | None = Field(
        None,
        description="Where PostgreSQL is; wins over the `POSTGRES_*` settings.",
        examples=["postgresql://doorward:PASSWORD@db.internal:5432/doorward"],
    )
    postgres_host: str = Field(
        "localhost", description="PostgreSQL's host, or the folder of its socket.", examples=["db.internal"]
    )
    postgres_port: int = Field(5432, ge=1, le=65535, description="PostgreSQL's port.", examples=["5432"])
    postgres_db: str = Field("doorward", min_length=1, description="The database's name.", examples=["doorward"])
    postgres_user: str = Field("doorward", min_length=1, description="The database role.", examples=["doorward"])
    postgres_password: SecretStr | None = Field(
        None, description="The database role's password.", examples=["the output of " + GENERATE_A_SECRET]
    )
    db_pool_min_conn: int = Field(
        1, ge=0, le=100, description="Connections that each worker keeps open.", examples=["1"]
    )
    db_pool_max_conn: int = Field(
        10, ge=1, le=100, description="Connections that each worker may open.", examples=["10"]
    )
    algorithm: Literal["HS256", "HS384", "HS512"] = Field(
        "HS256", description="Signature of the access tokens.", examples=["HS256"]
    )
    jwt_issuer: str = Field(
        "doorward", min_length=1, description="`iss` of the access tokens.", examples=["https://auth.example.com"]
    )
    jwt_audience: str = Field(
        "doorward", min_length=1, description="`aud` of the access tokens.", examples=["https://api.example.com"]
    )
    access_token_expire_minutes: int = Field(
        30, ge=1, le=1440, description="Life of an access token, in minutes.", examples=["30"]
    )
    refresh_token_expire_days: int = Field(
        7, ge=1, le=365, description="A session ends when it was not refreshed for this many days.", examples=["7"]
    )
    session_max_days: int = Field(
        90,
        ge=1,
        le=3650,
        description="A session ends this many days after the login, however often it is refreshed.",
        examples=["90"],
    )
    session_retention_days: int = Field(
        30, ge=1, le=3650, description="An ended session is kept for this many days, then removed.", examples=["30"]
    )
    housekeeping_interval_minutes: int = Field(
        60, ge=0, le=10080, description="How often old sessions are removed. 0: never of itself.", examples=["60"]
    )
    refresh_token_reuse_leeway_seconds: int = Field(
        0,
        ge=0,
        le=60,
        description="For this many seconds after a rotation, the token just replaced yields the same successor again. "
        "0 is strict: a second use ends the session.",
        examples=["10"],
    )
    bcrypt_rounds: int = Field(
        12, ge=4, le=16, description="Cost of a password hash, as a power of two.", examples=["12"]
    )
    rate_limit_enabled: bool = Field(default=True, description="Whether the limits below are held.", examples=["true"])
    rate_limit_register: RateLimit = Field(
        "5/minute", description="Registrations of one client address.", examples=["5/minute"]
    )
    rate_limit_token: RateLimit = Field(
        "10/minute", description="Logins of one client address.", examples=["10/minute"]
    )
    rate_limit_refresh: RateLimit = Field(
        "20/minute", description="Refreshes of one client address.", examples=["20/minute"]
    )
    rate_limit_storage_uri: SecretStr = Field(
        SecretStr("memory://"),
        description="Where the limits are counted. `memory://` counts in each worker by itself; `redis://` (extra "
        "`doorward[redis]`) for all together.",
        examples=["redis://cache.internal:6379/0"],
    )
    trusted_proxies: Annotated[tuple[Network, ...], NoDecode] = Field(
        (),
        description="Networks whose `X-Forwarded-For` is believed, separated by commas. Empty: nobody's.",
        examples=["10.0.0.0/8,192.168.1.5"],
    )
    shutdown_drain_seconds: int = Field(
        5,
        ge=0,
        le=300,
        description="How long readiness says 503 after SIGTERM before the sockets close.",
        examples=["5"],
    )
    web_concurrency: int = Field(1, ge=1, le=64, description="Worker processes.", examples=["2"])
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="The least severe lines that are logged.", examples=["info"]
    )

    @field_validator("log_level", mode="before")
    @classmethod
    def _lower_case(cls, value: object) -> object:
        return value.lower() if isinstance(value, str) else value

    @field_validator("trusted_proxies", mode="before")
    @classmethod
    def _split_at_commas(cls, value: object) -> object:
        return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value

    @field_validator("secret_key")
    @classmethod
    def _unguessable_secret_key(cls, value: SecretStr, info: ValidationInfo) -> SecretStr:
        if info.data.get("environment") == "development":
            return value if value.get_secret_value() else SecretStr(DEVELOPMENT_SECRET_KEY)
        flaw = _flaw_of_secret_key(value.get_secret_value())
        if flaw:
            raise ValueError(flaw)
        return value

    @field_validator("database_url")
    @classmethod
    def _usable_database_url(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if value is None:
            return None
        url = value.get_secret_value()
        if not url.startswith(("postgresql://", "postgres://")):
            raise ValueError("must begin with postgresql://")
        for password in _passwords_in(url):
            _refuse_published_password(password, info)
        return value

    @field_validator("postgres_port", mode="before")
    @classmethod
    def _port_of_service_link(cls, value: object) -> object:
        """Kubernetes sets POSTGRES_PORT=tcp://10.0.0.1:5432 beside a service called postgres."""
        return value.rpartition(":")[2] if isinstance(value, str) and value.startswith("tcp://") else value

    @field_validator("postgres_password")
    @classmethod
    def _unpublished_password(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if value is not None and info.data.get("database_url") is None:
            _refuse_published_password(value.get_secret_value(), info)
        return value

    @field_validator("rate_limit_storage_uri")
    @classmethod
    def _known_store(cls, value: SecretStr) -> SecretStr:
        if not value.get_secret_value().startswith(RATE_LIMIT_STORES):
            raise ValueError(f"must begin with one of {', '.join(RATE_LIMIT_STORES)}")
        return value

    @field_validator("bcrypt_rounds")
    @classmethod
    def _costly_enough(cls, value: int, info: ValidationInfo) -> int:
        if info.data.get("environment") != "development" and value < MINIMUM_PRODUCTION_BCRYPT_ROUNDS:
            raise ValueError(f"must be at least {MINIMUM_PRODUCTION_BCRYPT_ROUNDS} in production")
        return value

    @model_validator(mode="after")
    def _pool_bounds_in_order(self) -> Self:
        if self.db_pool_min_conn > self.db_pool_max_conn:
            raise ValueError("DB_POOL_MIN_CONN must not be above DB_POOL_MAX_CONN; for example 1 and 10")
        return self


def load_settings() -> Settings:
    """Read ``.env`` and the environment (which wins).

    Raises ``SettingsError`` with one sentence for each variable that is misspelt or unusable.
    """
    try:
        problems = [*_misspelt_names()]
        settings = Settings()
    except UnicodeDecodeError:
        raise SettingsError([".env is not UTF-8 text. Write it again as such"]) from None
    except ValidationError as error:
        # A value that may be of several types is refused once for each; the first refusal says enough.
        refusals = {details["loc"][:1]: details for details in reversed(error.errors(include_input=False))}
        problems += [_sentence(details["loc"], details["msg"]) for details in reversed(refusals.values())]
    if problems:
        raise SettingsError(problems)
    return settings


def _flaw_of_secret_key(secret: str) -> str | None:
    if not secret:
        return "is missing"
    if len(secret.encode()) < MINIMUM_SECRET_BYTES:
        return f"is shorter than {MINIMUM_SECRET_BYTES} bytes"
    if secret.lower() in PUBLISHED_SECRETS:
        return "is a published value that anybody can look up"
    if len(set(secret)) < MINIMUM_DISTINCT_CHARACTERS:
        return "is too regular to be random"
    return None


def _refuse_published_password(password: str | None, info: ValidationInfo) -> None:
    if info.data.get("environment") != "development" and password is not None and password.lower() in PUBLISHED_SECRETS:
        raise ValueError("has a published password that anybody can guess")


def _passwords_in(url: str) -> list[str]:
    """Return the passwords that a URL carries. Its parts are never shown: a badly written password spills into them."""
    try:
        parts = urlsplit(url)
        is_readable = parts.port != 0 and parts.netloc.count("@") <= 1
    except ValueError:
        is_readable = False
    if not is_readable:
        raise ValueError("cannot be read; percent-encode special characters in the user name and password")
    return [*([unquote(parts.password)] if parts.password else []), *parse_qs(parts.query).get("password", [])]


def _misspelt_names() -> Iterable[str]:
    """Yield what looks like a setting and is none. The environment holds others' names: only close ones count there."""
    names = [name.upper() for name in Settings.model_fields]
    in_file = dotenv_values(Path(".env"), interpolate=False) if Path(".env").is_file() else {}
    for given in sorted({*os.environ, *in_file}):
        likeness = LIKENESS_IN_FILE if given in in_file else LIKENESS_IN_ENVIRONMENT
        meant = difflib.get_close_matches(given.upper(), names, n=1, cutoff=likeness)
        if meant and given.upper() not in names:
            yield f"{given} is not a setting: did you mean {meant[0]}?"


def _sentence(location: tuple[int | str, ...], message: str) -> str:
    what = message.removeprefix("Value error, ").replace("Input should be", "must be").replace("String should", "must")
    if not location:
        return what
    name = str(location[0])
    example = Settings.model_fields[name].examples
    return f"{name.upper()} {what[0].lower()}{what[1:]}. Example: {example[0] if example else ''}"
