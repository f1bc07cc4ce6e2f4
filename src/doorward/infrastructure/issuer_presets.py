"""Presets of known issuers: how they mark their access tokens, and which claims hold the roles. Pure."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from doorward.core.frozen import frozen
from doorward.domain.federation.policy import may_name_a_subject
from doorward_client.exceptions import InvalidTokenError
from doorward_client.verification import RFC_9068, Claims, TokenRule

_ALWAYS_REQUIRED: Final = frozenset({"sub", "exp", "iat"})


@frozen
class Preset:
    """The format of the access tokens of one kind of issuer.

    ``client_claims``: an access token has at least one of them, an ID token none. ``roles_claim`` and ``scope_claim``
    hold the names that the operator maps to scopes.
    """

    token_rule: TokenRule
    roles_claim: str
    scope_claim: str = "scope"
    required_claims: frozenset[str] = _ALWAYS_REQUIRED
    client_claims: frozenset[str] = frozenset()


PRESETS: Final[Mapping[str, Preset]] = MappingProxyType(
    {
        # The claim typ is Bearer in access tokens, ID in ID tokens, Refresh in refresh tokens.
        "keycloak": Preset(TokenRule(header_types=None, marks=(("typ", "Bearer"),)), "realm_access.roles"),
        # Access tokens have no aud.
        "cognito": Preset(
            TokenRule(header_types=None, marks=(("token_use", "access"),), audience_claim="client_id"),
            "cognito:groups",
        ),
        # Tokens of version 2.0. Only access tokens have azp, the client's id.
        "entra": Preset(
            TokenRule(header_types=None, marks=(("ver", "2.0"),)),
            "roles",
            scope_claim="scp",
            client_claims=frozenset({"azp"}),
        ),
        # Both formats of tokens: the second one follows RFC 9068, with client_id instead of azp.
        "auth0": Preset(
            TokenRule(header_types=frozenset({"jwt", "at+jwt"})),
            "permissions",
            client_claims=frozenset({"azp", "client_id"}),
        ),
        "generic": Preset(RFC_9068, "roles"),
    }
)


def check_claims(claims: Claims, preset: Preset) -> None:
    """Check that the claims are those of an access token of this kind of issuer. Raises ``InvalidTokenError``."""
    if preset.client_claims and preset.client_claims.isdisjoint(claims):
        raise InvalidTokenError("The token is not an access token.")
    if not may_name_a_subject(claims["sub"]):
        raise InvalidTokenError("The subject of the access token is malformed.")


def names_of(claims: Claims, *, roles_claim: str, scope_claim: str) -> frozenset[str]:
    """Return the roles and scopes in a token, under the names that its issuer uses."""
    return frozenset(_listed(_found(claims, roles_claim))) | frozenset(_listed(claims.get(scope_claim)))


def _found(claims: Claims, name: str) -> object:
    """Return a claim by its name, or by a path of members: ``realm_access.roles``."""
    if name in claims:
        return claims[name]
    found: Any = claims
    for member in name.split("."):
        if not isinstance(found, Mapping) or member not in found:
            return None
        found = found[member]
    return found


def _listed(claim: object) -> list[str]:
    """Return the strings of a list, or the words of a string (RFC 6749 section 3.3); nothing for any other claim."""
    if isinstance(claim, str):
        return claim.split()
    return [each for each in claim if isinstance(each, str)] if isinstance(claim, list) else []
