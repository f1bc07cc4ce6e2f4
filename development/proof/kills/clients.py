"""Clients that use the service during kills: each makes one call at a time, and records it before and after."""

import asyncio
import random
from datetime import UTC, datetime
from typing import Final, Literal
from uuid import UUID, uuid4

import bcrypt
import psycopg

from development.client import ApiClient
from development.proof.api import Answer, answer_to, api_at
from development.proof.email_changes import add_email_change
from development.proof.kills.ledger import Call, Ledger
from doorward.domain.auth.tokens.one_time_token import Purpose
from doorward.domain.auth.tokens.one_time_tokens import OneTimeTokens

PASSWORD: Final = "correct horse battery"  # noqa: S105 - of accounts that exist for one kill
CLIENTS: Final = 4
MAXIMUM_PEOPLE: Final = 50
"""The maximum number of users for one client; the service is expected to be dead long before."""

NEW_PASSWORD: Final = "three red kites circling"  # noqa: S105 - as above
RESET_PASSWORD: Final = "one more set of words"  # noqa: S105 - as above
EXPECTED: Final[dict[Call, int]] = {
    "register": 201,
    "login": 200,
    "refresh": 200,
    "reuse": 401,
    "revoke": 204,
    "password": 200,
    "verify": 204,
    "reset": 204,
    "mailbox": 200,
    "email": 200,
}


class _UnknownError(Exception):
    """No response, or one that leaves the outcome unknown."""


def email_of(name: str) -> str:
    """Return the address with which a user of this name registers."""
    return f"{name}@example.com"


def new_email_of(name: str) -> str:
    """Return the address to which a user of this name changes."""
    return f"{name}@example.org"


async def use(
    url: str, ledger: Ledger, database_url: str, tokens: OneTimeTokens, maximum_people: int = MAXIMUM_PEOPLE
) -> None:
    """Run several clients until the service is dead or each has been used for ``maximum_people`` users.

    ``tokens`` issues the tokens of mails, with the service's key.
    """
    old_hash = await asyncio.to_thread(bcrypt.hashpw, PASSWORD.encode(), bcrypt.gensalt(4))
    async with api_at(url) as api, await psycopg.AsyncConnection.connect(database_url, autocommit=True) as operator:
        clients = [_Client(api, ledger, operator, old_hash.decode(), tokens) for _ in range(CLIENTS)]
        await asyncio.gather(*(client.live(maximum_people) for client in clients))


class _Client:
    def __init__(
        self,
        api: ApiClient,
        ledger: Ledger,
        operator: psycopg.AsyncConnection[tuple[object, ...]],
        old_hash: str,
        tokens: OneTimeTokens,
    ) -> None:
        self._api = api
        self._ledger = ledger
        self._operator = operator
        self._old_hash = old_hash
        self._tokens = tokens

    async def live(self, maximum_people: int) -> None:
        """Act as one user after the other, until a response is missing."""
        try:
            for _ in range(maximum_people):
                await self._act_as_one_user()
        except _UnknownError:
            return

    async def _act_as_one_user(self) -> None:
        name = f"ledger-{uuid4().hex[:16]}"
        number = self._ledger.record_call(name, "register")
        answer = await answer_to(self._api.post_register(name, email_of(name), PASSWORD))
        user_id = UUID(self._note(number, "register", answer).body["id"])
        # Store a legacy hash: the login then has two changes to store, and must store both or none.
        await self._operator.execute("UPDATE users SET password_hash = %s WHERE username = %s", (self._old_hash, name))
        for session in range(2):
            await self._have_session(name, session)
        await self._use_link(name, user_id, "verify")
        await self._change_password(name)
        await self._use_link(name, user_id, "reset")
        await self._change_email(name, user_id, await self._log_in(name, RESET_PASSWORD))

    async def _have_session(self, name: str, session: int) -> None:
        pair = await self._log_in(name, PASSWORD)
        replaced = None
        for _ in range(random.randrange(3)):
            number = self._ledger.record_call(name, "refresh", session)
            replaced, pair = pair, self._note(number, "refresh", await answer_to(self._api.post_refresh(pair.refresh)))
        if replaced is not None and random.random() < 0.5:  # noqa: PLR2004 - one of two
            number = self._ledger.record_call(name, "reuse", session)
            self._note(number, "reuse", await answer_to(self._api.post_refresh(replaced.refresh)))
        elif random.random() < 0.5:  # noqa: PLR2004 - one of two
            number = self._ledger.record_call(name, "revoke", session)
            self._note(number, "revoke", await answer_to(self._api.post_revoke(pair.refresh)))

    async def _change_password(self, name: str) -> None:
        pair = await self._log_in(name, PASSWORD)
        number = self._ledger.record_call(name, "password")
        answer = await answer_to(self._api.post_password(pair.access, PASSWORD, NEW_PASSWORD))
        self._note(number, "password", answer)

    async def _change_email(self, name: str, user_id: UUID, pair: Answer) -> None:
        """Confirm a change in the old mailbox, then in the new one, with the tokens that mails would contain."""
        mailed = await add_email_change(
            self._operator,
            self._tokens,
            user_id=user_id,
            old_email=email_of(name),
            new_email=new_email_of(name),
            now=datetime.now(UTC),
        )
        calls: tuple[tuple[Call, str], ...] = (("mailbox", mailed.of_old), ("email", mailed.of_new))
        for call, token in calls:
            number = self._ledger.record_call(name, call)
            self._note(number, call, await answer_to(self._api.post_email_confirmation(pair.access, token)))

    async def _log_in(self, name: str, password: str) -> Answer:
        number = self._ledger.record_call(name, "login")
        return self._note(number, "login", await answer_to(self._api.post_token(name, password)))

    async def _use_link(self, name: str, user_id: UUID, call: Literal["verify", "reset"]) -> None:
        """Use the token of a mail, stored like the worker stores it when it sends one."""
        purpose = Purpose.VERIFY_EMAIL if call == "verify" else Purpose.PASSWORD_RESET
        issued = await self._tokens.issue(
            self._operator,
            purpose,
            user_id=user_id,
            email_key=email_of(name),
            message_id=uuid4(),
            now=datetime.now(UTC),
        )
        number = self._ledger.record_call(name, call)
        made = (
            self._api.post_verify(issued.text, PASSWORD)
            if call == "verify"
            else self._api.post_reset(issued.text, RESET_PASSWORD)
        )
        self._note(number, call, await answer_to(made))

    def _note(self, number: int, call: Call, answer: Answer) -> Answer:
        has_pair = "refresh_token" in answer.body
        self._ledger.record_response(
            number, answer.status, answer.refresh if has_pair else None, answer.access if has_pair else None
        )
        if not answer.is_conclusive:
            raise _UnknownError
        if answer.status != EXPECTED[call]:
            raise RuntimeError(f"{call} was answered {answer.status}: {answer.body}")
        return answer
