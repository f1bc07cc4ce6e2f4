"""Device tokens, by which a device is recognised: ``"dwd_"`` and the format of ``opaque_token``. Pure.

A device token does not authenticate its user: the password is still required.
"""

from dataclasses import field
from typing import Final, Self
from uuid import UUID

from doorward.core.frozen import frozen
from doorward.domain.auth.tokens.opaque_token import OpaqueToken, OpaqueTokenCodec

PREFIX: Final = "dwd_"


@frozen
class DeviceToken:
    """The token of one device of one user. The database stores the hash of its secret."""

    user_id: UUID
    device_id: UUID
    secret: bytes = field(repr=False)

    @classmethod
    def new(cls, user_id: UUID) -> Self:
        """Return a token for a device that was not seen before."""
        token = OpaqueToken.new(user_id)
        return cls(user_id, token.id, token.secret)


class DeviceTokenCodec:
    """Writes and reads device tokens with one key, so that a forged token costs no query."""

    def __init__(self, key: bytes, previous_key: bytes | None = None) -> None:
        """Store the MAC key, derived for this purpose only, and the previous key, whose tokens are still accepted."""
        self._codec = OpaqueTokenCodec(PREFIX, key, previous_key)

    def encode(self, token: DeviceToken) -> str:
        """Return the token as text, authenticated under the current key."""
        return self._codec.encode(OpaqueToken(token.user_id, token.device_id, token.secret))

    def decode(self, text: str) -> DeviceToken | None:
        """Return a token written under the current or the previous key; None for any other text.

        Other text is not an error: the device is then a new one.
        """
        token = self._codec.decode(text)
        return None if token is None else DeviceToken(token.user_id, token.id, token.secret)
