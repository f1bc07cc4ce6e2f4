"""Requests for mails: the kind, the recipient, and the origin. They are stored encrypted in the outbox. No I/O."""

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
    """The kinds of mails. Each has templates of the same name."""

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
    """The origin of a mail. Each has a separate budget per address, so that a stranger cannot spend the owner's."""

    STRANGER = "stranger"
    """Anyone who knows the address."""
    OWNER = "owner"
    """Proven by a session or the correct password of an account with a verified address, or by a known device."""
    CLAIMANT = "claimant"
    """An administrator, or a session or the correct password of an account that has or requests the address but has not
    verified it. The budget is separate, so that these mails cannot spend that of the address's owner."""
    SERVICE = "service"
    """The service itself, for notices. They have no budget."""


@frozen
class MailRequest:
    """A mail that is requested by a change. It is composed, and its token is created, only when it is sent.

    ``user_id`` is the user whom it concerns. It is None if a stranger entered ``email``, whose user is looked up when
    the mail is composed. ``facts`` are words for the template or ids for the composer, never a token.
    """

    kind: MailKind
    origin: MailOrigin
    user_id: UUID | None = None
    email: str | None = None
    facts: Mapping[str, str] = field(default_factory=dict)
    is_repeatable: bool = False
    """Whether it is dropped, not delayed, if the owner's budget is spent, because it can be requested again."""

    @property
    def topic(self) -> bytes | None:
        """Return the topic of mails that may wait for their budget: only the newest of a user and a kind is kept.

        Notices have none, because each is about a different event, and mails that never wait have none. The topic is a
        hash, so that it does not identify the account after its deletion.
        """
        if self.user_id is None or self.is_repeatable or self.origin not in {MailOrigin.OWNER, MailOrigin.CLAIMANT}:
            return None
        return hashlib.sha256(f"{self.kind} {self.user_id}".encode()).digest()

    def to_bytes(self) -> bytes:
        """Return the request as JSON, before encryption."""
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
        """Return the request from the output of ``to_bytes``."""
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
    """A mail ready for its templates: the address, the kind, the facts for the text, and the language."""

    to: str
    kind: MailKind
    facts: Mapping[str, str]
    locale: str | None = None
