"""Access tokens: JWTs in the profile of RFC 9068, signed with one key and one algorithm.

While SECRET_KEY_PREVIOUS is set, tokens signed with that key verify as well.
"""

import functools
import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

import jwt

from doorward.core.principal import NO_ROLES, Principal
from doorward.domain.auth.exceptions import InvalidAccessTokenError

TOKEN_TYPE: Final = "at+jwt"  # noqa: S105 - RFC 9068 section 2.1: a media type, no password
MAXIMUM_TOKEN_LENGTH: Final = 4096
CLOCK_SKEW: Final = timedelta(seconds=30)
"""How far in the future ``iat`` of a token from another copy of the service may be."""

REMEMBERED_TOKENS: Final = 4096
"""Maximum verified tokens in the cache of one process, the last used ones; some 1.3 KB each."""

_REQUIRED_CLAIMS: Final = ["iss", "sub", "aud", "exp", "iat", "jti", "sid", "client_id", "scope"]


@dataclass(frozen=True, slots=True)
class _VerifiedToken:
    """The content of a verified token. ``valid_from`` and ``expires_at`` are in seconds since 1970."""

    principal: Principal
    valid_from: int
    expires_at: int


class AccessTokens:
    """Sign and verify access tokens. The configured key decides the algorithm; the token's header is not trusted."""

    def __init__(
        self,
        *,
        key: bytes,
        algorithm: str,
        issuer: str,
        audience: str,
        lifetime: timedelta,
        previous_key: bytes | None = None,
        remembered_tokens: int = REMEMBERED_TOKENS,
    ) -> None:
        """Take the keys (at least as long as the algorithm's hash) and what the claims must say."""
        self._key = key
        self._verifying_keys = (key,) if previous_key is None else (key, previous_key)
        self._algorithm = algorithm
        self._issuer = issuer
        self._audience = audience
        self._lifetime = lifetime
        # The result depends on the token and the keys alone, so it is cached.
        # Refused tokens are not cached, so forged tokens cannot evict valid ones.
        self._verified = functools.lru_cache(remembered_tokens)(self._verify)

    def sign(self, principal: Principal, now: datetime) -> str:
        """Return a token for the principal, valid from ``now`` for the configured time."""
        issued_at = math.floor(now.timestamp())
        claims: dict[str, Any] = {
            "iss": self._issuer,
            "sub": str(principal.user_id),
            "aud": self._audience,
            "exp": issued_at + int(self._lifetime.total_seconds()),
            "iat": issued_at,
            "jti": uuid4().hex,
            "sid": str(principal.session_id),
            "client_id": principal.client_id,
            "scope": " ".join(sorted(principal.scopes)),
        }
        if principal.roles:
            claims["roles"] = sorted(principal.roles)  # RFC 9068 section 2.2.3.1
        return jwt.encode(claims, self._key, algorithm=self._algorithm, headers={"typ": TOKEN_TYPE})

    def verify(self, token: str, now: datetime) -> Principal:
        """Return the principal of the token.

        Raises ``InvalidAccessTokenError`` unless signature, type, issuer, audience, times and shape are all as
        ``sign`` writes them (RFC 9068 section 4, RFC 8725 section 3).
        """
        verified = self._verified(token)
        present = now.timestamp()
        if present >= verified.expires_at or verified.valid_from > present + CLOCK_SKEW.total_seconds():
            raise InvalidAccessTokenError
        return verified.principal

    def _verify(self, token: str) -> _VerifiedToken:
        # RFC 7515 section 2: base64url without padding. PyJWT also accepts padding.
        if len(token) > MAXIMUM_TOKEN_LENGTH or "=" in token:
            raise InvalidAccessTokenError
        decoded = self._decode_with_either_key(token)
        _check_header(decoded["header"])
        return _verified_token(decoded["payload"])

    def _decode_with_either_key(self, token: str) -> dict[str, Any]:
        for key in self._verifying_keys:
            try:
                return self._decode(token, key)
            except jwt.InvalidSignatureError:
                continue
            # Deeply nested JSON in a header raises RecursionError before any signature is looked at.
            except (jwt.PyJWTError, ValueError, TypeError, RecursionError) as error:
                raise InvalidAccessTokenError from error
        raise InvalidAccessTokenError

    def _decode(self, token: str, key: bytes) -> dict[str, Any]:
        return jwt.decode_complete(
            token,
            key,
            algorithms=[self._algorithm],
            audience=self._audience,
            issuer=self._issuer,
            options={
                "require": _REQUIRED_CLAIMS,
                "strict_aud": True,
                "verify_exp": False,
                "verify_iat": False,
                "verify_nbf": False,
            },
        )


def _check_header(header: dict[str, Any]) -> None:
    token_type = header.get("typ")
    if not isinstance(token_type, str) or token_type.lower() != TOKEN_TYPE or "crit" in header:
        raise InvalidAccessTokenError


def _verified_token(claims: dict[str, Any]) -> _VerifiedToken:
    """Return the claims of a verified token. ``verify`` checks the times, because PyJWT would use the host's clock."""
    expires_at, issued_at, not_before = claims["exp"], claims["iat"], claims.get("nbf", claims["iat"])
    if any(type(moment) is not int for moment in (expires_at, issued_at, not_before)):
        raise InvalidAccessTokenError
    try:
        principal = Principal(
            user_id=UUID(claims["sub"]),
            session_id=UUID(claims["sid"]),
            client_id=claims["client_id"],
            scopes=frozenset(claims["scope"].split()),
            roles=_roles(claims.get("roles", [])),
        )
    except (ValueError, TypeError, AttributeError) as error:
        raise InvalidAccessTokenError from error
    return _VerifiedToken(principal, valid_from=max(issued_at, not_before), expires_at=expires_at)


def _roles(claim: object) -> frozenset[str]:
    """Return the roles of a token. Raises ``TypeError`` unless they are a list of texts, as ``sign`` writes them."""
    if not isinstance(claim, list) or not all(isinstance(name, str) for name in claim):
        raise TypeError("roles are a list of texts")
    return frozenset(claim) if claim else NO_ROLES
