"""The first tokens of an application's session, however the session began."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from doorward.core.frozen import frozen
from doorward.domain.auth.sessions.begin import Begun
from doorward.domain.auth.sessions.rotated_session import TokenAudience
from doorward.domain.auth.sessions.token_pair import TokenPairIssuer
from doorward.domain.oauth.code_models import IdentityToken, SessionTokens
from doorward.domain.oauth.models import OAuthClient
from doorward.domain.oauth.policy import OPENID_SCOPE, REFRESH_TOKEN
from doorward.domain.oauth.ports import IdTokenSigner
from doorward.domain.oauth.repositories import Connection, resources
from doorward.observability.logging import report


@frozen
class TokenIssuers:
    """The issuers of session tokens: access and refresh tokens, and ID tokens."""

    issuer: str
    pairs: TokenPairIssuer
    id_tokens: IdTokenSigner


@frozen
class ResourceAudience:
    """A resource, and the scopes that are registered for it."""

    audience: TokenAudience
    scopes: frozenset[str]


@frozen
class NewApplicationSession:
    """A committed session of an application, and what the application requested."""

    begun: Begun
    user_id: UUID
    session_id: UUID
    scopes: Sequence[str]
    audience: ResourceAudience | None
    nonce: str | None = None


async def find_audience(
    connection: Connection, issuers: TokenIssuers, client: OAuthClient, identifier: str | None, now: datetime
) -> ResourceAudience | None:
    """Return the resource as it is stored now; None if none is named, or the client does not have it any more.

    Raises ``ServiceUnavailableError`` while tokens for the resource cannot be signed.
    """
    if identifier is None or identifier not in client.resources:
        return None
    resource = await resources.find_resource(connection, identifier)
    if resource is None:
        return None
    audience = TokenAudience(resource.identifier, resource.algorithm)
    issuers.pairs.require_signing_key(audience, now)
    return ResourceAudience(audience, frozenset(resource.scopes))


def issue_tokens(
    issuers: TokenIssuers, client: OAuthClient, application: NewApplicationSession, now: datetime
) -> SessionTokens:
    """Return the first tokens. An access token for a resource has only scopes that are registered for the resource."""
    begun = application.begun
    for event in (begun.event, *begun.ended):
        report(event)
    grant = begun.grant
    if application.audience is not None:
        scopes = tuple(scope for scope in grant.scopes if scope in application.audience.scopes)
        grant = replace(grant, scopes=scopes)
    pair = issuers.pairs.issue_first(replace(begun, grant=grant), user_id=application.user_id, now=now)
    id_token = None
    if OPENID_SCOPE in application.scopes:
        identity = IdentityToken(client, application.user_id, application.session_id, begun.sign_in, application.nonce)
        id_token = issuers.id_tokens.sign_id_token(identity, now)
    return SessionTokens(pair, id_token, gives_refresh_token=REFRESH_TOKEN in client.grant_types)
