"""Access tokens: JWTs in the profile of RFC 9068, of this service as their issuer.

Two kinds of keys sign them. *Derived* keys come from SECRET_KEY: HMAC, no ``kid``, first-party tokens only; this
service alone verifies them. The keys of the *ring* are asymmetric, have a ``kid`` and are published, so that other
services verify. ``kid`` decides between the two, and the key found decides everything else.
"""

import base64
import json
import math
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, cast
from uuid import UUID, uuid4

import jwt

from doorward.core.principal import NO_ROLES, ClientPrincipal, Principal, VerifiedToken
from doorward.domain.auth.exceptions import InvalidAccessTokenError
from doorward.domain.auth.models import FIRST_PARTY_CLIENT
from doorward.domain.keys.models import SIGNING_ALGORITHMS, SigningAlgorithm
from doorward.infrastructure.key_ring import REMEMBERED_TOKENS, FixedKeyRing, KeyRing, KeyRingHolder
from doorward.settings.tokens import DEFAULT_ISSUER

TOKEN_TYPE: Final = "at+jwt"  # noqa: S105 - RFC 9068 section 2.1: a media type, no password
MAXIMUM_TOKEN_LENGTH: Final = 4096
CLOCK_SKEW: Final = timedelta(seconds=30)
"""How far in the future ``iat`` of a token from another copy of the service may be."""

_DERIVED_ALGORITHMS: Final = ("HS256", "HS384", "HS512")
_COMPACT: Final = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
"""RFC 7515 sections 2 and 7.1: three parts of base64url without padding. PyJWT decodes other characters, too."""

_JWS: Final = jwt.PyJWS()


@dataclass(frozen=True, slots=True)
class Provider:
    """What tokens for other services are made with: the keys, ``iss``, and how long the tokens of clients live."""

    rings: KeyRingHolder
    issuer: str
    client_lifetime: timedelta


