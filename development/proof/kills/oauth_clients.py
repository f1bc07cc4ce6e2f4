"""Kills the service while an administrator adds, changes, disables and removes OAuth clients.

Each change is atomic: the client, its secrets, and the audit event.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

import psycopg

from development.proof.api import Answer, answer_to, api_at
from development.proof.kills.commits import CLIENT_COMMITS, ClientCommit, Moment
from development.proof.kills.rounds import Outcome, wait_for_kill
from development.proof.kills.service import KillableService
from doorward.domain.oauth.client_secret import hash_of

PASSWORD: Final = "correct horse battery"  # noqa: S105 - of an administrator that exists for one run
CLIENTS: Final = "/api/v1/admin/clients"
CALLS: Final[dict[ClientCommit, tuple[str, str]]] = {
    "client": ("POST", ""),
    "client-secret": ("POST", "/rotate-secret"),
    "client-disabled": ("POST", "/disable"),
    "client-removed": ("DELETE", ""),
}
STORED: Final = """
    SELECT
        client_id,
        version,
        disabled_at IS NOT NULL,
        ARRAY(
            SELECT secret_hash FROM oauth_client_secrets
            WHERE oauth_client_secrets.client_id = oauth_clients.client_id
            ORDER BY expires_at NULLS LAST
        )
    FROM oauth_clients
    WHERE name = %s
"""
ORPHANS: Final = """
    SELECT count(*) FROM audit_events AS made
    WHERE type = 'client.created'
      AND NOT EXISTS (SELECT FROM oauth_clients WHERE client_id = made.data->>'client_id')
      AND NOT EXISTS (
          SELECT FROM audit_events AS gone
          WHERE gone.type = 'client.removed' AND gone.data->>'client_id' = made.data->>'client_id'
      )
"""


@dataclass(frozen=True, slots=True)
class Facts:
    """The stored state of a client; ``version`` is 0 if there is none."""

    version: int = 0
    is_disabled: bool = False
    secrets: int = 0
    events: tuple[str, ...] = ()


AFTER: Final = (
    Facts(),
    Facts(1, secrets=1, events=("client.created",)),
    Facts(2, secrets=2, events=("client.created", "client.secret_rotated")),
    Facts(3, is_disabled=True, secrets=2, events=("client.created", "client.secret_rotated", "client.disabled")),
    Facts(events=("client.created", "client.secret_rotated", "client.disabled", "client.removed")),
)
"""The stored state before the first call, and after each call."""


class ClientRounds:
    """One service with an administrator, for any number of kills."""

    def __init__(self, service: KillableService, database_url: str) -> None:
        """Take the running service, and the URL of its database."""
        self._service = service
        self._database_url = database_url
        self._access = asyncio.run(self._sign_in())

    async def _sign_in(self) -> str:
        name = f"admin-{uuid4().hex[:16]}"
        async with api_at(self._service.url) as api:
            await api.post_register(name, f"{name}@example.com", PASSWORD)
            access = (await answer_to(api.post_token(name, PASSWORD))).access
        async with await psycopg.AsyncConnection.connect(self._database_url, autocommit=True) as connection:
            await connection.execute("UPDATE users SET roles = '{admin}' WHERE username = %s", (name,))
        return access

    def kill(self, commit: ClientCommit, moment: Moment, outcome: Outcome) -> None:
        """Make the calls until the service is killed at one; restart it; check the stored state."""
        name, number = f"client {uuid4().hex}", CLIENT_COMMITS.index(commit)
        made = self.make(name, CLIENT_COMMITS[:number])
        self._service.arm(commit, moment, 1)
        lost = self.call(commit, name, made)
        wait_for_kill(self._service)
        self._service.start()
        outcome.kills += 1
        outcome.unknown += not lost.is_conclusive
        stored = {"before": {number}, "sent": {number, number + 1}, "after": {number + 1}}[moment]
        outcome.wrong += self.check(name, made, [AFTER[each] for each in stored])

    def make(self, name: str, commits: Sequence[ClientCommit]) -> Answer | None:
        """Make these calls; return the response to the first. Raises ``RuntimeError`` if one fails."""
        made: Answer | None = None
        for commit in commits:
            answer = self.call(commit, name, made)
            if answer.status not in {200, 201, 204}:
                raise RuntimeError(f"{commit} was answered {answer.status}: {answer.body}")
            made = made or answer
        return made

    def call(self, commit: ClientCommit, name: str, made: Answer | None) -> Answer:
        """Make one call on the created client, or the call that creates it."""
        method, part = CALLS[commit]
        path = CLIENTS if made is None else f"{CLIENTS}/{made.body['client_id']}"
        options: dict[str, Any] = {"json": {"name": name}} if made is None else {}

        async def send() -> Answer:
            async with api_at(self._service.url) as api:
                return await answer_to(api.authorized(method, path + part, self._access, **options))

        return asyncio.run(send())

    def check(self, name: str, made: Answer | None, due: Sequence[Facts]) -> list[str]:
        """Return the faults: the stored state is none of ``due``, or the secret of the response is not stored."""
        with psycopg.connect(self._database_url, autocommit=True) as connection:
            row = connection.execute(STORED, (name,)).fetchone()
            client_id = made.body["client_id"] if made else row and row[0]
            types = connection.execute(
                "SELECT type FROM audit_events WHERE data->>'client_id' = %s ORDER BY id", (client_id,)
            ).fetchall()
            (orphans,) = connection.execute(ORPHANS).fetchone() or (0,)
        events = tuple(each for (each,) in types)
        facts = Facts(events=events) if row is None else Facts(row[1], row[2], len(row[3]), events)
        wrong = [] if facts in due else [f"{facts} is stored, where one of {due} is due"]
        if row is not None and made is not None and hash_of(made.body["client_secret"]) != bytes(row[3][0]):
            wrong.append("the secret that was told is not stored")
        return wrong + ([f"{orphans} entries tell of clients that were never stored"] if orphans else [])
