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
"""Between the clock of a client and this one."""

MAXIMUM_JTI_LENGTH: Final = 255

_DEFAULT_PORTS: Final = {"https": 443, "http": 80}
_ENCODED: Final = re.compile(r"%([0-9A-Fa-f]{2})")
_UNRESERVED: Final = re.compile(r"[A-Za-z0-9._~-]")


@dataclass(frozen=True, slots=True)
class PresentedProof:
    """What the one header ``DPoP`` of a call holds, and the call that it must be for.

    ``url`` is the address that clients know, in its encoded form. Take none from the header ``Host``: the caller writes
    it.
    """

    text: str = field(repr=False)
    method: str
    url: str


@dataclass(frozen=True, slots=True)
class VerifiedProof:
    """What a genuine proof says. ``thumbprint`` is its key's (RFC 7638).

    By its ``nonce``, a digest of key and ``jti``, it is known when it comes again. ``expires_at`` is in seconds since
    1970: from then on it is refused by its age.
    """

    thumbprint: str
    nonce: bytes
    expires_at: float


def verify_proof(proof: PresentedProof, now: float, *, access_token: str | None = None) -> VerifiedProof:
    """Return what a genuine proof for this call says, and for the access token if there is one (section 4.3).

    Whose key it is, and whether the proof was used before, is for the caller to judge. ``now`` is in seconds since
    1970. A proof is good for a minute, give or take the clocks. Raises ``InvalidProofError``.
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
    """Return the thumbprint of the key that a token is bound to (RFC 9449 section 6.1); None for one that is not bound.

    Raises ``InvalidTokenError`` for a token that is bound in a way that is not known here, such as to a certificate
    (RFC 8705): it must not pass for one that its bearer may use.
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
    """Return what a proof says of an access token: ``ath`` (RFC 9449 section 4.2)."""
    return urlsafe_b64encode(sha256(access_token.encode()).digest()).rstrip(b"=").decode()


def _signed(text: str) -> tuple[PublicKey, Mapping[str, Any]]:
    """Return the key of a proof's own header, and the claims that it signed. Raises ``ValueError``."""
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
    wanted = _compared(proof.url)
    return wanted is not None and _compared(claims.get("htu")) == wanted and claims.get("htm") == proof.method


def _compared(url: object) -> tuple[str, str, int | None, str] | None:
    """Return an address as it is compared (RFC 3986 sections 6.2.2 and 6.2.3), without query and fragment."""
    if not isinstance(url, str) or not url.isascii() or not url.isprintable() or " " in url:
        return None
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if parts.hostname is None or "@" in parts.netloc:
        return None
    path = _ENCODED.sub(_usual_spelling, parts.path)
    return parts.scheme, parts.hostname, port or _DEFAULT_PORTS.get(parts.scheme), path or "/"


def _usual_spelling(encoded: re.Match[str]) -> str:
    character = chr(int(encoded[1], 16))
    return character if _UNRESERVED.fullmatch(character) else encoded[0].upper()
