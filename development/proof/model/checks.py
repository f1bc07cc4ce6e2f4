"""The invariants that must hold after each step of a walk."""

import asyncio
import base64
from itertools import chain, islice
from typing import Any, Final, NamedTuple
from uuid import UUID

from development.proof.model.expectation import Model
from development.proof.model.people import Due, Session, require
from development.proof.model.tokens import Access
from development.proof.model.world import World
from doorward.domain.auth.callers import Caller
from doorward.domain.auth.models import TokenPair
from doorward.domain.auth.tokens.refresh_token import RefreshToken

STORED: Final = """
    SELECT id, generation, refreshed_at, expires_at, epoch, ended_at, end_reason
    FROM sessions
    WHERE user_id = ANY(%s)
"""

STORED_BROWSERS: Final = """
    SELECT user_id, epoch, acr, seen_at, expires_at, ends_at
    FROM browser_sessions
    WHERE user_id = ANY(%s)
"""

ACCESS_TOKENS: Final = 2
REFRESH_TOKENS: Final = 2
"""The number of a session's newest tokens that a check tries."""


class Answers(NamedTuple):
    """The results that tokens of sessions would have now."""

    refreshed: list[int | None]
    accepted: list[bool]


def read(text: str) -> RefreshToken:
    """Parse a refresh token by the description of its format, without its key."""
    raw = base64.urlsafe_b64decode(text.removeprefix("dwr_"))
    return RefreshToken(UUID(bytes=raw[1:17]), UUID(bytes=raw[17:33]), int.from_bytes(raw[33:37], "big"), raw[37:53])


def session_id(session: Session) -> UUID:
    """Return the product's id of the session."""
    return read(session.tokens[0].text).session_id


async def check(world: World, model: Model, by_refresh: list[Session], by_access: list[Session]) -> None:
    """Compare all rows with the model, and the results of these sessions' newest tokens with the expected ones.

    All queries run concurrently and change nothing; the comparison follows.
    """
    accesses = [(session, access) for session in by_access for access in session.accesses[-ACCESS_TOKENS:]]
    people = [person.id for person in model.people]
    rows, browsers, callers, pairs = await asyncio.gather(
        world.sql(STORED, people),
        world.sql(STORED_BROWSERS, people),
        _callers(world, accesses),
        _would_refresh(world, by_refresh),
    )
    for session, given in zip(by_refresh, pairs, strict=True):
        _check_generations(world, model, session, given)
    _check_stored({row[0]: row[1:] for row in rows}, model)
    _check_browsers(browsers, model)
    for (session, access), caller in zip(accesses, callers, strict=True):
        _check_access(world, model, session, access, caller)


async def _callers(world: World, accesses: list[tuple[Session, Access]]) -> list[Caller | None]:
    """Return the callers that the sessions' access tokens identify."""
    found: dict[str, Caller | None] = {}
    for is_application in (False, True):
        texts = [access.text for session, access in accesses if session.is_of_application is is_application]
        found |= zip(texts, await world.who_are(texts, is_application=is_application), strict=True)
    return [found[access.text] for _, access in accesses]


def _check_browsers(rows: list[tuple[Any, ...]], model: Model) -> None:
    stored = sorted((str(row[0]), *row[1:]) for row in rows)
    due = sorted(
        (person.id, browser.epoch, browser.acr, browser.seen_at, browser.expires_at, browser.ends_at)
        for person in model.people
        for browser in person.browsers
        if not browser.is_gone
    )
    require("sessions of browsers are stored as they were begun and used", holds=stored == due, detail=(stored, due))