class AccessTokens:
    """Sign and verify access tokens. The configured keys decide the algorithm; the token's header is not trusted."""

    def __init__(
        self,
        *,
        key: bytes,
        algorithm: str,
        issuer: str,
        audience: str,
        lifetime: timedelta,
        previous_key: bytes | None = None,
        provider: Provider | None = None,
        remembered_tokens: int = REMEMBERED_TOKENS,
    ) -> None:
        """Take the derived keys (64 bytes each), and what first-party tokens say.

        With ``algorithm`` ES256 or RS256 the ring signs them, and ``provider`` must be there. Tokens that derived keys
        signed before that change stay valid until they expire, with each of the algorithms and the issuer of then.
        """
        self._derived_keys = (key,) if previous_key is None else (key, previous_key)
        self._ring_algorithm = next((each for each in SIGNING_ALGORITHMS if each == algorithm), None)
        self._derived_algorithms = _DERIVED_ALGORITHMS if self._ring_algorithm else (algorithm,)
        self._derived_issuers = frozenset({issuer, DEFAULT_ISSUER} if self._ring_algorithm else {issuer})
        self._algorithm = algorithm
        self._issuer = issuer
        self._audience = audience
        self._lifetime = lifetime
        self._provider = provider or Provider(
            FixedKeyRing(KeyRing(remembered_tokens=remembered_tokens)), issuer, timedelta()
        )
        self._verify_with = self._verify

    @property
    def client_seconds(self) -> int:
        """How many seconds the token of a client lives."""
        return int(self._provider.client_lifetime.total_seconds())

    def sign(
        self,
        principal: Principal,
        now: datetime,
        *,
        audience: str | None = None,
        algorithm: SigningAlgorithm | None = None,
    ) -> str:
        """Return a token for the principal, valid from ``now`` for the configured time.

        A token for the ``audience`` of another service is always signed by the ring. Raises
        ``ServiceUnavailableError`` while the ring has no key of the algorithm.
        """
        ring_algorithm = self._ring_algorithm if audience is None else (algorithm or "ES256")
        claims = self._claims(
            subject=str(principal.user_id),
            audience=self._audience if audience is None else audience,
            client_id=principal.client_id,
            scopes=principal.scopes,
            issued_at=math.floor(now.timestamp()),
            seconds=int(self._lifetime.total_seconds()),
        )
        claims["sid"] = str(principal.session_id)
        if principal.roles:
            claims["roles"] = sorted(principal.roles)  # RFC 9068 section 2.2.3.1
        if ring_algorithm is None:
            claims["iss"] = self._issuer
            return jwt.encode(claims, self._derived_keys[0], algorithm=self._algorithm, headers={"typ": TOKEN_TYPE})
        return self._sign_by_ring(claims, ring_algorithm, now)

    def sign_client(
        self,
        client_id: str,
        scopes: Collection[str],
        audience: str,
        now: datetime,
        *,
        algorithm: SigningAlgorithm = "ES256",
    ) -> str:
        """Return a token for a client itself, valid from ``now`` for ``client_seconds``.

        Raises ``ServiceUnavailableError`` while the ring has no key of the algorithm.
        """
        claims = self._claims(
            subject=client_id,
            audience=audience,
            client_id=client_id,
            scopes=scopes,
            issued_at=math.floor(now.timestamp()),
            seconds=self.client_seconds,
        )
        return self._sign_by_ring(claims, algorithm, now)

    def verify(self, token: str, now: datetime) -> Principal | ClientPrincipal:
        """Return the principal of a token for this service's own routes.

        Raises ``InvalidAccessTokenError`` unless signature, type, issuer, audience, times and shape are all as
        ``sign`` and ``sign_client`` write them (RFC 9068 section 4, RFC 8725 section 3).
        """
        verified = self.read(token, now)
        if not verified.is_for_this_service:
            raise InvalidAccessTokenError
        return verified.principal

    def read(self, token: str, now: datetime) -> VerifiedToken:
        """Return the content of a valid token for whichever audience. Raises as ``verify`` does."""
        verified = self._provider.rings.current.verified(self._verify_with, token)
        present = now.timestamp()
        if present >= verified.expires_at or verified.valid_from > present + CLOCK_SKEW.total_seconds():
            raise InvalidAccessTokenError
        return verified

    async def verify_with_latest_keys(self, token: str, now: datetime) -> Principal | ClientPrincipal:
        """Verify as ``verify`` does, after the keys were read again if another copy may have a new one."""
        try:
            return self.verify(token, now)
        except InvalidAccessTokenError:
            if not await self._learns_key_of(token):
                raise
        return self.verify(token, now)

    async def read_with_latest_keys(self, token: str, now: datetime) -> VerifiedToken:
        """Read as ``read`` does, after the keys were read again if another copy may have a new one."""
        try:
            return self.read(token, now)
        except InvalidAccessTokenError:
            if not await self._learns_key_of(token):
                raise
        return self.read(token, now)

    async def _learns_key_of(self, token: str) -> bool:
        """Read the keys again for a token of this issuer under an unknown key. Tell whether the key is known now."""
        try:
            header_part, payload_part, _ = _parts(token)
            kid, issuer = _members(header_part).get("kid"), _members(payload_part).get("iss")
        except InvalidAccessTokenError:
            return False
        rings = self._provider.rings
        if not isinstance(kid, str) or issuer != self._provider.issuer or rings.current.verifying_key(kid):
            return False
        return await rings.learn(kid)

    def _claims(
        self, *, subject: str, audience: str, client_id: str, scopes: Collection[str], issued_at: int, seconds: int
    ) -> dict[str, Any]:
        return {
            "iss": self._provider.issuer,
            "sub": subject,
            "aud": audience,
            "exp": issued_at + seconds,
            "iat": issued_at,
            "jti": uuid4().hex,
            "client_id": client_id,
            "scope": " ".join(sorted(scopes)),
        }

    def _sign_by_ring(self, claims: dict[str, Any], algorithm: SigningAlgorithm, now: datetime) -> str:
        key = self._provider.rings.current.signing_key(algorithm, now)
        return jwt.encode(claims, key.private, algorithm=key.algorithm, headers={"typ": TOKEN_TYPE, "kid": key.kid})

    def _verify(self, ring: KeyRing, token: str) -> VerifiedToken:
        header_part, _, _ = _parts(token)
        header = _members(header_part)
        _check_header(header)
        if "kid" not in header:
            return self._verified_by_derived_key(token)
        key = ring.verifying_key(header["kid"]) if isinstance(header["kid"], str) else None
        if key is None:
            raise InvalidAccessTokenError
        claims = _json_object(_payload(token, [key.public], [key.algorithm]))
        if claims.get("iss") != self._provider.issuer:
            raise InvalidAccessTokenError
        principal = _principal(claims) if "sid" in claims else _client_principal(claims)
        is_first_party = isinstance(principal, Principal) and principal.client_id == FIRST_PARTY_CLIENT
        return _verified_token(
            claims, principal, own_audience=self._audience if is_first_party else self._provider.issuer
        )

    def _verified_by_derived_key(self, token: str) -> VerifiedToken:
        claims = _json_object(_payload(token, self._derived_keys, self._derived_algorithms))
        issuer = claims.get("iss")
        if not isinstance(issuer, str) or issuer not in self._derived_issuers:
            raise InvalidAccessTokenError
        return _verified_token(claims, _principal(claims), own_audience=self._audience)


