"""Types of imports: users of a file, users to be stored, and the reasons why lines are left out. No I/O."""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
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
    """Why a line of a file was not stored. The codes are part of the API, as those of refusals are."""

    MALFORMED_LINE = "malformed_line"
    """Not a user in this format: broken JSON, too few or too many columns, or a member of another type."""
    NOT_TEXT = "not_text"
    """Bytes that are not UTF-8, or characters that text cannot contain."""
    LINE_TOO_LONG = "line_too_long"
    """More than 65,536 characters."""
    INVALID_EMAIL = "invalid_email"
    """Not an e-mail address, or one that the service does not accept."""
    INVALID_USERNAME = "invalid_username"
    """A user name that the service does not accept: 3 to 32 ASCII letters, digits, dots, hyphens and underscores."""
    USERNAME_RESERVED = "username_reserved"
    """A user name that begins with `ext_`, which is reserved for users of trusted issuers."""
    INVALID_EXTERNAL_ID = "invalid_external_id"
    """An external id with more than 255 characters, or with invisible ones."""
    INVALID_TIME = "invalid_time"
    """Not a time in ISO 8601, or one that is more than a day in the future."""
    UNKNOWN_ROLE = "unknown_role"
    """A role that does not exist."""
    BEYOND_OWN_SCOPES = "beyond_own_scopes"
    """A role with more scopes than the importing user has."""
    TOO_MANY_ROLES = "too_many_roles"
    """More than 20 roles."""
    HASH_UNSUPPORTED = "hash_unsupported"
    """A password hash in an unknown format, or malformed."""
    HASH_TOO_COSTLY = "hash_too_costly"
    """A password hash that needs more memory or time than a login may take."""
    HASH_NEEDS_SIGNER_KEY = "hash_needs_signer_key"
    """A password hash of Firebase, but the signer key is not set."""
    HASH_NEEDS_PACKAGE = "hash_needs_package"
    """A password hash whose package is not installed."""
    DELETED = "deleted"
    """A user that was deleted in the other system."""
    ALREADY_IMPORTED = "already_imported"
    """Stored by an earlier import: the external id or the kept id, and the e-mail address, belong to one user.

    Not a conflict.
    """
    ID_TAKEN = "id_taken"
    """Another user has the id, and ids are to be kept."""
    EXTERNAL_ID_TAKEN = "external_id_taken"
    """A user with another e-mail address has the external id."""
    EMAIL_TAKEN = "email_taken"
    """Another user has the e-mail address."""
    USERNAME_TAKEN = "username_taken"
    """Another user has the user name."""


CONFLICTS = frozenset({LineCode.ID_TAKEN, LineCode.EXTERNAL_ID_TAKEN, LineCode.EMAIL_TAKEN, LineCode.USERNAME_TAKEN})


@frozen
class ForeignUser:
    """A user as the file has it, not validated: any of the texts may be invalid."""

    email: str
    username: str | None = None
    password_hash: str | None = field(default=None, repr=False)
    external_id: str | None = None
    """The user's id in the other system."""
    id: str | None = None
    """The user's id here, if it is a UUID and ids are kept."""
    is_verified: bool = False
    """Whether the other system has verified the e-mail address."""
    roles: tuple[str, ...] = ()
    created_at: str | None = None
    """A time in ISO 8601."""
    is_active: bool = True


@frozen
class ImportedUser:
    """A user about to be stored."""

    id: UUID
    email: str
    email_key: str
    username: str
    username_key: str
    password_hash: str | None = field(repr=False)
    external_id: str | None
    roles: tuple[str, ...]
    is_verified: bool
    is_active: bool
    created_at: datetime | None


@frozen
class Line:
    """One user of a file, or the reason why the line has none.

    Lines of CSV and NDJSON are numbered from 1, and so are the users of JSON files.
    """

    number: int
    content: ForeignUser | LineCode


Reader = Callable[[IO[bytes]], Generator[Line | None]]
"""Read a file; yield None between lines if reading takes long. Raises the refusals of ``exceptions``."""


@frozen
class SkippedLine:
    """A line that was not stored."""

    number: int
    code: LineCode


@frozen
class UserImportRequest:
    """The actor and the options of an import."""

    actor: Actor
    source: UserFormat
    is_rehearsal: bool = False
    """Store nothing: roll back at the end."""
    keeps_ids: bool = False
    """Keep the UUIDs of the file as the users' ids."""
    on_conflict: OnConflict = "skip"


@frozen
class ImportableRole:
    """A role that users of a file may get."""

    id: UUID
    name: str
    scopes: Sequence[str]


@dataclass(slots=True)
class ImportCounts:
    """The numbers of lines that were stored, were stored by an earlier import, and were left out."""

    stored: int = 0
    already_stored: int = 0
    skipped: int = 0


@frozen
class ImportOutcome:
    """The result of an import, and the refusal that ended it before the file's end, if any."""

    counts: ImportCounts
    refusal: DomainError | None
