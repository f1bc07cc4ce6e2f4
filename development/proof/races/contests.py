"""The races: each returns its faults, one line each, independent of the winner."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final, TypeVar
from uuid import uuid4

import httpx

from development.client import ApiClient
from development.proof.api import Answer, answer_to, api_at
from doorward.domain.administration.models import OPERATOR
from doorward.domain.auth.login.throttling import LOGIN_CURVE
from doorward.settings.config import Settings
from doorward.wiring.operations import opened_administration

T = TypeVar("T")

PASSWORD: Final = "correct horse battery"  # noqa: S105 - of accounts that exist for one race
AT_ONCE: Final = 64
"""Maximum concurrent calls: the number that two processes accept without refusing any."""

LONGEST_HEAD_START: Final = 0.01
FULL_WIDTH: Final = 0xFEE0
PAUSE_SECONDS: Final = 0.05
OK: Final = 200
CREATED: Final = 201
REFUSED: Final = 401
TAKEN: Final = 409
THROTTLED: Final = 429

End = Callable[[ApiClient, str, str], Awaitable[None]]
"""A call that ends sessions, with a user name and a refresh token."""


async def one_token(urls: list[str], uses: int, *, leeway_seconds: int = 0) -> list[str]:
    """Use one token in concurrent calls: it has one successor, and without a leeway the session ends.

    A race that takes longer than the leeway proves nothing, and does not count as passed.
    """
    async with AsyncExitStack() as stack:
        apis = [await stack.enter_async_context(api_at(url)) for url in urls]
        first = await new_session(apis[0], await new_person(apis[0]))
        calls = [answer_to(apis[number % len(apis)].post_refresh(first.refresh)) for number in range(uses)]
        began = time.monotonic()
        answers = await gather_limited(calls)
        if 0 < leeway_seconds < time.monotonic() - began:
            return ["this machine is too slow: the uses took longer than the leeway"]
        given = {answer.refresh for answer in answers if answer.status == OK}
        counts = Counter(answer.status for answer in answers if answer.is_conclusive)
        is_certain = counts.total() == uses
        expected = {OK: counts.total()} if leeway_seconds else {OK: 1, REFUSED: counts.total() - 1}
        wrong = [] if not is_certain or counts == expected else [f"statuses {dict(counts)}"]
        if len(given) > 1:
            wrong.append(f"{len(given)} successors")
        due = OK if leeway_seconds else REFUSED
        for answer in [answer for answer in answers if answer.status == OK][:1]:
            wrong += [f"the session is {status}" for status in await answered(apis, answer) if status != due]
        return wrong


async def one_name(urls: list[str], claims: int, spellings: int) -> list[str]:
    """Register one name in concurrent calls with different spellings: one succeeds, and owns the name."""
    name = f"claimed{uuid4().hex[:20]}"
    spelt = [_respelled(name) for _ in range(spellings)]
    passwords = [f"{PASSWORD} {number}" for number in range(claims)]
    async with AsyncExitStack() as stack:
        apis = [await stack.enter_async_context(api_at(url)) for url in urls]

        async def claim(number: int) -> Answer:
            api, address = apis[number % len(apis)], f"{uuid4().hex}@example.com"
            return await until_conclusive(
                lambda: api.post_register(spelt[number % spellings], address, passwords[number])
            )

        answers = await gather_limited([claim(number) for number in range(claims)])
        counts = Counter(answer.status for answer in answers)
        wrong = [] if counts == {CREATED: 1, TAKEN: claims - 1} else [f"statuses {dict(counts)}"]
        winner = next((number for number, answer in enumerate(answers) if answer.status == CREATED), 0)
        tried = {winner: OK, (winner + 1) % claims: REFUSED}
        for number, due in tried.items():
            answer = await until_conclusive(lambda each=number: apis[0].post_token(name, passwords[each]))  # type: ignore[misc] # bound now
            if answer.status != due:
                wrong.append(f"the password of claim {number} is answered {answer.status}")
        return wrong


async def ended_meanwhile(urls: list[str], end: End) -> list[str]:
    """Refresh repeatedly while the session ends: no refresh that starts after the end succeeds, no token survives."""
    async with AsyncExitStack() as stack:
        apis = [await stack.enter_async_context(api_at(url)) for url in urls]
        name = await new_person(apis[0])
        first = await new_session(apis[0], name)
        pairs, wrong, has_ended = [first], [], asyncio.Event()

        async def refresh() -> None:
            while True:
                is_late = has_ended.is_set()
                answer = await answer_to(random.choice(apis).post_refresh(pairs[-1].refresh))
                if answer.status == OK:
                    pairs.append(answer)
                    if is_late:
                        wrong.append("a refresh that began after the end was acknowledged succeeded")
                        return
                elif answer.is_conclusive or is_late:
                    return

        async def stop() -> None:
            await asyncio.sleep(random.uniform(0, LONGEST_HEAD_START))
            await end(apis[-1], name, first.refresh)
            has_ended.set()

        await asyncio.gather(refresh(), stop())
        for answer in pairs[-2:]:
            wrong += [f"after the end, {status}" for status in await answered(apis, answer) if status != REFUSED]
        return wrong


async def right_passwords(urls: list[str]) -> list[str]:
    """Log in concurrently, as often as the throttle permits without a delay: all logins succeed."""
    async with AsyncExitStack() as stack:
        apis = [await stack.enter_async_context(api_at(url)) for url in urls]
        name = await new_person(apis[0])
        calls = [apis[number % len(apis)].post_token(name, PASSWORD) for number in range(LOGIN_CURVE.free)]
        answers = await gather_limited([answer_to(call) for call in calls])
        counts = Counter(answer.status for answer in answers if answer.is_conclusive)
        return [f"right passwords: statuses {dict(counts)}"] if set(counts) - {OK} else []


async def wrong_passwords(urls: list[str], guesses: int) -> list[str]:
    """Try wrong passwords of one account in concurrent calls: few guesses are checked, across all processes.

    On a slow machine the first delays end meanwhile, and the corresponding number of guesses is permitted.
    """
    async with AsyncExitStack() as stack:
        apis = [await stack.enter_async_context(api_at(url)) for url in urls]
        name = await new_person(apis[0])
        began = time.monotonic()
        calls = [apis[number % len(apis)].post_token(name, f"{PASSWORD}!") for number in range(guesses)]
        answers = await gather_limited([answer_to(call) for call in calls])
        most = _guesses_within(time.monotonic() - began)
        counts = Counter(answer.status for answer in answers if answer.is_conclusive)
        least = LOGIN_CURVE.free if counts.total() == guesses else 0
        wrong = [f"wrong passwords: statuses {dict(counts)}"] if set(counts) - {REFUSED, THROTTLED} else []
        if not least <= counts[REFUSED] <= most:
            wrong.append(f"{counts[REFUSED]} guesses were looked at, not {least} to {most}")
        return wrong


def _guesses_within(seconds: float) -> int:
    """Return how many wrong guesses the throttle permits in that time."""
    number = LOGIN_CURVE.free
    while (seconds := seconds - LOGIN_CURVE.delay_after(number).total_seconds()) >= 0:
        number += 1
    return number


async def bar_and_let_in_again(settings: Settings, _api: ApiClient, name: str, _token: str) -> None:
    """End a user's sessions like `doorward deactivate`, and activate the user: then only the end refuses the tokens."""
    async with opened_administration(settings) as use_cases:
        user_id = await use_cases.search.get_id(name)
        await use_cases.user_actions.deactivate(OPERATOR, user_id)
        await use_cases.user_actions.activate(OPERATOR, user_id)


