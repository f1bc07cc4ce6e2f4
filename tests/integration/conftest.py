"""Fixtures of the integration tests: the wired application on a real PostgreSQL, called without a network."""

import logging
import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from development.long_timeouts import LONG_TIMEOUTS
from development.postgres import EmbeddedPostgres
from doorward.infrastructure.migrations import migrate
from doorward.infrastructure.postgres.timeouts import Timeouts
from doorward.observability.logging import LOGGER, configure_logging
from doorward.observability.request_context import begin_request
from doorward.settings.config import FIELDS
from doorward.wiring.parts import Parts
from tests.integration.accounts.own_account import Owner, signed_in
from tests.integration.service import (
    PARTS,
    FakeClock,
    Logs,
    MakeDatabase,
    MakeService,
    Service,
    run_service,
    settings_of_the_ring,
)

TEMPLATE = "doorward_template"


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, secret_key: str) -> pytest.MonkeyPatch:
    """Set the command's environment: a secret key, cheap hashes, and no other settings; a test may set more."""
    for name in FIELDS:
        monkeypatch.delenv(name.upper(), raising=False)
        monkeypatch.delenv(f"{name.upper()}_FILE", raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ENVIRONMENT", "development")
    monkeypatch.setenv("SECRET_KEY", secret_key)
    monkeypatch.setenv("BCRYPT_ROUNDS", "4")
    return monkeypatch


@pytest.fixture(autouse=True)
def logs() -> Iterator[Logs]:
    """Capture the service's log of the test; restore all loggers afterwards."""
    root, before = logging.getLogger(), (LOGGER.handler, LOGGER.severity)
    level, written = root.level, Logs()
    configure_logging("info", "json", stream=written)
    (handler,) = root.handlers
    yield written
    root.removeHandler(handler)
    root.level = level
    LOGGER.handler, LOGGER.severity = before
    begin_request()


@pytest.fixture(scope="session")
def template(postgres: EmbeddedPostgres) -> str:
    """Return the name of a migrated database to copy."""
    with psycopg.connect(postgres.url(), autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(TEMPLATE)))
    migrate(postgres.url(TEMPLATE))
    return TEMPLATE


@pytest.fixture(scope="session")
def used_databases() -> list[str]:
    """Return the URLs of databases of finished tests.

    They are dropped before the next is created, when no test uses them.
    """
    return []


@pytest.fixture(scope="session")
def make_database(postgres: EmbeddedPostgres, template: str, used_databases: list[str]) -> MakeDatabase:
    """Return a function that creates a database on the shared server, migrated or empty, and returns its URL."""

    def make(*, migrated: bool) -> str:
        name = f"doorward_{uuid4().hex}"
        source = template if migrated else "template0"
        with psycopg.connect(postgres.url(), autocommit=True) as connection:
            while used_databases:
                drop(connection, used_databases.pop())
            # The default strategy also writes each page to the WAL, which takes half as long again.
            command = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy")
            connection.execute(command.format(sql.Identifier(name), sql.Identifier(source)))
        return postgres.url(name)

    return make


def drop(connection: psycopg.Connection[Any], url: str) -> None:
    name = sql.Identifier(str(conninfo_to_dict(url)["dbname"]))
    connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))


@pytest.fixture(scope="session")
def shared_database(make_database: MakeDatabase) -> str:
    """Return the database shared by all tests that only add their own users."""
    return make_database(migrated=True)


@pytest.fixture
def own_database(make_database: MakeDatabase, used_databases: list[str]) -> Iterator[str]:
    """Yield a database that the test may damage."""
    url = make_database(migrated=True)
    yield url
    used_databases.append(url)


@pytest.fixture
def empty_database(make_database: MakeDatabase, used_databases: list[str]) -> Iterator[str]:
    """Yield a database that was never migrated."""
    url = make_database(migrated=False)
    yield url
    used_databases.append(url)


@pytest.fixture(scope="session")
def secret_key() -> str:
    return secrets.token_urlsafe(48)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def service_alone(make_service: MakeService, own_database: str) -> Service:
    """Return an application on a database whose tables the test may lock."""
    return await make_service(database_url=own_database)


@pytest.fixture
def limits_of_time() -> Timeouts:
    """Return the service's timeouts for PostgreSQL. Files with tests of these timeouts override this fixture."""
    return LONG_TIMEOUTS


@pytest.fixture
async def make_service(
    shared_database: str, secret_key: str, clock: FakeClock, limits_of_time: Timeouts
) -> AsyncIterator[MakeService]:
    """Yield a function that creates an application with these settings in addition to the ring's."""
    async with AsyncExitStack() as stack:

        async def make(parts: Parts | None = None, /, **changes: object) -> Service:
            settings = settings_of_the_ring(shared_database, secret_key, changes)
            return await stack.enter_async_context(
                run_service(settings, clock, parts or replace(PARTS, timeouts=limits_of_time))
            )

        yield make


@pytest.fixture
async def service(make_service: MakeService) -> Service:
    """Return the application in strict mode, without rate limits."""
    return await make_service()


@pytest.fixture
async def owner(service: Service) -> Owner:
    """Return a signed-in user of `service`, without a second factor."""
    return await signed_in(service)


@pytest.fixture(scope="session")
async def lasting_service(shared_database: str, secret_key: str) -> AsyncIterator[Service]:
    """Yield one service for all tests that change neither it nor its clock: its start takes longer than most tests."""
    async with AsyncExitStack() as stack:
        running = run_service(settings_of_the_ring(shared_database, secret_key, {}), FakeClock())
        yield await stack.enter_async_context(running)
