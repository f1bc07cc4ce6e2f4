"""What must be true of people and sessions: the model. It knows no database and none of the product's decisions."""

import base64
import math
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Final

from development.proof.model.own_factors import OwnFactors
from development.proof.model.rights import OWN_ROLE, ROLES
from development.proof.model.tokens import Access, MailedToken, RefreshText
from doorward.domain.auth.models import EndReason

ACCESS: Final = timedelta(minutes=30)
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
    ended: EndReason | None = None
    ended_at: datetime | None = None
    is_pruned: bool = False

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


@dataclass
class Model:
    """All that one walk knows."""

    leeway: timedelta
    people: list[Person] = field(default_factory=list)
    sessions: list[Session] = field(default_factory=list)
    key: int = 0
    previous_key: int | None = None
    reuses: int = 0
    roles: dict[str, frozenset[str]] = field(default_factory=lambda: {**ROLES, OWN_ROLE: frozenset()})

    def scopes_of(self, person: Person) -> frozenset[str]:
        """Return what somebody may administer: what today's roles give, as they are defined today."""
        return frozenset().union(*(self.roles[role] for role in person.roles))

    def forget(self, person: Person) -> None:
        """Note that somebody is gone, with all sessions."""
        self.people.remove(person)
        self.sessions = [session for session in self.sessions if session.person is not person]

    def is_readable(self, key: int) -> bool:
        """Tell whether tokens under this key are still read."""
        return key in {self.key, self.previous_key}

    def mail_reset(self, person: Person, token: MailedToken) -> None:
        """Note a mail. The two newest links work, so that a stranger's request kills none that was just mailed."""
        person.resets.append(token)
        person.live_resets = [*person.live_resets[-1:], token]

    def can_reset(self, person: Person, token: MailedToken, now: datetime) -> bool:
        """Tell whether the link must set a password; else it must be refused."""
        is_live = token in person.live_resets and now < token.until
        return is_live and person.is_active and self.is_readable(token.key)

    def reset(self, person: Person, password: str) -> None:
        """Note a new password by mail: sessions, links and old hash are gone, the address is the owner's.

        Factors are gone where no address was the owner's before, and with them all sessions by themselves.
        """
        if not (person.is_verified or person.was_verified) and person.factors.exist:
            person.factors.lose_all()
            person.epoch += 1
        person.password, person.has_old_hash, person.is_verified = password, False, True
        person.must_change_password = False
        person.epoch += 1
        person.lose_links()

    def mail_verification(self, person: Person, token: MailedToken) -> None:
        """Note a mail. Its link replaces the one before."""
        person.verifications.append(token)
        person.live_verification = token

    def can_verify(self, person: Person, token: MailedToken, now: datetime) -> bool:
        """Tell whether the link must verify, for the right session or password; else it must be refused."""
        is_live = token is person.live_verification and now < token.until
        return is_live and person.is_active and self.is_readable(token.key)

    def is_live(self, session: Session, now: datetime) -> bool:
        """Tell whether anything of the session may work."""
        return not session.has_ended and now < session.expires_at and session.person.is_active

    def admits(self, session: Session, access: Access, now: datetime) -> bool:
        """Tell whether the access token must be accepted; else it must be refused."""
        return self.is_live(session, now) and self.is_good(access, now)

    def is_good(self, access: Access, now: datetime) -> bool:
        """Tell whether the access token is by itself: its session may have ended."""
        return self.is_readable(access.key) and now.timestamp() < access.until

    def due(self, session: Session, generation: int, token: RefreshText, now: datetime) -> Due:
        """Say what a refresh with this token of the session must get."""
        if not self.is_readable(token.key) or session.has_ended or now >= session.expires_at:
            return Due.REFUSAL
        age = session.generation - generation
        if age == 0:
            return Due.NEXT if session.person.is_active else Due.REFUSAL
        if age == 1 and self.leeway and now - session.refreshed_at <= self.leeway:
            return Due.SAME if session.person.is_active else Due.REFUSAL
        return Due.THEFT

    def begin(self, person: Person, refresh: str, access: str, now: datetime) -> Session:
        """Note a login. It ends the session that was used longest ago, if there are too many."""
        live = [each for each in self.sessions_of(person) if not each.is_pruned and self.is_live(each, now)]
        for displaced in sorted(live, key=lambda each: (each.refreshed_at, each.id), reverse=True)[MOST_OF_ONE - 1 :]:
            displaced.end(EndReason.DISPLACED, now)
        session = Session(
            person=person,
            tokens=[RefreshText(refresh, self.key)],
            accesses=[self.access_given(access, now)],
            refreshed_at=now,
            expires_at=now + IDLE,
            ends_at=now + ABSOLUTE,
            epoch=person.epoch,
        )
        self.sessions.append(session)
        person.factors.newer_devices += 1
        return session

    def rotate(self, session: Session, refresh: str, access: str, now: datetime) -> None:
        """Note a rotation."""
        session.tokens.append(RefreshText(refresh, self.key))
        session.accesses.append(self.access_given(access, now))
        session.refreshed_at = now
        session.expires_at = min(now + IDLE, session.ends_at)

    def renew(self, session: Session, refresh: str, access: str, now: datetime) -> Session:
        """Note that a session got another identity: of the old one nothing works, and nothing is stored."""
        session.expires_at, session.is_pruned = now, True
        renewed = self.begin(session.person, refresh, access, now)
        renewed.ends_at = session.ends_at
        renewed.expires_at = min(now + IDLE, session.ends_at)
        return renewed

    def steal(self, session: Session, now: datetime) -> None:
        """Note that a used token came again."""
        self.reuses += 1
        session.end(EndReason.REUSE, now)

    def end_all(self, person: Person) -> int:
        """Note the end of all sessions of somebody; return how many there were."""
        lasting = [session for session in self.sessions_of(person) if not session.has_ended and not session.is_pruned]
        person.epoch += 1
        return len(lasting)

    def deactivate(self, person: Person) -> int:
        """Note a deactivation; return how many sessions that ended."""
        ended = self.end_all(person)
        person.is_active = False
        person.lose_links()
        return ended

    def sessions_of(self, person: Person) -> list[Session]:
        """Return all that somebody ever began."""
        return [session for session in self.sessions if session.person is person]

    def access_given(self, text: str, now: datetime) -> Access:
        """Return what is known of an access token that was given at this moment: its times are whole seconds."""
        return Access(text, math.floor(now.timestamp()) + int(ACCESS.total_seconds()), self.key)

    def prunable(self, now: datetime) -> list[Session]:
        """Return the sessions that ended so long ago that they need not be stored any more, and still are."""
        return [each for each in self.sessions if not each.is_pruned and each.dead_since() < now - RETENTION]

    def prune(self, now: datetime) -> None:
        """Note which sessions are no longer stored."""
        for session in self.prunable(now):
            session.is_pruned = True
