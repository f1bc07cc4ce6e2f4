"""What is asked of another OpenID provider for a person, and what it answered. No I/O."""

from dataclasses import field
from datetime import datetime
from uuid import UUID

from doorward.core.frozen import frozen


@frozen
class LinkingSession:
    """The browser's session in which a user wants an identity linked."""

    user_id: UUID
    session_id: UUID


@frozen
class LoginRequest:
    """A person who was sent to a provider. ``linking`` is None for one who signs in.

    ``asks_again``: the provider is to have the person sign in, and say when. ``is_proof``: for a change of the own
    account.
    """

    provider: str
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)
    expires_at: datetime
    next: str = ""
    is_kept: bool = False
    asks_again: bool = False
    is_proof: bool = False
    linking: LinkingSession | None = None


@frozen
class ProviderAnswer:
    """The parameters with which a browser came back (RFC 6749 section 4.1.2, RFC 9207)."""

    code: str | None = field(repr=False)
    error: str | None
    issuer: str | None


@frozen
class VerifiedIdentity:
    """Whom a provider has signed in. ``authenticated_at`` is when, as far as it says so."""

    issuer: str
    subject: str
    authenticated_at: datetime | None
