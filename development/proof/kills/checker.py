"""Checks after a kill: no acknowledged change is lost or partial, and each session has the right number of live tokens.

A live session has one, an ended session none. The stored state is compared with the ledger first; then every issued
token is tried over HTTP.
"""

import base64
import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import psycopg
from psycopg.rows import class_row

from development.client import ApiClient
from development.proof.api import answer_to, api_at
from development.proof.kills.clients import NEW_PASSWORD, PASSWORD, RESET_PASSWORD, email_of, new_email_of
from development.proof.kills.ledger import Person, Session

NEW_HASH: Final = re.compile(r"\$bcrypt-sha256\$v=2,t=2b,r=4\$[./A-Za-z0-9]{22}\$[./A-Za-z0-9]{31}")
OK: Final = 200
CREATED: Final = 201
REFUSED: Final = 401
RESETS_AT_EPOCH: Final = 2
CHANGES_EMAIL_AT_EPOCH: Final = 3


@dataclass(frozen=True)
class StoredUser:
    """A row of the table users."""

    id: UUID
    email: str
    password_hash: str
    is_active: bool
    session_epoch: int
    """How often all sessions ended: by a password change, a reset and an address change, once each in this order."""

    is_verified: bool
    links: list[str]
    """The purposes of the mailed tokens that are still valid."""

    awaits_email: bool
    has_confirmed: bool
    """Whether a change of the address is pending, and whether the old mailbox has confirmed it."""


@dataclass(frozen=True)
class StoredSession:
    """A row of the table sessions. A session of an earlier epoch ended with the change of the password."""

    id: UUID
    generation: int
    end_reason: str | None


@dataclass(frozen=True)
class Stored:
    """The stored state of one user."""

    users: list[StoredUser]
    sessions: list[StoredSession]


async def check(people: list[Person], url: str, database_url: str) -> list[str]:
    """Return the faults, one line each."""
    wrong: list[str] = []
    async with api_at(url) as api, await psycopg.AsyncConnection.connect(database_url, autocommit=True) as connection:
        for person in people:
            stored = await _stored(connection, person.name)
            found = list(judge(person, stored))
            # A fault in the stored state would cause wrong responses, too: report it once.
            found = found or [line async for line in _tried(api, person, stored)]
            wrong += [f"{person.name}: {line}" for line in found]
    return wrong


async def _stored(connection: psycopg.AsyncConnection[Any], name: str) -> Stored:
    async with connection.cursor(row_factory=class_row(StoredUser)) as cursor:
        await cursor.execute(
            "SELECT id, users.email, password_hash, is_active, session_epoch,"
            " email_verified_at IS NOT NULL AS is_verified,"
            " ARRAY(SELECT purpose FROM one_time_tokens WHERE user_id = users.id) AS links,"
            " change.user_id IS NOT NULL AS awaits_email, change.old_confirmed_at IS NOT NULL AS has_confirmed"
            " FROM users LEFT JOIN email_changes AS change ON change.user_id = users.id WHERE username = %s",
            (name,),
        )
        users = await cursor.fetchall()
    async with connection.cursor(row_factory=class_row(StoredSession)) as rows:
        await rows.execute(
            "SELECT sessions.id, generation,"
            " COALESCE(end_reason, CASE WHEN epoch <> session_epoch THEN 'epoch' END) AS end_reason"
            " FROM sessions JOIN users ON users.id = user_id WHERE user_id = ANY(%s)",
            ([user.id for user in users],),
        )
        return Stored(users, await rows.fetchall())


def judge(person: Person, stored: Stored) -> Iterator[str]:
    """Compare the stored state with the responses to the user."""
    if len(stored.users) != 1:
        if person.is_registered or len(stored.users) > 1:
            yield f"acknowledged account: {len(stored.users)} rows"
        return
    (user,) = stored.users
    if not user.is_active or user.email not in {email_of(person.name), new_email_of(person.name)}:
        yield "half an account"
    yield from _judge_links(person, user)
    yield from _judge_email(person, user)
    rows = {row.id: row for row in stored.sessions}
    known = {id_of(session): session for session in person.sessions}
    if lost := known.keys() - rows.keys():
        yield f"acknowledged sessions are lost: {len(lost)}"
    yield from _judge_unknown(person, stored, len(rows) - len(known))
    # Before the first login, an old hash was stored for the account.
    has_logged_in, has_new_hash = bool(rows), NEW_HASH.fullmatch(user.password_hash) is not None
    if (has_logged_in or person.is_login_pending) and has_logged_in != has_new_hash:
        yield f"half a login: a session: {has_logged_in}, a new hash: {has_new_hash}"
    may_have_ended = person.is_password_pending or person.is_reset_pending or person.is_email_pending
    for key in known.keys() & rows.keys():
        yield from _judge_session(known[key], rows[key], may_have_changed=may_have_ended)


def _judge_links(person: Person, user: StoredUser) -> Iterator[str]:
    """Check mailed links: a link is used up if and only if its effect is stored."""
    has_reset = user.session_epoch >= RESETS_AT_EPOCH
    if person.has_reset > has_reset or has_reset > person.has_reset + person.is_reset_pending:
        yield f"a reset was told: {person.has_reset}, and is stored: {has_reset}"
    if person.is_reset_pending and has_reset == ("password_reset" in user.links):
        yield f"half a reset: a new password: {has_reset}, a usable link: {not has_reset}"
    if person.is_verified > user.is_verified:
        yield "a verification was told and is not stored"
    if person.is_verification_pending and user.is_verified == ("verify_email" in user.links):
        yield f"half a verification: verified: {user.is_verified}, a usable link: {user.is_verified}"


