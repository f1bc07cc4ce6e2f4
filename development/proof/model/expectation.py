"""The model: the expected state of users and sessions, without a database and without any code of the product."""

import math
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from development.proof.model.browsers import Code
from development.proof.model.people import (
    ABSOLUTE,
    ACCESS,
    ACCESS_OF_APPLICATIONS,
    IDLE,
    MAXIMUM_SESSIONS_PER_PERSON,
    RETENTION,
    Due,
    Person,
    Session,
)
from development.proof.model.rights import OWN_ROLE, ROLES
from development.proof.model.tokens import Access, MailedToken, RefreshText
from doorward.domain.auth.models import EndReason


@dataclass
class Model:
    """The state of one walk."""

    leeway: timedelta
    people: list[Person] = field(default_factory=list)
    sessions: list[Session] = field(default_factory=list)
    key: int = 0
    previous_key: int | None = None
    reuses: int = 0
    roles: dict[str, frozenset[str]] = field(default_factory=lambda: {**ROLES, OWN_ROLE: frozenset()})

    def scopes_of(self, person: Person) -> frozenset[str]:
        """Return the administrative scopes of a person, from current roles and their current definitions."""
        return frozenset().union(*(self.roles[role] for role in person.roles))

    def forget(self, person: Person) -> None:
        """Record the deletion of a person, with all sessions and the devices that the person decided about."""
        self.people.remove(person)
        for device in person.devices:
            device.is_used = True
        self.sessions = [session for session in self.sessions if session.person is not person]

    def is_readable(self, key: int | None) -> bool:
        """Return whether tokens under this key are still valid. Signing keys do not depend on SECRET_KEY."""
        return key is None or key in {self.key, self.previous_key}

    def mail_reset(self, person: Person, token: MailedToken) -> None:
        """Record a mail.

        The two newest links work, so that a stranger's request does not invalidate one mailed just before.
        """
        person.resets.append(token)
        person.live_resets = [*person.live_resets[-1:], token]

    def can_reset(self, person: Person, token: MailedToken, now: datetime) -> bool:
        """Return whether the link must set a password; else it must be refused."""
        is_live = token in person.live_resets and now < token.until
        return is_live and person.is_active and self.is_readable(token.key)

    def reset(self, person: Person, password: str) -> None:
        """Record a password reset by mail: sessions, links and the old hash are gone, the address is verified.

        If no address was verified before, second factors are removed, which ends all sessions once more.
        """
        if not (person.is_verified or person.was_verified) and person.factors.exist:
            person.factors.lose_all()
            person.epoch += 1
        person.password, person.has_old_hash, person.is_verified = password, False, True
        person.must_change_password = False
        person.epoch += 1
        person.lose_links()

    def mail_verification(self, person: Person, token: MailedToken) -> None:
        """Record a mail. Its link replaces the previous one."""
        person.verifications.append(token)
        person.live_verification = token

    def can_verify(self, person: Person, token: MailedToken, now: datetime) -> bool:
        """Return whether the link must verify, with the right session or password; else it must be refused."""
        is_live = token is person.live_verification and now < token.until
        return is_live and person.is_active and self.is_readable(token.key)

    def is_live(self, session: Session, now: datetime) -> bool:
        """Return whether any token of the session may work."""
        return not session.has_ended and now < session.expires_at and session.person.is_active

    def admits(self, session: Session, access: Access, now: datetime) -> bool:
        """Return whether the access token must be accepted; else it must be refused."""
        return self.is_live(session, now) and self.is_good(access, now)

    def is_good(self, access: Access, now: datetime) -> bool:
        """Return whether the access token itself is valid; its session may have ended."""
        return self.is_readable(access.key) and now.timestamp() < access.until

    def due(self, session: Session, generation: int, token: RefreshText, now: datetime) -> Due:
        """Return the expected result of a refresh with this token of the session."""
        if not self.is_readable(token.key) or session.has_ended or now >= session.expires_at:
            return Due.REFUSAL
        age = session.generation - generation
        if age == 0:
            return Due.NEXT if session.person.is_active else Due.REFUSAL
        if age == 1 and self.leeway and now - session.refreshed_at <= self.leeway:
            return Due.SAME if session.person.is_active else Due.REFUSAL
        return Due.THEFT

    def begin(self, person: Person, refresh: str, access: str, now: datetime) -> Session:
        """Record a login. If there are too many sessions, it ends the least recently used one."""
        person.factors.newer_devices += 1
        return self._add(
            person, Session(person, [], [], now, now + IDLE, now + ABSOLUTE, person.epoch), refresh, access
        )

    def begin_of_code(self, person: Person, code: Code, refresh: str, access: str, now: datetime) -> Session:
        """Record that an application redeemed a code. Its session ends with the browser's, unless it is offline."""
        ends_at = now + ABSOLUTE if code.is_offline else min(now + ABSOLUTE, code.browser.ends_at)
        limits = (now, min(now + IDLE, ends_at), ends_at)
        session = Session(person, [], [], *limits, person.epoch, acr=code.browser.acr, code=code, browser=code.browser)
        return self._add(person, session, refresh, access)

    def _add(self, person: Person, session: Session, refresh: str, access: str) -> Session:
        now = session.refreshed_at
        live = [each for each in self.sessions_of(person) if not each.is_pruned and self.is_live(each, now)]
        live.sort(key=lambda each: (each.refreshed_at, each.id), reverse=True)
        for displaced in live[MAXIMUM_SESSIONS_PER_PERSON - 1 :]:
            displaced.end(EndReason.DISPLACED, now)
        session.tokens.append(RefreshText(refresh, self.key))
        session.accesses.append(self.access_given(session, access, now))
        self.sessions.append(session)
        return session

    def rotate(self, session: Session, refresh: str, access: str, now: datetime) -> None:
        """Record a rotation."""
        session.tokens.append(RefreshText(refresh, self.key))
        session.accesses.append(self.access_given(session, access, now))
        session.refreshed_at = now
        session.expires_at = min(now + IDLE, session.ends_at)

    def renew(self, session: Session, refresh: str, access: str, now: datetime) -> Session:
        """Record that a session got a new identity: the old one does not work, and is not stored."""
        session.expires_at, session.is_pruned = now, True
        renewed = self.begin(session.person, refresh, access, now)
        renewed.ends_at = session.ends_at
        renewed.expires_at = min(now + IDLE, session.ends_at)
        return renewed

    def steal(self, session: Session, now: datetime) -> None:
        """Record the reuse of a token."""
        self.reuses += 1
        session.end(EndReason.REUSE, now)

    def end_all(self, person: Person) -> int:
        """Record the end of all sessions of a person; return their number."""
        lasting = [session for session in self.sessions_of(person) if not session.has_ended and not session.is_pruned]
        person.epoch += 1
        return len(lasting)

    def deactivate(self, person: Person) -> int:
        """Record a deactivation; return the number of sessions that ended."""
        ended = self.end_all(person)
        person.is_active = False
        person.lose_links()
        return ended

    def sessions_of(self, person: Person) -> list[Session]:
        """Return all sessions that the person ever began."""
        return [session for session in self.sessions if session.person is person]

    def access_given(self, session: Session, text: str, now: datetime) -> Access:
        """Return the state of an access token issued now: its timestamps are whole seconds."""
        life, key = (ACCESS_OF_APPLICATIONS, None) if session.is_of_application else (ACCESS, self.key)
        return Access(text, math.floor(now.timestamp()) + int(life.total_seconds()), key)

    def prunable(self, now: datetime) -> list[Session]:
        """Return the stored sessions that ended so long ago that they may be removed."""
        return [each for each in self.sessions if not each.is_pruned and each.dead_since() < now - RETENTION]

    def prune(self, now: datetime) -> None:
        """Record which sessions are no longer stored."""
        for session in self.prunable(now):
            session.is_pruned = True
