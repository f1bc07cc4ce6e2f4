"""Checks sign-ins after a kill: acknowledged changes are stored completely, and single-use values work once."""

from collections.abc import AsyncIterator
from typing import Any, Final

import httpx
import psycopg

from development.proof.kills.signed_in import ONCE, Facts, SignedIn, after, is_done, judge
from development.proof.kills.signed_in_client import SESSION_COOKIE
from development.proof.sign_ins import OVERVIEW, PreparedRequest, http_at, userinfo

OK: Final = 200
REFUSED: Final = 401
INVALID: Final = 400
SIGN_IN_FIRST: Final = 303
STORED: Final = """
    SELECT
        (SELECT count(*)::integer FROM browser_sessions WHERE user_id = users.id AND epoch = session_epoch),
        (SELECT count(*)::integer FROM oauth_codes WHERE user_id = users.id AND client_id = %(client_id)s),
        COALESCE((SELECT scopes FROM oauth_consents WHERE user_id = users.id AND client_id = %(client_id)s), '{}'),
        held.sessions,
        held.online,
        held.offline,
        held.rotations,
        (SELECT count(*)::integer FROM oauth_pushed_requests WHERE client_id = %(client_id)s),
        (SELECT count(browser_hash)::integer FROM oauth_pushed_requests WHERE client_id = %(client_id)s),
        ARRAY(SELECT status FROM oauth_devices WHERE client_id = %(client_id)s ORDER BY status),
        (
            SELECT count(*)::integer FROM outbox
            WHERE CASE WHEN channel = 'logout' THEN convert_from(payload, 'UTF8')::json->>'user_id' END = users.id::text
        ),
        (SELECT uses_left FROM oauth_registration_tokens WHERE name = %(client_id)s),
        COALESCE((SELECT version FROM oauth_clients WHERE client_id = tool.id), 0),
        ARRAY(SELECT type FROM audit_events WHERE user_id = users.id ORDER BY id),
        ARRAY(SELECT type FROM audit_events WHERE user_id IS NULL AND data->>'client_id' = tool.id ORDER BY id)
    FROM users
    CROSS JOIN LATERAL (
        SELECT COALESCE(%(tool_id)s, (SELECT client_id FROM oauth_clients WHERE name = username)) AS id
    ) AS tool
    CROSS JOIN LATERAL (
        SELECT
            count(*)::integer AS sessions,
            count(*) FILTER (WHERE epoch = session_epoch AND ended_at IS NULL AND NOT is_offline)::integer AS online,
            count(*) FILTER (WHERE epoch = session_epoch AND ended_at IS NULL AND is_offline)::integer AS offline,
            COALESCE(sum(generation), 0)::integer AS rotations
        FROM sessions
        WHERE user_id = users.id
          AND client_id = %(client_id)s
    ) AS held
    WHERE users.id = %(user_id)s
"""
Connection = psycopg.AsyncConnection[Any]


async def stored_of(connection: Connection, person: SignedIn) -> Facts | None:
    """Return the stored state of a user."""
    values = {"user_id": person.user_id, "client_id": person.application.id, "tool_id": person.tool_id}
    row = await (await connection.execute(STORED, values)).fetchone()
    if row is None:
        return None
    facts: list[Any] = [tuple(each) if isinstance(each, list) else each for each in row]
    return Facts(*facts)


async def check(people: list[SignedIn], url: str, database_url: str) -> list[str]:
    """Return the faults, one line each: in the stored state, and if there are none, in the responses."""
    async with http_at(url) as http, await psycopg.AsyncConnection.connect(database_url, autocommit=True) as connection:
        wrong = await judged(connection, people)
        for person in [] if wrong else people:
            is_done = person.pending is not None and await stored_of(connection, person) != person.facts
            trial = _Trial(http, connection, person, is_done=is_done)
            wrong += [f"{person.name}: {line}" async for line in trial.lines()]
        return wrong


async def judged(connection: Connection, people: list[SignedIn]) -> list[str]:
    """Return the faults of the stored state, one line each."""
    return [line for person in people for line in judge(person, await stored_of(connection, person))]


class _Trial:
    """Uses every value that a user, an application, or a thief may have."""

    def __init__(self, http: httpx.AsyncClient, connection: Connection, person: SignedIn, *, is_done: bool) -> None:
        self._http = http
        self._connection = connection
        self._person = person
        self._is_done = is_done

    async def lines(self) -> AsyncIterator[str]:
        """Yield the faults."""
        person, pending = self._person, self._person.pending
        if pending is not None and self._is_done:
            person.note(pending.step)
        elif pending is not None:
            async for line in self._repeated():
                yield line
        async for line in self._cookies():
            yield line
        async for line in self._sessions():
            yield line
        done = [*person.taken, *([pending] if pending is not None and self._is_done else [])]
        for taken in done:
            if taken.step in ONCE and is_done(taken.step, await taken.sent.send(self._http)):
                yield f"what works once worked again: {taken.step}"

    async def _repeated(self) -> AsyncIterator[str]:
        """Repeat the request that was lost before it was stored."""
        person, taken = self._person, self._person.pending
        if taken is None:
            raise RuntimeError("there is nothing to repeat")
        await self._connection.execute(
            "UPDATE oauth_devices SET polled_at = NULL WHERE client_id = %s", (person.application.id,)
        )
        answer = await taken.sent.send(self._http)
        person.facts = after(person.facts, taken.step)
        person.taken.append(taken)
        person.note(taken.step)
        if taken.step == "register" and is_done(taken.step, answer):
            person.tool_id = answer.json()["client_id"]
        stored = await stored_of(self._connection, person)
        if not is_done(taken.step, answer) or stored != person.facts:
            yield f"{taken.step}, lost and repeated, is answered {answer.status_code}, and stored: {stored}"
        if taken.step == "refresh":
            session = person.sessions[-1]
            session.old.append(session.refresh)
            session.access, session.refresh = answer.json()["access_token"], answer.json()["refresh_token"]

    async def _cookies(self) -> AsyncIterator[str]:
        person = self._person
        for number, cookie in enumerate(person.cookies):
            is_live = person.is_signed_in and number == len(person.cookies) - 1
            due = OK if is_live else SIGN_IN_FIRST
            sent = PreparedRequest("GET", OVERVIEW, headers={"Cookie": f"{SESSION_COOKIE}={cookie}"})
            if (status := (await sent.send(self._http)).status_code) != due:
                yield f"the cookie of sign-in {number} is answered {status} where {due} is due"

    async def _sessions(self) -> AsyncIterator[str]:
        person, pending = self._person, self._person.pending
        is_rotated = self._is_done and pending is not None and pending.step == "refresh"
        for session in person.sessions:
            due = OK if session.is_live else REFUSED
            if (status := (await userinfo(session.access).send(self._http)).status_code) != due:
                yield f"an access token is answered {status} where {due} is due"
        for session in person.sessions:
            due = OK if session.is_live and not (is_rotated and session is person.sessions[-1]) else INVALID
            if (status := (await person.application.refresh(session.refresh).send(self._http)).status_code) != due:
                yield f"a refresh token is answered {status} where {due} is due"
        for token in [old for session in person.sessions for old in session.old]:
            if (status := (await person.application.refresh(token).send(self._http)).status_code) != INVALID:
                yield f"a used refresh token is answered {status}"
