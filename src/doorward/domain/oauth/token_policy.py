"""What tokens may be for, what they may allow there, and what of it is left. Pure."""

from doorward.core.frozen import frozen
from doorward.core.principal import ClientPrincipal, Principal, VerifiedToken
from doorward.domain.auth.exceptions import InvalidTargetError
from doorward.domain.auth.models import ACCOUNT_SCOPE, FIRST_PARTY_CLIENT
from doorward.domain.oauth.exceptions import ScopesNotAllowedError
from doorward.domain.oauth.models import ClientStanding, KeyAlgorithm, OAuthClient, ResourceContent
from doorward.domain.oauth.policy import ADMINISTRATION, OFFLINE_SCOPE, REFRESH_TOKEN, USER_SCOPES


@frozen
class Audiences:
    """What tokens of clients may be for: resources, the ``issuer``, and ``own``, the audience of logins."""

    issuer: str
    own: str

    def is_built_in(self, identifier: str) -> bool:
        """Tell whether it is a resource by itself, whose stored row says nothing of scopes."""
        return identifier in {self.issuer, self.own}

    def of_client(
        self, client: OAuthClient, identifier: str | None, resource: ResourceContent | None
    ) -> tuple[str, KeyAlgorithm]:
        """Return the audience that a client asks for (RFC 8707), and how tokens for it are signed.

        ``resource`` is the stored one of the identifier. Raises ``InvalidTargetError`` for one that is not the
        client's, or that is no resource any more.
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


def scopes_for(client: OAuthClient, resource: ResourceContent | None, asked: str) -> frozenset[str]:
    """Return the scopes that a client asks for, or all that it may have where it names none.

    For a stored resource, these are those of the client that the resource knows; never what is for users. Raises
    ``ScopesNotAllowedError``.
    """
    allowed = frozenset(client.scopes) - USER_SCOPES
    if resource is not None:
        allowed &= frozenset(resource.scopes)
    named = frozenset(asked.split())
    if not named <= allowed:
        raise ScopesNotAllowedError
    return named or allowed


def scopes_of_user(
    client: OAuthClient, identifier: str | None, resource: ResourceContent | None, asked: str, audiences: Audiences
) -> frozenset[str]:
    """Return what of the scopes a client can have of a user; unknown ones are dropped (RFC 6749 section 3.3).

    Without any, all that it has but ``offline_access``, which is asked for by name. That is left out, too, for a client
    that cannot refresh. Raises ``InvalidTargetError``, and ``ScopesNotAllowedError`` where none is left.
    """
    audience, _ = audiences.of_client(client, identifier, resource)
    allowed = frozenset(client.scopes)
    if not audiences.is_built_in(audience):
        allowed &= USER_SCOPES.union(() if resource is None else resource.scopes)
    if REFRESH_TOKEN not in client.grant_types:
        allowed -= {OFFLINE_SCOPE}
    scopes = allowed & frozenset(asked.split()) if asked.split() else allowed - {OFFLINE_SCOPE}
    if not scopes - {OFFLINE_SCOPE}:
        raise ScopesNotAllowedError
    return scopes


def scopes_of_token(principal: ClientPrincipal, standing: ClientStanding | None) -> frozenset[str] | None:
    """Return what a client's token allows at this moment; None if it is dead.

    These are the scopes that the client still has. It never acts as a user, nor administers, whatever is stored.
    """
    if standing is None or standing.disabled_at is not None or principal.issued_at < standing.not_before:
        return None
    kept = principal.scopes.intersection(standing.scopes)
    return frozenset(each for each in kept if each != ACCOUNT_SCOPE and not each.startswith(ADMINISTRATION))


def scopes_left(
    token: VerifiedToken, standing: ClientStanding | None, resource: ResourceContent | None, audiences: Audiences
) -> frozenset[str] | None:
    """Return what a token allows at its audience at this moment; None if it is dead.

    ``standing`` is its client's, ``resource`` the stored one of its audience. A token is dead when its client or its
    audience is gone, when the client is not given the audience any more, and when no scope of it is left.
    """
    if standing is None or standing.disabled_at is not None:
        return None
    principal = token.principal
    is_login = isinstance(principal, Principal) and principal.client_id == FIRST_PARTY_CLIENT
    always = audiences.own if is_login else audiences.issuer
    if token.audience != always and token.audience not in standing.resources:
        return None
    scopes = scopes_of_token(principal, standing) if isinstance(principal, ClientPrincipal) else principal.scopes
    if not audiences.is_built_in(token.audience):
        scopes = None if scopes is None or resource is None else scopes.intersection(resource.scopes, standing.scopes)
    return scopes or None
