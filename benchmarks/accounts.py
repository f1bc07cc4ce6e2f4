"""Accounts and sessions of the service, created by SQL, and the tokens of their clients."""

import asyncio
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import psycopg
from psycopg import Connection, sql
from psycopg.rows import class_row

from benchmarks.load import FORM, RefreshChain, RepeatedRequests, get
from benchmarks.logins import LoginCall
from development.postgres import EmbeddedPostgres
from doorward.core.principal import Principal, SignIn
from doorward.domain.auth.tokens.refresh_token import RefreshToken, RefreshTokenCodec, hash_secret
from doorward.infrastructure.access_tokens import AccessTokens
from doorward.infrastructure.keys import ACCESS_TOKEN_PURPOSE, REFRESH_TOKEN_PURPOSE, derive_key
from doorward.infrastructure.migrations import migrate
from doorward.infrastructure.passwords import BcryptHasher

ME: Final = "/api/v1/auth/me"
REFRESH: Final = "/api/v1/auth/refresh"
TOKEN: Final = "/api/v1/auth/token"  # noqa: S105 - a path
MAIL_DOMAIN: Final = "@example.com"
SESSION_SECRET: Final = bytes(range(16))
"""The same for all sessions: the service compares only its hash."""

SECRET_HASH: Final = hash_secret(SESSION_SECRET)

LAST_ANSWERS_SECONDS: Final = 0.2
"""Calls in progress at the end of a load have finished by then."""


@dataclass(frozen=True)
class Session:
    """A login: one row of sessions."""

    id: UUID
    user_id: UUID
    username: str
    generation: int


@dataclass(frozen=True)
class Accounts:
    """A migrated database with one session per user; ``connection`` is the measurement's own."""

    url: str
    connection: Connection[Any]

    def sessions(self, count: int) -> Sequence[Session]:
        """Return that many sessions in their present state, of users across the whole table, as ids are random.

        Sessions of logins over HTTP are left out, because their secrets are not known.
        """
        with self.connection.cursor(row_factory=class_row(Session)) as cursor:
            cursor.execute(
                """
                SELECT sessions.id, user_id, username, generation
                FROM sessions
                JOIN users ON users.id = user_id
                WHERE secret_hash = %(secret_hash)s
                ORDER BY sessions.id
                LIMIT %(count)s
                """,
                {"secret_hash": SECRET_HASH, "count": count},
            )
            return cursor.fetchall()

    def rotations(self) -> int:
        """Return the number of rotations of all sessions, once no more arrive."""
        time.sleep(LAST_ANSWERS_SECONDS)
        return self._number("SELECT COALESCE(sum(generation), 0) FROM sessions")

    def session_count(self) -> int:
        """Return the number of sessions."""
        return self._number("SELECT count(*) FROM sessions")

    def bytes_of_a_row(self, table: str) -> float:
        """Return the size of a row on disk, with its indexes, of a table that was just filled."""
        with self.connection.cursor() as cursor:
            cursor.execute(
                sql.SQL("SELECT pg_total_relation_size({name})::float8 / count(*) FROM {table}").format(
                    name=sql.Literal(table), table=sql.Identifier(table)
                )
            )
            ((size,),) = cursor.fetchall()
        return float(size)

    def _number(self, statement: str) -> int:
        row = self.connection.execute(statement.encode()).fetchone()
        return int(row[0]) if row else 0


@dataclass(frozen=True)
class TokenFactory:
    """Creates tokens with the service's own code and key."""

    secret_key: str

    def access_token(self, session: Session) -> str:
        """Return an access token of the session."""
        signer = AccessTokens(
            key=derive_key(self.secret_key.encode(), ACCESS_TOKEN_PURPOSE),
            algorithm="HS256",
            issuer="doorward",
            audience="doorward",
            lifetime=timedelta(minutes=30),
        )
        principal, now = Principal(session.user_id, session.id, "doorward", frozenset({"account"})), datetime.now(UTC)
        return signer.sign(principal, SignIn(now, 1, ("pwd",)), now)

    def refresh_token(self, session: Session) -> str:
        """Return the session's current refresh token."""
        codec = RefreshTokenCodec(derive_key(self.secret_key.encode(), REFRESH_TOKEN_PURPOSE))
        return codec.encode(RefreshToken(session.id, session.user_id, session.generation, SESSION_SECRET))

    def me(self, sessions: Sequence[Session]) -> RepeatedRequests:
        """Return calls of /me for these sessions."""
        calls = [get(ME, authorization=f"Bearer {self.access_token(session)}") for session in sessions]
        return RepeatedRequests(calls, f'{MAIL_DOMAIN}"')

    def refresh(self, sessions: Sequence[Session]) -> RefreshChain:
        """Return the chain that begins with the refresh tokens of these sessions."""
        return RefreshChain([self.refresh_token(session) for session in sessions], REFRESH)


def logins(sessions: Sequence[Session], password: str) -> Sequence[LoginCall]:
    """Return logins of the users of these sessions."""
    return [
        LoginCall(TOKEN, FORM, f"username={session.username}&password={password}", '"refresh_token"')
        for session in sessions
    ]


def password_hash(password: str, rounds: int) -> str:
    """Return the hash of a password with this cost."""
    hasher = BcryptHasher(rounds=rounds, threads=1)
    try:
        return asyncio.run(hasher.hash(password))
    finally:
        hasher.close()


@contextmanager
def accounts(postgres: EmbeddedPostgres, size: int, password_hash: str) -> Iterator[Accounts]:
    """Create a database with that many users, all with one password."""
    name = f"doorward_{size}_users"
    with psycopg.connect(postgres.url(), autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    url = postgres.url(name)
    migrate(url)
    with psycopg.connect(url, autocommit=True) as connection:
        _fill(connection, size, password_hash)
        yield Accounts(url, connection)


def _fill(connection: Connection[Any], size: int, password_hash: str) -> None:
    connection.execute(
        """
        INSERT INTO users (id, email, email_key, username, username_key, password_hash)
        SELECT gen_random_uuid(), 'user' || number || %(domain)s, 'user' || number || %(domain)s, 'user' || number,
            'user' || number, %(password_hash)s
        FROM generate_series(1, %(size)s) AS number
        """,
        {"domain": MAIL_DOMAIN, "password_hash": password_hash, "size": size},
    )
    connection.execute(
        """
        INSERT INTO sessions (
            id, user_id, secret_hash, generation, amr, acr, authenticated_at, created_at, refreshed_at, expires_at,
            session_expires_at
        )
        SELECT gen_random_uuid(), id, %(secret_hash)s, 0, '{pwd}', 1, now(), now(), now(), now() + interval '7 days',
            now() + interval '90 days'
        FROM users
        """,
        {"secret_hash": SECRET_HASH},
    )
    connection.execute("VACUUM ANALYZE")
    # Prevents a checkpoint of this filling during a measurement.
    connection.execute("CHECKPOINT")
