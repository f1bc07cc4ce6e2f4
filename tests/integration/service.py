"""The service in integration tests: an HTTP client without a network, its clock, its database, its log."""

import asyncio
import io
import json
import secrets
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Protocol
from uuid import UUID

import httpx
import jwt
import psycopg
from fastapi import FastAPI
from psycopg.rows import dict_row

from development.client import ApiClient, Person
from development.long_timeouts import LONG_TIMEOUTS
from doorward.api.administration_services import AdministrationServices
from doorward.api.services import Services
from doorward.domain.administration.models import OPERATOR
from doorward.infrastructure.passwords import BcryptHasher
from doorward.infrastructure.postgres.database import PostgresDatabase
from doorward.settings.config import Settings, settings_from
from doorward.wiring.application import create_wired_app
from doorward.wiring.parts import Parts
from tests.integration.quick_ring import QUICK_RING

PARTS: Final = Parts(timeouts=LONG_TIMEOUTS, key_ring_options=QUICK_RING)
"""The parts of the ring's applications."""


class FakeClock:
    """A clock that only moves when it is set."""

    def __init__(self) -> None:
        self.present = datetime(2026, 3, 1, 12, tzinfo=UTC)

    def now(self) -> datetime:
        return self.present

    def advance(self, duration: timedelta) -> None:
        self.present += duration


class Logs(io.StringIO):
    """The lines that the service wrote in this test."""

    def text(self) -> str:
        return "".join(f"{json.dumps(line)}\n" for line in self.lines())

    def lines(self) -> list[dict[str, Any]]:
        """Return the lines as objects, without those of the test's own HTTP client."""
        lines = [json.loads(line) for line in self.getvalue().splitlines()]
        return [line for line in lines if line.get("logger") != "httpx"]


class Service(ApiClient):
    """One running application and the client of its API."""

    def __init__(self, app: FastAPI, settings: Settings, clock: FakeClock) -> None:
        assert settings.database.database_url is not None
        self.app = app
        self.settings = settings
        self.clock = clock
        self.database_url = settings.database.database_url.get_secret_value()
        super().__init__(self.client_at("203.0.113.7"))

    @property
    def database(self) -> PostgresDatabase:
        """The application's only database."""
        database: PostgresDatabase = self.app.state.database
        return database

    @property
    def hasher(self) -> BcryptHasher:
        """The application's only hasher."""
        hasher: BcryptHasher = self.app.state.hasher
        return hasher

    @property
    def administration(self) -> AdministrationServices:
        """The application's use cases of administration."""
        services: Services = self.app.state.services
        return services.administration

    async def deactivate(self, person: Person) -> int:
        """Deactivate a user as an operator; return the number of ended sessions."""
        return await self.administration.user_actions.deactivate(OPERATOR, UUID(person.id))

    async def activate(self, person: Person) -> None:
        """Activate a user as an operator."""
        await self.administration.user_actions.activate(OPERATOR, UUID(person.id))

    def client_at(self, address: str) -> httpx.AsyncClient:
        """Return a client with another source address."""
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False, client=(address, 50000))
        return httpx.AsyncClient(transport=transport, base_url="http://doorward.test")

    def connections_asked_for(self) -> int:
        """Return the number of connections taken from the pool: one for each statement outside of a transaction."""
        return self.database.pool_load().asked

    async def locks_are_waited_for(self, number: int) -> None:
        """Wait until this many lock requests wait in the database."""
        waiting = (
            "SELECT count(*) FROM pg_locks LEFT JOIN pg_stat_activity USING (pid)"
            " WHERE NOT granted AND datname = current_database()"
        )
        while self.sql(waiting)[0]["count"] < number:  # noqa: ASYNC110 - another process is polled
            await asyncio.sleep(0.01)

    def idle_transactions(self) -> int:
        """Return the number of open transactions in PostgreSQL that run no statement.

        The pool's counts are no substitute: they count a connection that is being opened as not idle.
        """
        idle = (
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND state LIKE 'idle in transaction%%'"
        )
        return int(self.sql(idle)[0]["count"])

    def sql(self, query: str, *parameters: object) -> list[dict[str, Any]]:
        """Run a statement outside of the service, with a commit; return its rows, if it has any.

        It blocks the event loop, in which the holder of a lock would have to continue. Therefore it has a lock timeout,
        and it only reads if the service has background tasks, which lock rows at any time: see ``write``. A test that
        runs a worker in its own event loop must use that, too.
        """
        return self._sql(query, parameters, read_only=self.settings.background.background == "in_process")

    async def write(self, query: str, *parameters: object) -> list[dict[str, Any]]:
        """Run a statement like ``sql``, in a thread: a task that holds a lock continues in the event loop."""
        return await asyncio.to_thread(self._sql, query, parameters, read_only=False)

    def _sql(self, query: str, parameters: Sequence[object], *, read_only: bool) -> list[dict[str, Any]]:
        with psycopg.connect(self.database_url, autocommit=True, row_factory=dict_row) as connection:
            connection.execute("SET lock_timeout = '20s'")
            if read_only:
                connection.execute("SET default_transaction_read_only = on")
            cursor = connection.execute(query.encode(), parameters)
            return cursor.fetchall() if cursor.description else []

    def sessions_of(self, person: Person) -> list[dict[str, Any]]:
        """Return a user's sessions by the time at which they began, then by id. See also ``session_of``."""
        return self.sql("SELECT * FROM sessions WHERE user_id = %s ORDER BY created_at, id", person.id)

    def session_of(self, access_token: str) -> dict[str, Any]:
        """Return the session of an access token."""
        (session,) = self.sql("SELECT * FROM sessions WHERE id = %s", claims_of(access_token)["sid"])
        return session

    def set_active(self, person: Person, *, active: bool) -> None:
        self.sql("UPDATE users SET is_active = %s WHERE id = %s", active, person.id)


