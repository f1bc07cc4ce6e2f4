"""Races of mailed links: concurrent uses of one link, and sessions that a reset ends."""

from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from uuid import UUID, uuid4

import psycopg

from development.client import ApiClient
from development.proof.api import answer_to, api_at
from development.proof.races.contests import (
    OK,
    PASSWORD,
    REFUSED,
    answered,
    gather_limited,
    new_person,
    new_session,
    until_conclusive,
)
from doorward.domain.auth.tokens.one_time_token import Purpose
from doorward.domain.auth.tokens.one_time_tokens import OneTimeTokens

NO_CONTENT = 204
USED = 422
Mail = Callable[[str, Purpose], Awaitable[str]]
"""Returns the token of a mail to the user with this name."""


def mailing(database_url: str, tokens: OneTimeTokens) -> Mail:
    """Return a function that stores a token like the worker does when it sends a mail."""

    async def mail(name: str, purpose: Purpose) -> str:
        async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as connection:
            cursor = await connection.execute("SELECT id, email_key FROM users WHERE username = %s", (name,))
            row: tuple[UUID, str] | None = await cursor.fetchone()
            if row is None:
                raise RuntimeError(f"there is no {name}")
            issued = await tokens.issue(
                connection, purpose, user_id=row[0], email_key=row[1], message_id=uuid4(), now=datetime.now(UTC)
            )
            return issued.text

    return mail


async def one_reset(urls: list[str], uses: int, mail: Mail) -> list[str]:
    """Use one link in concurrent calls: it sets one password, which alone works, and no session remains."""
    async with AsyncExitStack() as stack:
        apis = [await stack.enter_async_context(api_at(url)) for url in urls]
        name = await new_person(apis[0])
        pairs = [await new_session(api, name) for api in apis]
        token = await mail(name, Purpose.PASSWORD_RESET)
        passwords = [f"{PASSWORD} {number}" for number in range(uses)]
        calls = [apis[number % len(apis)].post_reset(token, each) for number, each in enumerate(passwords)]
        answers = await gather_limited([answer_to(call) for call in calls])
        counts = Counter(answer.status for answer in answers if answer.is_conclusive)
        is_certain = counts.total() == uses
        wrong = [f"statuses {dict(counts)}"] if counts[NO_CONTENT] > 1 or counts.keys() - {NO_CONTENT, USED} else []
        if is_certain and counts[NO_CONTENT] != 1:
            wrong.append(f"the link was used {counts[NO_CONTENT]} times")
        made = [number for number, answer in enumerate(answers) if answer.status == NO_CONTENT]
        for number in made[:1]:
            for pair in pairs:
                wrong += [f"an old session is {status}" for status in await answered(apis, pair) if status != REFUSED]
            for tried, due in ((passwords[number], OK), (PASSWORD, REFUSED)):
                answer = await until_conclusive(lambda each=tried: apis[0].post_token(name, each))  # type: ignore[misc] # bound now
                if answer.status != due:
                    wrong.append(f"a password is answered {answer.status} where {due} is due")
        return wrong


async def one_verification(urls: list[str], uses: int, mail: Mail) -> list[str]:
    """Use one link with the password in concurrent calls: it verifies once."""
    async with AsyncExitStack() as stack:
        apis = [await stack.enter_async_context(api_at(url)) for url in urls]
        name = await new_person(apis[0])
        token = await mail(name, Purpose.VERIFY_EMAIL)
        calls = [apis[number % len(apis)].post_verify(token, PASSWORD) for number in range(uses)]
        answers = await gather_limited([answer_to(call) for call in calls])
        counts = Counter(answer.status for answer in answers if answer.is_conclusive)
        is_wrong = counts[NO_CONTENT] > 1 or counts.keys() - {NO_CONTENT, USED}
        return [f"statuses {dict(counts)}"] if is_wrong or (counts.total() == uses and not counts[NO_CONTENT]) else []


async def reset(mail: Mail, api: ApiClient, name: str, _token: str) -> None:
    """Reset the password with a mailed token. Raises ``RuntimeError`` unless it was reset."""
    answer = await api.post_reset(await mail(name, Purpose.PASSWORD_RESET), f"{PASSWORD} of another day")
    if answer.status_code != NO_CONTENT:
        raise RuntimeError(f"answered {answer.status_code}: {answer.text}")
