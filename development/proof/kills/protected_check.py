"""Checks second factors after a kill: acknowledged changes are stored completely, and single-use values work once."""

from collections import Counter
from collections.abc import AsyncIterator
from typing import Any, Final
from uuid import UUID

import psycopg

from development.authenticator import Authenticator, Credential, decode, read_key
from development.client import ApiClient
from development.proof import second_factors
from development.proof.api import answer_to, api_at
from development.proof.kills.protected import REPEATABLE, USING_A_CODE, Facts, Protected, judge, note_answer, notice_of
from development.proof.kills.protected_client import ASKED, PASSWORD, SUCCESS
from development.proof.second_factors import ORIGIN, FactorCall

OK: Final = 200
REFUSED: Final = 401
NOTICES: Final = ("factors_changed",)
STORED: Final = """
    SELECT
        second_factor,
        session_epoch,
        (SELECT last_step FROM totp_factors WHERE user_id = users.id),
        (SELECT count(*) FROM recovery_codes WHERE user_id = users.id),
        ARRAY(SELECT sign_count FROM passkeys WHERE user_id = users.id ORDER BY created_at),
        (SELECT count(*) FROM sessions WHERE user_id = users.id),
        (SELECT count(*) FROM sessions WHERE user_id = users.id AND epoch = session_epoch AND ended_at IS NULL),
        ARRAY(SELECT type FROM audit_events WHERE user_id = users.id ORDER BY id)
    FROM users
    WHERE id = %s
"""
Connection = psycopg.AsyncConnection[Any]


async def check(people: list[Protected], url: str, database_url: str) -> list[str]:
    """Return the faults, one line each: in the stored state, and if there are none, in the responses."""
    async with api_at(url) as api, await psycopg.AsyncConnection.connect(database_url, autocommit=True) as connection:
        wrong = await judged(connection, people)
        for person in [] if wrong else people:
            trial = _Trial(api, connection, person, await stored_of(connection, person) or Facts())
            wrong += [f"{person.name}: {line}" async for line in trial.lines()]
        return wrong


async def judged(connection: Connection, people: list[Protected]) -> list[str]:
    """Return the faults of the stored state, one line each."""
    stored = [await stored_of(connection, person) for person in people]
    wrong = [
        f"{person.name}: {line}" for person, facts in zip(people, stored, strict=True) for line in judge(person, facts)
    ]
    return wrong or await _judge_mails(connection, people, stored)


async def stored_of(connection: Connection, person: Protected) -> Facts | None:
    """Return the stored state of a user."""
    row = await (await connection.execute(STORED, (person.user_id,))).fetchone()
    if row is None:
        return None
    values: list[Any] = [tuple(each) if isinstance(each, list) else each for each in row]
    return Facts(*values)


async def _judge_mails(connection: Connection, people: list[Protected], stored: list[Facts | None]) -> list[str]:
    """Compare the pending mails with the steps that cause them: the outbox was empty before."""
    due: Counter[str] = Counter()
    for person, facts in zip(people, stored, strict=True):
        notices = (notice_of(taken.step) for taken in person.possible()[facts or person.facts])
        due.update(notice for notice in notices if notice is not None)
    cursor = await connection.execute("SELECT kind, count(*) FROM outbox WHERE channel = 'mail' GROUP BY kind")
    waiting = dict(await cursor.fetchall())
    return [
        f"{waiting.get(kind, 0)} mails of the kind {kind} wait, {due[kind]} are due"
        for kind in NOTICES
        if waiting.get(kind, 0) != due[kind]
    ]


