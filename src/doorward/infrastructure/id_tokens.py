"""ID tokens, which inform applications about a sign-in (OpenID Connect Core section 2). The key ring signs them."""

import math
from datetime import datetime, timedelta
from typing import Any, Final

from doorward.domain.auth.exceptions import InvalidAccessTokenError
from doorward.domain.keys.models import SigningAlgorithm
from doorward.domain.oauth.backchannel_logout import LogoutToken
from doorward.domain.oauth.code_models import HintedSession, IdentityToken
from doorward.infrastructure.key_ring import KeyRingHolder
from doorward.infrastructure.token_reading import compact_parts, json_object, members_of, signed_payload

TYPE: Final = "JWT"
"""Differs from the type of access tokens, ``at+jwt``, so that neither is accepted as the other."""

LIFE: Final = timedelta(minutes=10)
"""Short, because the token is read once, when it arrives."""

LOGOUT_TYPE: Final = "logout+jwt"
LOGOUT_EVENT: Final = "http://schemas.openid.net/event/backchannel-logout"
LIFE_OF_LOGOUT: Final = timedelta(minutes=2)
"""Short, because the token is signed when it is sent (OpenID Connect Back-Channel Logout section 4)."""


class IdTokens:
    """Signs ID tokens, and reads those that clients send back as hints."""

    def __init__(self, rings: KeyRingHolder, issuer: str) -> None:
        self._rings = rings
        self._issuer = issuer

    def sign_id_token(self, identity: IdentityToken, now: datetime) -> str:
        """Return a token. Raises ``ServiceUnavailableError`` while the ring has no key of the client's algorithm."""
        issued_at = math.floor(now.timestamp())
        claims: dict[str, Any] = {
            "iss": self._issuer,
            "sub": str(identity.user_id),
            "aud": identity.client.client_id,
            "exp": issued_at + int(LIFE.total_seconds()),
            "iat": issued_at,
            **identity.sign_in.claims(),
            "sid": str(identity.session_id),
        }
        if identity.nonce is not None:
            claims["nonce"] = identity.nonce
        return self._sign(claims, identity.client.id_token_algorithm, now)

    def sign_logout_token(self, token: LogoutToken, now: datetime) -> str:
        """Return a logout token. Raises ``ServiceUnavailableError`` as ``sign_id_token`` does."""
        issued_at, ended = math.floor(now.timestamp()), token.ended
        claims: dict[str, Any] = {
            "iss": self._issuer,
            "sub": str(ended.user_id),
            "aud": token.client.client_id,
            "exp": issued_at + int(LIFE_OF_LOGOUT.total_seconds()),
            "iat": issued_at,
            "jti": str(token.token_id),
            "events": {LOGOUT_EVENT: {}},
        }
        if ended.session_id is not None:
            claims["sid"] = str(ended.session_id)
        return self._sign(claims, token.client.id_token_algorithm, now, LOGOUT_TYPE)

    def read_hint(self, token: str) -> HintedSession | None:
        """Return the session of a token that was issued here, expired or not; None for any other text."""
        try:
            header_part, _, _ = compact_parts(token)
            header = members_of(header_part)
            kid = header.get("kid")
            key = self._rings.current.verifying_key(kid) if isinstance(kid, str) else None
            if key is None or header.get("typ") != TYPE or "crit" in header:
                return None
            claims = json_object(signed_payload(token, [key.public], [key.algorithm]))
        except InvalidAccessTokenError:
            return None
        named = [claims.get(name) for name in ("sub", "aud", "sid")]
        if claims.get("iss") != self._issuer or not all(isinstance(each, str) for each in named):
            return None
        return HintedSession(*map(str, named))

    def _sign(self, claims: dict[str, Any], algorithm: SigningAlgorithm, now: datetime, kind: str = TYPE) -> str:
        return self._rings.current.signing_key(algorithm, now).sign(claims, token_type=kind)
