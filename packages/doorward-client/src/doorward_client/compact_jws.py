"""JWS compact serialization (RFC 7515 section 7.1). Only one encoding of each JWS is accepted. Pure."""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any, Final, NamedTuple

from doorward_client.strict_json import parse_object

MAXIMUM_LENGTH: Final = 8192
"""Maximum characters. Servers and proxies seldom accept a longer header."""

# RFC 7515 section 2: base64url without padding.
_COMPACT: Final = re.compile(r"(([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+))\.([A-Za-z0-9_-]+)")


class CompactJws(NamedTuple):
    """The parts of a compact JWS, still encoded. ``signed`` is the signing input."""

    signed: str
    header: str
    payload: str
    signature: str


def split_compact(text: str) -> CompactJws:
    """Split a compact JWS. Raises ``ValueError`` with "too long" or "malformed", and no part of the text."""
    if len(text) > MAXIMUM_LENGTH:
        raise ValueError("too long")
    parts = _COMPACT.fullmatch(text)
    if parts is None:
        raise ValueError("malformed")
    return CompactJws(*parts.groups())


def parse_part(part: str) -> dict[str, Any]:
    """Decode the JSON object of a header or a payload. Raises ``ValueError``."""
    return parse_object(urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def decode_signature(part: str) -> bytes:
    """Decode a signature. Of several encodings (unused bits at the end), only the canonical one is accepted.

    Raises ``ValueError``.
    """
    signature = urlsafe_b64decode(part + "=" * (-len(part) % 4))
    if urlsafe_b64encode(signature).rstrip(b"=") != part.encode():
        raise ValueError("malformed")
    return signature