class _Trial:
    """Uses every value that a user, or a thief, may have."""

    def __init__(self, api: ApiClient, connection: Connection, person: Protected, stored: Facts) -> None:
        self._api = api
        self._connection = connection
        self._person = person
        self._stored = stored

    async def lines(self) -> AsyncIterator[str]:
        """Yield the faults."""
        person = self._person
        pending = person.pending
        is_done = pending is not None and self._stored != person.facts
        has_new_session = is_done and pending is not None and pending.step == "proof by a recovery code"
        for number, (access, epoch) in enumerate(person.accesses):
            is_replaced = has_new_session and number == len(person.accesses) - 1
            due = OK if epoch == self._stored.epoch and not is_replaced else REFUSED
            if (status := (await answer_to(self._api.get_me(access))).status) != due:
                yield f"an access token of epoch {epoch} is answered {status} where {due} is due"
        for taken in person.possible()[self._stored]:
            if taken.step not in REPEATABLE and await self._is_done(taken.call):
                yield f"what works once worked again: {taken.step}"
        if pending is not None and not is_done:
            async for line in self._repeated():
                yield line
        async for line in self._logins():
            yield line

    async def _is_done(self, call: FactorCall) -> bool:
        await self._connection.execute("DELETE FROM login_throttles")
        return (await answer_to(call.send(self._api))).status in SUCCESS

    async def _repeated(self) -> AsyncIterator[str]:
        """Repeat the call that was lost before it was stored."""
        person, taken = self._person, self._person.pending
        if taken is None:
            raise RuntimeError("there is nothing to repeat")
        await self._connection.execute("DELETE FROM login_throttles")
        answer = await answer_to(taken.call.send(self._api))
        note_answer(person, answer.body.get("access_token"), answer.body.get("recovery_codes", []))
        stored, self._stored = await stored_of(self._connection, person), person.facts
        if answer.status not in SUCCESS or stored != person.facts:
            yield f"{taken.step}, lost and repeated, is answered {answer.status}, and stored: {stored}"

    async def _logins(self) -> AsyncIterator[str]:
        """Log in with the password, and try both used and unused second factors."""
        person, calls = self._person, second_factors
        login = await answer_to(self._api.post_token(person.name, PASSWORD))
        due = ASKED if self._stored.kinds else OK
        if login.status != due:
            yield f"the right password is answered {login.status} where {due} is due"
        async for line in self._passkey():
            yield line
        if not self._stored.kinds or login.status != due:
            return
        for taken in person.possible()[self._stored]:
            if taken.step in {"application", "code login"}:
                again = calls.complete(login.body["mfa_token"], str((taken.call.body or {})["code"]))
                if await self._is_done(again):
                    yield f"the code of the step {taken.step} worked with another login"
        async for line in self._recovery_codes(str(login.body["mfa_token"])):
            yield line

    async def _recovery_codes(self, mfa_token: str) -> AsyncIterator[str]:
        person, calls = self._person, second_factors
        usable = self._usable_codes()
        used = [code for code in (*person.used_codes, *person.codes) if code not in usable]
        for code in used:
            if await self._is_done(calls.complete_by_recovery_code(mfa_token, code)):
                yield "a recovery code that was used or replaced works"
        if not usable:
            return
        for taken in person.taken:
            old = (taken.call.body or {}).get("mfa_token")
            if old and await self._is_done(calls.complete_by_recovery_code(old, usable[0])):
                yield f"the login of {taken.step} was completed a second time"
        if not await self._is_done(calls.complete_by_recovery_code(mfa_token, usable[0])):
            yield "a recovery code that was not used does not work"

    def _usable_codes(self) -> list[str]:
        person, pending = self._person, self._person.pending
        if pending is None:
            return person.codes
        # The change was stored without a response: these codes were replaced, or the first of them was used.
        if pending.step == "new codes":
            return []
        return person.codes[1:] if pending.step in USING_A_CODE else person.codes

    async def _passkey(self) -> AsyncIterator[str]:
        """Sign in with the passkey, which must work if and only if it is stored."""
        kept = self._person.credential
        if kept is None:
            return
        counter = max(self._stored.counters, default=0)
        handle = UUID(self._person.user_id).bytes
        credential = Credential(decode(kept["id"]), "localhost", handle, read_key(kept["key"]), counter)
        options = await answer_to(second_factors.request_options().send(self._api))
        signed = Authenticator(ORIGIN, credentials=[credential]).get(options.body)
        is_in = await self._is_done(second_factors.sign_in(signed))
        if is_in != bool(self._stored.counters):
            yield f"a passkey signs in: {is_in}, and is stored: {bool(self._stored.counters)}"
