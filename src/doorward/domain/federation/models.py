"""Models of this domain. No I/O."""

from datetime import datetime
from typing import NamedTuple, NewType
from uuid import UUID

from doorward.core.frozen import frozen

IssuerName = NewType("IssuerName", str)
"""The identifier of an issuer that the operator has configured, never user input."""


class ForeignSubject(NamedTuple):
    """A subject of another issuer. Equal subjects of two issuers are different."""

    issuer: str
    subject: str


@frozen
class ForeignToken:
    """The content of a valid token of a trusted issuer. ``scopes`` are this service's, as the operator maps them.

    ``makes_user``: whether its subject gets a local user, who can own things and be deactivated. ``thumbprint`` is that
    of the key that the token is bound to (RFC 9449 section 6).
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
    """An identity of a user at an issuer."""

    issuer: str
    subject: str
    created_at: datetime
