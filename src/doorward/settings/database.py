"""Settings of the database: the address of PostgreSQL, and the size of the connection pool."""

from typing import Self

from pydantic import Field, SecretStr, ValidationInfo, field_validator, model_validator

from doorward.settings.database_urls import problem_with_database_url
from doorward.settings.published_secrets import OUTPUT_OF_GENERATOR, is_published
from doorward.settings.secret_strength import passwords_in
from doorward.settings.topic import Topic, is_development


class DatabaseSettings(Topic):
    """The address of PostgreSQL, and the number of connections of each worker."""

    database_url: SecretStr | None = Field(None, examples=["postgresql://doorward:PASSWORD@db.internal:5432/doorward"])
    """The URL of PostgreSQL; overrides the `POSTGRES_*` settings. It may name several hosts."""

    postgres_host: str = Field("localhost", examples=["db.internal"])
    """PostgreSQL's host, or the folder of its socket."""

    postgres_port: int = Field(5432, ge=1, le=65535, examples=["5432"])
    """PostgreSQL's port."""

    postgres_db: str = Field("doorward", min_length=1, examples=["doorward"])
    """The database's name."""

    postgres_user: str = Field("doorward", min_length=1, examples=["doorward"])
    """The database role."""

    postgres_password: SecretStr | None = Field(None, examples=[OUTPUT_OF_GENERATOR])
    """The database role's password."""

    db_schema: str = Field("public", pattern=r"^[a-z_][a-z0-9_]{0,62}$", examples=["doorward"])
    """The schema that holds the tables. The search path of the database and of the role is not used."""

    db_pool_min_conn: int = Field(1, ge=0, le=100, examples=["1"])
    """Minimum number of connections that each worker keeps open."""

    db_pool_max_conn: int = Field(10, ge=1, le=100, examples=["10"])
    """Maximum number of connections of each worker."""

    db_pool_share_percent: int = Field(60, ge=10, le=90, examples=["60"])
    """The share of `DB_POOL_MAX_CONN`, in percent, that calls to resources (items), searches of administration and
    imports may use together. The rest is for accounts and sessions. One user gets at most half of the part of the share
    that imports leave free."""

    db_prepare_threshold: int = Field(5, ge=0, le=1000, examples=["5"])
    """How often a statement must be used before it is prepared. 0 disables prepared statements."""

    @field_validator("database_url")
    @classmethod
    def _usable_database_url(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if value is None:
            return None
        url = value.get_secret_value()
        if problem := problem_with_database_url(url):
            raise ValueError(problem)
        for password in passwords_in(url):
            _refuse_published_password(password, info)
        return value

    @field_validator("postgres_port", mode="before")
    @classmethod
    def _port_of_service_link(cls, value: object) -> object:
        """Return the port of ``tcp://10.0.0.1:5432``, which Kubernetes sets for a service called postgres."""
        return value.rpartition(":")[2] if isinstance(value, str) and value.startswith("tcp://") else value

    @field_validator("postgres_password")
    @classmethod
    def _unpublished_password(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if value is not None and info.data.get("database_url") is None:
            _refuse_published_password(value.get_secret_value(), info)
        return value

    @model_validator(mode="after")
    def _pool_bounds_in_order(self) -> Self:
        if self.db_pool_min_conn > self.db_pool_max_conn:
            raise ValueError("DB_POOL_MIN_CONN must not be above DB_POOL_MAX_CONN; for example 1 and 10")
        return self


def _refuse_published_password(password: str, info: ValidationInfo) -> None:
    if not is_development(info) and is_published(password):
        raise ValueError("has a published password that anybody can guess")
