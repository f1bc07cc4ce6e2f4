"""Applies changes to a database, and records whether the service then responds correctly or refuses clearly."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, Self
from urllib.parse import urlsplit

import httpx
import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from development.proof.database_settings.changes import OTHER_ROLE, OTHER_SCHEMA, Change, apply
from development.proof.database_settings.journey import Journey, UnavailableError, WrongAnswerError
from doorward.infrastructure.migrations import migrate
from doorward.infrastructure.postgres.database import PostgresDatabase, session_conninfo
from doorward.infrastructure.postgres.start_check import inspect_database
from doorward.infrastructure.postgres.timeouts import TIMEOUTS, Timeouts
from doorward.settings.config import Settings
from doorward.wiring.application import create_wired_app
from doorward.wiring.parts import Parts

DATABASE: Final = "doorward_settings_walk"
ROLE: Final = "doorward_settings_walk"


MAY_BE_REFUSED: Final = frozenset(
    {
        # PostgreSQL then refuses every new session.
        "session_preload_libraries",
        "local_preload_libraries",
        # One millisecond is too short to change the setting within the session.
        "idle_session_timeout",
        "transaction_timeout",
        # The service's role may not override these.
        "session_replication_role",
        "dynamic_library_path",
        "role",
        # Operators use this setting to make a database read-only.
        "default_transaction_read_only",
    }
)
"""With these settings the service does not start, or answers 503."""

CONNECTIONS_SECONDS: Final = 60
"""If PostgreSQL ends each session at once, the pool never fills, until it gives up."""


@dataclass(slots=True)
class Findings:
    """The outcomes of the changes."""

    right: list[Change] = field(default_factory=list)
    refused: dict[Change, str] = field(default_factory=dict)
    unavailable: dict[Change, str] = field(default_factory=dict)
    wrong: dict[Change, str] = field(default_factory=dict)

    @property
    def faults(self) -> list[str]:
        """Unacceptable outcomes: wrong responses, and refusals for settings that the service can handle."""
        needless = {
            change: why
            for change, why in {**self.refused, **self.unavailable}.items()
            if change.name not in MAY_BE_REFUSED
        }
        return [f"{change}: {what}" for change, what in {**self.wrong, **needless}.items()]


class Outcome(NamedTuple):
    """The outcome of a change: at most one member is set, and none if all responses were correct."""

    refusal: str | None = None
    unavailable: str | None = None
    wrong: str | None = None


@contextlib.contextmanager
def ordinary_database(server_url: str) -> Iterator[str]:
    """Yield the URL of a migrated database owned by the service's role, which is no superuser; drop both afterwards."""
    database, role = sql.Identifier(DATABASE), sql.Identifier(ROLE)
    with psycopg.connect(server_url, autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE ROLE {} LOGIN").format(role))
        admin.execute(sql.SQL("CREATE ROLE {} ROLE {}").format(sql.Identifier(OTHER_ROLE), role))
        admin.execute(sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE template0").format(database, role))
        url = urlsplit(server_url)._replace(netloc=f"{ROLE}@", path=f"/{DATABASE}").geturl()
        try:
            migrate(url)
            _make_captured_tables(url)
            yield url
        finally:
            admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(database))
            admin.execute(sql.SQL("DROP ROLE {}, {}").format(sql.Identifier(OTHER_ROLE), role))


def _make_captured_tables(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as owner:
        owner.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(OTHER_SCHEMA)))
        for table in ("users", "sessions", "items"):
            owner.execute(
                sql.SQL("CREATE TABLE {} (LIKE {} INCLUDING ALL)").format(
                    sql.Identifier(OTHER_SCHEMA, table), sql.Identifier("public", table)
                )
            )


class Walk:
    """One application, with new connections for each change."""

    def __init__(self, settings: Settings, admin: psycopg.Connection[Any], timeouts: Timeouts = TIMEOUTS) -> None:
        """Take the service's settings, and a superuser's connection in autocommit mode."""
        self._settings = settings
        self._admin = admin
        self._app = create_wired_app(settings, Parts(timeouts=timeouts))
        self._database = str(conninfo_to_dict(session_conninfo(settings.database))["dbname"])
        self.findings = Findings()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[Self]:
        """Run the application within the block; reset the database's settings afterwards."""
        transport = httpx.ASGITransport(self._app, raise_app_exceptions=False)
        async with (
            self._app.router.lifespan_context(self._app),
            httpx.AsyncClient(transport=transport, base_url="http://doorward.test") as self._client,
            await psycopg.AsyncConnection.connect(
                session_conninfo(self._settings.database), autocommit=True
            ) as self._observer,
        ):
            try:
                yield self
            finally:
                apply(self._admin, self._database, [])

    async def try_all(self, changes: Sequence[Change], together: int) -> None:
        """Apply up to ``together`` changes at a time, each to another setting; bisect the groups that fail."""
        left = list(changes)
        while left:
            one_of_each = {change.name: change for change in left}
            chosen = list(one_of_each.values())[:together]
            left = [change for change in left if change not in chosen]
            await self._try_group(chosen)

    async def _try_group(self, changes: Sequence[Change]) -> None:
        accepted = apply(self._admin, self._database, changes)
        if not accepted:
            return
        outcome = await self._outcome()
        if outcome == Outcome():
            self.findings.right.extend(accepted)
        elif len(accepted) > 1:
            half = len(accepted) // 2
            await self._try_group(accepted[:half])
            await self._try_group(accepted[half:])
        else:
            await self._note(accepted[0], outcome)

    async def _note(self, change: Change, outcome: Outcome) -> None:
        if outcome.wrong is not None:
            self.findings.wrong[change] = outcome.wrong
        elif outcome.unavailable is not None:
            self.findings.unavailable[change] = outcome.unavailable
            await self._use_up_a_token(change)
        else:
            self.findings.refused[change] = str(outcome.refusal)

    async def _outcome(self) -> Outcome:
        try:
            await inspect_database(self._settings.database)
        except psycopg.Error as error:
            return Outcome(refusal=str(error).splitlines()[0])
        await self._reconnect()
        try:
            await Journey(self._client).run()
            await self._require_nothing_captured()
        except UnavailableError as error:
            return Outcome(unavailable=str(error))
        except WrongAnswerError as error:
            return Outcome(wrong=str(error))
        return Outcome()

    async def _require_nothing_captured(self) -> None:
        cursor = await self._observer.execute(
            sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(OTHER_SCHEMA, "users"))
        )
        if await cursor.fetchone() != (0,):
            raise WrongAnswerError("a table of another schema was used")

    async def _use_up_a_token(self, change: Change) -> None:
        """Reuse a token while the change applies: its session must end now, or as soon as the database permits it."""
        journey = Journey(self._client)
        try:
            await self._change_to([])
            theft = await journey.begin_theft()
            await self._change_to([change])
            await journey.commit_theft(theft)
            await self._change_to([])
            await journey.end_theft(theft)
        except WrongAnswerError as error:
            self.findings.wrong[change] = str(error)

    async def _change_to(self, changes: Sequence[Change]) -> None:
        apply(self._admin, self._database, changes)
        await self._reconnect()

    async def _reconnect(self) -> None:
        """Replace the application's connections, like a restart, and wait for the new ones."""
        database: PostgresDatabase = self._app.state.database
        await database.replace_connections()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CONNECTIONS_SECONDS):
                while database.pool_load().idle < database.pool_load().size:  # noqa: ASYNC110 - the pool has no event
                    await asyncio.sleep(0.001)
