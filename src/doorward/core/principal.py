"""What an access token says of its bearer."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Principal:
    """The content of an access token: a user, in one session of a client, with scopes (RFC 6749 section 3.3)."""

    user_id: UUID
    session_id: UUID
    client_id: str
    scopes: frozenset[str]
