"""What an access token says of its bearer."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

NO_ROLES: Final[frozenset[str]] = frozenset()


@dataclass(frozen=True, slots=True)
class Principal:
    """The content of an access token: a user, in one session of a client, with scopes (RFC 6749 section 3.3).

    ``roles`` are what the user's were when it was issued, for other services. This one looks them up.
    """

    user_id: UUID
    session_id: UUID
    client_id: str
    scopes: frozenset[str]
    roles: frozenset[str] = NO_ROLES
