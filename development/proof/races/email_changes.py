"""Races of a change of the e-mail address: one change is made, and no earlier session or link works afterwards."""

import asyncio
import random
from collections import Counter
from collections.abc import Coroutine
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID, uuid4

import psycopg

from development.client import ApiClient
from development.proof.api import Answer, answer_to
from development.proof.email_changes import MailedTokens, add_email_change
from development.proof.races.contests import (
    OK,
    PASSWORD,
    REFUSED,
    after_random_delay,
    answered,
    apis_at,
    gather_limited,
    new_person,
    new_session,
    until_conclusive,
)
from doorward.domain.auth.tokens.one_time_token import Purpose
from doorward.domain.auth.tokens.one_time_tokens import OneTimeTokens

ACCEPTED = 202
NO_CONTENT = 204
USED = 422
LOGINS = 10
"""The number of concurrent logins, far below the throttle's limit even if all of them fail."""

NEW_PASSWORD = f"{PASSWORD} of another day"


@dataclass(frozen=True, slots=True)
class Change:
    """A pending change of an address, and the tokens of its mails."""

    name: str
    old_email: str
    new_email: str
    mailed: MailedTokens


@dataclass(frozen=True, slots=True)
class Mailboxes:
    """Issues the tokens of mails, like the service with this database and these keys."""

    database_url: str
    tokens: OneTimeTokens

    async def change(self, name: str, *, is_verified: bool = False) -> Change:
        """Store a change; with ``is_verified`` both mailboxes have to confirm it, else only the new one."""
        new_email = f"{name}@example.org"
        async with await psycopg.AsyncConnection.connect(self.database_url, autocommit=True) as connection:
            user_id, old_email = await self._verified(connection, name, is_verified=is_verified)
            mailed = await add_email_change(
                connection,
                self.tokens,
                user_id=user_id,
                old_email=old_email,
                new_email=new_email,
                now=datetime.now(UTC),
            )
        return Change(name, old_email, new_email, mailed)

    async def reset(self, name: str) -> str:
        """Return the token of a password reset mail."""
        async with await psycopg.AsyncConnection.connect(self.database_url, autocommit=True) as connection:
            user_id, email = await self._verified(connection, name, is_verified=False)
            purpose, now = Purpose.PASSWORD_RESET, datetime.now(UTC)
            return (
                await self.tokens.issue(
                    connection, purpose, user_id=user_id, email_key=email, message_id=uuid4(), now=now
                )
            ).text

    @staticmethod
    async def _verified(
        connection: psycopg.AsyncConnection[tuple[object, ...]], name: str, *, is_verified: bool
    ) -> tuple[UUID, str]:
        cursor = await connection.execute(
            "UPDATE users SET email_verified_at = CASE WHEN %s THEN now() ELSE email_verified_at END"
            " WHERE username = %s RETURNING id, email_key",
            (is_verified, name),
        )
        row: tuple[UUID, str] | None = await cursor.fetchone()  # type: ignore[assignment] # what the statement returns
        if row is None:
            raise RuntimeError(f"there is no {name}")
        return row


@dataclass(frozen=True, slots=True)
class Rival:
    """A call concurrent with the confirmation, of which one is carried out; and the result if it is the rival."""

    answer: Answer
    success: int
    password: str
    sessions: int
    """The expected status of the earlier sessions in that case."""


@dataclass(frozen=True, slots=True)
class Race:
    """The result of a race: the token pairs of sessions from before the change, and the confirmations' responses."""

    change: Change
    before: list[Answer]
    answers: list[Answer]
    waits: int = 0
    """The number of confirmations whose response says that the other mailbox has to confirm, too."""
    rival: Rival | None = None

    @property
    def made(self) -> list[Answer]:
        """The responses that report a completed change, each with a token pair."""
        return [answer for answer in self.answers if answer.status == OK and "refresh_token" in answer.body]


async def use_one_link(urls: list[str], uses: int, mailboxes: Mailboxes) -> Race:
    """Use one link in concurrent calls, in two sessions."""
    async with apis_at(urls) as apis:
        name, before = await _signed_in(apis)
        change = await mailboxes.change(name)
        calls = _confirmations(apis, before, [change.mailed.of_new] * uses)
        return Race(change, before, await gather_limited(calls))


