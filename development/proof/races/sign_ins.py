"""Races at the OpenID provider: a single-use value begins one session, and ended sessions yield no tokens."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from typing import Final
from uuid import uuid4

import httpx
import psycopg

from development.proof.key_proofs import KeyHolder
from development.proof.sign_ins import (
    DEVICE,
    OVERVIEW,
    PASSWORD,
    SCOPE,
    TOKEN,
    Application,
    Browser,
    LostAnswerError,
    PreparedRequest,
    add_application,
    code_of,
    http_at,
    userinfo,
)
from doorward.settings.config import Settings

OK: Final = 200
REFUSED: Final = 401
INVALID: Final = 400
SIGN_IN_FIRST: Final = 303
USES: Final = 50
TABS: Final = 4
"""The number of concurrent tabs. More would queue for the row lock, so that the first ends before the others begin."""

LONGEST_HEAD_START: Final = 0.02
LIVE: Final = """
    SELECT count(*) FROM sessions JOIN users ON users.id = user_id
    WHERE client_id = %s AND username = %s AND ended_at IS NULL AND epoch = session_epoch
"""
CODES: Final = """
    SELECT count(*) FROM oauth_codes JOIN users ON users.id = user_id
    WHERE client_id = %s AND username = %s
"""


@dataclass(frozen=True, slots=True)
class Person:
    """A user who is signed in in a browser, and the application."""

    name: str
    browser: Browser
    application: Application


@dataclass(slots=True)
class SignInRaces:
    """The races, at the copies of one service and its database."""

    urls: Sequence[str]
    settings: Settings
    database_url: str
    application: Application | None = None
    """The application of all users, created once: the limit of clients is lower than the number of rounds."""

    @asynccontextmanager
    async def copies(self) -> AsyncIterator[list[httpx.AsyncClient]]:
        """Yield a client of each copy."""
        async with AsyncExitStack() as stack:
            yield [await stack.enter_async_context(http_at(url)) for url in self.urls]

    async def person(self, http: httpx.AsyncClient) -> Person:
        """Sign in a new user, and consent to the application's scopes."""
        name = f"racer-{uuid4().hex[:16]}"
        account = {"username": name, "email": f"{name}@example.com", "password": PASSWORD}
        await PreparedRequest("POST", "/api/v1/auth/register", body=account).send(http)
        browser = Browser(http)
        await browser.sign_in(name)
        if self.application is None:
            self.application = await add_application(self.settings)
        await self.application.code(browser)
        return Person(name, browser, self.application)

    async def one_code(self, uses: int = USES) -> list[str]:
        """Exchange one code in concurrent calls: one succeeds, and its session has ended."""
        async with self.copies() as copies:
            person = await self.person(copies[0])
            code = await person.application.code(person.browser)
            answers = await at_once(copies, [person.application.exchange(code)] * uses)
            return [*_one_of(answers), *await self._ended(copies, person, answers)]

    async def one_device(self, uses: int = USES) -> list[str]:
        """Poll concurrently for the tokens of an approved device: one response has them."""
        async with self.copies() as copies:
            person = await self.person(copies[0])
            begun = await person.application.post("/oauth/device_authorization", scope=SCOPE).send(copies[0])
            shown = begun.json()
            entered = person.browser.filled(await person.browser.get(DEVICE), user_code=shown["user_code"])
            confirm = person.browser.filled(await person.browser.send(entered), decision="allow")
            await person.browser.send(confirm)
            answers = await at_once(copies, [person.application.poll(shown["device_code"])] * uses)
            live = await self._live(person)
            return [*_one_of(answers), *([] if live == 1 else [f"{live} sessions live, where one is due"])]

    async def one_pushed_request(self, uses: int = TABS) -> list[str]:
        """Consent to one pushed request in several tabs concurrently: one code is issued."""
        async with self.copies() as copies:
            person = await self.person(copies[0])
            asked = person.application.parameters(prompt="consent")
            pushed = await person.application.post("/oauth/par", **asked).send(copies[0])
            address = person.application.address_of_pushed(pushed.json()["request_uri"])
            form = person.browser.filled(await person.browser.get(address), decision="allow")
            before = await self._codes(person)
            answers = await at_once(copies, [form] * uses)
            codes = [answer for answer in answers if _has_code(answer)]
            stored = await self._codes(person) - before
            return [] if len(codes) == stored == 1 else [f"{len(codes)} codes were issued, {stored} are stored"]

    async def one_proof(self, uses: int = USES) -> list[str]:
        """Use one DPoP proof in concurrent calls: it is accepted once."""
        grants = {"grant_types": ("client_credentials",), "scopes": ("items:read",), "redirect_uris": ()}
        application, holder = await add_application(self.settings, **grants), KeyHolder()
        asked = application.post(TOKEN, grant_type="client_credentials")
        asked = replace(asked, headers={**asked.headers, "DPoP": holder.proof("POST", TOKEN)})
        async with self.copies() as copies:
            return _one_of(await at_once(copies, [asked] * uses))

    async def exchange_and_sign_out(self) -> list[str]:
        """Exchange a code while the browser signs out: no session of the application remains."""
        return await self._against("/oauth/logout", "logout")

    async def exchange_and_consent(self) -> list[str]:
        """Exchange a code while its user withdraws consent."""
        return await self._against("/account/applications", "remove-consent")

    async def exchange_and_end_of_all(self) -> list[str]:
        """Exchange a code while its user signs out everywhere."""
        return await self._against(OVERVIEW, "sign-out-everywhere")

    async def authorize_and_end_of_all(self) -> list[str]:
        """Request a code while the user signs out everywhere in another browser: no earlier code works."""
        async with self.copies() as copies:
            person, other = await self.person(copies[0]), Browser(copies[1])
            await other.sign_in(person.name)
            end = other.filled(await other.get(OVERVIEW), "sign-out-everywhere")
            asked, ended = person.browser.visit(person.application.address()), after_random_delay(end, copies[1])
            answer, _ = await asyncio.gather(after_random_delay(asked, copies[0]), ended)
            wrong = []
            for copy in copies:
                status = (await person.browser.visit(OVERVIEW).send(copy)).status_code
                if status != SIGN_IN_FIRST:
                    wrong.append(f"the cookie is answered {status}")
            if answer is not None and _has_code(answer):
                status = (await person.application.exchange(code_of(answer)).send(copies[0])).status_code
                wrong += [] if status == INVALID else [f"the code of a session that has ended is answered {status}"]
            return wrong

    async def _against(self, page: str, action: str) -> list[str]:
        async with self.copies() as copies:
            person = await self.person(copies[0])
            code = await person.application.code(person.browser)
            form = person.browser.filled(await person.browser.get(page), action)
            answer, _ = await asyncio.gather(
                after_random_delay(person.application.exchange(code), copies[0]), after_random_delay(form, copies[1])
            )
            return await self._ended(copies, person, [answer])

    async def _ended(
        self, copies: Sequence[httpx.AsyncClient], person: Person, answers: Sequence[httpx.Response | None]
    ) -> list[str]:
        """Return the faults: what still works of sessions that have ended."""
        live, wrong = await self._live(person), []
        if live:
            wrong.append(f"{live} sessions live, where none is due")
        for answer in answers:
            if answer is None or answer.status_code != OK:
                continue
            tokens = answer.json()
            found = [(await userinfo(tokens["access_token"]).send(copy)).status_code for copy in copies]
            wrong += [
                f"the access token of a session that has ended is answered {each}" for each in found if each == OK
            ]
            refreshed = await person.application.refresh(tokens["refresh_token"]).send(copies[0])
            if refreshed.status_code != INVALID:
                wrong.append(f"its refresh token is answered {refreshed.status_code}")
        return wrong

    async def _live(self, person: Person) -> int:
        return await self._count(LIVE, person)

    async def _codes(self, person: Person) -> int:
        return await self._count(CODES, person)

    async def _count(self, query: str, person: Person) -> int:
        parameters = (person.application.id, person.name)
        async with await psycopg.AsyncConnection.connect(self.database_url, autocommit=True) as connection:
            row = await (await connection.execute(query.encode(), parameters)).fetchone()
        return int(row[0]) if row else 0

    def all(self) -> Mapping[str, Callable[[], Awaitable[list[str]]]]:
        """Return the races by name."""
        return {
            "one code": self.one_code,
            "one device": self.one_device,
            "one pushed request": self.one_pushed_request,
            "one proof of a key": self.one_proof,
            "exchange against sign-out": self.exchange_and_sign_out,
            "exchange against consent": self.exchange_and_consent,
            "exchange against the end of all": self.exchange_and_end_of_all,
            "authorization against the end of all": self.authorize_and_end_of_all,
        }