def _judge_email(person: Person, user: StoredUser) -> Iterator[str]:
    """Check the address change: each link is used up if and only if its effect is stored completely."""
    has_new = user.email == new_email_of(person.name)
    has_confirmed = user.has_confirmed or has_new
    if person.has_confirmed > has_confirmed:
        yield "a confirmation by the old mailbox was told and is not stored"
    if person.is_confirmation_pending and has_confirmed == ("email_change_old" in user.links):
        yield f"half a confirmation: stored: {has_confirmed}, a usable link: {has_confirmed}"
    if person.has_new_email > has_new or has_new > person.has_new_email + person.is_email_pending:
        yield f"another address was told: {person.has_new_email}, and is stored: {has_new}"
    effects = {
        "the new address": has_new,
        "the end of all sessions": user.session_epoch == CHANGES_EMAIL_AT_EPOCH,
        "no change that waits": not user.awaits_email,
        "no usable link": "email_change_new" not in user.links,
    }
    if (person.has_new_email or person.is_email_pending) and len(set(effects.values())) > 1:
        yield f"half a change of the address: {[name for name, is_stored in effects.items() if is_stored]}"


def _judge_unknown(person: Person, stored: Stored, unknown: int) -> Iterator[str]:
    """Check the sessions that no response mentioned: a login began them, or a change that ended all others."""
    is_changing = person.is_password_pending or person.is_email_pending
    has_changed = is_changing and _has_begun_epoch(person, stored)
    if unknown > person.is_login_pending + has_changed:
        yield "a session without a call that starts one"
    if is_changing and has_changed != (unknown == 1):
        yield f"half a change: sessions ended: {has_changed}, new sessions: {unknown}"


def _has_begun_epoch(person: Person, stored: Stored) -> bool:
    """Return whether the session that requested a change, the user's last known one, ended with it."""
    asked_in = id_of(person.sessions[-1])
    return any(row.id == asked_in and row.end_reason == "epoch" for row in stored.sessions)


def _judge_session(session: Session, row: StoredSession, *, may_have_changed: bool) -> Iterator[str]:
    acknowledged = len(session.tokens) - 1
    if not acknowledged <= row.generation <= acknowledged + (session.pending == "refresh"):
        yield f"generation {row.generation} is stored, {acknowledged} was given"
    possible = {None, {"reuse": "reuse", "revoke": "logout"}.get(session.pending or "")}
    possible |= {"epoch"} if may_have_changed else set()
    expected: set[str | None] = {session.ended} if session.ended else possible
    if row.end_reason not in expected:
        yield f"an end that was told is not stored, or none was: {row.end_reason}"


async def _tried(api: ApiClient, person: Person, stored: Stored) -> AsyncIterator[str]:
    if not stored.users:
        answer = await answer_to(api.post_register(person.name, f"{person.name}@example.com", PASSWORD))
        if answer.status != CREATED:
            yield f"a registration that did not happen cannot be repeated: {answer.status}"
        return
    rows = {row.id: row for row in stored.sessions}
    for session in person.sessions:
        async for line in _try_session(api, session, rows[id_of(session)]):
            yield line
    (user,) = stored.users
    passwords, addresses = (PASSWORD, NEW_PASSWORD, RESET_PASSWORD), (email_of(person.name), new_email_of(person.name))
    current = passwords[min(user.session_epoch, RESETS_AT_EPOCH)]
    logins = {(person.name, password): password == current for password in passwords}
    if person.has_new_email or person.is_email_pending:
        logins |= {(address, current): address == user.email for address in addresses}
    for (name, password), is_right in logins.items():
        answer = await answer_to(api.post_token(name, password))
        if answer.status != (OK if is_right else REFUSED):
            yield f"an account that is stored cannot be used as it should: {answer.status}"


async def _try_session(api: ApiClient, session: Session, row: StoredSession) -> AsyncIterator[str]:
    """Use every token that the user, or a thief, may have."""
    is_live = row.end_reason is None
    for access in session.accesses:
        if (await answer_to(api.get_me(access))).status != (OK if is_live else REFUSED):
            yield f"an access token is not answered as its session deserves, which is live: {is_live}"
    has_live_token = is_live and row.generation == len(session.tokens) - 1
    given = [await answer_to(api.post_refresh(token)) for token in reversed(session.tokens)]
    pairs = [answer for answer in given if answer.status == OK]
    if len(pairs) != has_live_token:
        yield f"{len(pairs)} of all its tokens work, of which {int(has_live_token)} should"
    # The last response was lost, or older tokens were used after the newest one: in both cases a used token is reused.
    is_over = not is_live or len(given) > 1 or not has_live_token
    if is_over and [
        answer for answer in pairs if (await answer_to(api.post_refresh(answer.refresh))).status != REFUSED
    ]:
        yield "what was refreshed from a used token works"
    if is_over and [each for each in session.accesses if (await answer_to(api.get_me(each))).status != REFUSED]:
        yield "an access token outlives the end of its session"


def id_of(session: Session) -> UUID:
    """Return the product's id of the session: bytes 2 to 17 of the token."""
    raw = base64.urlsafe_b64decode(session.tokens[0].removeprefix("dwr_") + "=")
    return UUID(bytes=raw[1:17])
