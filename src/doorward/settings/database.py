"""Settings of the database: where PostgreSQL is, and how many connections are used."""

from typing import Self

from pydantic import Field, SecretStr, ValidationInfo, field_validator, model_validator

from doorward.settings.database_urls import flaw_of_database_url
from doorward.settings.secret_strength import OUTPUT_OF_GENERATOR, is_published, passwords_in
from doorward.settings.topic import Topic, is_development


class DatabaseSettings(Topic):
    """Where PostgreSQL is, and how many connections each worker uses."""

    database_url: SecretStr | None = Field(
        None,
        description="Where PostgreSQL is; wins over the `POSTGRES_*` settings. May name several hosts.",
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
    db_pool_share_percent: int = Field(
        60,
        ge=10,
        le=90,
        description="How much of `DB_POOL_MAX_CONN` the calls to resources (items) and imports may use together, in "
        "percent. The rest is for accounts and sessions. One user gets half of what imports leave of it.",
        examples=["60"],
    )
    db_prepare_threshold: int = Field(
        5, ge=0, le=1000, description="Uses before a statement is prepared. 0: it never is.", examples=["5"]
    )

    @field_validator("database_url")
    @classmethod
    def _usable_database_url(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if value is None:
            return None
        url = value.get_secret_value()
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

    @model_validator(mode="after")
    def _pool_bounds_in_order(self) -> Self:
        if self.db_pool_min_conn > self.db_pool_max_conn:
            raise ValueError("DB_POOL_MIN_CONN must not be above DB_POOL_MAX_CONN; for example 1 and 10")
        return self


def _refuse_published_password(password: str, info: ValidationInfo) -> None:
    if not is_development(info) and is_published(password):
        raise ValueError("has a published password that anybody can guess")
