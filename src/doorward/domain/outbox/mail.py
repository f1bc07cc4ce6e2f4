"""What is asked of a mail: its kind, for whom, and who caused it. Stored sealed in the outbox. No I/O."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum
from typing import Final, Self
from uuid import UUID

from doorward.core.frozen import frozen

MAIL_CHANNEL: Final = "mail"


class MailKind(StrEnum):
    """The mails that the service sends. Each has its templates, named like it."""

    VERIFY_EMAIL = "verify_email"
    PASSWORD_RESET = "password_reset"  # noqa: S105 - the name of a mail
    INVITATION = "invitation"
    CONFIRM_REGISTRATION = "confirm_registration"
    ACCOUNT_EXISTS = "account_exists"
    EMAIL_CHANGE_OLD = "email_change_old"
    EMAIL_CHANGE_NEW = "email_change_new"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - the name of a mail
    EMAIL_CHANGED = "email_changed"
    NEW_DEVICE = "new_device"
    DELETION_SCHEDULED = "deletion_scheduled"
    REUSE_DETECTED = "reuse_detected"
    FACTORS_CHANGED = "factors_changed"
    WEBHOOK_DISABLED = "webhook_disabled"


class MailOrigin(StrEnum):
    """Who caused a mail. Each has a budget of its own for an address, so that a stranger cannot spend the owner's."""

    STRANGER = "stranger"
    """Whoever knows the address."""
    OWNER = "owner"
    """A session or the right password of an account whose address is verified, or a known device."""
    CLAIMANT = "claimant"
    """A session or the right password of an account that has the address, or is to have it, and has not shown that it
    is its own, or an administrator: its mails cannot spend what the owner of the address may have."""
    SERVICE = "service"
    """The service itself, as in a notice: no budget."""


@frozen
class MailRequest:
    """A mail that a change asks for. The worker composes it when it sends it: a token is made no earlier.

    ``user_id`` is whom it is about. It is None when a stranger named ``email``, as it was typed: the worker looks up
    whose that is. ``facts`` are words for the template or ids for the composer, never a token.
    """

    kind: MailKind
    origin: MailOrigin
    user_id: UUID | None = None
    email: str | None = None
    facts: Mapping[str, str] = field(default_factory=dict)
    is_repeatable: bool = False
    """Beyond the owner's budget it is dropped, not delayed: whoever asked for it can ask again."""

    @property
    def topic(self) -> bytes | None:
        """Return the topic of mails that wait for their budget: of a user and a kind one row waits, the newest.

        A notice has none, as each tells of an event of its own, nor has a mail that never waits. It is a hash, so that
        it outlives an account without naming it.
        """
        if self.user_id is None or self.is_repeatable or self.origin not in {MailOrigin.OWNER, MailOrigin.CLAIMANT}:
            return None
        return hashlib.sha256(f"{self.kind} {self.user_id}".encode()).digest()

    def to_bytes(self) -> bytes:
        """Return the request as JSON, to be sealed."""
        return json.dumps(
            {
                "kind": self.kind,
                "origin": self.origin,
                "user_id": None if self.user_id is None else str(self.user_id),
                "email": self.email,
                "facts": dict(self.facts),
                "is_repeatable": self.is_repeatable,
            }
        ).encode()

    @classmethod
    def from_bytes(cls, stored: bytes) -> Self:
        """Read what ``to_bytes`` wrote."""
        found = json.loads(stored)
        return cls(
            kind=MailKind(found["kind"]),
            origin=MailOrigin(found["origin"]),
            user_id=None if found["user_id"] is None else UUID(found["user_id"]),
            email=found["email"],
            facts=found["facts"],
            is_repeatable=found.get("is_repeatable", False),
        )


@frozen
class ComposedMail:
    """A mail ready for its templates: to which address, in which language, with which words."""

    to: str
    kind: MailKind
    facts: Mapping[str, str]
    locale: str | None = None
