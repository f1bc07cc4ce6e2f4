"""Verification of a token and its claims: pure rules, without I/O, clock or web framework.

RFC 7519 (JWT), RFC 8725 (best practices), RFC 9068 (access tokens).
"""

import functools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from doorward_client.compact_jws import CompactJws, decode_signature, parse_part, split_compact
from doorward_client.exceptions import InvalidTokenError, UnknownKeyError
from doorward_client.numeric_dates import is_numeric_date
from doorward_client.public_keys import ALGORITHMS, PublicKeys

Claims = Mapping[str, Any]

MAXIMUM_LEEWAY_SECONDS: Final = 300
DEFAULT_LEEWAY_SECONDS: Final = 30
REMEMBERED_HEADERS: Final = 64
"""More than enough, because an issuer has one header for each of its keys."""

_TIMES: Final = ("exp", "iat", "nbf")


@dataclass(frozen=True, slots=True)
class TokenRule:
    """How an issuer marks its access tokens, so that its ID tokens and refresh tokens are refused.

    ``header_types`` are accepted values of the header ``typ``, in lower case and without "application/"; None accepts
    any or no type, for issuers that mark access tokens with a claim. ``marks`` are claims and their required values,
    such as ``("token_use", "access")``. ``audience_claim`` is the claim with the audience.
    """

    header_types: frozenset[str] | None = frozenset({"at+jwt"})
    marks: tuple[tuple[str, str], ...] = ()
    audience_claim: str = "aud"


RFC_9068: Final = TokenRule()
"""The rule of the standard and of doorward: ``typ`` is ``at+jwt``, and ``aud`` is the audience."""


@dataclass(frozen=True, slots=True)
class IssuerRules:
    """The requirements for the tokens of one issuer. A token must have one of the audiences."""

    issuer: str
    audiences: frozenset[str]
    algorithms: frozenset[str] = ALGORITHMS
    leeway_seconds: float = DEFAULT_LEEWAY_SECONDS
    token_rule: TokenRule = RFC_9068
    required_claims: frozenset[str] = frozenset({"sub", "exp", "iat"})

    def __post_init__(self) -> None:
        """Raise ``ValueError`` for rules that would accept foreign tokens."""
        if not self.issuer:
            raise ValueError("The issuer must not be empty.")
        if not self.audiences or not all(self.audiences):
            raise ValueError("At least one audience is needed, and none may be empty.")
        if not self.algorithms or not self.algorithms <= ALGORITHMS:
            raise ValueError(f"The algorithms must be some of {', '.join(sorted(ALGORITHMS))}.")
        if not 0 <= self.leeway_seconds <= MAXIMUM_LEEWAY_SECONDS:
            raise ValueError(f"The leeway must be between 0 and {MAXIMUM_LEEWAY_SECONDS} seconds.")
        if not self.required_claims >= {"sub", "exp"}:
            raise ValueError("sub and exp are always required.")


@dataclass(frozen=True, slots=True)
class VerifiedToken:
    """The claims of a genuine token, and its validity period in seconds since 1970, with the leeway added."""

    claims: Claims
    valid_from: float
    expires_at: float

    def check_times(self, now: float) -> None:
        """Raise ``InvalidTokenError`` unless the token is valid at ``now``."""
        if now >= self.expires_at:
            raise InvalidTokenError("The access token has expired.")
        if now < self.valid_from:
            raise InvalidTokenError("The access token is not valid yet.")


@dataclass(frozen=True, slots=True)
class _Header:
    algorithm: str
    key_id: str | None
    token_type: str | None


def read_issuer(token: str) -> str:
    """Return the unverified ``iss`` of a token. Use it only to choose the rules for its verification."""
    issuer = _parse_part(_split(token).payload).get("iss")
    if not isinstance(issuer, str):
        raise InvalidTokenError("The access token names no issuer.")
    return issuer


