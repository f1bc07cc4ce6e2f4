"""Who is asking, as far as an access token says it."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Principal:
    """The content of an access token: a user, in one session, allowed some scopes (RFC 6749 section 3.3)."""

    user_id: UUID
    session_id: UUID
    scopes: frozenset[str]