def _parts(token: str) -> Sequence[str]:
    """Return the three parts of a token. Raises ``InvalidAccessTokenError``."""
    if len(token) > MAXIMUM_TOKEN_LENGTH or not _COMPACT.fullmatch(token):
        raise InvalidAccessTokenError
    return token.split(".")


def _members(part: str) -> dict[str, Any]:
    """Return the members of a part. Raises ``InvalidAccessTokenError``."""
    try:
        content = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except ValueError as error:
        raise InvalidAccessTokenError from error
    return _json_object(content)


def _json_object(content: bytes) -> dict[str, Any]:
    """Return the members of a JSON object in UTF-8. Each is there once (RFC 7515 section 4, RFC 7519 section 4).

    Raises ``InvalidAccessTokenError``. Deeply nested JSON raises RecursionError, and numbers may be too long.
    """
    try:
        members = json.loads(content.decode(), object_pairs_hook=_unique_members)
    except (ValueError, RecursionError) as error:
        raise InvalidAccessTokenError from error
    if not isinstance(members, dict):
        raise InvalidAccessTokenError
    return members


def _unique_members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("a member is there twice")
    return members


def _check_header(header: dict[str, Any]) -> None:
    token_type = header.get("typ")
    if not isinstance(token_type, str) or token_type.lower() != TOKEN_TYPE or "crit" in header:
        raise InvalidAccessTokenError


def _payload(token: str, keys: Sequence[Any], algorithms: Sequence[str]) -> bytes:
    """Return the payload of a token that one of the keys signed. Raises ``InvalidAccessTokenError``."""
    for key in keys:
        try:
            return cast("bytes", _JWS.decode_complete(token, key, algorithms=algorithms)["payload"])
        except jwt.InvalidSignatureError:
            continue
        except (jwt.PyJWTError, ValueError, TypeError, RecursionError) as error:
            raise InvalidAccessTokenError from error
    raise InvalidAccessTokenError


def _verified_token(
    claims: dict[str, Any], principal: Principal | ClientPrincipal, *, own_audience: str
) -> VerifiedToken:
    """Return the content of a token with a right signature. ``read`` checks the times."""
    expires_at, issued_at, not_before = claims.get("exp"), claims.get("iat"), claims.get("nbf", claims.get("iat"))
    if type(expires_at) is not int or type(issued_at) is not int or type(not_before) is not int:
        raise InvalidAccessTokenError
    audience = _text(claims, "aud")
    return VerifiedToken(
        principal,
        issuer=claims["iss"],
        audience=audience,
        token_id=_text(claims, "jti"),
        issued_at=issued_at,
        valid_from=max(issued_at, not_before),
        expires_at=expires_at,
        is_for_this_service=audience == own_audience,
    )


def _principal(claims: dict[str, Any]) -> Principal:
    try:
        return Principal(
            user_id=UUID(_text(claims, "sub")),
            session_id=UUID(_text(claims, "sid")),
            client_id=_text(claims, "client_id"),
            scopes=frozenset(_text(claims, "scope").split()),
            roles=_roles(claims.get("roles", [])),
        )
    except ValueError as error:
        raise InvalidAccessTokenError from error


def _client_principal(claims: dict[str, Any]) -> ClientPrincipal:
    client_id = _text(claims, "client_id")
    if claims.get("sub") != client_id or type(claims.get("iat")) is not int:
        raise InvalidAccessTokenError
    try:
        issued_at = datetime.fromtimestamp(claims["iat"], UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise InvalidAccessTokenError from error
    return ClientPrincipal(
        client_id=client_id,
        scopes=frozenset(_text(claims, "scope").split()),
        audience=_text(claims, "aud"),
        issued_at=issued_at,
        token_id=_text(claims, "jti"),
    )


def _text(claims: dict[str, Any], name: str) -> str:
    value = claims.get(name)
    if not isinstance(value, str):
        raise InvalidAccessTokenError
    return value


def _roles(claim: object) -> frozenset[str]:
    """Return the roles of a token, a list of texts, as ``sign`` writes them."""
    if not isinstance(claim, list) or not all(isinstance(name, str) for name in claim):
        raise InvalidAccessTokenError
    return frozenset(claim) if claim else NO_ROLES
