"""Kills the service while an administrator revokes signing keys.

The change is atomic: the key is destroyed, its successor signs, a new standby key is published and the audit log
records all three. At no moment is there no signing key.
"""

import asyncio
from typing import Final
from uuid import uuid4

import psycopg

from development.proof.api import Answer, answer_to, api_at
from development.proof.kills.commits import Moment
from development.proof.kills.rounds import Outcome, wait_for_kill
from development.proof.kills.service import KillableService

PASSWORD: Final = "correct horse battery"  # noqa: S105 - of an administrator that exists for one run
KEYS: Final = "/api/v1/admin/keys"
SIGNING: Final = """
    SELECT kid
    FROM signing_keys
    WHERE algorithm = %s AND activates_at IS NOT NULL AND retires_at IS NULL AND revoked_at IS NULL
"""
STANDBYS: Final = """
    SELECT kid
    FROM signing_keys
    WHERE algorithm = %s AND activates_at IS NULL AND revoked_at IS NULL
"""
UNTOLD: Final = """
    SELECT kid || ' ' || type
    FROM signing_keys
    CROSS JOIN LATERAL (
        VALUES
            ('key.published', true),
            ('key.activated', activates_at IS NOT NULL),
            ('key.retired', retires_at IS NOT NULL),
            ('key.revoked', revoked_at IS NOT NULL)
    ) AS due (type, is_due)
    WHERE is_due::integer <> (
        SELECT count(*) FROM audit_events WHERE audit_events.type = due.type AND data->>'kid' = kid
    )
"""
ORPHANS: Final = """
    SELECT 'an entry of a key that is not there: ' || (data->>'kid')
    FROM audit_events
    WHERE type LIKE 'key.%' AND NOT EXISTS (SELECT FROM signing_keys WHERE kid = data->>'kid')
"""
LEFT_OVER: Final = """
    SELECT 'a revoked key that is still there: ' || kid
    FROM signing_keys
    WHERE revoked_at IS NOT NULL AND sealed <> ''
"""


class KeyRounds:
    """One service with an administrator, for any number of kills."""

    def __init__(self, service: KillableService, database_url: str) -> None:
        """Take the service, started with a PUBLIC_URL, and the URL of its database."""
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

    def kill(self, moment: Moment, outcome: Outcome) -> None:
        """Revoke the signing key until the service is killed; restart it; check the stored state."""
        before = self.found(SIGNING, "ES256")
        self._service.arm("signing-key", moment, 1)
        lost = self.revoke(before[0])
        wait_for_kill(self._service)
        self._service.start()
        outcome.kills += 1
        outcome.unknown += not lost.is_conclusive
        is_same = self.found(SIGNING, "ES256") == before
        if (moment == "before" and not is_same) or (moment == "after" and is_same):
            outcome.wrong.append(f"{moment} the commit, the key that signs {'is' if is_same else 'is not'} the same")
        outcome.wrong += self.check()

    def revoke(self, kid: str) -> Answer:
        """Revoke a key."""

        async def send() -> Answer:
            async with api_at(self._service.url) as api:
                return await answer_to(api.authorized("POST", f"{KEYS}/{kid}/revoke", self._access))

        return asyncio.run(send())

    def check(self) -> list[str]:
        """Return the faults of the keys, their audit events, and the published key set."""
        wrong = [*self.found(ORPHANS), *self.found(LEFT_OVER)]
        wrong += [f"not told once, and once only: {each}" for each in self.found(UNTOLD)]
        for algorithm in ("ES256", "RS256"):
            counts = len(self.found(SIGNING, algorithm)), len(self.found(STANDBYS, algorithm))
            if counts != (1, 1):
                wrong.append(f"{counts} keys of {algorithm} sign and stand by, where (1, 1) are due")
        due = {*self.found("SELECT kid FROM signing_keys WHERE revoked_at IS NULL")}
        if self._published() != due:
            wrong.append("the list that others read is not what is stored")
        return wrong

    def found(self, query: str, *parameters: object) -> list[str]:
        """Return the rows of a query with one text column."""
        with psycopg.connect(self._database_url, autocommit=True) as connection:
            return [str(row[0]) for row in connection.execute(query.encode(), parameters or None).fetchall()]

    def _published(self) -> set[str]:
        async def read() -> set[str]:
            async with api_at(self._service.url) as api:
                return {key["kid"] for key in (await api.call("GET", "/oauth/jwks")).json()["keys"]}

        return asyncio.run(read())
