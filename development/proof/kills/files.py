"""Kills an import of users between batches or at a commit: each batch is atomic, and the file can be sent again."""

import asyncio
import json
from typing import Any, Final
from uuid import uuid4

import httpx
import psycopg

from development.client import ApiClient
from development.proof.api import Answer, answer_to, api_at
from development.proof.kills.commits import Moment
from development.proof.kills.rounds import Outcome, wait_for_kill
from development.proof.kills.service import KillableService
from doorward.domain.administration.importing.user_import import BATCH

IMPORT: Final = "/api/v1/admin/users/import"
WEBHOOKS: Final = "/api/v1/admin/webhooks"
PASSWORD: Final = "correct horse battery"  # noqa: S105 - of the administrator
USERS: Final = BATCH + 200
"""Two batches, of which the second is shorter."""

BATCHES: Final = 2
OK: Final = 200
User = tuple[str, str, str, bool, bool, list[str]]
"""The fields of a line: address, user name, external id, active, verified, roles."""

STORED: Final = """
    SELECT
        email, username, external_id, is_active, email_verified_at IS NOT NULL, roles,
        (SELECT count(*) FROM audit_events WHERE user_id = users.id AND type = 'user.imported'),
        (SELECT count(*) FROM outbox WHERE stream = users.id AND kind = 'user.imported')
    FROM users
    WHERE external_id LIKE %s
"""


def users_of(mark: str) -> list[User]:
    """Return the users of a file; no other file has them."""
    return [
        (
            f"{mark}-{number}@example.com",
            f"{mark}-{number}",
            f"{mark}:{number}",
            number % 3 != 0,
            number % 2 == 0,
            ["support"] if number % 100 == 0 else [],
        )
        for number in range(USERS)
    ]


def file_of(users: list[User]) -> bytes:
    """Return the lines of a file in doorward's own format."""
    names = ("email", "username", "external_id", "active", "email_verified", "roles")
    return b"".join(json.dumps(dict(zip(names, user, strict=True))).encode() + b"\n" for user in users)


class ImportRounds:
    """One service with an administrator and a webhook, for any number of kills."""

    def __init__(self, service: KillableService, database_url: str) -> None:
        """Take the service, started with ``ADMINISTRATION``, and the URL of its database."""
        self._service = service
        self._database_url = database_url
        self._access = asyncio.run(self._sign_in())

    async def _sign_in(self) -> str:
        name = f"importer-{uuid4().hex[:16]}"
        async with api_at(self._service.url) as api:
            await api.post_register(name, f"{name}@example.com", PASSWORD)
            access = (await answer_to(api.post_token(name, PASSWORD))).access
            async with await psycopg.AsyncConnection.connect(self._database_url, autocommit=True) as connection:
                await connection.execute("UPDATE users SET roles = '{admin}' WHERE username = %s", (name,))
            body = {"url": "http://127.0.0.1:9/hook", "types": ["user.imported"]}
            made = await api.authorized("POST", WEBHOOKS, access, json=body)
            if made.is_error:
                raise RuntimeError(f"answered {made.status_code}: {made.text}")
        return access

    def kill(self, moment: Moment, batch: int, outcome: Outcome) -> None:
        """Import a file until the service is killed at the batch; restart it; check, and import the file again."""
        mark = f"i{uuid4().hex[:12]}"
        self._service.arm("import", moment, batch)
        unanswered = self.send(mark)
        wait_for_kill(self._service)
        self._service.start()
        outcome.kills += 1
        outcome.people += USERS
        outcome.unknown += unanswered.status == 0
        stored = {"before": {batch - 1}, "sent": {batch - 1, batch}, "after": {batch}}[moment]
        outcome.wrong += self.check(mark, {min(USERS, each * BATCH) for each in stored})
        outcome.wrong += self.resume(mark)

    def send(self, mark: str) -> Answer:
        """Import the file; return the response, if there is one."""

        async def send() -> Answer:
            async with api_at(self._service.url) as api:
                return await answer_to(self._post(api, file_of(users_of(mark))))

        return asyncio.run(send())

    async def _post(self, api: ApiClient, content: bytes) -> httpx.Response:
        headers = {"Content-Type": "application/x-ndjson"}
        return await api.authorized("POST", IMPORT, self._access, content=content, headers=headers)

    def check(self, mark: str, numbers: set[int]) -> list[str]:
        """Return the faults: the first lines of the file must be stored completely and once, in one of these counts."""
        with psycopg.connect(self._database_url, autocommit=True) as connection:
            rows: list[tuple[Any, ...]] = connection.execute(STORED, (f"{mark}:%",)).fetchall()
        rows.sort(key=lambda row: int(str(row[2]).rpartition(":")[2]))
        wrong = (
            [f"{len(rows)} users are stored, which are no whole batches: {numbers}"] if len(rows) not in numbers else []
        )
        if [tuple(row[:6]) for row in rows] != users_of(mark)[: len(rows)]:
            wrong.append("the users that are stored are not the first of the file")
        for what, place in (("entries", 6), ("messages", 7)):
            others = sum(row[place] != 1 for row in rows)
            wrong += [f"{others} users have not one of the {what} that tell of them"] if others else []
        return wrong

    def resume(self, mark: str) -> list[str]:
        """Import the file again; return the faults: all of its users must be stored once."""
        with psycopg.connect(self._database_url, autocommit=True) as connection:
            before = len(connection.execute(STORED, (f"{mark}:%",)).fetchall())
        answer = self.send(mark)
        told = (
            answer.status,
            answer.body.get("stored"),
            answer.body.get("already_stored"),
            answer.body.get("left_out"),
        )
        wrong = [f"sent again, it is answered {told}"] if told != (OK, USERS - before, before, 0) else []
        return wrong + self.check(mark, {USERS})
