"""The request to another OpenID provider, and its response. No I/O."""

from dataclasses import field
from datetime import datetime
from uuid import UUID

from doorward.core.frozen import frozen


@frozen
class LinkingSession:
    """The browser session in which a user links an identity."""

    user_id: UUID
    session_id: UUID


@frozen
class LoginRequest:
    """A login request that was sent to a provider. ``linking`` is None for a sign-in.

    ``requires_new_sign_in``: the provider must sign the user in again and report when. ``is_proof``: the login is a
    re-authentication for a change of the user's own account.
    """

    provider: str
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)
    expires_at: datetime
    next: str = ""
    is_kept: bool = False
    requires_new_sign_in: bool = False
    is_proof: bool = False
    linking: LinkingSession | None = None


@frozen
class ProviderAnswer:
    """The parameters of the authorization response (RFC 6749 section 4.1.2, RFC 9207)."""

    code: str | None = field(repr=False)
    error: str | None
    issuer: str | None


@frozen
class VerifiedIdentity:
    """The identity that a provider has signed in. ``authenticated_at`` is when, if the provider reports it."""

    issuer: str
    subject: str
    authenticated_at: datetime | None