async def at_once(copies: Sequence[httpx.AsyncClient], sent: Sequence[PreparedRequest]) -> list[httpx.Response]:
    """Send the requests concurrently, alternating between the copies; omit those without a response."""
    calls = [_answer(each, copies[number % len(copies)]) for number, each in enumerate(sent)]
    return [answer for answer in await asyncio.gather(*calls) if answer is not None]


async def after_random_delay(sent: PreparedRequest, copy: httpx.AsyncClient) -> httpx.Response | None:
    """Send a request after a short random delay, so that either side of a race may be first."""
    await asyncio.sleep(random.uniform(0, LONGEST_HEAD_START))
    return await _answer(sent, copy)


async def _answer(sent: PreparedRequest, copy: httpx.AsyncClient) -> httpx.Response | None:
    try:
        return await sent.send(copy)
    except LostAnswerError:
        return None


def _one_of(answers: Sequence[httpx.Response]) -> list[str]:
    """Return a fault unless one call succeeded and the others were refused."""
    statuses = Counter(answer.status_code for answer in answers)
    return [] if statuses[OK] == 1 and set(statuses) <= {OK, INVALID} else [f"equal calls: {dict(statuses)}"]


def _has_code(answer: httpx.Response) -> bool:
    try:
        return bool(code_of(answer))
    except (KeyError, ValueError):
        return False
