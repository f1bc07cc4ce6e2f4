"""Kills the service while an administrator works.

Each change is atomic: its effect on the user, its entry in the audit log, and its webhook message. The final state of a
user is that after the last acknowledged change, or after the next one.
"""

import asyncio
import contextlib
import random
import secrets
from collections.abc import AsyncIterator
from typing import Any, Final
from uuid import uuid4

import psycopg

from development.client import ApiClient
from development.proof.api import answer_to, api_at
from development.proof.kills.administered import (
    EVENTS,
    LAST_OF_HALF,
    PASSWORD,
    STEPS,
    Administered,
    Facts,
    address_of,
    judge,
    read,
)
from development.proof.kills.commits import AdministratorCommit, Moment
from development.proof.kills.ledger import Ledger
from development.proof.kills.rounds import MAXIMUM_PASSES, Outcome, wait_for_kill
from development.proof.kills.service import KillableService

ADMIN: Final = "/api/v1/admin"
CLIENTS: Final = 3
MAXIMUM_PEOPLE: Final = 50
"""The maximum number of users for one client; the service is expected to be dead long before."""

SUCCESS: Final = {200, 201, 202, 204}
REFUSED: Final = 401
FORBIDDEN: Final = 403


class Administrator:
    """A signed-in administrator of a service with mail and a webhook; no messages are delivered."""

    def __init__(self, database_url: str) -> None:
        """Take the URL of the service's database."""
        self._database_url = database_url
        self.id = ""
        self._access = ""

    async def sign_in(self, url: str) -> None:
        """Create the account, and the webhook whose messages are compared. The session outlives the kills."""
        name = f"admin-{uuid4().hex[:16]}"
        async with api_at(url) as api:
            registered = await api.post_register(name, address_of(name), PASSWORD)
            self.id = registered.json()["id"]
            self._access = (await answer_to(api.post_token(name, PASSWORD))).access
            async with await psycopg.AsyncConnection.connect(self._database_url, autocommit=True) as connection:
                await connection.execute("UPDATE users SET roles = '{admin}' WHERE id = %s", (self.id,))
            body = {"url": "http://127.0.0.1:9/hook", "types": list(EVENTS)}
            made = await api.authorized("POST", f"{ADMIN}/webhooks", self._access, json=body)
            if made.status_code not in SUCCESS:
                raise RuntimeError(f"answered {made.status_code}: {made.text}")

    async def work(self, url: str, ledger: Ledger, maximum_people: int) -> None:
        """Change one user after the other, several concurrently, until the service is dead."""
        async with api_at(url) as api:
            await asyncio.gather(*(self._act_on_many(api, ledger, maximum_people) for _ in range(CLIENTS)))

    async def _act_on_many(self, api: ApiClient, ledger: Ledger, maximum_people: int) -> None:
        for number in range(maximum_people):
            if not await self._act_on_one(api, ledger, is_left=number % 2 == 0):
                return

    async def _act_on_one(self, api: ApiClient, ledger: Ledger, *, is_left: bool) -> bool:
        """Take all steps on a user; return whether each was answered."""
        name, user_id = f"kept-{secrets.token_hex(8)}", ""
        for step, each in STEPS.items():
            ledger.write({"person": name, "step": step})
            options = {} if each.body is None else {"json": each.body(name)}
            call = api.authorized(each.method, ADMIN + each.path.format(user_id), self._access, **options)
            answer = await answer_to(call)
            if not answer.is_conclusive:
                return False
            if answer.status not in SUCCESS:
                raise RuntimeError(f"{step} was answered {answer.status}: {answer.body}")
            user_id = str(answer.body["id"]) if step == "create" else user_id
            ledger.write({"person": name, "told": step, "user_id": user_id or None})
            if step == "create" and not await self._log_in(api, ledger, name):
                return False
            if is_left and step == LAST_OF_HALF:
                return True
        return True

    @staticmethod
    async def _log_in(api: ApiClient, ledger: Ledger, name: str) -> bool:
        answer = await answer_to(api.post_token(name, PASSWORD))
        if answer.is_conclusive:
            ledger.write({"person": name, "access": answer.access})
        return answer.is_conclusive

    async def check(self, url: str, people: list[Administered]) -> list[str]:
        """Return the faults of the stored state, and of the responses to the users' tokens and passwords."""
        wrong: list[str] = []
        async with (
            api_at(url) as api,
            await psycopg.AsyncConnection.connect(self._database_url, autocommit=True) as connection,
        ):
            for person in people:
                stored, messages = await self._stored(connection, person)
                found = list(judge(person, stored, messages))
                found = found or [line async for line in _tried(api, person, stored)]
                wrong += [f"{person.name}: {line}" for line in found]
            wrong += await _judge_mails(connection, people)
        return wrong

    async def _stored(
        self, connection: psycopg.AsyncConnection[Any], person: Administered
    ) -> tuple[Facts, tuple[str, ...]]:
        """Return the facts, and the types of the messages to the webhook."""
        cursor = await connection.execute("SELECT id FROM users WHERE username = %s", (person.name,))
        row = await cursor.fetchone()
        user_id = person.user_id or (row and row[0])
        cursor = await connection.execute(
            """
            SELECT
                EXISTS (SELECT FROM invitations WHERE email_key = %(invited)s),
                ARRAY(SELECT type FROM audit_events WHERE user_id = %(id)s AND actor = %(actor)s ORDER BY id),
                ARRAY(SELECT kind FROM outbox WHERE stream = %(id)s AND channel = 'webhook' ORDER BY id)
            """,
            {"id": user_id, "actor": self.id, "invited": f"{person.name}@example.net"},
        )
        is_invited, events, messages = await cursor.fetchone() or (False, [], [])
        facts = Facts(is_invited=is_invited, events=tuple(events))
        cursor = await connection.execute(
            "SELECT roles, is_active, session_epoch, must_change_password, email <> %s, deletion_due_at IS NOT NULL"
            " FROM users WHERE id = %s",
            (address_of(person.name), user_id),
        )
        if (user := await cursor.fetchone()) is not None:
            roles, is_active, epoch, must_change_password, has_new_address, is_leaving = user
            facts = Facts(
                is_invited,
                tuple(roles),
                is_active,
                epoch,
                must_change_password,
                has_new_address,
                is_leaving,
                facts.events,
            )
        return facts, tuple(messages)