class MakeDatabase(Protocol):
    """Creates databases on the shared server; returns the URL."""

    def __call__(self, *, migrated: bool) -> str: ...


class MakeService(Protocol):
    """Creates applications that end with the test."""

    async def __call__(self, parts: Parts | None = None, /, **changes: object) -> Service: ...


def settings_of_the_ring(database_url: str, secret_key: str, changes: Mapping[str, object]) -> Settings:
    """Return the settings of the ring's applications, with these additional settings.

    Background tasks are off: their transactions could not continue while a statement of ``Service.sql`` waits for them,
    and on a shared database they would process the requests of other tests.
    """
    values: dict[str, object] = {
        "environment": "development",
        "background": "off",
        "secret_key": secret_key,
        "database_url": database_url,
        "bcrypt_rounds": 4,
        "rate_limit_enabled": False,
        "housekeeping_interval_minutes": 0,
        "calls_per_user": 10_000,
        "calls_per_address": 10_000,
        "password_hashes_per_address": 10_000,
    }
    return settings_from({**values, **changes})


@asynccontextmanager
async def run_service(settings: Settings, clock: FakeClock, parts: Parts = PARTS) -> AsyncIterator[Service]:
    """Run the application's lifespan around the block."""
    app = create_wired_app(settings, replace(parts, clock=clock))
    async with app.router.lifespan_context(app):
        service = Service(app, settings, clock)
        async with service.client:
            yield service


def claims_of(token: str) -> dict[str, Any]:
    """Return the claims of a token without verifying its signature."""
    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return claims


def is_problem(answer: httpx.Response, status: int, code: str) -> bool:
    """Return whether the response is exactly this error, in the format of all errors."""
    body = answer.json()
    return (
        answer.status_code == body["status"] == status
        and answer.headers["content-type"] == "application/problem+json"
        and body["code"] == code
        and body["type"] == f"urn:doorward:problem:{code}"
        and body["correlation_id"] == answer.headers["x-correlation-id"]
    )


def statuses(answers: Iterable[httpx.Response]) -> list[int]:
    return sorted(answer.status_code for answer in answers)


def mark() -> str:
    """Return a unique text that can be searched for."""
    return f"mark{secrets.token_hex(8)}"


def events(logs: Logs, name: str) -> list[dict[str, Any]]:
    """Return the log lines of one event."""
    return [line for line in logs.lines() if line["event"] == name]


def facts(line: dict[str, Any], *names: str) -> tuple[Any, ...]:
    """Return some members of a line, in this order; None for missing ones."""
    return tuple(line.get(name) for name in names)
