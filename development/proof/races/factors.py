"""Races of second factors: a single-use value begins one session, and sessions that a change ends stay ended."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import httpx
import psycopg

from development.authenticator import Authenticator
from development.client import ApiClient
from development.proof import second_factors
from development.proof.api import Answer, answer_to
from development.proof.races.contests import (
    OK,
    PASSWORD,
    REFUSED,
    after_random_delay,
    answered,
    apis_at,
    gather_limited,
    new_session,
    until_conclusive,
)
from development.proof.races.contests import new_person as new_racer
from development.proof.second_factors import ORIGIN, Application, FactorCall, present_step

CODES: Final = 10
USES: Final = 5
"""The number of concurrent uses of one code, below the limit of the throttle."""

LOGINS: Final = 6
SUCCESS: Final = {200, 201, 204}
REFUSALS: Final = {400, 401, 403, 404, 409, 422, 429}
STORED: Final = """
    SELECT
        (SELECT count(*) FROM sessions WHERE user_id = users.id AND epoch = session_epoch AND ended_at IS NULL),
        (
            SELECT count(*) FROM sessions
            WHERE user_id = users.id AND epoch = session_epoch AND ended_at IS NULL AND acr = 1
        ),
        (SELECT count(*) FROM recovery_codes WHERE user_id = users.id),
        (SELECT count(*) FROM totp_factors WHERE user_id = users.id),
        (SELECT count(*) FROM passkeys WHERE user_id = users.id)
    FROM users
    WHERE username = %s