def verify_token(token: str, keys: PublicKeys, rules: IssuerRules) -> VerifiedToken:
    """Verify a token of this issuer for this service, except its times, which ``check_times`` checks.

    Raises ``UnknownKeyError`` if none of the keys is the token's, and ``InvalidTokenError`` for everything else.
    """
    parts = _split(token)
    header = _parse_header(parts.header)
    if header.algorithm not in rules.algorithms:
        raise InvalidTokenError("The access token has an algorithm that its issuer does not use.")
    if rules.token_rule.header_types is not None and header.token_type not in rules.token_rule.header_types:
        raise InvalidTokenError("The token is not an access token.")
    key = keys.find(header.key_id, header.algorithm)
    if key is None:
        raise UnknownKeyError("The issuer has no such key.")
    # Not with PyJWT's decode, which would parse the header again, in its own way. The key has the header's algorithm.
    if not key.verifies(parts.signed, _decode_signature(parts.signature)):
        raise InvalidTokenError("The signature of the access token is wrong.")
    claims = _parse_part(parts.payload)
    _check_claims(claims, rules)
    return _with_times(claims, rules.leeway_seconds)


def _split(token: str) -> CompactJws:
    try:
        return split_compact(token)
    except ValueError as error:
        raise InvalidTokenError(f"The access token is {error}.") from error


def _parse_part(part: str) -> dict[str, Any]:
    try:
        return parse_part(part)
    except ValueError as error:
        raise InvalidTokenError("The access token is malformed.") from error


def _decode_signature(part: str) -> bytes:
    try:
        return decode_signature(part)
    except ValueError as error:
        raise InvalidTokenError("The access token is malformed.") from error


@functools.lru_cache(REMEMBERED_HEADERS)
def _parse_header(part: str) -> _Header:
    header = _parse_part(part)
    algorithm, key_id, token_type = header.get("alg"), header.get("kid"), header.get("typ")
    if "crit" in header or "b64" in header:
        raise InvalidTokenError("The access token demands an extension.")
    if not isinstance(algorithm, str) or not isinstance(key_id, str | None) or not isinstance(token_type, str | None):
        raise InvalidTokenError("The header of the access token is malformed.")
    # RFC 7515 section 4.1.9: media types are compared without case, and "application/" may be left out.
    short_type = token_type.lower().removeprefix("application/") if token_type is not None else None
    return _Header(algorithm, key_id, short_type)


def _check_claims(claims: Claims, rules: IssuerRules) -> None:
    if claims.get("iss") != rules.issuer:
        raise InvalidTokenError("The access token is of another issuer.")
    if not rules.required_claims <= claims.keys():
        raise InvalidTokenError("The access token lacks a claim.")
    if not isinstance(claims["sub"], str) or not claims["sub"]:
        raise InvalidTokenError("The access token names no subject.")
    if any(claims.get(claim) != value for claim, value in rules.token_rule.marks):
        raise InvalidTokenError("The token is not an access token.")
    if rules.audiences.isdisjoint(_audiences_of(claims.get(rules.token_rule.audience_claim))):
        raise InvalidTokenError("The access token is for another service.")


def _audiences_of(claim: object) -> list[str]:
    """Return the audiences. RFC 7519 section 4.1.3 allows a string or a list of strings."""
    listed: list[object] = claim if isinstance(claim, list) else [claim]
    audiences = [audience for audience in listed if isinstance(audience, str)]
    if len(audiences) != len(listed):
        raise InvalidTokenError("The audience of the access token is malformed.")
    return audiences


def _with_times(claims: dict[str, Any], leeway: float) -> VerifiedToken:
    for name in _TIMES:
        if name in claims and not is_numeric_date(claims[name]):
            raise InvalidTokenError("A time of the access token is malformed.")
    # RFC 7519 does not require it, but an iat in the future means a wrong clock or a stolen key.
    valid_from = max(claims.get("iat", -math.inf), claims.get("nbf", -math.inf))
    return VerifiedToken(MappingProxyType(claims), valid_from - leeway, claims["exp"] + leeway)
