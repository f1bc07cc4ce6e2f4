"""Short-lived, single-use tokens without a row: authenticated data that a client keeps and sends back.

``"dwt_" + base64url(1 | kind:1 | user id:16 | epoch:4 | microseconds of issue:8 | nonce:16 | content | mac:16)``,
unpadded. It is not encrypted: a secret content must be sealed before. A token becomes invalid when its epoch ends, when
it expires, and when it is used, which stores the nonce.
"""

import base64
import binascii
import hmac
import secrets
import struct
from dataclasses import field
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Final
from uuid import UUID

from doorward.core.frozen import frozen
from doorward.domain.auth.exceptions import InvalidOneTimeTokenError
from doorward.domain.auth.repositories import Connection
from doorward.domain.auth.tokens.single_use import use_once

PREFIX: Final = "dwt_"
NONCE_BYTES: Final = 16
_VERSION: Final = 1
_MAC_BYTES: Final = 16
_LAYOUT: Final = struct.Struct(f">BB16sIq{NONCE_BYTES}s")
MAXIMUM_CONTENT_BYTES: Final = 8192
_SHORTEST_TEXT: Final = len(PREFIX) + -(-(_LAYOUT.size + _MAC_BYTES) * 8 // 6)
_LONGEST_TEXT: Final = len(PREFIX) + -(-(_LAYOUT.size + MAXIMUM_CONTENT_BYTES + _MAC_BYTES) * 8 // 6)
_BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


class SealedKind(Enum):
    """The kind of a token. Values are never reused for another kind, because tokens outlive an upgrade."""

    RESTORE = 1
    """Restores an account whose deletion is scheduled. Issued for a right first factor."""
    PENDING_LOGIN = 2
    """Completes a login by a second factor. Issued for a right first factor."""
    TOTP_ENROLMENT = 3
    """Confirms an authenticator application. Issued to a session with a fresh proof. Its content is the secret."""
    PASSKEY_LOGIN = 4
    """A challenge that a passkey signs to sign in. Issued to anyone, without a user."""
    PASSKEY_REGISTRATION = 5
    """A challenge for a new passkey. Issued to a session with a fresh proof."""
    PASSKEY_SECOND_FACTOR = 6
    """A challenge that a passkey signs after the first factor. Issued to a pending login."""
    PASSKEY_PROOF = 7
    """A challenge that a passkey signs to authenticate again. Issued to a session."""


SEALED_TOKEN_LIFETIMES: Final = {
    SealedKind.RESTORE: timedelta(minutes=10),
    SealedKind.PENDING_LOGIN: timedelta(seconds=300),
    SealedKind.TOTP_ENROLMENT: timedelta(minutes=10),
    SealedKind.PASSKEY_LOGIN: timedelta(minutes=10),
    SealedKind.PASSKEY_REGISTRATION: timedelta(minutes=10),
    SealedKind.PASSKEY_SECOND_FACTOR: timedelta(minutes=10),
    SealedKind.PASSKEY_PROOF: timedelta(minutes=10),
}


@frozen
class SealedToken:
    """A token of one kind for one user, in the epoch in which it was issued."""

    kind: SealedKind
    user_id: UUID
    epoch: int
    issued_at: datetime
    nonce: bytes
    content: bytes = field(default=b"", repr=False)

    @property
    def expires_at(self) -> datetime:
        """Return the moment from which it is refused."""
        return self.issued_at + SEALED_TOKEN_LIFETIMES[self.kind]


class SealedTokens:
    """Issues and reads tokens with one key. A forged or truncated token, or one of another kind, costs no query."""

    def __init__(self, key: bytes, previous_key: bytes | None = None) -> None:
        """Store the MAC key, derived for this purpose only, and the previous key, whose tokens are still accepted."""
        self._key = key
        self._readable_keys = (key,) if previous_key is None else (key, previous_key)

    def issue(self, kind: SealedKind, *, user_id: UUID, epoch: int, now: datetime, content: bytes = b"") -> str:
        """Return a new token as text. Nothing is stored. Raises ``ValueError`` for a content that is too long."""
        if len(content) > MAXIMUM_CONTENT_BYTES:
            raise ValueError("no token with so long a content would be read")
        return _write(SealedToken(kind, user_id, epoch, now, secrets.token_bytes(NONCE_BYTES), content), self._key)

    def read(self, text: str, kind: SealedKind, *, now: datetime) -> SealedToken:
        """Return a genuine token of this kind that has not expired. Raises ``InvalidOneTimeTokenError``.

        Exactly one text is accepted for each token and key. With the user's row locked, the caller must check that the
        epoch is still the user's, and that the token was not used.
        """
        token = self._decode(text)
        if token.kind is not kind or now >= token.expires_at:
            raise InvalidOneTimeTokenError
        return token

    async def consume(self, connection: Connection, token: SealedToken) -> bool:
        """Store that the token was used, in the transaction of its effect; return whether this was the first use."""
        return await use_once(connection, token.nonce, expires_at=token.expires_at)

    def _decode(self, text: str) -> SealedToken:
        if not _SHORTEST_TEXT <= len(text) <= _LONGEST_TEXT or not text.isascii() or not text.startswith(PREFIX):
            raise InvalidOneTimeTokenError
        encoded = text.removeprefix(PREFIX)
        try:
            raw = base64.b64decode(encoded + "=" * (-len(encoded) % 4), altchars=b"-_", validate=True)
        except binascii.Error as error:
            raise InvalidOneTimeTokenError from error
        content, mac = raw[:-_MAC_BYTES], raw[-_MAC_BYTES:]
        key = next((each for each in self._readable_keys if hmac.compare_digest(mac, _mac(content, each))), None)
        if key is None:
            raise InvalidOneTimeTokenError
        version, number, user_id, epoch, issued, nonce = _LAYOUT.unpack_from(content)
        if version != _VERSION or number not in {each.value for each in SealedKind}:
            raise InvalidOneTimeTokenError
        issued_at = _BEGINNING + timedelta(microseconds=issued)
        carried = content[_LAYOUT.size :]
        token = SealedToken(SealedKind(number), UUID(bytes=user_id), epoch, issued_at, nonce, carried)
        # base64 ignores some bits of the last character: without this test, several texts would give the same token.
        if not hmac.compare_digest(_write(token, key), text):
            raise InvalidOneTimeTokenError
        return token


def _write(token: SealedToken, key: bytes) -> str:
    issued = (token.issued_at - _BEGINNING) // _MICROSECOND
    head = _LAYOUT.pack(_VERSION, token.kind.value, token.user_id.bytes, token.epoch, issued, token.nonce)
    written = head + token.content
    return PREFIX + base64.urlsafe_b64encode(written + _mac(written, key)).rstrip(b"=").decode()


def _mac(content: bytes, key: bytes) -> bytes:
    return hmac.digest(key, content, "sha256")[:_MAC_BYTES]