"""


@dataclass(frozen=True, slots=True)
class Stored:
    """The stored state of a user after a race, in numbers.

    ``by_password`` counts live sessions with the password alone.
    """

    live: int
    by_password: int = 0
    codes: int = CODES
    applications: int = 1
    passkeys: int = 0


@dataclass(slots=True)
class Racer:
    """A user with an authenticator application, in a session with two factors."""

    name: str
    access: str
    application: Application
    next_step: int
    codes: list[str]
    authenticator: Authenticator = field(default_factory=lambda: Authenticator(ORIGIN, counts=False))
    """Without a counter, so that only the challenge makes a signature single-use."""
    passkey_id: str = ""

    def next_code(self) -> str:
        """Return the code after the used one."""
        return self.application.code(self.next_step)


@dataclass(frozen=True, slots=True)
class Race:
    """The result of a race: the responses to equal calls, of which one succeeds, and the expected stored state.

    ``ended`` are sessions that may have begun, and have ended since.
    """

    name: str
    answers: Sequence[Answer]
    stored: Stored
    ended: Sequence[Answer] = ()
    wrong: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class FactorRaces:
    """The races, at the copies of one service and its database."""

    urls: list[str]
    database_url: str

    async def sql(self, statement: str, *parameters: object) -> list[tuple[Any, ...]]:
        """Run a statement with a commit; return its rows, if it has any."""
        async with await psycopg.AsyncConnection.connect(self.database_url, autocommit=True) as connection:
            cursor = await connection.execute(statement.encode(), parameters)
            return await cursor.fetchall() if cursor.description else []

    async def person(self, api: ApiClient) -> tuple[str, Answer]:
        """Register a user with a verified address, and log in with the password."""
        name = await new_racer(api)
        await self.sql("UPDATE users SET email_verified_at = created_at WHERE username = %s", name)
        return name, await new_session(api, name)

    async def racer(self, api: ApiClient, *, has_passkey: bool = False) -> Racer:
        """Register a user with an authenticator application, and optionally a passkey."""
        name, session = await self.person(api)
        begun = (await _done(second_factors.begin_totp(session.access), api)).body
        application, step = Application(begun["secret"]), present_step()
        confirm = second_factors.confirm_totp(session.access, begun["token"], application.code(step))
        confirmed = await _done(confirm, api)
        racer = Racer(name, confirmed.access, application, step + 1, confirmed.body["recovery_codes"])
        if has_passkey:
            options = (await _done(second_factors.creation_options(racer.access), api)).body
            added = await _done(second_factors.add_passkey(racer.access, racer.authenticator.create(options)), api)
            racer.access, racer.passkey_id = added.access, added.body["passkey"]["id"]
        return racer

    async def judge(self, race: Race) -> list[str]:
        """Return the faults: in the responses, in the stored state, and in what works afterwards at each copy."""
        wrong = [*race.wrong]
        statuses = Counter(answer.status for answer in race.answers if answer.is_conclusive)
        done = sum(statuses[status] for status in SUCCESS)
        strange = sorted(statuses.keys() - SUCCESS - REFUSALS)
        wrong += [f"a call is answered {status}" for status in strange]
        is_certain = statuses.total() == len(race.answers)
        if done > 1 or (is_certain and done != 1):
            wrong.append(f"of equal calls {done} succeeded: {dict(statuses)}")
        (row,) = await self.sql(STORED, race.name)
        if is_certain and Stored(*row) != race.stored:
            wrong.append(f"{Stored(*row)} is stored, where {race.stored} is due")
        async with apis_at(self.urls) as apis:
            for pair in race.ended:
                if pair.status == OK:
                    found = await answered(apis, pair)
                    wrong += [f"a session that has ended is answered {each}" for each in found if each != REFUSED]
        return wrong

    async def one_code(self, uses: int = USES) -> Race:
        """Complete several logins concurrently with one code of the application."""
        async with apis_at(self.urls) as apis:
            racer = await self.racer(apis[0])
            tokens = [await mfa_token(apis[0], racer.name) for _ in range(uses)]
            calls = [second_factors.complete(each, racer.next_code()) for each in tokens]
            return Race(racer.name, await at_once(apis, calls), Stored(live=2))

    async def one_recovery_code(self, uses: int = USES) -> Race:
        """Complete several logins concurrently with one recovery code."""
        async with apis_at(self.urls) as apis:
            racer = await self.racer(apis[0])
            tokens = [await mfa_token(apis[0], racer.name) for _ in range(uses)]
            calls = [second_factors.complete_by_recovery_code(each, racer.codes[0]) for each in tokens]
            return Race(racer.name, await at_once(apis, calls), Stored(live=2, codes=CODES - 1))

    async def one_login(self, uses: int = USES) -> Race:
        """Complete one login in concurrent calls, each with another recovery code: one of these is used up."""
        async with apis_at(self.urls) as apis:
            racer = await self.racer(apis[0])
            token = await mfa_token(apis[0], racer.name)
            calls = [second_factors.complete_by_recovery_code(token, each) for each in racer.codes[:uses]]
            return Race(racer.name, await at_once(apis, calls), Stored(live=2, codes=CODES - 1))

    async def two_enrolments(self) -> Race:
        """Confirm an application in two sessions concurrently: one is set up, and only its codes are valid."""
        async with apis_at(self.urls) as apis:
            name, first = await self.person(apis[0])
            sessions, step = [first, await new_session(apis[1], name)], present_step()
            begun = [(await _done(second_factors.begin_totp(each.access), apis[0])).body for each in sessions]
            applications = [Application(each["secret"]) for each in begun]
            calls = [
                second_factors.confirm_totp(session.access, each["token"], application.code(step))
                for session, each, application in zip(sessions, begun, applications, strict=True)
            ]
            answers, wrong = await at_once(apis, calls), []
            for answer, application in zip(answers, applications, strict=True):
                token = await mfa_token(apis[0], name)
                login = await answer_to(second_factors.complete(token, application.code(step + 1)).send(apis[0]))
                if (login.status == OK) != (answer.status == OK):
                    wrong.append(f"confirmed: {answer.status}, and its code is answered {login.status}")
            return Race(name, answers, Stored(live=2), sessions, wrong)

    async def one_passkey(self, uses: int = USES) -> Race:
        """Register one authenticator credential in concurrent calls."""
        async with apis_at(self.urls) as apis:
            racer = await self.racer(apis[0])
            options = (await _done(second_factors.creation_options(racer.access), apis[0])).body
            credential = racer.authenticator.create(options)
            calls = [second_factors.add_passkey(racer.access, credential)] * uses
            return Race(racer.name, await at_once(apis, calls), Stored(live=1, passkeys=1))

    async def one_challenge(self, uses: int = USES) -> Race:
        """Sign in with one signature in concurrent calls."""
        async with apis_at(self.urls) as apis:
            racer = await self.racer(apis[0], has_passkey=True)
            signed = racer.authenticator.get((await _done(second_factors.request_options(), apis[0])).body)
            calls = [second_factors.sign_in(signed)] * uses
            return Race(racer.name, await at_once(apis, calls), Stored(live=2, passkeys=1))

    async def removal_and_login(self) -> Race:
        """Remove the application while a login is completed with its code."""
        async with apis_at(self.urls) as apis:
            racer = await self.racer(apis[0])
            token = await mfa_token(apis[0], racer.name)
            login, removal = await asyncio.gather(
                after_random_delay(second_factors.complete(token, racer.next_code()).send(apis[0])),
                after_random_delay(second_factors.remove_totp(racer.access).send(apis[1])),
            )
            return Race(racer.name, [removal], Stored(live=1, codes=0, applications=0), [login])

    async def reset_and_login(self) -> Race:
        """Reset the factors as an administrator while a login is completed with a code."""
        async with apis_at(self.urls) as apis:
            racer = await self.racer(apis[0])
            administrator, session = await self.person(apis[1])
            await self.sql("UPDATE users SET roles = '{admin}' WHERE username = %s", administrator)
            ((user_id,),) = await self.sql("SELECT id FROM users WHERE username = %s", racer.name)
            reset = FactorCall("POST", f"/api/v1/admin/users/{user_id}/factors/reset", access=session.access)
            token = await mfa_token(apis[0], racer.name)
            login, answer = await asyncio.gather(
                after_random_delay(second_factors.complete(token, racer.next_code()).send(apis[0])),
                after_random_delay(reset.send(apis[1])),
            )
            return Race(racer.name, [answer], Stored(live=0, codes=0, applications=0), [login])

    async def passkey_removal_and_login(self) -> Race:
        """Remove the passkey while a sign-in uses it."""
        async with apis_at(self.urls) as apis:
            racer = await self.racer(apis[0], has_passkey=True)
            signed = racer.authenticator.get((await _done(second_factors.request_options(), apis[0])).body)
            login, removal = await asyncio.gather(
                after_random_delay(second_factors.sign_in(signed).send(apis[0])),
                after_random_delay(second_factors.remove_passkey(racer.access, racer.passkey_id).send(apis[1])),
            )
            return Race(racer.name, [removal], Stored(live=1), [login])

    async def confirmation_and_logins(self) -> Race:
        """Log in with the password while an application is confirmed: no session with the password alone remains."""
        async with apis_at(self.urls) as apis:
            name, session = await self.person(apis[0])
            begun = (await _done(second_factors.begin_totp(session.access), apis[0])).body
            code = Application(begun["secret"]).code(present_step())
            confirm = second_factors.confirm_totp(session.access, begun["token"], code)
            answer, *logins = await asyncio.gather(
                after_random_delay(confirm.send(apis[0])),
                *(after_random_delay(apis[number % len(apis)].post_token(name, PASSWORD)) for number in range(LOGINS)),
            )
            return Race(name, [answer], Stored(live=1), [session, *logins])

    def all(self) -> Mapping[str, Callable[[], Awaitable[Race]]]:
        """Return the races by name."""
        return {
            "one code": self.one_code,
            "one recovery code": self.one_recovery_code,
            "one login that waits": self.one_login,
            "two enrolments": self.two_enrolments,
            "one new passkey": self.one_passkey,
            "one signature of a passkey": self.one_challenge,
            "removal against a code": self.removal_and_login,
            "reset against a code": self.reset_and_login,
            "removal against a passkey": self.passkey_removal_and_login,
            "confirmation against logins": self.confirmation_and_logins,
        }


async def mfa_token(api: ApiClient, name: str) -> str:
    """Start a login that needs a second factor; return its token."""
    return str((await until_conclusive(lambda: api.post_token(name, PASSWORD))).body["mfa_token"])


async def at_once(apis: list[ApiClient], calls: Sequence[FactorCall]) -> list[Answer]:
    """Make the calls concurrently, alternating between the copies."""
    sent: list[Coroutine[Any, Any, httpx.Response]] = [
        call.send(apis[number % len(apis)]) for number, call in enumerate(calls)
    ]
    return await gather_limited([answer_to(each) for each in sent])


async def _done(call: FactorCall, api: ApiClient) -> Answer:
    """Make a call that has to succeed. Raises ``RuntimeError`` if it fails."""
    answer = await answer_to(call.send(api))
    if answer.status not in SUCCESS:
        raise RuntimeError(f"{call.path} was answered {answer.status}: {answer.body}")
    return answer
