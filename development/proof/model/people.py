"""People and sessions in the model, without a database and without any code of the product."""

import base64
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Final

from development.proof.model.browsers import Browser, Code, Device
from development.proof.model.own_factors import OwnFactors
from development.proof.model.tokens import Access, MailedToken, RefreshText
from doorward.domain.auth.models import EndReason

ACCESS: Final = timedelta(minutes=30)
ACCESS_OF_APPLICATIONS: Final = timedelta(minutes=10)
IDLE: Final = timedelta(days=7)
ABSOLUTE: Final = timedelta(days=90)
RETENTION: Final = timedelta(days=30)
LEEWAY: Final = timedelta(seconds=10)
MAXIMUM_PEOPLE: Final = 3
MAXIMUM_SESSIONS_PER_PERSON: Final = 2
"""Maximum number of live sessions of one person."""


PASSWORD: Final = "correct horse battery"  # noqa: S105 - of accounts that exist for one walk


class ViolationError(AssertionError):
    """The product violated the model. ``invariant`` names the broken rule."""

    def __init__(self, invariant: str, detail: str) -> None:
        """Take the name of the invariant and the observation."""
        super().__init__(f"{invariant}: {detail}")
        self.invariant = invariant


def require(invariant: str, *, holds: bool, detail: object = "") -> None:
    """Raise ``ViolationError`` unless the invariant holds."""
    if not holds:
        raise ViolationError(invariant, str(detail))


class Due(Enum):
    """The expected result of a refresh token."""

    NEXT = auto()
    SAME = auto()
    """The successor that was issued before."""
    REFUSAL = auto()
    THEFT = auto()
    """A refusal, and the end of the session."""


@dataclass(eq=False)
class Person:
    """A person with an account."""

    id: str
    username: str
    is_active: bool = True
    epoch: int = 0
    """The number of times that all sessions were ended."""

    has_old_hash: bool = False
    password: str = PASSWORD
    is_verified: bool = False
    was_verified: bool = False
    """Whether an earlier address was verified, before an administrator replaced it."""

    must_change_password: bool = False
    roles: frozenset[str] = frozenset()
    factors: OwnFactors = field(default_factory=OwnFactors)
    browsers: list[Browser] = field(default_factory=list)
    codes: list[Code] = field(default_factory=list)
    devices: list[Device] = field(default_factory=list)
    """The devices that the person approved or denied."""
    agreed: frozenset[str] = frozenset()
    """The scopes of the application to which the person consented."""

    resets: list[MailedToken] = field(default_factory=list)
    verifications: list[MailedToken] = field(default_factory=list)
    """All tokens ever mailed, the newest last."""

    live_resets: list[MailedToken] = field(default_factory=list)
    live_verification: MailedToken | None = None
    """The tokens that were not used, replaced, or removed by a change of password or state."""

    @property
    def email(self) -> str:
        """The e-mail address."""
        return f"{self.username}@example.com"

    @property
    def is_admissible(self) -> bool:
        """Return whether a session may begin, with the right credentials."""
        return self.is_active and not self.must_change_password

    @property
    def may_log_in(self) -> bool:
        """Return whether the right password alone begins a session."""
        return self.is_admissible and not self.factors.exist

    @property
    def is_asked(self) -> bool:
        """Return whether a login with the right password needs a second factor."""
        return self.is_admissible and self.factors.exist

    def lose_links(self) -> None:
        """Record a change of password or state, which invalidates all mailed links."""
        self.live_resets, self.live_verification = [], None


@dataclass(eq=False)
class Session:
    """One login: all tokens ever issued for it, one for each generation, and its limits."""

    person: Person
    tokens: list[RefreshText]
    accesses: list[Access]
    refreshed_at: datetime
    expires_at: datetime
    ends_at: datetime
    epoch: int
    acr: int = 1
    """The number of kinds of factors used in it."""
    code: Code | None = None
    """The code that an application redeemed for it; None for a session of the service's own login."""
    browser: Browser | None = None
    """The browser session in which the code was issued, or its replacement."""
    ended: EndReason | None = None
    ended_at: datetime | None = None
    is_pruned: bool = False

    @property
    def is_of_application(self) -> bool:
        """Return whether the session belongs to an application, not to the service's own login."""
        return self.code is not None

    @property
    def generation(self) -> int:
        """The number of rotations so far, which is the generation of the current token."""
        return len(self.tokens) - 1

    @property
    def id(self) -> bytes:
        """The session's id, which each of its tokens contains."""
        return base64.urlsafe_b64decode(self.tokens[0].text.removeprefix("dwr_"))[1:17]

    @property
    def has_ended(self) -> bool:
        """Whether the session was ended, alone or with all sessions of its person."""
        return self.ended is not None or self.epoch != self.person.epoch

    def end(self, reason: EndReason, now: datetime) -> None:
        """End the session; an ended session keeps its first reason."""
        if not self.has_ended and not self.is_pruned:
            self.ended, self.ended_at = reason, now

    def dead_since(self) -> datetime:
        """The moment of its end, or of its expiry if it is not used again."""
        return min(self.expires_at, self.ended_at or self.expires_at)
