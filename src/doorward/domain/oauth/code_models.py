"""Stored authorization codes, and the tokens that they are exchanged for. No I/O."""

from collections.abc import Sequence
from dataclasses import field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from doorward.core.frozen import frozen
from doorward.core.principal import SignIn
from doorward.domain.auth.models import Proof, TokenPair
from doorward.domain.auth.tokens.key_binding import KeyBinding
from doorward.domain.oauth.authorization_events import RefusedCode
from doorward.domain.oauth.models import OAuthClient
from doorward.domain.oauth.pkce import is_verified

CODE_PREFIX: Final = "dwa_"
CODE_LIFETIME: Final = timedelta(seconds=60)


@frozen
class NewCode:
    """A code to store. All other columns come from the browser session."""

    id: UUID
    secret_hash: bytes = field(repr=False)
    client_id: str
    user_id: UUID
    browser_session_id: UUID
    redirect_uri: str
    scopes: Sequence[str]
    resource: str | None
    nonce: str | None
    code_challenge: str | None
    dpop_jkt: str | None
    """The thumbprint of the key that the code is bound to (RFC 9449 section 10)."""
    expires_at: datetime
    is_agreed: bool
    """Whether the user agrees now. Otherwise the code needs a stored consent, unless the client is first-party."""


@frozen
class StoredCode:
    """A code that was redeemed, and so removed from the database."""

    client_id: str
    browser_session_id: UUID
    epoch: int
    redirect_uri: str
    scopes: Sequence[str]
    resource: str | None
    nonce: str | None
    code_challenge: str | None
    dpop_jkt: str | None
    amr: Sequence[str]
    acr: int
    authenticated_at: datetime
    session_ends_at: datetime
    expires_at: datetime

    def proof_of(self, user_id: UUID) -> Proof:
        """Return the proof of authentication of its user."""
        return Proof(user_id, tuple(self.amr), self.acr, self.authenticated_at, self.epoch)


@frozen
class Redemption:
    """The parameters with which an application redeems a code."""

    code: str = field(repr=False)
    redirect_uri: str | None
    verifier: str | None = field(repr=False)
    resource: str | None = None
    binding: KeyBinding | None = None
    """The key that the application has proven to hold."""


@frozen
class SessionTokens:
    """The tokens for a code or a refresh. ``id_token`` is None without the scope ``openid``."""

    pair: TokenPair
    id_token: str | None = field(repr=False)
    gives_refresh_token: bool


@frozen
class IdentityToken:
    """The content of an ID token (OpenID Connect Core section 2)."""

    client: OAuthClient
    user_id: UUID
    session_id: UUID
    sign_in: SignIn
    nonce: str | None = None


@frozen
class HintedSession:
    """The session in an ID token that a client sends as a hint (OpenID Connect Core section 3.1.2.1)."""

    user_id: str
    client_id: str
    session_id: str


def judge_redemption(
    code: StoredCode, client: OAuthClient, redemption: Redemption, issuer: str, now: datetime
) -> RefusedCode | None:
    """Return why a code that exists is refused; None if it is accepted. A code without a resource is for the issuer."""
    if now >= code.expires_at:
        return "expired"
    if code.client_id != client.client_id:
        return "client"
    if code.redirect_uri != redemption.redirect_uri:
        return "redirect_uri"
    if redemption.resource not in {None, code.resource or issuer}:
        return "resource"
    if code.dpop_jkt is not None and (redemption.binding is None or redemption.binding.thumbprint != code.dpop_jkt):
        return "key"
    return None if is_verified(code.code_challenge, redemption.verifier) else "verifier"
