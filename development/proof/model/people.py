"""People and sessions as the model knows them. It knows no database and none of the product's decisions."""

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
MOST_PEOPLE: Final = 3
MOST_OF_ONE: Final = 2
"""Live sessions of one person."""


PASSWORD: Final = "correct horse battery"  # noqa: S105 - of people who live for one walk


class ViolationError(AssertionError):
    """The product did what the model forbids. ``invariant`` names what was broken."""

    def __init__(self, invariant: str, detail: str) -> None:
        """Take the invariant's name and what was seen."""
        super().__init__(f"{invariant}: {detail}")
        self.invariant = invariant


def hold(invariant: str, *, is_so: bool, detail: object = "") -> None:
    """Raise ``ViolationError`` unless it is so."""
    if not is_so:
        raise ViolationError(invariant, str(detail))


class Due(Enum):
    """What a presented refresh token must get."""

    NEXT = auto()
    SAME = auto()
    """The successor that was given before."""
    REFUSAL = auto()
    THEFT = auto()
    """A refusal, and the end of the session."""


@dataclass(eq=False)
class Person:
    """Somebody with an account."""

    id: str
    username: str
    is_active: bool = True
    epoch: int = 0
    """How often all sessions were ended."""

    has_old_hash: bool = False
    password: str = PASSWORD
    is_verified: bool = False
    was_verified: bool = False
    """An address was, before the one that an administrator has set."""

    must_change_password: bool = False
    roles: frozenset[str] = frozenset()
    factors: OwnFactors = field(default_factory=OwnFactors)
    browsers: list[Browser] = field(default_factory=list)
    codes: list[Code] = field(default_factory=list)
    devices: list[Device] = field(default_factory=list)
    """Those that the person has decided about."""
    agreed: frozenset[str] = frozenset()
    """What the application may do, by what the person agreed to."""

    resets: list[MailedToken] = field(default_factory=list)
    verifications: list[MailedToken] = field(default_factory=list)
    """Every token that was ever mailed, the newest last."""

    live_resets: list[MailedToken] = field(default_factory=list)
    live_verification: MailedToken | None = None
    """Those that were neither used, nor replaced, nor removed by a change of password or state."""

    @property
    def email(self) -> str:
        """The address."""
        return f"{self.username}@example.com"

    @property
    def is_admissible(self) -> bool:
        """Tell whether a session may begin, by whatever is shown."""
        return self.is_active and not self.must_change_password

    @property
    def may_log_in(self) -> bool:
        """Tell whether the right password alone begins a session."""
        return self.is_admissible and not self.factors.exist

    @property
    def is_asked(self) -> bool:
        """Tell whether the right password is asked for a second factor."""
        return self.is_admissible and self.factors.exist

    def lose_links(self) -> None:
        """Note a change of password or state: no link that was mailed before works."""
        self.live_resets, self.live_verification = [], None


@dataclass(eq=False)
class Session:
    """One login: all tokens it was ever given, a generation each, and its limits."""

    person: Person
    tokens: list[RefreshText]
    accesses: list[Access]
    refreshed_at: datetime
    expires_at: datetime
    ends_at: datetime
    epoch: int
    acr: int = 1
    """How many kinds of factors were shown in it."""
    code: Code | None = None
    """That an application redeemed for it; the session is not the application's without one."""
    browser: Browser | None = None
    """In which the code was issued, or that which took its place."""
    ended: EndReason | None = None
    ended_at: datetime | None = None
    is_pruned: bool = False

    @property
    def is_of_application(self) -> bool:
        """Tell whose session it is: the application's, or one of the service's own login."""
        return self.code is not None

    @property
    def generation(self) -> int:
        """The number of rotations so far, which is that of the current token."""
        return len(self.tokens) - 1

    @property
    def id(self) -> bytes:
        """The id, as each token of the session says it."""
        return base64.urlsafe_b64decode(self.tokens[0].text.removeprefix("dwr_"))[1:17]

    @property
    def has_ended(self) -> bool:
        """Whether it was ended, by itself or with all sessions of its person."""
        return self.ended is not None or self.epoch != self.person.epoch

    def end(self, reason: EndReason, now: datetime) -> None:
        """End for good; what ended stays as it ended."""
        if not self.has_ended and not self.is_pruned:
            self.ended, self.ended_at = reason, now

    def dead_since(self) -> datetime:
        """When it ended, or will if nobody comes again."""
        return min(self.expires_at, self.ended_at or self.expires_at)
