"""The product in the walks: the real use cases on a real PostgreSQL, with a clock that only moves when it is set."""

import asyncio
from collections.abc import Coroutine
from contextlib import AsyncExitStack, suppress
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, Final, TypeVar
from unittest.mock import patch
from uuid import UUID

import uvloop
from fastapi import FastAPI
from psycopg import AsyncConnection

from development.callers import caller_of
from development.long_timeouts import LONG_TIMEOUTS
from development.proof.model.administration import Administration
from development.proof.model.email_changes import EmailChanges
from development.proof.model.factors import PASSKEYS, Factors, create_passkeys_of_walks
from development.proof.model.keys import Keys, new_secret
from development.proof.model.mailed import Mailbox
from development.proof.model.own_account import OwnAccount
from development.proof.model.people import MAXIMUM_SESSIONS_PER_PERSON, RETENTION
from development.proof.model.provider import ISSUER, Provider, register
from development.proof.model.rights import OWN_ROLE
from development.proof.model.rolled_back import rolled_back_sessions
from development.proof.model.stepped_clock import SteppedClock
from development.proof.model.verified_login import VERIFIED_ONLY, create_verified_login
from doorward.api.services import Services
from doorward.core.exceptions import DomainError
from doorward.domain.auth.callers import Caller
from doorward.domain.auth.exceptions import (
    EmailNotVerifiedError,
    InvalidAccessTokenError,
    InvalidRefreshTokenError,
    LoginThrottledError,
)
from doorward.domain.auth.login.throttling import LOGIN_CURVE, STRANGERS
from doorward.domain.auth.models import TokenPair
from doorward.domain.auth.ports import Authentication
from doorward.domain.auth.sessions.pruning import Pruning
from doorward.domain.auth.sessions.sessions import Sessions
from doorward.domain.auth.tokens.expiry import TokenExpiry
from doorward.domain.oauth.expiry import CodeExpiry
from doorward.domain.oauth.models import OAuthClient
from doorward.infrastructure.postgres.database import PostgresDatabase
from doorward.settings.config import settings_from
from doorward.wiring import application
from doorward.wiring.accounts import create_one_time_tokens
from doorward.wiring.parts import Parts
from doorward.wiring.throttling import create_throttling

T = TypeVar("T")
Connection = AsyncConnection[Any]

ROUNDS: Final = 4
REMEMBERED_DAYS: Final = 30
POLL_SECONDS: Final = 0.001


def _without_http(_deployment: object, _browsers: object, services: Services, *_pages: object) -> Any:  # noqa: ANN401 - the minimum that wiring needs
    """Return an object on which ``wiring`` stores what it has built."""
    return SimpleNamespace(state=SimpleNamespace(services=services))


