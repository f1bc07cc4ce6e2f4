"""The vocabulary of imports: what a file says of a user, what is stored, and why a line is left out. No I/O."""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import IO, Literal
from uuid import UUID

from doorward.core.exceptions import DomainError
from doorward.core.frozen import frozen
from doorward.domain.administration.models import Actor

UserFormat = Literal["csv", "ndjson", "keycloak", "auth0", "firebase", "supabase", "django"]
OnConflict = Literal["skip", "fail"]


class LineCode(StrEnum):
    """Why a line of a file was not stored. Part of the interface, as the codes of refusals are."""

    MALFORMED_LINE = "malformed_line"
    """No user of this format: broken JSON, too few or too many columns, a member of another type."""
    NOT_TEXT = "not_text"
    """Bytes that are not UTF-8, or characters that no text has."""
    LINE_TOO_LONG = "line_too_long"
    """More than 65,536 characters."""
    INVALID_EMAIL = "invalid_email"
    """No e-mail address, or none that the service accepts."""
    INVALID_USERNAME = "invalid_username"
    """A user name that the service does not accept: 3 to 32 ASCII letters, digits, dots, hyphens and underscores."""
    USERNAME_RESERVED = "username_reserved"
    """A user name that begins with `ext_`, as those of users that foreign issuers vouch for."""
    INVALID_EXTERNAL_ID = "invalid_external_id"
    """Longer than 255 characters, or with invisible ones."""
    INVALID_TIME = "invalid_time"
    """No moment in ISO 8601, or one that is more than a day ahead."""
    UNKNOWN_ROLE = "unknown_role"
    """A role that there is not."""
    BEYOND_OWN_SCOPES = "beyond_own_scopes"
    """A role that gives more than the person has who imports."""
    TOO_MANY_ROLES = "too_many_roles"
    """More than 20 roles."""
    HASH_UNSUPPORTED = "hash_unsupported"
    """A password hash in no known spelling, or malformed."""
    HASH_TOO_COSTLY = "hash_too_costly"
    """A password hash that needs more memory or time than a login may take."""
    HASH_NEEDS_SIGNER_KEY = "hash_needs_signer_key"
    """A password hash of Firebase, while the signer key is not set."""
    HASH_NEEDS_PACKAGE = "hash_needs_package"
    """A password hash whose package is not installed."""
    DELETED = "deleted"
    """A user whom the other system has deleted."""
    ALREADY_IMPORTED = "already_imported"
    """Stored by an earlier import: the external id, or the id that is kept, and the e-mail address are those of one
    user. No conflict."""
    ID_TAKEN = "id_taken"
    """Another user has the id that is to be kept."""
    EXTERNAL_ID_TAKEN = "external_id_taken"
    """A user with another e-mail address has the external id."""
    EMAIL_TAKEN = "email_taken"
    """Another user has the e-mail address."""
    USERNAME_TAKEN = "username_taken"
    """Another user has the user name."""


CONFLICTS = frozenset({LineCode.ID_TAKEN, LineCode.EXTERNAL_ID_TAKEN, LineCode.EMAIL_TAKEN, LineCode.USERNAME_TAKEN})


@frozen
class ForeignUser:
    """A user as a file has it, not yet looked at: any of the texts may be nonsense."""

    email: str
    username: str | None = None
    password_hash: str | None = None
    external_id: str | None = None
    """The id in the other system."""
    id: str | None = None
    """What may become the id here, if it is a UUID."""
    is_verified: bool = False
    """Whether the e-mail address was shown to be the user's."""
    roles: tuple[str, ...] = ()
    created_at: str | None = None
    """In ISO 8601."""
    is_active: bool = True


@frozen
class ImportedUser:
    """A user about to be stored."""

    id: UUID
    email: str
    email_key: str
    username: str
    username_key: str
    password_hash: str | None
    external_id: str | None
    roles: tuple[str, ...]
    is_verified: bool
    is_active: bool
    created_at: datetime | None


@frozen
class Line:
    """One user of a file, or why there is none. Lines of CSV and NDJSON are numbered from 1, users of JSON, too."""

    number: int
    content: ForeignUser | LineCode


Reader = Callable[[IO[bytes]], Generator[Line | None]]
"""Reads a file; yields None between lines where reading goes on for long. Raises the refusals of ``exceptions``."""


@frozen
class LeftOut:
    """A line that was not stored."""

    number: int
    code: LineCode


@frozen
class UserImportRequest:
    """Who imports, and the options."""

    actor: Actor
    source: UserFormat
    is_rehearsal: bool = False
    """Nothing is stored in the end."""
    keeps_ids: bool = False
    """UUIDs stay the ids of their users."""
    on_conflict: OnConflict = "skip"


@frozen
class ImportableRole:
    """A role that users of a file may get."""

    id: UUID
    name: str
    scopes: Sequence[str]


@dataclass(slots=True)
class Tally:
    """How many lines were stored, had been stored by an earlier import, and were left out."""

    stored: int = 0
    already_stored: int = 0
    left_out: int = 0


@frozen
class ImportOutcome:
    """What became of an import, and the refusal that ended it before the file's end, if one did."""

    tally: Tally
    refusal: DomainError | None
