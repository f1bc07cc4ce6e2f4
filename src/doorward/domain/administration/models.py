"""Types of the administration domain. No I/O."""

from collections.abc import Mapping, Sequence
from dataclasses import field
from datetime import datetime
from enum import Enum, StrEnum
from typing import Final
from uuid import UUID

from doorward.core.frozen import frozen
from doorward.domain.auth.callers import Caller
from doorward.domain.auth.models import Standing


@frozen
class Actor:
    """The acting administrator: a user in a session, or without one an operator at a shell, who may do everything."""

    caller: Caller | None = None


OPERATOR: Final = Actor()


@frozen
class Role:
    """A role. ``name`` is used by people and in tokens, ``id`` in events."""

    id: UUID
    name: str
    description: str
    scopes: Sequence[str]
    is_built_in: bool
    version: int
    created_at: datetime
    updated_at: datetime


@frozen
class TargetUser(Standing):
    """The locked user on whom an administrator acts. ``email`` and ``username`` are in their display forms."""

    email: str | None
    username: str
    version: int
    session_epoch: int
    is_verified: bool


class UserStatus(StrEnum):
    """Whether a user can sign in."""

    ACTIVE = "active"
    DEACTIVATED = "deactivated"
    DELETION_PENDING = "deletion_pending"
    """Inactive until the deletion at ``deletion_due_at``."""


@frozen
class AdministeredUser:
    """A user as administrators see it, without hashes and secrets.

    A user of a trusted issuer has no address, unless an administrator has set one.
    """

    id: UUID
    email: str | None
    email_verified_at: datetime | None
    email_bounced_at: datetime | None
    username: str
    is_active: bool
    roles: Sequence[str]
    locale: str | None
    external_id: str | None
    has_password: bool
    must_change_password: bool
    deletion_due_at: datetime | None
    created_at: datetime
    updated_at: datetime
    version: int
    second_factors: Sequence[str]
    """The kinds of the user's second factors."""
    identities: Sequence[Mapping[str, str]]
    """The user's identities at trusted issuers: ``issuer`` and ``subject`` of each."""

    @property
    def status(self) -> UserStatus:
        """Return whether the user can sign in, and if not, why."""
        if self.is_active:
            return UserStatus.ACTIVE
        return UserStatus.DEACTIVATED if self.deletion_due_at is None else UserStatus.DELETION_PENDING


class Unset(Enum):
    """The default of a member that a change leaves as it is, where null is a value."""

    UNSET = "unset"


UNSET: Final = Unset.UNSET


@frozen
class NewUser:
    """A user to create, as the request has it."""

    email: str
    username: str
    password: str = field(repr=False)
    roles: Sequence[str] = ()
    locale: str | None = None
    external_id: str | None = None


@frozen
class UserChanges:
    """The changes of a user, as the request has them."""

    username: str | None = None
    email: str | None = None
    roles: Sequence[str] | None = None
    locale: str | Unset | None = UNSET
    external_id: str | Unset | None = UNSET


@frozen
class UserQuery:
    """The filter of a list of users; None does not filter.

    ``part`` is a part of the user name or the address. ``issuer`` and ``subject`` belong to one identity; ``subject``
    needs ``issuer``. ``created_since`` is inclusive, ``created_until`` is exclusive.
    """

    part: str | None = None
    email: str | None = None
    username: str | None = None
    external_id: str | None = None
    status: UserStatus | None = None
    role: str | None = None
    is_verified: bool | None = None
    issuer: str | None = None
    subject: str | None = None
    created_since: datetime | None = None
    created_until: datetime | None = None


@frozen
class FoundUsers:
    """A page of a list of users, the newest first. ``total`` counts the whole list, and may be an estimate."""

    users: Sequence[AdministeredUser]
    page_size: int
    next_cursor: str | None
    total: int
    total_is_estimate: bool


@frozen
class PendingInvitation:
    """An invitation that is not accepted yet. ``invited_by`` is None for an operator."""

    id: UUID
    email: str
    roles: Sequence[str]
    invited_by: UUID | None
    created_at: datetime
    expires_at: datetime
