"""Kills webhook deliveries after a claim, after the call, or when the message is removed.

Every committed event reaches the receiver, in the order of its user. A repeated message has the same id and body, and
precedes all later messages of its user.
"""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final
from uuid import uuid4

import psycopg

from development.client import ApiClient
from development.proof.api import answer_to, api_at
from development.proof.kills.commits import DeliveryCommit, Moment
from development.proof.kills.receiver import Received, Receiver, receiving
from development.proof.kills.rounds import Outcome, wait_for_kill
from development.proof.kills.service import KillableService

WEBHOOKS: Final = "/api/v1/admin/webhooks"
PASSWORD: Final = "correct horse battery"  # noqa: S105 - of accounts that exist for one kill
USERS: Final = 4
EVENTS_OF_EACH: Final = 5
MAXIMUM_PASSES: Final = 4
EVENT: Final = "user.activated"
PATIENCE_SECONDS: Final = 120
DELIVERING: Final = {"WEBHOOKS_ENABLED": "true", "WEBHOOK_NETWORKS": "127.0.0.0/8"}
"""Settings of a service that sends webhooks itself."""

SENT: Final = "SELECT event_message_id(id, type, occurred_at)::text, id, user_id::text FROM audit_events"
Events = list[tuple[str, int, str]]
"""Message id, number and user of each event."""


class DeliveryRounds:
    """One service that sends webhooks, and its administrator, for any number of kills."""

    def __init__(self, service: KillableService, database_url: str) -> None:
        """Take the service, started with ``DELIVERING``, and the URL of its database."""
        self._service = service
        self._database_url = database_url
        self._access, self._users = asyncio.run(self._sign_in())

    async def _sign_in(self) -> tuple[str, list[str]]:
        """Create the administrator, and the users that the events concern."""
        # Do not send messages that other rounds on this database left.
        await self._sql("DELETE FROM webhook_endpoints")
        await self._sql("DELETE FROM outbox")
        names = [f"told-{uuid4().hex[:16]}" for _ in range(1 + USERS)]
        async with api_at(self._service.url) as api:
            made = [await answer_to(api.post_register(name, f"{name}@example.com", PASSWORD)) for name in names]
            access = (await answer_to(api.post_token(names[0], PASSWORD))).access
        await self._sql("UPDATE users SET roles = '{admin}' WHERE username = %s", names[0])
        return access, [str(answer.body["id"]) for answer in made[1:]]

    def kill(self, commit: DeliveryCommit, moment: Moment, outcome: Outcome) -> None:
        """Let the service send events until it is killed; restart it; wait until all are sent, and check them."""
        receiver = Receiver()
        events = asyncio.run(self._cause_until_killed(receiver, (commit, moment, random.randint(1, MAXIMUM_PASSES))))
        outcome.kills += 1
        outcome.people += USERS
        # Messages that were sent but not removed are sent again.
        outcome.unknown += len(receiver.got) - len({each.id for each in receiver.got})
        outcome.wrong += judge(receiver.got, events)

    async def _cause_until_killed(self, receiver: Receiver, point: tuple[DeliveryCommit, Moment, int]) -> Events:
        async with receiving(receiver) as port:
            async with api_at(self._service.url) as api:
                webhook = await self._add_webhook(api, port)
                ((last,),) = await self._sql("SELECT max(id) FROM audit_events")
                self._service.arm(*point)
                await self._cause(api)
            await asyncio.to_thread(wait_for_kill, self._service)
            # Let the lease of the dead process's claims expire.
            await self._sql("UPDATE outbox SET due_at = clock_timestamp() WHERE endpoint = %s", webhook)
            await asyncio.to_thread(self._service.start)
            await self._wait_until_sent(webhook)
            events = await self._sql(f"{SENT} WHERE type = %s AND id > %s ORDER BY id", EVENT, last)
            async with api_at(self._service.url) as api:
                await api.authorized("DELETE", f"{WEBHOOKS}/{webhook}", self._access)
        return [(row[0], row[1], row[2]) for row in events]

    async def _add_webhook(self, api: ApiClient, port: int) -> str:
        body = {"url": f"http://127.0.0.1:{port}/", "types": [EVENT]}
        made = await api.authorized("POST", WEBHOOKS, self._access, json=body)
        return str(made.json()["id"])

    async def _cause(self, api: ApiClient) -> None:
        """Cause events of each user, concurrently for different users, until the service is dead."""

        async def cause(user_id: str) -> None:
            for _ in range(EVENTS_OF_EACH):
                path = f"/api/v1/admin/users/{user_id}/activate"
                if not (await answer_to(api.authorized("POST", path, self._access))).is_conclusive:
                    return

        await asyncio.gather(*(cause(user_id) for user_id in self._users))

    async def _wait_until_sent(self, webhook: str) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while await self._sql("SELECT id FROM outbox WHERE endpoint = %s LIMIT 1", webhook):
            if time.monotonic() > deadline:
                raise TimeoutError("messages wait on")
            await asyncio.sleep(0.05)

    async def _sql(self, statement: str, *parameters: object) -> list[tuple[Any, ...]]:
        async with await psycopg.AsyncConnection.connect(self._database_url, autocommit=True) as connection:
            cursor = await connection.execute(statement.encode(), parameters)
            return await cursor.fetchall() if cursor.description else []


def judge(got: list[Received], events: Events) -> Iterator[str]:
    """Compare the received messages with the committed events."""
    ids = {each.id for each in got}
    if lost := [number for message, number, _ in events if message not in ids]:
        yield f"events that were never received: {lost}"
    if strange := ids - {message for message, _, _ in events}:
        yield f"messages of no event: {strange}"
    bodies = Counter(each.id for each in {(each.id, each.body): each for each in got}.values())
    if differing := [message for message, number in bodies.items() if number > 1]:
        yield f"messages that came again with another body: {differing}"
    for user_id in {each.user_id for each in got}:
        numbers = [each.sequence for each in got if each.user_id == user_id]
        if numbers != sorted(numbers):
            yield f"a user's events were received in the order {numbers}"
