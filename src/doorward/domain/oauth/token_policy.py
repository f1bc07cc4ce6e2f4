"""Rules for the audiences of tokens, and for the scopes that tokens get and keep. Pure."""

from doorward.core.frozen import frozen
from doorward.core.principal import ClientPrincipal, Principal, VerifiedToken
from doorward.domain.auth.exceptions import InvalidTargetError
from doorward.domain.auth.models import ACCOUNT_SCOPE, FIRST_PARTY_CLIENT
from doorward.domain.oauth.exceptions import ScopesNotAllowedError
from doorward.domain.oauth.models import ClientStatus, KeyAlgorithm, OAuthClient, ResourceContent
from doorward.domain.oauth.policy import ADMINISTRATION, OFFLINE_SCOPE, REFRESH_TOKEN, USER_SCOPES


@frozen
class Audiences:
    """The built-in audiences: the ``issuer``, and ``own``, the audience of logins. All others are stored resources."""

    issuer: str
    own: str

    def is_built_in(self, identifier: str) -> bool:
        """Return whether an audience is built in. A stored row of a built-in audience has no scopes."""
        return identifier in {self.issuer, self.own}

    def of_client(
        self, client: OAuthClient, identifier: str | None, resource: ResourceContent | None
    ) -> tuple[str, KeyAlgorithm]:
        """Return the audience that a client requests (RFC 8707), and the signature algorithm of its tokens.

        ``resource`` is the stored resource of the identifier. Raises ``InvalidTargetError`` for a resource that the
        client does not have, or that was removed.
        """
        if identifier is None or identifier == self.issuer:
            return self.issuer, "ES256"
        if identifier not in client.resources:
            raise InvalidTargetError
        if self.is_built_in(identifier):
            return identifier, "ES256"
        if resource is None:
            raise InvalidTargetError
        return identifier, resource.algorithm


def grantable_client_scopes(client: OAuthClient, resource: ResourceContent | None, asked: str) -> frozenset[str]:
    """Return the scopes that a client requests for itself, or all that it may have if it names none.

    For a stored resource, they must be registered for the client and for the resource. Scopes about users are never
    allowed. Raises ``ScopesNotAllowedError``.
    """
    allowed = frozenset(client.scopes) - USER_SCOPES
    if resource is not None:
        allowed &= frozenset(resource.scopes)
    named = frozenset(asked.split())
    if not named <= allowed:
        raise ScopesNotAllowedError
    return named or allowed


def grantable_user_scopes(
    client: OAuthClient, identifier: str | None, resource: ResourceContent | None, asked: str, audiences: Audiences
) -> frozenset[str]:
    """Return the requested scopes that a client may have for a user; others are dropped (RFC 6749 section 3.3).

    If none is requested, return all scopes of the client except ``offline_access``, which must be requested by name. It
    is dropped, too, for a client that cannot refresh. Raises ``InvalidTargetError``, also for the audience of logins,
    which no token of an application for a user has, and ``ScopesNotAllowedError`` if no scope is left.
    """
    audience, _ = audiences.of_client(client, identifier, resource)
    if audience == audiences.own != audiences.issuer:
        raise InvalidTargetError
    allowed = frozenset(client.scopes)
    if not audiences.is_built_in(audience):
        allowed &= USER_SCOPES.union(() if resource is None else resource.scopes)
    if REFRESH_TOKEN not in client.grant_types:
        allowed -= {OFFLINE_SCOPE}
    scopes = allowed & frozenset(asked.split()) if asked.split() else allowed - {OFFLINE_SCOPE}
    if not scopes - {OFFLINE_SCOPE}:
        raise ScopesNotAllowedError
    return scopes


def scopes_of_token(principal: ClientPrincipal, status: ClientStatus | None) -> frozenset[str] | None:
    """Return the scopes that a client's own token allows now; None if the token is no longer valid.

    They are those of its scopes that the client still has. The token never acts as a user and never administers, even
    if such scopes are stored.
    """
    if status is None or status.disabled_at is not None or principal.issued_at < status.not_before:
        return None
    kept = principal.scopes.intersection(status.scopes)
    return frozenset(each for each in kept if each != ACCOUNT_SCOPE and not each.startswith(ADMINISTRATION))


def current_scopes(
    token: VerifiedToken, status: ClientStatus | None, resource: ResourceContent | None, audiences: Audiences
) -> frozenset[str] | None:
    """Return the scopes that a token allows at its audience now; None if the token is no longer valid.

    ``status`` is that of the token's client, ``resource`` the stored resource of its audience. A token is no longer
    valid if its client is disabled, its client or audience was removed, the client has lost the audience, or no scope
    is left.
    """
    if status is None or status.disabled_at is not None:
        return None
    principal = token.principal
    is_login = isinstance(principal, Principal) and principal.client_id == FIRST_PARTY_CLIENT
    always = audiences.own if is_login else audiences.issuer
    if token.audience != always and token.audience not in status.resources:
        return None
    scopes = scopes_of_token(principal, status) if isinstance(principal, ClientPrincipal) else principal.scopes
    if not audiences.is_built_in(token.audience):
        scopes = None if scopes is None or resource is None else scopes.intersection(resource.scopes, status.scopes)
    return scopes or None
