"""Every setting of the service: its name, type, default, bounds and meaning.

The first groups have modules of their own: ``key_settings``, ``browser_settings``, ``telemetry_settings`` and
``budget_settings``. Where settings are written is in ``settings_sources``.
"""

import ipaddress
from typing import Annotated, Final, Literal, Self

from pydantic import Field, SecretStr, ValidationInfo, field_validator, model_validator
from pydantic_settings import NoDecode

from doorward.settings.budgets import BudgetSettings, RateLimit
from doorward.settings.database_urls import flaw_of_database_url
from doorward.settings.loading import SettingsError, between_commas, load
from doorward.settings.secret_strength import (
    DEVELOPMENT_SECRET_KEY,
    OUTPUT_OF_GENERATOR,
    PUBLISHED_SECRETS,
    is_published,
    passwords_in,
)

__all__ = ["DEVELOPMENT_SECRET_KEY", "PUBLISHED_SECRETS", "Network", "Settings", "SettingsError", "load_settings"]

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
ReservedName = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]+$")]

RATE_LIMIT_STORES: Final = ("memory://", "redis://", "rediss://")
MINIMUM_PRODUCTION_BCRYPT_ROUNDS: Final = 10


RESERVED_USERNAMES: Final = (
    *("admin", "administrator", "root", "superuser", "sysadmin", "system", "daemon", "operator", "owner", "moderator"),
    *("staff", "team", "support", "help", "helpdesk", "contact", "info", "sales", "marketing", "billing", "service"),
    *("abuse", "security", "noc", "postmaster", "hostmaster", "webmaster", "mailer-daemon", "noreply", "mail", "www"),
    *("null", "nil", "none", "undefined", "nan", "true", "false", "void", "anonymous", "guest", "nobody", "unknown"),
    *(
        "everyone",
        "everybody",
        "all",
        "here",
        "me",
        "self",
        "myself",
        "deleted",
        "api",
        "app",
        "auth",
        "oauth",
        "token",
    ),
    *("login", "logout", "signin", "signup", "register", "account", "settings", "static", "docs", "health", "doorward"),
)
"""Roles that people trust, mailboxes of RFC 2142, words of programming languages, and segments of paths."""


class Settings(BudgetSettings):
    """All settings, checked."""

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
        None, description="The database role's password.", examples=[OUTPUT_OF_GENERATOR]
    )
    db_schema: str = Field(
        "public",
        pattern=r"^[a-z_][a-z0-9_]{0,62}$",
        description="The schema that holds the tables. The search path of the database and of the role is not used.",
        examples=["doorward"],
    )
    db_pool_min_conn: int = Field(
        1, ge=0, le=100, description="Connections that each worker keeps open.", examples=["1"]
    )
    db_pool_max_conn: int = Field(
        10, ge=1, le=100, description="Connections that each worker may open.", examples=["10"]
    )
    db_prepare_threshold: int = Field(
        5, ge=0, le=1000, description="Uses before a statement is prepared. 0: it never is.", examples=["5"]
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
    client_addresses: Literal["full", "network", "none"] = Field(
        "full",
        description="How much of a client's address is recorded with its session: all (IPv6 as its /64), its `network` "
        "(IPv4 /24, IPv6 /48), or `none`.",
        examples=["network"],
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
    reserved_usernames: Annotated[tuple[ReservedName, ...], NoDecode, between_commas] = Field(
        RESERVED_USERNAMES,
        description="User names that sign-up refuses, separated by commas, in any case and with or without separators. "
        "A value replaces the whole default. Accounts that exist keep their names.",
        examples=["admin,root,support,acme"],
    )
    email_allow_special_domains: bool = Field(
        default=False,
        description="Whether sign-up accepts addresses that no mail reaches over the Internet: `.local`, `.test` and "
        "the other special-use domains, and hosts without a dot. `ENVIRONMENT=development` always accepts them.",
        examples=["true"],
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
    rate_limit_storage_timeout_ms: int = Field(
        100, ge=10, le=5000, description="Milliseconds that a call may wait for `redis://`.", examples=["100"]
    )
    trusted_proxies: Annotated[tuple[Network, ...], NoDecode, between_commas] = Field(
        (),
        description="Networks whose `X-Forwarded-For` is believed, separated by commas. Empty: nobody's.",
        examples=["10.0.0.0/8,192.168.1.5"],
    )
    shutdown_drain_seconds: int = Field(
        5,
        ge=0,
        le=300,
        description="After SIGTERM, readiness says 503 for this many seconds while requests are still answered, so "
        "that a load balancer notices before the sockets close. 0: they close at once.",
        examples=["5"],
    )
    web_concurrency: int = Field(1, ge=1, le=64, description="Worker processes.", examples=["2"])
    max_connections: int = Field(
        1000,
        ge=8,
        le=100_000,
        description="Connections from clients that each worker holds at a time, as far as its limit of open files "
        "allows. At the limit, those without a complete request are closed for new ones.",
        examples=["1000"],
    )
    aws_secrets_manager_secret_name: str | None = Field(
        None,
        min_length=1,
        description="A secret of AWS Secrets Manager (extra `doorward[aws]`) whose JSON object holds settings by name. "
        "They win over all others; when the store does not yield them, nothing starts.",
        examples=["doorward/production"],
    )
    aws_region: str | None = Field(
        None,
        min_length=1,
        description="The region of that secret, unless AWS's own profile names one.",
        examples=["eu-central-1"],
    )

    @field_validator("database_url")
    @classmethod
    def _usable_database_url(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if value is None:
            return None
        url = value.get_secret_value()
        if not url.startswith(("postgresql://", "postgres://")):
            raise ValueError("must begin with postgresql://")
        if flaw := flaw_of_database_url(url):
            raise ValueError(flaw)
        for password in passwords_in(url):
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
    """Read all sources, each stronger than the one before: ``.env``, environment, secret files, AWS Secrets Manager.

    Raises ``SettingsError`` with one sentence for each source that cannot be read, and for each variable that is
    misspelt or unusable.
    """
    return load(Settings)


def _refuse_published_password(password: str, info: ValidationInfo) -> None:
    if info.data.get("environment") != "development" and is_published(password):
        raise ValueError("has a published password that anybody can guess")
