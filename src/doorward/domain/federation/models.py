"""The vocabulary of this domain. No I/O."""

from datetime import datetime
from typing import NamedTuple, NewType
from uuid import UUID

from doorward.core.frozen import frozen

IssuerName = NewType("IssuerName", str)
"""What an issuer that the operator has named calls itself. Nothing that a person typed."""


class ForeignSubject(NamedTuple):
    """Whom a foreign issuer speaks of: subjects of two issuers are never the same."""

    issuer: str
    subject: str


@frozen
class ForeignToken:
    """What a valid token of a trusted issuer says here. ``scopes`` are this service's, as the operator maps them.

    ``makes_user``: whether its subject becomes a local user, who can own things and be deactivated. ``thumbprint`` is
    that of the key that it is bound to (RFC 9449 section 6).
    """

    issuer: str
    subject: str
    scopes: frozenset[str]
    makes_user: bool
    thumbprint: str | None = None


@frozen
class ExternalUser:
    """The local user of a foreign subject."""

    user_id: UUID
    is_active: bool


@frozen
class StoredIdentity:
    """What an issuer calls a user."""

    issuer: str
    subject: str
    created_at: datetime
