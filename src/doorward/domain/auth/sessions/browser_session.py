"""The session of a browser on the service's own pages, and its lifetime. Pure.

Its cookie is a token with the prefix ``"dwb_"`` in the format of ``opaque_token``. Applications that sign a user in by
it have their own sessions.
"""

from collections.abc import Sequence
from dataclasses import field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from doorward.core.frozen import frozen
from doorward.core.principal import SignIn
from doorward.domain.auth.models import Device, Proof
from doorward.domain.auth.tokens.opaque_token import OpaqueToken

PREFIX: Final = "dwb_"
SEEN_EVERY: Final = timedelta(minutes=1)
"""The shortest interval between two updates of the stored time of use."""


@frozen
class BrowserLimits:
    """The idle limit and the absolute limit of a session's lifetime."""

    idle: timedelta
    absolute: timedelta


OF_VISIT: Final = BrowserLimits(idle=timedelta(hours=12), absolute=timedelta(days=30))
"""For a session whose cookie ends when the browser is closed."""
OF_STAY: Final = BrowserLimits(idle=timedelta(days=30), absolute=timedelta(days=90))
"""For a session whose user chose to stay signed in."""


@frozen
class BrowserStay:
    """The options of a sign-in by a browser. ``replaces`` is the session of the cookie that the browser sent."""

    replaces: UUID | None = None
    is_kept: bool = False

    @property
    def limits(self) -> BrowserLimits:
        """Return the limits of the session's lifetime."""
        return OF_STAY if self.is_kept else OF_VISIT


@frozen
class NewBrowserSession:
    """A session about to be stored. ``expires_at`` slides with its use, ``ends_at`` does not."""

    id: UUID
    user_id: UUID
    epoch: int
    secret_hash: bytes = field(repr=False)
    amr: Sequence[str]
    acr: int
    authenticated_at: datetime
    is_kept: bool
    user_agent: str | None
    address: str | None
    now: datetime
    expires_at: datetime
    ends_at: datetime


@frozen
class BrowserSession:
    """A live session with its active user."""

    id: UUID
    user_id: UUID
    epoch: int
    username: str
    email: str | None
    is_verified: bool
    amr: Sequence[str]
    acr: int
    authenticated_at: datetime
    is_kept: bool
    seen_at: datetime
    ends_at: datetime
    has_second_factor: bool
    has_roles: bool

    @property
    def sign_in(self) -> SignIn:
        """Return when and how the user authenticated."""
        return SignIn(self.authenticated_at, self.acr, tuple(self.amr))

    def is_use_due(self, now: datetime) -> bool:
        """Return whether the time of this use must be stored."""
        return now - self.seen_at >= SEEN_EVERY

    def idle_expires_at(self, now: datetime) -> datetime:
        """Return when it expires if it is not used after this moment."""
        return min(now + BrowserStay(is_kept=self.is_kept).limits.idle, self.ends_at)


def new_browser_session(
    token: OpaqueToken, proof: Proof, stay: BrowserStay, device: Device, now: datetime
) -> NewBrowserSession:
    """Return a new session for a proof."""
    limits = stay.limits
    return NewBrowserSession(
        id=token.id,
        user_id=proof.user_id,
        epoch=proof.session_epoch,
        secret_hash=token.secret_hash,
        amr=list(proof.methods),
        acr=proof.acr,
        authenticated_at=proof.proven_at,
        is_kept=stay.is_kept,
        user_agent=device.user_agent,
        address=device.address,
        now=now,
        expires_at=now + limits.idle,
        ends_at=now + limits.absolute,
    )


@frozen
class ListedBrowser:
    """A live session as its user sees it in the list of browsers."""

    id: UUID
    user_agent: str | None
    address: str | None
    created_at: datetime
    seen_at: datetime
    amr: Sequence[str]
