"""Reads proofs of possession of a key (DPoP, RFC 9449 section 4.3): JWTs that the caller signs for one call."""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt.algorithms import ECAlgorithm, RSAAlgorithm
from jwt.utils import base64url_encode

from doorward.domain.auth.exceptions import InvalidAccessTokenError
from doorward.domain.auth.key_proofs import PresentedProof, VerifiedProof
from doorward.infrastructure.json_web_keys import VerifyingKey, read_verifying_key
from doorward.infrastructure.signing_keys import thumbprint
from doorward.infrastructure.token_reading import compact_parts, json_object, members_of, signed_payload

PROOF_TYPE: Final = "dpop+jwt"
LIFE: Final = timedelta(seconds=60)
LEEWAY: Final = timedelta(seconds=30)
"""Between the clock of a client and this one."""

MAXIMUM_JTI_LENGTH: Final = 255
GREATEST_TIME: Final = 2**53
"""Seconds since 1970: up to here a float holds every whole number."""

_DEFAULT_PORTS: Final = {"https": 443, "http": 80}


class SignedProofs:
    """Proofs under whichever key they name: what it may do, the token says that is bound to it."""

    def read(self, proof: PresentedProof, now: datetime, *, access_token: str | None = None) -> VerifiedProof | None:
        """Return what a genuine proof for this call says, and for the access token if there is one; None for others.

        The key is the header's, public, and of ES256 or RS256. A proof is good for a minute, give or take the clocks.
        """
        try:
            header = members_of(compact_parts(proof.text)[0])
            key = _key_of(header)
            if key is None:
                return None
            claims = json_object(signed_payload(proof.text, [key.key], [key.algorithm]))
        except InvalidAccessTokenError:
            return None
        jti, made_at = claims.get("jti"), _time(claims.get("iat"))
        if not isinstance(jti, str) or not 1 <= len(jti) <= MAXIMUM_JTI_LENGTH or not jti.isprintable():
            return None
        if made_at is None or not _is_for(claims, proof, access_token):
            return None
        leeway = LEEWAY.total_seconds()
        if not -leeway <= now.timestamp() - made_at < LIFE.total_seconds() + leeway:
            return None
        digest = _thumbprint_of(key)
        nonce = hashlib.sha256(f"{digest} {jti}".encode()).digest()
        return VerifiedProof(digest, nonce, datetime.fromtimestamp(made_at, UTC) + LIFE + LEEWAY)


def _key_of(header: Mapping[str, Any]) -> VerifyingKey | None:
    """Return the key of a proof's header; None for another type, and where something unknown is demanded."""
    proof_type = header.get("typ")
    if not isinstance(proof_type, str) or proof_type.lower() != PROOF_TYPE or "crit" in header:
        return None
    key = read_verifying_key(header.get("jwk"))
    return None if key is None or header.get("alg") != key.algorithm else key


def _time(claim: object) -> float | None:
    """Return a NumericDate (RFC 7519 section 2); None for what is none. JSON has integers that no float holds."""
    if isinstance(claim, bool) or not isinstance(claim, int | float) or not abs(claim) < GREATEST_TIME:
        return None
    return float(claim)


def _is_for(claims: Mapping[str, Any], proof: PresentedProof, access_token: str | None) -> bool:
    """Tell whether a proof is for this method and address, and for this access token."""
    if claims.get("htm") != proof.method or _compared(claims.get("htu")) != _compared(proof.url):
        return False
    if access_token is None:
        return True
    return claims.get("ath") == base64url_encode(hashlib.sha256(access_token.encode()).digest()).decode()


def _compared(url: object) -> tuple[str, str, int | None, str] | None:
    """Return a URL as it is compared (RFC 3986 sections 6.2.2 and 6.2.3), without query and fragment."""
    if not isinstance(url, str) or not url.isprintable() or " " in url:
        return None
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if parts.hostname is None or "@" in parts.netloc:
        return None
    return parts.scheme, parts.hostname, port or _DEFAULT_PORTS.get(parts.scheme), parts.path or "/"


def _thumbprint_of(key: VerifyingKey) -> str:
    """Return the thumbprint of a key in its one canonical spelling, however the header spelled it."""
    if isinstance(key.key, RSAPublicKey):
        return thumbprint(RSAAlgorithm.to_jwk(key.key, as_dict=True))
    return thumbprint(ECAlgorithm.to_jwk(key.key, as_dict=True))
