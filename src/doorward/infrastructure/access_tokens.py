"""Access tokens: JWTs in the profile of RFC 9068, issued by this service.

Two kinds of keys sign them. *Derived* keys come from SECRET_KEY: HMAC, no ``kid``, first-party tokens only; only this
service verifies them. The keys of the *ring* are asymmetric, have a ``kid`` and are published, so that other services
can verify tokens. ``kid`` selects the kind of key, and the key that is found determines everything else.
"""

import math
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import uuid4

import jwt

from doorward.core.frozen import frozen
from doorward.core.principal import ClientPrincipal, Principal, SignIn, VerifiedToken
from doorward.domain.auth.exceptions import InvalidAccessTokenError
from doorward.domain.auth.models import FIRST_PARTY_CLIENT
from doorward.domain.auth.sessions.rotated_session import TokenAudience
from doorward.domain.keys.models import SIGNING_ALGORITHMS, SigningAlgorithm
from doorward.infrastructure.key_ring import REMEMBERED_TOKENS, FixedKeyRing, KeyRing, KeyRingHolder
from doorward.infrastructure.token_reading import (
    TOKEN_TYPE,
    check_header,
    client_principal,
    compact_parts,
    confirmation,
    json_object,
    members_of,
    signed_payload,
    user_principal,
    verified_token,
)
from doorward.settings.tokens import DEFAULT_ISSUER

CLOCK_SKEW: Final = timedelta(seconds=30)
"""How far in the future ``iat`` may be in a token from another copy of the service."""

_DERIVED_ALGORITHMS: Final = ("HS256", "HS384", "HS512")
"""Accepted with every setting: the key is the same for all three, so that a change of ALGORITHM ends no token."""


@frozen
class Provider:
    """How tokens for other services are made: the keys, ``iss``, and the lifetime of client tokens."""

    rings: KeyRingHolder
    issuer: str
    client_lifetime: timedelta