async def log_out(api: ApiClient, _name: str, token: str) -> None:
    """End a session by its token, and repeat until that is acknowledged."""
    await until_conclusive(lambda: api.post_revoke(token))


async def answered(apis: list[ApiClient], pair: Answer) -> list[int]:
    """Return each process's statuses for both tokens of a pair; the refresh token is used only once."""
    accesses = [(await until_conclusive(lambda each=api: each.get_me(pair.access))).status for api in apis]  # type: ignore[misc] # bound now
    return [*accesses, (await until_conclusive(lambda: apis[0].post_refresh(pair.refresh))).status]


async def new_person(api: ApiClient) -> str:
    """Register a new user; return the user name."""
    name = f"racer-{uuid4().hex[:16]}"
    await until_conclusive(lambda: api.post_register(name, f"{name}@example.com", PASSWORD))
    return name


async def new_session(api: ApiClient, name: str) -> Answer:
    """Log in."""
    return await until_conclusive(lambda: api.post_token(name, PASSWORD))


async def gather_limited(calls: list[Coroutine[object, object, T]]) -> list[T]:
    """Make the calls, at most ``AT_ONCE`` concurrently."""
    places = asyncio.Semaphore(AT_ONCE)

    async def placed(call: Coroutine[object, object, T]) -> T:
        async with places:
            return await call

    return list(await asyncio.gather(*(placed(call) for call in calls)))


async def until_conclusive(call: Callable[[], Awaitable[httpx.Response]]) -> Answer:
    """Repeat an idempotent call until a response is conclusive. Raises ``TimeoutError`` if none is."""
    deadline = time.monotonic() + 120
    while not (answer := await answer_to(call())).is_conclusive:
        if time.monotonic() > deadline:
            raise TimeoutError
        await asyncio.sleep(PAUSE_SECONDS)
    return answer


async def after_random_delay(call: Coroutine[object, object, httpx.Response]) -> Answer:
    """Make a call after a short random delay, so that either side of a race may be first."""
    await asyncio.sleep(random.uniform(0, LONGEST_HEAD_START))
    return await answer_to(call)


@asynccontextmanager
async def apis_at(urls: list[str]) -> AsyncIterator[list[ApiClient]]:
    """Yield a client of each copy."""
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(api_at(url)) for url in urls]


def _respelled(name: str) -> str:
    """Choose a random case and width for each letter."""
    return "".join(chr(ord(each) + random.choice((0, FULL_WIDTH))) for each in map(_in_any_case, name))


def _in_any_case(character: str) -> str:
    return random.choice((character, character.upper()))
