"""Proofs of possession of a key (DPoP, RFC 9449 section 4): JWTs that a client signs for one call. Pure."""

import re
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final
from urllib.parse import urlsplit

from doorward_client.compact_jws import decode_signature, parse_part, split_compact
from doorward_client.exceptions import InvalidProofError, InvalidTokenError
from doorward_client.numeric_dates import is_numeric_date
from doorward_client.public_keys import PublicKey, read_public_key

PROOF_TYPE: Final = "dpop+jwt"
PROOF_ALGORITHMS: Final = ("ES256", "RS256")
LIFE_SECONDS: Final = 60
LEEWAY_SECONDS: Final = 30
"""The allowed difference between the clock of a client and this one."""

MAXIMUM_JTI_LENGTH: Final = 255

_DEFAULT_PORTS: Final = {"https": 443, "http": 80}
_ENCODED: Final = re.compile(r"%([0-9A-Fa-f]{2})")
_UNRESERVED: Final = re.compile(r"[A-Za-z0-9._~-]")


@dataclass(frozen=True, slots=True)
class PresentedProof:
    """The header ``DPoP`` of a call, and the method and URL of the call.

    ``url`` is the address that clients know, percent-encoded. Never derive it from the header ``Host``, which the
    caller controls.
    """

    text: str = field(repr=False)
    method: str
    url: str


@dataclass(frozen=True, slots=True)
class VerifiedProof:
    """The content of a valid proof. ``thumbprint`` is that of its key (RFC 7638).

    ``nonce``, a digest of key and ``jti``, detects a second use. ``expires_at`` is in seconds since 1970: from then on
    the proof is refused for its age.
    """

    thumbprint: str
    nonce: bytes
    expires_at: float


def verify_proof(proof: PresentedProof, now: float, *, access_token: str | None = None) -> VerifiedProof:
    """Verify a proof for this call, and for the access token if one is given (section 4.3); return its content.

    The caller must check its key, and whether the proof was used before. ``now`` is in seconds since 1970. A proof is
    valid for a minute, plus the leeway for clocks. Raises ``InvalidProofError``.
    """
    try:
        key, claims = _signed(proof.text)
    except ValueError as error:
        raise InvalidProofError("The DPoP proof is malformed, or is not signed by its own key.") from error
    jti, made_at = claims.get("jti"), claims.get("iat")
    if not isinstance(jti, str) or not 1 <= len(jti) <= MAXIMUM_JTI_LENGTH or not jti.isprintable():
        raise InvalidProofError("The DPoP proof has no usable jti.")
    if not _is_for(claims, proof):
        raise InvalidProofError("The DPoP proof is for another method or address.")
    if access_token is not None and claims.get("ath") != digest_of(access_token):
        raise InvalidProofError("The DPoP proof is for another access token.")
    if not is_numeric_date(made_at) or not -LEEWAY_SECONDS <= now - made_at < LIFE_SECONDS + LEEWAY_SECONDS:
        raise InvalidProofError("The DPoP proof is too old, or of the future.")
    thumbprint = key.thumbprint
    nonce = sha256(f"{thumbprint} {jti}".encode()).digest()
    return VerifiedProof(thumbprint, nonce, made_at + LIFE_SECONDS + LEEWAY_SECONDS)


def bound_thumbprint(claims: Mapping[str, Any]) -> str | None:
    """Return the thumbprint of the key that a token is bound to (RFC 9449 section 6.1); None if it is not bound.

    Raises ``InvalidTokenError`` for a binding of another kind, for example to a certificate (RFC 8705): such a token
    must not be accepted as a bearer token.
    """
    if "cnf" not in claims:
        return None
    confirmation = claims["cnf"]
    if not isinstance(confirmation, dict) or confirmation.keys() != {"jkt"}:
        raise InvalidTokenError("The access token is bound in a way that is not known.")
    thumbprint = confirmation["jkt"]
    if not isinstance(thumbprint, str) or not thumbprint:
        raise InvalidTokenError("The access token is bound in a way that is not known.")
    return thumbprint


def digest_of(access_token: str) -> str:
    """Return the claim ``ath`` of a proof for an access token (RFC 9449 section 4.2)."""
    return urlsafe_b64encode(sha256(access_token.encode()).digest()).rstrip(b"=").decode()


def _signed(text: str) -> tuple[PublicKey, Mapping[str, Any]]:
    """Return the key in a proof's header, and the claims that it signed. Raises ``ValueError``."""
    parts = split_compact(text)
    header = parse_part(parts.header)
    proof_type = header.get("typ")
    if not isinstance(proof_type, str) or proof_type.lower() != PROOF_TYPE:
        raise ValueError("another type")
    if "crit" in header or "b64" in header:
        raise ValueError("an extension is demanded")
    key = read_public_key(header.get("jwk"))
    if key is None or header.get("alg") != key.algorithm:
        raise ValueError("no usable key")
    if not key.verifies(parts.signed, decode_signature(parts.signature)):
        raise ValueError("another signature")
    return key, parse_part(parts.payload)


def _is_for(claims: Mapping[str, Any], proof: PresentedProof) -> bool:
    wanted = _normalized_url(proof.url)
    return wanted is not None and _normalized_url(claims.get("htu")) == wanted and claims.get("htm") == proof.method


def _normalized_url(url: object) -> tuple[str, str, int | None, str] | None:
    """Normalize a URL for comparison (RFC 3986 sections 6.2.2 and 6.2.3), without query and fragment."""
    if not isinstance(url, str) or not url.isascii() or not url.isprintable() or " " in url:
        return None
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if parts.hostname is None or "@" in parts.netloc:
        return None
    path = _ENCODED.sub(_normalized_escape, parts.path)
    return parts.scheme, parts.hostname, port or _DEFAULT_PORTS.get(parts.scheme), path or "/"


def _normalized_escape(encoded: re.Match[str]) -> str:
    character = chr(int(encoded[1], 16))
    return character if _UNRESERVED.fullmatch(character) else encoded[0].upper()
