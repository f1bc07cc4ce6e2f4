"""The integration ring: the wired application on a real PostgreSQL, called without a network."""

import logging
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
import structlog
from hypothesis import settings
from psycopg import sql

from development.postgres import EmbeddedPostgres
from doorward.core.config import Settings
from doorward.core.logging import configure_logging
from doorward.infrastructure.migrations import migrate
from tests.integration.service import FakeClock, Logs, MakeService, Service, run_service

settings.register_profile("doorward", deadline=None)
settings.load_profile("doorward")

TEMPLATE = "doorward_template"


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Tests name their settings themselves: none comes from the environment or a .env file."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture(autouse=True)
def logs(capsys: pytest.CaptureFixture[str]) -> Iterator[Logs]:
    """What the service logs during the test; afterwards all loggers are as they were."""
    root, configuration = logging.getLogger(), structlog.get_config()
    handlers, level = root.handlers, root.level
    configure_logging("info", "json")
    yield Logs(capsys)
    root.handlers, root.level = handlers, level
    structlog.configure(**configuration)
    structlog.contextvars.clear_contextvars()


@pytest.fixture(scope="session")
def template(postgres: EmbeddedPostgres) -> str:
    """The name of a migrated database to copy."""
    with psycopg.connect(postgres.url(), autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(TEMPLATE)))
    migrate(postgres.url(TEMPLATE))
    return TEMPLATE


@pytest.fixture(scope="session")
def make_database(postgres: EmbeddedPostgres, template: str) -> Callable[[bool], str]:
    """Make another database of the shared server, migrated or empty, and return its URL."""

    def make(migrated: bool) -> str:  # noqa: FBT001 - the one thing that a caller says
        name = f"doorward_{uuid4().hex}"
        source = template if migrated else "template0"
        with psycopg.connect(postgres.url(), autocommit=True) as connection:
            command = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
            connection.execute(command.format(sql.Identifier(name), sql.Identifier(source)))
        return postgres.url(name)

    return make


@pytest.fixture(scope="session")
def shared_database(make_database: Callable[[bool], str]) -> str:
    """The database of all tests that only add people of their own."""
    return make_database(True)


@pytest.fixture
def own_database(make_database: Callable[[bool], str]) -> str:
    """A database that the test may spoil."""
    return make_database(True)


@pytest.fixture
def empty_database(make_database: Callable[[bool], str]) -> str:
    """A database that was never migrated."""
    return make_database(False)


@pytest.fixture(scope="session")
def secret_key() -> str:
    return secrets.token_urlsafe(48)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def make_service(shared_database: str, secret_key: str, clock: FakeClock) -> AsyncIterator[MakeService]:
    """Make an application with these settings besides the ring's own."""
    async with AsyncExitStack() as stack:

        async def make(**changes: object) -> Service:
            values: dict[str, object] = {
                "environment": "development",
                "secret_key": secret_key,
                "database_url": shared_database,
                "bcrypt_rounds": 4,
                "rate_limit_enabled": False,
            }
            return await stack.enter_async_context(run_service(Settings.model_validate(values | changes), clock))

        yield make


@pytest.fixture
async def service(make_service: Callable[[], Awaitable[Service]]) -> Service:
    """The application in strict mode, limits off."""
    return await make_service()
