"""The rules of sessions as pure decisions: how long they live, and what a presented refresh token deserves."""

from datetime import datetime, timedelta
from enum import Enum, auto
from hmac import compare_digest
from typing import Final

from doorward.core.frozen import frozen
from doorward.domain.auth.sessions.rotated_session import LockedSession
from doorward.domain.auth.tokens.refresh_token import RefreshToken, hash_secret

FRESH_PROOF: Final = timedelta(minutes=5)
"""How old the proof of a session may be for calls that change how its user signs in."""


@frozen
class Lifetimes:
    """How long things live. ``refresh_idle`` slides with each rotation, ``session`` is absolute."""

    access: timedelta
    refresh_idle: timedelta
    session: timedelta
    reuse_leeway: timedelta
    most_sessions: int
    """Live ones of a user: one that begins beyond it ends the one that was used longest ago."""


class RefreshVerdict(Enum):
    """What a refresh token deserves that the rotation did not accept."""

    REFUSE = auto()
    REPEAT = auto()
    """The direct predecessor within the leeway: give the same successor again."""
    END = auto()
    """Reuse: end the session (RFC 9700 section 4.14.2)."""
    RETRY = auto()
    """Still the current token of a live session: the rotation came after its deadline and changed nothing."""


def judge_unrotated(
    session: LockedSession | None,
    token: RefreshToken,
    now: datetime,
    leeway: timedelta,
    *,
    client_id: str,
    ends_others: bool = False,
) -> RefreshVerdict:
    """Decide what becomes of ``token``, which was not current in a live session of the client when it was presented.

    The leeway is measured from the rotation that replaced the token; retries do not extend it. A session of another
    client is left alone, unless the client showed its secret (``ends_others``): then it has a token that was stolen.
    """
    if session is None or not compare_digest(session.secret_hash, hash_secret(token.secret)):
        return RefreshVerdict.REFUSE
    if session.has_ended or now >= session.expires_at or token.generation > session.generation:
        return RefreshVerdict.REFUSE
    if session.client_id != client_id:
        return RefreshVerdict.END if ends_others else RefreshVerdict.REFUSE
    if token.generation == session.generation:
        return RefreshVerdict.RETRY if session.user_is_active else RefreshVerdict.REFUSE
    is_direct_predecessor = token.generation == session.generation - 1
    if is_direct_predecessor and leeway > timedelta(0) and now - session.refreshed_at <= leeway:
        return RefreshVerdict.REPEAT if session.user_is_active else RefreshVerdict.REFUSE
    return RefreshVerdict.END


def is_fresh(authenticated_at: datetime, now: datetime) -> bool:
    """Tell whether a user authenticated recently enough for a call that needs a fresh proof."""
    return now - authenticated_at <= FRESH_PROOF
