"""Who uses the service while it dies: each does one thing after the other, and writes it down before and after."""

import asyncio
import random
from typing import Final
from uuid import uuid4

import bcrypt
import psycopg

from development.client import ApiClient
from development.proof.api import Answer, answer_to, api_at
from development.proof.kills.ledger import Call, Ledger

PASSWORD: Final = "correct horse battery"  # noqa: S105 - of people who live for one kill
CLIENTS: Final = 4
MOST_PEOPLE: Final = 50
"""Whom one client is at most, one after the other: the service is to be dead long before."""

NEW_PASSWORD: Final = "three red kites circling"  # noqa: S105 - as above
EXPECTED: Final[dict[Call, int]] = {
    "register": 201,
    "login": 200,
    "refresh": 200,
    "reuse": 401,
    "revoke": 204,
    "password": 200,
}


class _UnknownError(Exception):
    """No answer, or one that says nothing of what was done."""


async def use(url: str, ledger: Ledger, database_url: str, most_people: int = MOST_PEOPLE) -> None:
    """Have several clients use the service, each until it is dead or has been that many people."""
    old_hash = await asyncio.to_thread(bcrypt.hashpw, PASSWORD.encode(), bcrypt.gensalt(4))
    async with api_at(url) as api, await psycopg.AsyncConnection.connect(database_url, autocommit=True) as operator:
        clients = [_Client(api, ledger, operator, old_hash.decode()) for _ in range(CLIENTS)]
        await asyncio.gather(*(client.live(most_people) for client in clients))


class _Client:
    def __init__(
        self, api: ApiClient, ledger: Ledger, operator: psycopg.AsyncConnection[tuple[object, ...]], old_hash: str
    ) -> None:
        self._api = api
        self._ledger = ledger
        self._operator = operator
        self._old_hash = old_hash

    async def live(self, most_people: int) -> None:
        """Be one person after the other, until an answer does not come."""
        try:
            for _ in range(most_people):
                await self._be_somebody()
        except _UnknownError:
            return

    async def _be_somebody(self) -> None:
        name = f"ledger-{uuid4().hex[:16]}"
        number = self._ledger.mean(name, "register")
        self._note(number, "register", await answer_to(self._api.post_register(name, f"{name}@example.com", PASSWORD)))
        # Brought from another product: the login has two things to store, and stores both or none.
        await self._operator.execute("UPDATE users SET password_hash = %s WHERE username = %s", (self._old_hash, name))
        for session in range(2):
            await self._have_session(name, session)
        await self._change_password(name)

    async def _have_session(self, name: str, session: int) -> None:
        number = self._ledger.mean(name, "login")
        pair = self._note(number, "login", await answer_to(self._api.post_token(name, PASSWORD)))
        replaced = None
        for _ in range(random.randrange(3)):
            number = self._ledger.mean(name, "refresh", session)
            replaced, pair = pair, self._note(number, "refresh", await answer_to(self._api.post_refresh(pair.refresh)))
        if replaced is not None and random.random() < 0.5:  # noqa: PLR2004 - one of two
            number = self._ledger.mean(name, "reuse", session)
            self._note(number, "reuse", await answer_to(self._api.post_refresh(replaced.refresh)))
        elif random.random() < 0.5:  # noqa: PLR2004 - one of two
            number = self._ledger.mean(name, "revoke", session)
            self._note(number, "revoke", await answer_to(self._api.post_revoke(pair.refresh)))

    async def _change_password(self, name: str) -> None:
        number = self._ledger.mean(name, "login")
        pair = self._note(number, "login", await answer_to(self._api.post_token(name, PASSWORD)))
        number = self._ledger.mean(name, "password")
        answer = await answer_to(self._api.post_password(pair.access, PASSWORD, NEW_PASSWORD))
        self._note(number, "password", answer)

    def _note(self, number: int, call: Call, answer: Answer) -> Answer:
        has_pair = "refresh_token" in answer.body
        self._ledger.tell(
            number, answer.status, answer.refresh if has_pair else None, answer.access if has_pair else None
        )
        if not answer.is_decisive:
            raise _UnknownError
        if answer.status != EXPECTED[call]:
            raise RuntimeError(f"{call} was answered {answer.status}: {answer.body}")
        return answer