class World:
    """One copy of the service as ``wiring`` builds it, without its HTTP."""

    def __init__(self, database_url: str, leeway: timedelta) -> None:
        """Take the URL of a migrated database, and the leeway for used tokens."""
        self._loop = uvloop.new_event_loop()
        self._settings = {
            "environment": "development",
            "database_url": database_url,
            "bcrypt_rounds": ROUNDS,
            "refresh_token_reuse_leeway_seconds": int(leeway.total_seconds()),
            "housekeeping_interval_minutes": 0,
            "shutdown_drain_seconds": 0,
            "email_change_confirmation": "new",
            "sessions_per_user": MAXIMUM_SESSIONS_PER_PERSON,
            "remembered_device_days": REMEMBERED_DAYS,
            "encryption_keys": new_secret(),
        }
        self._unserved = FastAPI()
        self._provider_copy: Provider | None = None
        self._applications: list[OAuthClient] = []
        self.clock = SteppedClock()
        self.keys = Keys(new_secret())
        self.is_probing = False
        self.run(self._start())
        # Start the provider before all walks: its signing keys sign from then on.
        self.run(self.provider())

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine to its end in the world's event loop."""
        return self._loop.run_until_complete(work)

    def close(self) -> None:
        """Close all connections and the event loop."""
        self.run(self._lifespan.aclose())
        self._loop.close()

    async def restart(self, keys: Keys | None = None) -> None:
        """Stop this copy and start another, with other keys if given."""
        await self._lifespan.aclose()
        self.keys = keys or self.keys
        await self._start()

    async def provider(self) -> Provider:
        """Return the copy that is an OpenID provider. After a restart it starts when a step needs it."""
        if self._provider_copy is None:
            if not self._applications:
                # Keys of another world on this database are encrypted with that world's secret.
                await self.sql("DELETE FROM signing_keys")
            services, _ = await self._started(self._settings | self.keys.settings() | ISSUER)
            self._applications = self._applications or await register(services)
            self._provider_copy = Provider(services, self._applications)
        return self._provider_copy

    async def _started(self, settings: dict[str, Any]) -> tuple[Services, Any]:
        with patch.object(application, "create_app", _without_http):
            app = application.create_wired_app(settings_from(settings), Parts(clock=self.clock, timeouts=LONG_TIMEOUTS))
        services: Services = app.state.services
        await self._lifespan.enter_async_context(services.lifespan(self._unserved))
        return services, app

    async def _start(self) -> None:
        self._lifespan, self._provider_copy = AsyncExitStack(), None
        settings = settings_from(self._settings | self.keys.settings())
        services, app = await self._started(self._settings | self.keys.settings())
        self.registration, self._login, self._sessions = services.registration, services.login, services.sessions
        self._authentication = services.authentication
        self._database: PostgresDatabase = app.state.database
        self.mailbox = Mailbox(settings, self._database, self.clock)
        self._verified_login = create_verified_login(
            settings_from(self._settings | self.keys.settings() | VERIFIED_ONLY), app, self.clock
        )
        with_address = settings_from(self._settings | self.keys.settings() | PASSKEYS)
        self.factors = Factors(services, create_passkeys_of_walks(with_address, app, services, self.clock))
        tokens = create_one_time_tokens(settings.keys)
        confirmation = services.own_account.email_change_confirmation
        self.own = OwnAccount(services, EmailChanges(self._database, self.clock, tokens, confirmation))
        self._pruning = Pruning(database=self._database, clock=self.clock, retention=RETENTION, pause_seconds=0)
        self._throttling = create_throttling(settings.keys, self._database)
        self.administration = Administration(
            services, self._database, self.clock, tokens=tokens, throttling=self._throttling
        )
        await self.sql(
            "INSERT INTO roles (name, description, scopes) VALUES (%s, '', '{}') ON CONFLICT (name) DO NOTHING",
            OWN_ROLE,
        )

    async def log_in(self, name: str, password: str) -> TokenPair | None:
        """Log in; return the token pair, or None for a refusal."""
        try:
            return (await self._login.login(name=name, password=password)).tokens
        except DomainError:
            return None

    async def log_in_where_verified(self, name: str, password: str) -> tuple[TokenPair | None, bool]:
        """Log in at a copy that admits verified addresses only; return the pair, and whether it demanded the mail."""
        try:
            return (await self._verified_login.login(name=name, password=password)).tokens, False
        except DomainError as refusal:
            return None, isinstance(refusal, EmailNotVerifiedError)

    async def refresh(self, text: str) -> TokenPair | None:
        """Refresh; return the token pair, or None for a refusal."""
        return await _refresh(self._sessions, text)

    async def refresh_as_another_client(self, text: str, *, shows_secret: bool) -> TokenPair | None:
        """Refresh as a client to which the session does not belong; return the token pair, or None for a refusal."""
        try:
            return await self._sessions.refresh(text, client_id="another", is_confidential=shows_secret)
        except InvalidRefreshTokenError:
            return None

    async def refresh_at_once(self, text: str, callers: int) -> list[TokenPair]:
        """Refresh with one token in concurrent calls; return the token pairs."""
        answers = await asyncio.gather(*(self.refresh(text) for _ in range(callers)))
        return [answer for answer in answers if answer is not None]

    async def would_refresh(self, texts: list[str], *, is_application: bool = False) -> list[TokenPair | None]:
        """Return the result that each token would have now, as if it were the only one. Nothing is changed."""
        if not texts:
            return []
        provider = await self.provider() if is_application else None
        self.is_probing = True
        try:
            async with self._database.connection() as connection:
                sessions = rolled_back_sessions(connection, provider.sessions if provider else self._sessions)
                answers = []
                async with connection.transaction(force_rollback=True):
                    for text in texts:
                        answers.append(
                            await (provider.refresh(sessions, text) if provider else _refresh(sessions, text))
                        )
                        await connection.execute("ROLLBACK AND CHAIN")
        finally:
            self.is_probing = False
        return answers

    async def revoke(self, text: str) -> None:
        """Revoke a refresh token."""
        await self._sessions.revoke(text)

    async def revoke_by_access_token(self, text: str) -> None:
        """Revoke an access token (RFC 7009)."""
        await self._sessions.revoke_access_token(text)

    async def who_are(self, accesses: list[str], *, is_application: bool = False) -> list[Caller | None]:
        """Return the callers that these access tokens identify in concurrent calls, or None for each refusal."""
        authentication = self._authentication
        if is_application and accesses:
            authentication = (await self.provider()).authentication
        return await asyncio.gather(*(self._caller(authentication, access) for access in accesses))

    async def _caller(self, authentication: Authentication, access: str) -> Caller | None:
        try:
            return await caller_of(authentication, access)
        except InvalidAccessTokenError:
            return None

    async def refresh_beside(self, text: str, call: Coroutine[Any, Any, T]) -> tuple[TokenPair | None, T]:
        """Refresh concurrently with another call; return both results."""
        pair, said = await asyncio.gather(self.refresh(text), call)
        return pair, said

    async def guess_as_strangers(self, user_id: str) -> None:
        """Use up the free login attempts from unknown devices; some may have been used before."""
        with suppress(LoginThrottledError):
            for _ in range(LOGIN_CURVE.free):
                await self._throttling.reserve(UUID(user_id), STRANGERS)

    async def switch_off(self, user_id: str) -> None:
        """Deactivate a user by SQL, which ends no sessions: only the user's flag makes their tokens invalid."""
        await self.sql("UPDATE users SET is_active = false WHERE id = %s", user_id)

    async def switch_off_during_a_login(self, user_id: str, name: str, password: str) -> TokenPair | None:
        """Deactivate like ``switch_off``, committed after the login has read the user and before it locks the row.

        Return the result of the login. A login that is refused earlier does not wait for the commit.
        """
        async with self._database.transaction() as connection:
            await connection.execute("UPDATE users SET is_active = false WHERE id = %s", (user_id,))
            login = asyncio.create_task(self.log_in(name, password))
            while not login.done() and not await _blocks_another_statement(connection):  # noqa: ASYNC110 - PostgreSQL has no event for it
                await asyncio.sleep(POLL_SECONDS)
        return await login

    async def prune(self) -> None:
        """Remove sessions that ended long ago."""
        await self._pruning.prune()

    async def remove_expired(self) -> None:
        """Remove expired browser sessions and codes."""
        await TokenExpiry(database=self._database, clock=self.clock).prune()
        await CodeExpiry(database=self._database, clock=self.clock).prune()

    async def sql(self, statement: str, *parameters: object) -> list[tuple[Any, ...]]:
        """Run a statement outside of the use cases, with a commit; return its rows, if it has any."""
        async with self._database.connection() as connection:
            cursor = await connection.execute(statement.encode(), parameters)
            return await cursor.fetchall() if cursor.description else []


async def _blocks_another_statement(connection: Connection) -> bool:
    """Return whether another statement waits for a lock of this transaction."""
    cursor = await connection.execute(
        "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid)))"
    )
    row = await cursor.fetchone()
    return bool(row and row[0])


async def _refresh(sessions: Sessions, text: str) -> TokenPair | None:
    try:
        return await sessions.refresh(text)
    except InvalidRefreshTokenError:
        return None
