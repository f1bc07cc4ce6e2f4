"""The session of a browser on the service's own pages: what it is, and how long it lives. Pure.

Its cookie is a token ``"dwb_"`` in the format of ``opaque_token``. Applications that sign a user in by it have sessions
of their own.
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
"""How often the time of the last use is stored, at most."""


@frozen
class BrowserLimits:
    """How long a session lives without being used, and at all."""

    idle: timedelta
    absolute: timedelta


OF_VISIT: Final = BrowserLimits(idle=timedelta(hours=12), absolute=timedelta(days=30))
"""Its cookie ends with the browser."""
OF_STAY: Final = BrowserLimits(idle=timedelta(days=30), absolute=timedelta(days=90))
"""The user wanted to stay signed in."""


@frozen
class BrowserStay:
    """What a browser asks for when a user signs in: ``replaces`` is the session that its cookie names then."""

    replaces: UUID | None = None
    is_kept: bool = False

    @property
    def limits(self) -> BrowserLimits:
        """How long the session may live."""
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
    email: str
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
        """When and how its user authenticated."""
        return SignIn(self.authenticated_at, self.acr, tuple(self.amr))

    def is_use_due(self, now: datetime) -> bool:
        """Tell whether its use is to be stored."""
        return now - self.seen_at >= SEEN_EVERY

    def idle_expires_at(self, now: datetime) -> datetime:
        """Return when it expires if it is not used after this moment."""
        return min(now + BrowserStay(is_kept=self.is_kept).limits.idle, self.ends_at)


def new_browser_session(
    token: OpaqueToken, proof: Proof, stay: BrowserStay, device: Device, now: datetime
) -> NewBrowserSession:
    """Return the session of a proof."""
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
