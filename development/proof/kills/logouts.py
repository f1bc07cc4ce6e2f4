"""Kills the service while it delivers logout tokens to the servers of applications (back-channel logout).

Each ended session of the application is reported. A repeated message has the same ``jti``, and no live session is
reported.
"""

import asyncio
import random
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qs
from uuid import uuid4

import httpx
import jwt
import psycopg

from development.proof.kills.commits import DeliveryCommit, Moment
from development.proof.kills.deliveries import DELIVERING, PATIENCE_SECONDS
from development.proof.kills.receiver import Receiver, receiving
from development.proof.kills.rounds import Outcome, wait_for_kill
from development.proof.kills.service import KillableService
from development.proof.sign_ins import (
    ISSUER,
    PASSWORD,
    Browser,
    LostAnswerError,
    PreparedRequest,
    add_application,
    http_at,
)
from doorward.settings.config import settings_from

USERS: Final = 3
BROWSERS: Final = 3
"""The number of browsers of each user."""

TELLING: Final = {**DELIVERING, "PUBLIC_URL": ISSUER}
"""Settings of a service that sends logout tokens itself."""

SESSIONS: Final = "SELECT id::text, user_id::text, ended_at IS NOT NULL FROM sessions WHERE client_id = %s"
WAITING: Final = "SELECT id FROM outbox WHERE channel = 'logout' LIMIT 1"


@dataclass(frozen=True, slots=True)
class ToldSession:
    """A stored session of the application."""

    id: str
    user_id: str
    has_ended: bool


class LogoutRounds:
    """One service that sends logout tokens, for any number of kills."""

    def __init__(self, service: KillableService, settings: Mapping[str, str]) -> None:
        """Take the service, started with ``TELLING``, and its settings."""
        self._service = service
        self._settings = settings_from({name.lower(): value for name, value in settings.items()})
        self._database_url = settings["DATABASE_URL"]

    def kill(self, commit: DeliveryCommit, moment: Moment, outcome: Outcome) -> None:
        """Sign users out until the service is killed; restart it; wait until all messages are sent, and check them."""
        receiver = Receiver()
        # One claim may take all messages.
        passes = 1 if commit == "claim" else random.randint(1, USERS)
        sessions = asyncio.run(self._sign_out_until_killed(receiver, (commit, moment, passes)))
        outcome.kills += 1
        outcome.people += USERS
        outcome.sessions += len(sessions)
        # Messages that were sent but not removed are sent again.
        claims = [claims_of(each.body) for each in receiver.got]
        outcome.unknown += len(claims) - len({each["jti"] for each in claims})
        outcome.wrong += judge(claims, sessions)

    async def _sign_out_until_killed(
        self, receiver: Receiver, point: tuple[DeliveryCommit, Moment, int]
    ) -> list[ToldSession]:
        await self._sql("DELETE FROM outbox")
        async with receiving(receiver) as port:
            uri = f"http://127.0.0.1:{port}/logout"
            application = await add_application(self._settings, backchannel_logout_uri=uri)
            async with http_at(self._service.url) as http:
                forms = []
                for _ in range(USERS):
                    name = await _register(http)
                    for browser in [Browser(http) for _ in range(BROWSERS)]:
                        await browser.sign_in(name)
                        await application.exchange(await application.code(browser)).send(http)
                        forms.append(browser.filled(await browser.get("/oauth/logout"), "logout"))
                self._service.arm(*point)
                await asyncio.gather(*(_sent(form, http) for form in forms))
            await asyncio.to_thread(wait_for_kill, self._service)
            # Let the lease of the dead process's claims expire.
            await self._sql("UPDATE outbox SET due_at = clock_timestamp()")
            await asyncio.to_thread(self._service.start)
            await self._wait_until_told()
            return [ToldSession(*row) for row in await self._sql(SESSIONS, application.id)]

    async def _wait_until_told(self) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while await self._sql(WAITING):
            if time.monotonic() > deadline:
                raise TimeoutError("messages wait on")
            await asyncio.sleep(0.05)

    async def _sql(self, statement: str, *parameters: object) -> list[tuple[Any, ...]]:
        async with await psycopg.AsyncConnection.connect(self._database_url, autocommit=True) as connection:
            cursor = await connection.execute(statement.encode(), parameters or None)
            return await cursor.fetchall() if cursor.description else []


async def _register(http: httpx.AsyncClient) -> str:
    name = f"told-{uuid4().hex[:16]}"
    body = {"username": name, "email": f"{name}@example.com", "password": PASSWORD}
    await PreparedRequest("POST", "/api/v1/auth/register", body=body).send(http)
    return name


async def _sent(form: PreparedRequest, http: httpx.AsyncClient) -> None:
    try:
        await form.send(http)
    except LostAnswerError:
        return


def claims_of(body: bytes) -> dict[str, Any]:
    """Return the claims of a logout token without verifying its signature."""
    token = parse_qs(body.decode(), strict_parsing=True)["logout_token"][0]
    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return claims


def judge(claims: list[dict[str, Any]], sessions: list[ToldSession]) -> Iterator[str]:
    """Compare the received logout tokens with the ended sessions."""
    told = {(each["sid"], each["sub"]) for each in claims}
    ended = {(each.id, each.user_id) for each in sessions if each.has_ended}
    if lost := ended - told:
        yield f"{len(lost)} sessions ended and were never told of"
    if strange := told - ended:
        yield f"{len(strange)} sessions were told of and have not ended"
    ids = {(each["sid"], each["jti"]) for each in claims}
    if len(ids) != len(told):
        yield f"{len(told)} sessions were told of under {len(ids)} ids"
