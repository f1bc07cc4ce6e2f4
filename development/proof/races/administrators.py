"""The administrators of the races: users whose roles are set in the database, like by an operator."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import httpx
import psycopg

from development.client import ApiClient
from development.proof.api import Answer
from development.proof.races.contests import new_person, new_session
from doorward.domain.accounts.mailed_secret import new_mailed_secret
from doorward.domain.accounts.repositories.invitations import replace_mailed_secret
from doorward.domain.auth.tokens.one_time_token import OneTimeTokenCodec, Purpose

ADMIN: Final = "/api/v1/admin"
USERS: Final = f"{ADMIN}/users"
ROLES: Final = f"{ADMIN}/roles"
INVITATIONS: Final = f"{ADMIN}/invitations"
WEBHOOKS: Final = f"{ADMIN}/webhooks"
OUTBOX: Final = f"{ADMIN}/outbox"


@dataclass(frozen=True, slots=True)
class Member:
    """A user, with the token pair of a session if signed in."""

    name: str
    id: str
    pair: Answer | None = None

    def path(self, part: str = "") -> str:
        """Return the path of this user in the administration API, with a suffix."""
        return f"{USERS}/{self.id}{part}"

    async def call(self, api: ApiClient, method: str, path: str, **options: Any) -> httpx.Response:  # noqa: ANN401 - httpx's own
        """Make a call in the session. Raises ``RuntimeError`` if there is none."""
        if self.pair is None:
            raise RuntimeError(f"{self.name} is not signed in")
        return await api.authorized(method, path, self.pair.access, **options)


@dataclass(frozen=True, slots=True)
class Administrators:
    """Creates users with roles, and queries the database. ``codec`` is the service's, for the tokens of invitations."""

    database_url: str
    codec: OneTimeTokenCodec

    async def sql(self, statement: str, *parameters: object) -> list[tuple[Any, ...]]:
        """Run a statement with a commit; return its rows, if it has any."""
        async with await psycopg.AsyncConnection.connect(self.database_url, autocommit=True) as connection:
            cursor = await connection.execute(statement.encode(), parameters)
            return await cursor.fetchall() if cursor.description else []

    async def member(self, api: ApiClient) -> Member:
        """Register a user without roles."""
        name = await new_person(api)
        ((user_id,),) = await self.sql("SELECT id FROM users WHERE username = %s", name)
        return Member(name, str(user_id))

    async def signed_in(self, api: ApiClient, *roles: str) -> Member:
        """Register a user with these roles, and sign in."""
        member = await self.member(api)
        await self.give(member, *roles)
        return Member(member.name, member.id, await new_session(api, member.name))

    async def give(self, member: Member, *roles: str) -> None:
        """Replace a user's roles."""
        await self.sql("UPDATE users SET roles = %s WHERE id = %s", list(roles), member.id)

    async def mail_invitation(self, invitation_id: str) -> str:
        """Return the token of an invitation's mail, stored like the worker stores it when it sends one."""
        subject, now = UUID(invitation_id), datetime.now(UTC)
        secret = new_mailed_secret(self.codec, Purpose.INVITATION, subject, now=now, expires_at=now + timedelta(days=7))
        async with await psycopg.AsyncConnection.connect(self.database_url, autocommit=True) as connection:
            await replace_mailed_secret(connection, subject, secret.stored)
        return secret.text

    async def deadlocks(self) -> int:
        """Return the number of deadlocks that PostgreSQL has detected in this database."""
        ((number,),) = await self.sql("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        return int(number)
