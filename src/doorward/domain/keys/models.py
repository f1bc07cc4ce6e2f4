"""Models of this domain. No I/O."""

from dataclasses import field
from datetime import datetime
from enum import StrEnum
from typing import Final, Literal, NewType

from doorward.core.frozen import frozen

KeyId = NewType("KeyId", str)
"""The thumbprint of a key (RFC 7638): 43 characters of base64url."""

SigningAlgorithm = Literal["ES256", "RS256"]
SIGNING_ALGORITHMS: Final[tuple[SigningAlgorithm, ...]] = ("ES256", "RS256")


@frozen
class NewKey:
    """A key that is not stored yet. ``private`` is its private JWK (RFC 7517), ``kid`` the thumbprint of RFC 7638."""

    kid: str
    algorithm: SigningAlgorithm
    private: bytes = field(repr=False)


@frozen
class StoredKey:
    """A stored key. ``sealed`` is empty after the key was revoked.

    ``created_at`` is when it was published. A standby key has no ``activates_at``; ``retires_at`` is when it stopped
    signing.
    """

    kid: str
    algorithm: SigningAlgorithm
    sealed: bytes = field(repr=False)
    created_at: datetime
    activates_at: datetime | None = None
    retires_at: datetime | None = None
    revoked_at: datetime | None = None


class KeyState(StrEnum):
    """The state of a key at a given time."""

    STANDBY = "standby"
    """Published, and can begin to sign at once."""
    PENDING = "pending"
    """Published, and begins to sign at ``activates_at``."""
    SIGNING = "signing"
    RETIRED = "retired"
    """No longer signs. Its tokens are valid until they expire."""
    UNLISTED = "unlisted"
    """No valid token of the key exists any more. Its public part is kept."""
    REVOKED = "revoked"


def sealing_context(kid: str, algorithm: SigningAlgorithm) -> bytes:
    """Return the context that binds a sealed key to its row."""
    return f"signing_keys|{kid}|{algorithm}".encode()