async def _judge_mails(connection: psycopg.AsyncConnection[Any], people: list[Administered]) -> list[str]:
    """Compare the pending mails with the changes that cause them: the outbox was empty before."""
    cursor = await connection.execute("SELECT kind, count(*) FROM outbox WHERE channel = 'mail' GROUP BY kind")
    waiting = dict(await cursor.fetchall())
    cursor = await connection.execute(
        "SELECT count(*) FROM invitations WHERE email_key = ANY(%s)", ([f"{each.name}@example.net" for each in people],)
    )
    (invited,) = await cursor.fetchone() or (0,)
    cursor = await connection.execute(
        "SELECT count(*) FROM outbox WHERE channel = 'webhook' AND kind = 'user.password_reset_forced'"
    )
    (reset,) = await cursor.fetchone() or (0,)
    due = {"invitation": invited, "password_reset": reset}
    return [
        f"{waiting.get(kind, 0)} mails of the kind {kind} wait, {number} are due"
        for kind, number in due.items()
        if waiting.get(kind, 0) != number
    ]


async def _tried(api: ApiClient, person: Administered, stored: Facts) -> AsyncIterator[str]:
    is_active = stored.is_active and stored.roles is not None
    if person.access is not None:
        status, due = (
            (await answer_to(api.get_me(person.access))).status,
            200 if is_active and not stored.epoch else REFUSED,
        )
        if status != due:
            yield f"the token of the user is answered {status} where {due} is due"
    login = await answer_to(api.post_token(person.name, PASSWORD))
    # A login with the right password reveals a forced reset, and a pending deletion.
    due = 200 if is_active and not stored.must_change_password else REFUSED
    due = FORBIDDEN if stored.is_leaving or (is_active and stored.must_change_password) else due
    if login.status != due:
        yield f"the user's login is answered {login.status} where {due} is due"


class AdministratorRounds:
    """One service, its database and its administrator, for any number of kills."""

    def __init__(self, service: KillableService, database_url: str) -> None:
        """Take the service, started with ``ADMINISTRATION``, and the URL of its database."""
        self._service = service
        self._database_url = database_url
        self._administrator = Administrator(database_url)
        asyncio.run(self._administrator.sign_in(service.url))

    def kill(self, commit: AdministratorCommit, moment: Moment, outcome: Outcome) -> None:
        """Use the service until it is killed there; restart it; check the state."""
        self._service.arm(commit, moment, random.randint(1, MAXIMUM_PASSES))
        people = self.use()
        wait_for_kill(self._service)
        self._service.start()
        outcome.kills += 1
        outcome.people += len(people)
        outcome.unknown += sum(person.pending is not None for person in people)
        outcome.wrong += self.check(people)

    def use(self, maximum_people: int = MAXIMUM_PEOPLE) -> list[Administered]:
        """Change at most this many users for each client; return the users of the ledger."""
        with psycopg.connect(self._database_url, autocommit=True) as connection:
            connection.execute("DELETE FROM outbox")
        path = self._service.folder / secrets.token_hex(8)
        written = Ledger(path)
        with contextlib.closing(written):
            asyncio.run(self._administrator.work(self._service.url, written, maximum_people))
        return read(path)

    def check(self, people: list[Administered]) -> list[str]:
        """Return the faults in the state of the ledger's users."""
        return asyncio.run(self._administrator.check(self._service.url, people))
