"""The rules of sessions, as pure functions: their lifetimes, and the verdict on a refresh token."""

from datetime import datetime, timedelta
from enum import Enum, auto
from hmac import compare_digest
from typing import Final

from doorward.core.frozen import frozen
from doorward.domain.auth.sessions.rotated_session import LockedSession
from doorward.domain.auth.tokens.refresh_token import RefreshToken, hash_secret

FRESH_PROOF: Final = timedelta(minutes=5)
"""Maximum age of a session's proof for calls that change how its user signs in."""


@frozen
class Lifetimes:
    """The lifetimes of tokens and sessions. ``refresh_idle`` slides with each rotation, ``session`` is absolute."""

    access: timedelta
    refresh_idle: timedelta
    session: timedelta
    reuse_leeway: timedelta
    most_sessions: int
    """Maximum number of live sessions of a user: a further one ends the least recently used one."""


class RefreshVerdict(Enum):
    """What to do with a refresh token that the rotation did not accept."""

    REFUSE = auto()
    REPEAT = auto()
    """The direct predecessor within the leeway: return the same successor again."""
    END = auto()
    """Reuse: end the session (RFC 9700 section 4.14.2)."""
    RETRY = auto()
    """Still the current token of a live session: the rotation missed its deadline and changed nothing."""


def judge_unrotated(
    session: LockedSession | None,
    token: RefreshToken,
    now: datetime,
    leeway: timedelta,
    *,
    client_id: str,
    is_confidential: bool,
) -> RefreshVerdict:
    """Return the verdict on ``token``, which was not current in a live session of the client when it was presented.

    The leeway is measured from the rotation that replaced the token; retries do not extend it. A session of another
    client is not changed, unless the client is confidential, so that it has authenticated: then the token was stolen.
    """
    if session is None or not compare_digest(session.secret_hash, hash_secret(token.secret)):
        return RefreshVerdict.REFUSE
    if session.has_ended or now >= session.expires_at or token.generation > session.generation:
        return RefreshVerdict.REFUSE
    if session.client_id != client_id:
        return RefreshVerdict.END if is_confidential else RefreshVerdict.REFUSE
    if token.generation == session.generation:
        return RefreshVerdict.RETRY if session.user_is_active else RefreshVerdict.REFUSE
    is_direct_predecessor = token.generation == session.generation - 1
    if is_direct_predecessor and leeway > timedelta(0) and now - session.refreshed_at <= leeway:
        return RefreshVerdict.REPEAT if session.user_is_active else RefreshVerdict.REFUSE
    return RefreshVerdict.END


def is_fresh(authenticated_at: datetime, now: datetime) -> bool:
    """Return whether a user authenticated recently enough for a call that needs a fresh proof."""
    return now - authenticated_at <= FRESH_PROOF