def _check_stored(rows: dict[UUID, tuple[Any, ...]], model: Model) -> None:
    expected = {session_id(session): session for session in model.sessions if not session.is_pruned}
    require(
        "no session appears or vanishes", holds=rows.keys() == expected.keys(), detail=rows.keys() ^ expected.keys()
    )
    for key, session in expected.items():
        generation, refreshed_at, expires_at, *end = rows[key]
        require("each rotation counts once", holds=generation == session.generation, detail=generation)
        limits, slid = (refreshed_at, expires_at), (session.refreshed_at, session.expires_at)
        require("limits slide as far as they may", holds=limits == slid, detail=limits)
        ended = [session.epoch, session.ended_at, session.ended]
        require("ended sessions stay ended, and no others end", holds=end == ended, detail=end)


def _check_access(world: World, model: Model, session: Session, access: Access, caller: Caller | None) -> None:
    is_due = model.admits(session, access, world.clock.now())
    require(
        "an access token works exactly while its session, its user and itself do",
        holds=(caller is not None) == is_due,
        detail=f"accepted: {caller is not None}, due: {is_due}",
    )
    if caller is not None:
        require("an access token is for its own account only", holds=str(caller.user.id) == session.person.id)
        rights = {scope for scope in caller.scopes if scope.startswith("admin:")}
        shown = (caller.acr, caller.has_second_factor, world.factors.admits_to_administration(caller))
        due = (session.acr, session.person.factors.exist, session.acr > 1)
        require("a token tells of the factors that were shown in its session", holds=shown == due, detail=(shown, due))
        due_rights = frozenset() if session.is_of_application else model.scopes_of(session.person)
        require("a token allows what today's roles give", holds=rights == due_rights, detail=rights)


def _check_generations(world: World, model: Model, session: Session, pairs: list[TokenPair | None]) -> None:
    for generation, pair in zip(_tried(session), pairs, strict=True):
        check_answer(model, session, generation, pair, world)
    successors = {read(pair.refresh_token).generation for pair in pairs if pair is not None}
    require("at most one live generation", holds=len(successors - {session.generation}) <= 1, detail=successors)


def check_answer(model: Model, session: Session, generation: int, pair: TokenPair | None, world: World) -> None:
    """Compare the result of one refresh with the expected one."""
    due = model.due(session, generation, session.tokens[generation], world.clock.now())
    expected = {Due.NEXT: session.generation + 1, Due.SAME: session.generation}.get(due)
    given = None if pair is None else read(pair.refresh_token).generation
    require(
        "a refresh token gets what it is due",
        holds=given == expected,
        detail=f"{due.name} for generation {generation} of {session.generation}: got {given}",
    )


def check_events(model: Model, events: int) -> None:
    """Compare the number of reported thefts with the actual number."""
    require("each reuse is reported once", holds=events == model.reuses, detail=f"{events} of {model.reuses}")


async def answers(world: World, sessions: list[Session]) -> Answers:
    """Return the results that the sessions' tokens would have now."""
    accesses = [(session, access) for session in sessions for access in session.accesses[-ACCESS_TOKENS:]]
    callers, pairs = await asyncio.gather(_callers(world, accesses), _would_refresh(world, sessions))
    generations = [None if pair is None else read(pair.refresh_token).generation for pair in chain.from_iterable(pairs)]
    return Answers(generations, [caller is not None for caller in callers])


async def _would_refresh(world: World, sessions: list[Session]) -> list[list[TokenPair | None]]:
    """Return the results that the newest refresh tokens of each session would have."""
    found: dict[int, list[TokenPair | None]] = {}
    for is_application in (False, True):
        those = [session for session in sessions if session.is_of_application is is_application]
        texts = [[session.tokens[each].text for each in _tried(session)] for session in those]
        pairs = iter(await world.would_refresh(list(chain.from_iterable(texts)), is_application=is_application))
        found |= {id(session): list(islice(pairs, len(each))) for session, each in zip(those, texts, strict=True)}
    return [found[id(session)] for session in sessions]


def _tried(session: Session) -> list[int]:
    """Return the generations to try; after the session's end all have the same result, so that one is enough."""
    return list(range(len(session.tokens)))[-1 if session.ended else -REFRESH_TOKENS :]