class AccessTokens:
    """Signs and verifies access tokens. The configured keys decide the algorithm; the token's header is not trusted."""

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
        """Store the derived keys (64 bytes each), and the content of first-party tokens.

        With ``algorithm`` ES256 or RS256 the ring signs them, and ``provider`` is required. Tokens that derived keys
        signed before that change stay valid until they expire if their issuer is ``issuer`` or the default one.
        """
        self._derived_keys = (key,) if previous_key is None else (key, previous_key)
        self._ring_algorithm = next((each for each in SIGNING_ALGORITHMS if each == algorithm), None)
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
        """Return the lifetime, in seconds, of a token for a client itself or for another service."""
        return int(self._provider.client_lifetime.total_seconds())

    def sign(
        self,
        principal: Principal,
        sign_in: SignIn,
        now: datetime,
        audience: TokenAudience | None = None,
    ) -> str:
        """Return a token for the principal, valid from ``now`` for the configured time.

        A token for another ``audience`` is always signed by the ring, with the algorithm of the audience, and lives
        ``client_seconds``.
        Tokens that the ring signs state when and how the user signed in. The others are read by this service alone,
        which looks that up: they state it only for sessions with two kinds of factors.
        Raises ``ServiceUnavailableError`` while the ring has no key of the algorithm.
        """
        ring_algorithm = self._ring_algorithm if audience is None else audience.algorithm
        claims = self._claims(
            subject=str(principal.user_id),
            audience=self._audience if audience is None else audience.identifier,
            client_id=principal.client_id,
            scopes=principal.scopes,
            issued_at=math.floor(now.timestamp()),
            seconds=int(self._lifetime.total_seconds()) if audience is None else self.client_seconds,
        )
        claims["sid"] = str(principal.session_id)
        claims |= confirmation(principal.thumbprint)
        if principal.roles:
            claims["roles"] = sorted(principal.roles)  # RFC 9068 section 2.2.3.1
        if ring_algorithm is None:
            claims["iss"] = self._issuer
            if sign_in.has_two_factor_kinds:
                claims |= sign_in.claims()
            return jwt.encode(claims, self._derived_keys[0], algorithm=self._algorithm, headers={"typ": TOKEN_TYPE})
        return self._sign_by_ring(claims | sign_in.claims(), ring_algorithm, now)

    def can_sign(self, now: datetime, algorithm: SigningAlgorithm | None = None) -> bool:
        """Return whether a key can sign now: for another audience with ``algorithm``, or for this service with None.

        Derived keys are always available.
        """
        ring_algorithm = algorithm or self._ring_algorithm
        return ring_algorithm is None or self._provider.rings.current.can_sign(ring_algorithm, now)

    def sign_client(
        self,
        client_id: str,
        scopes: Collection[str],
        audience: str,
        now: datetime,
        *,
        algorithm: SigningAlgorithm,
        thumbprint: str | None = None,
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
        return self._sign_by_ring(claims | confirmation(thumbprint), algorithm, now)

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
        """Return the content of a valid token for any audience. Raises as ``verify`` does."""
        verified = self._provider.rings.current.verified(self._verify_with, token)
        present = now.timestamp()
        if present >= verified.expires_at or verified.valid_from > present + CLOCK_SKEW.total_seconds():
            raise InvalidAccessTokenError
        return verified

    async def verify_with_latest_keys(self, token: str, now: datetime) -> Principal | ClientPrincipal:
        """Verify as ``verify`` does. After a failure, retry with the latest keys if another copy may have a new one."""
        try:
            return self.verify(token, now)
        except InvalidAccessTokenError:
            if not await self._learns_key_of(token):
                raise
        return self.verify(token, now)

    async def read_with_latest_keys(self, token: str, now: datetime) -> VerifiedToken:
        """Read as ``read`` does. After a failure, retry with the latest keys if another copy may have a new one."""
        try:
            return self.read(token, now)
        except InvalidAccessTokenError:
            if not await self._learns_key_of(token):
                raise
        return self.read(token, now)

    async def _learns_key_of(self, token: str) -> bool:
        """Read the keys again for a token of this issuer with an unknown key. Return whether the key is known now."""
        try:
            header_part, payload_part, _ = compact_parts(token)
            kid, issuer = members_of(header_part).get("kid"), members_of(payload_part).get("iss")
        except InvalidAccessTokenError:
            return False
        rings = self._provider.rings
        if not isinstance(kid, str) or issuer != self._provider.issuer or rings.current.verifying_key(kid):
            return False
        return await rings.refresh_for_key(kid)

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
        return self._provider.rings.current.signing_key(algorithm, now).sign(claims, token_type=TOKEN_TYPE)

    def _verify(self, ring: KeyRing, token: str) -> VerifiedToken:
        header_part, _, _ = compact_parts(token)
        header = members_of(header_part)
        check_header(header)
        if "kid" not in header:
            return self._verified_by_derived_key(token)
        key = ring.verifying_key(header["kid"]) if isinstance(header["kid"], str) else None
        if key is None:
            raise InvalidAccessTokenError
        claims = json_object(signed_payload(token, [key.public], [key.algorithm]))
        if claims.get("iss") != self._provider.issuer:
            raise InvalidAccessTokenError
        principal = user_principal(claims) if "sid" in claims else client_principal(claims)
        is_first_party = isinstance(principal, Principal) and principal.client_id == FIRST_PARTY_CLIENT
        return verified_token(
            claims, principal, own_audience=self._audience if is_first_party else self._provider.issuer
        )

    def _verified_by_derived_key(self, token: str) -> VerifiedToken:
        claims = json_object(signed_payload(token, self._derived_keys, _DERIVED_ALGORITHMS))
        issuer = claims.get("iss")
        if not isinstance(issuer, str) or issuer not in self._derived_issuers:
            raise InvalidAccessTokenError
        return verified_token(claims, user_principal(claims), own_audience=self._audience)
