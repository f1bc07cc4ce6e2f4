"""What this domain speaks of: users, refresh families, token pairs. No I/O."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID


@dataclass(frozen=True, slots=True)
class User:
    """An account as its owner may see it. ``email`` and ``username`` keep the case they were given in."""

    id: UUID
    email: str
    username: str
    is_active: bool


@dataclass(frozen=True, slots=True)
class SessionUser(User):
    """The account that a live session belongs to."""

    session_id: UUID


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is asking: the user of a live session, and what the access token allows (RFC 6749 section 3.3)."""

    user: User
    session_id: UUID
    scopes: frozenset[str]


@dataclass(frozen=True, slots=True)
class StoredCredentials:
    """What a login is checked against."""

    user_id: UUID
    password_hash: str
    is_active: bool


class RevocationReason(StrEnum):
    """Why a family ended. Stored; never changes afterwards."""

    LOGOUT = "logout"
    REUSE = "reuse"
    OPERATOR = "operator"
    DEACTIVATED = "deactivated"


@dataclass(frozen=True, slots=True)
class RefreshFamily:
    """One login on one device: the row that all refresh tokens of that login refer to."""

    id: UUID
    user_id: UUID
    generation: int
    secret_hash: bytes
    rotated_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    user_is_active: bool


@dataclass(frozen=True, slots=True)
class NewFamily:
    """A family about to be stored. ``expires_at`` slides with each rotation, ``session_expires_at`` does not."""

    id: UUID
    user_id: UUID
    secret_hash: bytes
    created_at: datetime
    expires_at: datetime
    session_expires_at: datetime


@dataclass(frozen=True, slots=True)
class TokenPair:
    """What a login or a refresh yields. ``expires_in`` is the life of the access token in seconds."""

    access_token: str
    refresh_token: str
    expires_in: int