async def use_both_links(urls: list[str], uses: int, mailboxes: Mailboxes) -> Race:
    """Use the links of both mailboxes in concurrent calls, in two sessions."""
    async with apis_at(urls) as apis:
        name, before = await _signed_in(apis)
        change = await mailboxes.change(name, is_verified=True)
        tokens = [change.mailed.of_old, change.mailed.of_new] * (uses // 2)
        random.shuffle(tokens)
        return Race(change, before, await gather_limited(_confirmations(apis, before, tokens)), waits=1)


async def meet_logins(urls: list[str], mailboxes: Mailboxes) -> Race:
    """Log in with the old address during the confirmation: a session of such a login began before the change."""
    async with apis_at(urls) as apis:
        name, before = await _signed_in(apis)
        change = await mailboxes.change(name)
        logins = [
            answer_to(apis[number % len(apis)].post_token(change.old_email, PASSWORD)) for number in range(LOGINS)
        ]
        confirmation = after_random_delay(apis[0].post_email_confirmation(before[0].access, change.mailed.of_new))
        answer, *begun = await asyncio.gather(confirmation, *logins)
        return Race(change, [*before, *(each for each in begun if each.status == OK)], [answer])


async def meet_a_reset(urls: list[str], mailboxes: Mailboxes) -> Race:
    """Confirm a change while the password is reset through the old mailbox."""
    async with apis_at(urls) as apis:
        name, before = await _signed_in(apis)
        change, token = await mailboxes.change(name), await mailboxes.reset(name)
        answer, rival = await asyncio.gather(
            after_random_delay(apis[0].post_email_confirmation(before[0].access, change.mailed.of_new)),
            after_random_delay(apis[1].post_reset(token, NEW_PASSWORD)),
        )
        return Race(change, before, [answer], rival=Rival(rival, NO_CONTENT, NEW_PASSWORD, REFUSED))


async def meet_another_change(urls: list[str], mailboxes: Mailboxes) -> Race:
    """Confirm a change while another session requests another one, which replaces it."""
    async with apis_at(urls) as apis:
        name, before = await _signed_in(apis)
        change = await mailboxes.change(name)
        answer, rival = await asyncio.gather(
            after_random_delay(apis[0].post_email_confirmation(before[0].access, change.mailed.of_new)),
            after_random_delay(apis[1].post_email_change(before[1].access, f"{name}@example.net")),
        )
        return Race(change, before, [answer], rival=Rival(rival, ACCEPTED, PASSWORD, OK))


async def judge(urls: list[str], race: Race) -> list[str]:
    """Return the faults: in the responses, and in what works afterwards at each copy."""
    counts = Counter(answer.status for answer in race.answers if answer.is_conclusive)
    is_certain = counts.total() == len(race.answers)
    waiting = counts[OK] - len(race.made)
    wrong = [f"a confirmation is answered {status}" for status in sorted(counts.keys() - {OK, REFUSED, USED})]
    has_rival_won = race.rival is not None and race.rival.answer.status == race.rival.success
    if len(race.made) + has_rival_won > 1 or waiting > race.waits:
        wrong.append(f"of one change {len(race.made)} were made, {waiting} wait; another was made: {has_rival_won}")
    if race.rival is not None:
        is_certain = is_certain and race.rival.answer.is_conclusive
    if is_certain and (len(race.made) + has_rival_won, waiting) != (1, race.waits):
        wrong.append(f"{len(race.made)} changes were made, {waiting} wait; another was made: {has_rival_won}")
    async with apis_at(urls) as apis:
        if race.made:
            wrong += await _judge_made(apis, race)
        elif race.rival is not None and has_rival_won:
            wrong += await _judge_rival(apis, race, race.rival)
    return wrong


async def _judge_made(apis: list[ApiClient], race: Race) -> list[str]:
    change = race.change
    wrong = [f"the new session is {status}" for status in await answered(apis, race.made[0]) if status != OK]
    for pair in race.before:
        wrong += [f"an old session is {status}" for status in await answered(apis, pair) if status != REFUSED]
    logins = {(change.new_email, PASSWORD): OK, (change.old_email, PASSWORD): REFUSED}
    if race.rival is not None and race.rival.password != PASSWORD:
        logins[change.new_email, race.rival.password] = REFUSED
    return wrong + await _judge_logins(apis, logins)


async def _judge_rival(apis: list[ApiClient], race: Race, rival: Rival) -> list[str]:
    change, wrong = race.change, []
    for pair in race.before:
        wrong += [f"a session is {status}" for status in await answered(apis, pair) if status != rival.sessions]
    logins = {(change.old_email, rival.password): OK, (change.new_email, rival.password): REFUSED}
    return wrong + await _judge_logins(apis, logins)


async def _judge_logins(apis: list[ApiClient], logins: dict[tuple[str, str], int]) -> list[str]:
    wrong = []
    for (email, password), due in logins.items():
        answer = await until_conclusive(lambda: apis[0].post_token(email, password))  # noqa: B023 - called at once
        if answer.status != due:
            wrong.append(f"a login is answered {answer.status} where {due} is due")
    return wrong


async def change_the_email(mailboxes: Mailboxes, api: ApiClient, name: str, _token: str) -> None:
    """Confirm a change in another session of the user. Raises ``RuntimeError`` unless it was made."""
    session, change = await new_session(api, name), await mailboxes.change(name)
    answer = await answer_to(api.post_email_confirmation(session.access, change.mailed.of_new))
    if "refresh_token" not in answer.body:
        raise RuntimeError(f"answered {answer.status}: {answer.body}")


def _confirmations(
    apis: list[ApiClient], sessions: list[Answer], tokens: list[str]
) -> list[Coroutine[object, object, Answer]]:
    return [
        answer_to(apis[number % len(apis)].post_email_confirmation(sessions[number % len(sessions)].access, token))
        for number, token in enumerate(tokens)
    ]


async def _signed_in(apis: list[ApiClient]) -> tuple[str, list[Answer]]:
    """Register a user, and log in at each copy."""
    name = await new_person(apis[0])
    return name, [await new_session(api, name) for api in apis]
