"""Ids and secrets of clients. Pure.

``"dwc_" + 22 characters`` and ``"dws_" + 43 characters`` of base64url: all of them unreserved (RFC 3986 section 2.3),
so that the raw and the form-encoded spelling in a Basic header are the same. A secret has 256 random bits, so its
stored form is a plain SHA-256.
"""

import hashlib
import secrets
from typing import Final

from doorward.domain.oauth.models import ClientId

CLIENT_ID_PREFIX: Final = "dwc_"
SECRET_PREFIX: Final = "dws_"  # noqa: S105 - the beginning that all have
_ID_BYTES: Final = 16
_SECRET_BYTES: Final = 32


def new_client_id() -> ClientId:
    """Return an id that no client has had."""
    return ClientId(CLIENT_ID_PREFIX + secrets.token_urlsafe(_ID_BYTES))


def new_secret() -> str:
    """Return a secret."""
    return SECRET_PREFIX + secrets.token_urlsafe(_SECRET_BYTES)


def hash_of(secret: str) -> bytes:
    """Return what is stored of a secret."""
    return hashlib.sha256(secret.encode()).digest()
