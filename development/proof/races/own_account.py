"""Races in the user's own account: concurrent changes of one password, and ends of sessions from another session."""

from collections import Counter
from contextlib import AsyncExitStack

import httpx

from development.client import ApiClient
from development.proof.api import Answer, answer_to, api_at
from development.proof.races.contests import (
    OK,
    PASSWORD,
    REFUSED,
    THROTTLED,
    answered,
    gather_limited,
    new_person,
    new_session,
    until_conclusive,
)

ACCEPTED = 202
NO_CONTENT = 204
FORBIDDEN = 403
UNPROCESSABLE = 422


async def one_password(urls: list[str], changes: int) -> list[str]:
    """Change one password in concurrent calls from two sessions: one succeeds, and only its token pair works.

    Calls beyond the throttle's free attempts are refused although the password is right.
    """
    async with AsyncExitStack() as stack:
        apis = [await stack.enter_async_context(api_at(url)) for url in urls]
        name = await new_person(apis[0])
        pairs = [await new_session(api, name) for api in apis]
        passwords = [f"{PASSWORD} {number}" for number in range(changes)]
        calls = [
            apis[number % len(apis)].post_password(pairs[number % len(pairs)].access, PASSWORD, passwords[number])
            for number in range(changes)
        ]
        answers = await gather_limited([answer_to(call) for call in calls])
        made = [number for number, answer in enumerate(answers) if answer.status == OK]
        wrong = [f"statuses {dict(Counter(answer.status for answer in answers))}"] if len(made) > 1 else []
        strange = {answer.status for answer in answers if answer.is_conclusive} - {OK, REFUSED, THROTTLED}
        wrong += [f"a change is answered {status}" for status in sorted(strange)]
        if all(answer.is_conclusive for answer in answers) and len(made) != 1:
            wrong.append(f"{len(made)} changes were made")
        for number in made[:1]:
            wrong += await _judge(apis, name, pairs, answers[number], passwords[number])
        return wrong


async def _judge(apis: list[ApiClient], name: str, before: list[Answer], made: Answer, password: str) -> list[str]:
    wrong = [f"the new session is {status}" for status in await answered(apis, made) if status != OK]
    for pair in before:
        wrong += [f"an old session is {status}" for status in await answered(apis, pair) if status != REFUSED]
    for tried, due in ((password, OK), (PASSWORD, REFUSED)):
        answer = await until_conclusive(lambda each=tried: apis[0].post_token(name, each))  # type: ignore[misc] # bound now
        if answer.status != due:
            wrong.append(f"a password is answered {answer.status} where {due} is due")
    return wrong


async def set_another_password(api: ApiClient, name: str, _token: str) -> None:
    """Change the password in another session. Raises ``RuntimeError`` unless it was changed."""
    session = await new_session(api, name)
    _expect(OK, await api.post_password(session.access, PASSWORD, f"{PASSWORD} of another day"))


async def end_others(api: ApiClient, name: str, _token: str) -> None:
    """End all other sessions from a new one. Raises ``RuntimeError`` unless they were ended."""
    session = await new_session(api, name)
    _expect(NO_CONTENT, await api.post_sessions_end(session.access, "others"))


async def end_all(api: ApiClient, name: str, _token: str) -> None:
    """End all sessions from a new one. Raises ``RuntimeError`` unless they were ended."""
    session = await new_session(api, name)
    _expect(NO_CONTENT, await api.post_sessions_end(session.access, "all"))


async def leave_and_come_back(api: ApiClient, name: str, _token: str) -> None:
    """Delete the account and restore it: then only the end of all sessions refuses their tokens."""
    session = await new_session(api, name)
    _expect(ACCEPTED, await api.post_deletion(session.access))
    _expect(NO_CONTENT, await api.post_restore(await _restore_token(api, name)))


async def one_restore(urls: list[str], uses: int) -> list[str]:
    """Restore an account with one token in concurrent calls: one succeeds."""
    async with AsyncExitStack() as stack:
        apis = [await stack.enter_async_context(api_at(url)) for url in urls]
        name = await new_person(apis[0])
        _expect(ACCEPTED, await apis[0].post_deletion((await new_session(apis[0], name)).access))
        token = await _restore_token(apis[0], name)
        answers = await gather_limited(
            [answer_to(apis[number % len(apis)].post_restore(token)) for number in range(uses)]
        )
        statuses = Counter(answer.status for answer in answers)
        wrong = [f"statuses {dict(statuses)}"] if statuses.keys() - {NO_CONTENT, UNPROCESSABLE} else []
        wrong += [f"{statuses[NO_CONTENT]} uses of one token"] if statuses[NO_CONTENT] != 1 else []
        for api in apis:
            status = (await api.post_token(name, PASSWORD)).status_code
            wrong += [f"the restored account is answered {status}"] if status != OK else []
        return wrong


async def _restore_token(api: ApiClient, name: str) -> str:
    answer = await api.post_token(name, PASSWORD)
    _expect(FORBIDDEN, answer)
    token: str = answer.json()["restore_token"]
    return token


def _expect(status: int, answer: httpx.Response) -> None:
    if answer.status_code != status:
        raise RuntimeError(f"answered {answer.status_code}: {answer.text}")
