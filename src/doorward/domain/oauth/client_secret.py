"""Ids and secrets of clients. Pure.

``"dwc_" + 22 characters`` and ``"dws_" + 43 characters`` of base64url: all of them unreserved (RFC 3986 section 2.3),
so that the raw and the form-encoded spelling in a Basic header are the same. A secret has 256 random bits, so its
stored form is a plain SHA-256.
"""

import hashlib
import secrets
from typing import Final

from doorward.domain.oauth.document_address import PREFIX as DOCUMENT_PREFIX
from doorward.domain.oauth.models import ClientId

CLIENT_ID_PREFIX: Final = "dwc_"
REGISTERED_PREFIX: Final = "dwcr_"
SECRET_PREFIX: Final = "dws_"  # noqa: S105 - a public prefix
_ID_BYTES: Final = 16
_SECRET_BYTES: Final = 32


def new_client_id() -> ClientId:
    """Return a new random id."""
    return ClientId(CLIENT_ID_PREFIX + secrets.token_urlsafe(_ID_BYTES))


def new_registered_client_id() -> ClientId:
    """Return a new random id for a client that registers itself. Its prefix marks such clients for consent pages."""
    return ClientId(REGISTERED_PREFIX + secrets.token_urlsafe(_ID_BYTES))


def has_registered_itself(client_id: str) -> bool:
    """Return whether a client was registered without an operator."""
    return client_id.startswith((REGISTERED_PREFIX, DOCUMENT_PREFIX))


def new_secret() -> str:
    """Return a new random secret."""
    return SECRET_PREFIX + secrets.token_urlsafe(_SECRET_BYTES)


def hash_of(secret: str) -> bytes:
    """Return the stored hash of a secret."""
    return hashlib.sha256(secret.encode()).digest()
