"""The format of one-time tokens, which are mailed as links, and of the short codes beside them. Pure.

``"dwo_" + base64url(1 | purpose:1 | subject id:16 | secret:16 | mac:16)``, without padding. The subject is the user,
the pending registration or the invitation. A token that is forged, truncated or for another purpose is refused without
a query.
"""

import base64
import binascii
import hmac
import secrets
import struct
from dataclasses import field
from enum import Enum
from typing import Final
from uuid import UUID

from doorward.core.frozen import frozen
from doorward.domain.auth.exceptions import InvalidOneTimeTokenError

PREFIX: Final = "dwo_"
SECRET_BYTES: Final = 16
CODE_DIGITS: Final = 8
_VERSION: Final = 1
_MAC_BYTES: Final = 16
_LAYOUT: Final = struct.Struct(f">BB16s{SECRET_BYTES}s")
_TEXT_LENGTH: Final = len(PREFIX) + -(-(_LAYOUT.size + _MAC_BYTES) * 8 // 6)


class Purpose(Enum):
    """The purpose of a token. The value is its name in the database; the format has a number instead."""

    VERIFY_EMAIL = "verify_email"
    PASSWORD_RESET = "password_reset"  # noqa: S105 - the name of a purpose
    CONFIRM_REGISTRATION = "confirm_registration"
    REQUEST_REGISTRATION = "request_registration"
    """Returned to the client, not mailed. Together with the mailed code it proves control of client and mailbox."""
    EMAIL_CHANGE_OLD = "email_change_old"
    EMAIL_CHANGE_NEW = "email_change_new"
    INVITATION = "invitation"


_NUMBER_OF: Final = {
    Purpose.VERIFY_EMAIL: 1,
    Purpose.PASSWORD_RESET: 2,
    Purpose.CONFIRM_REGISTRATION: 3,
    Purpose.REQUEST_REGISTRATION: 4,
    Purpose.EMAIL_CHANGE_OLD: 5,
    Purpose.EMAIL_CHANGE_NEW: 6,
    Purpose.INVITATION: 7,
}
"""Numbers are never reused for another purpose, because tokens outlive an upgrade."""


@frozen
class OneTimeToken:
    """A token for one purpose. The database stores the hash of its secret."""

    purpose: Purpose
    subject_id: UUID
    secret: bytes = field(repr=False)


def new_secret() -> bytes:
    """Return a random secret of 128 bits."""
    return secrets.token_bytes(SECRET_BYTES)


def new_code() -> str:
    """Return eight random digits, for people who type them."""
    return f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}d}"


class OneTimeTokenCodec:
    """Writes and reads tokens with one key, and computes the MAC under which a code is stored."""

    def __init__(self, key: bytes, previous_key: bytes | None = None) -> None:
        """Store the MAC key, derived for this purpose only, and the previous key, whose tokens are still accepted."""
        self._key = key
        self._readable_keys = (key,) if previous_key is None else (key, previous_key)

    def encode(self, token: OneTimeToken) -> str:
        """Return the token as text, authenticated under the current key."""
        return _write(token, self._key)

    def decode(self, text: str, purpose: Purpose) -> OneTimeToken:
        """Return a token of this purpose, written under the current or the previous key.

        Exactly one text is accepted for each token and key. Raises ``InvalidOneTimeTokenError`` for any other.
        """
        if len(text) != _TEXT_LENGTH or not text.isascii() or not text.startswith(PREFIX):
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
        version, number, subject_id, secret = _LAYOUT.unpack(content)
        token = OneTimeToken(purpose, UUID(bytes=subject_id), secret)
        # base64 ignores some bits of the last character: without the second test, several texts would give one token.
        if (version, number) != (_VERSION, _NUMBER_OF[purpose]) or not hmac.compare_digest(_write(token, key), text):
            raise InvalidOneTimeTokenError
        return token

    def code_macs(self, code: str, subject_id: UUID, purpose: Purpose) -> tuple[bytes, ...]:
        """Return the MACs under which a code may be stored, that of the current key first.

        A hash could be reversed by trying all codes, since they have few digits. White space and hyphens are ignored.
        """
        digits = "".join(character for character in code if character not in " -\t")
        content = b"code" + bytes([_NUMBER_OF[purpose]]) + subject_id.bytes + digits.encode(errors="surrogatepass")
        return tuple(hmac.digest(key, content, "sha256") for key in self._readable_keys)


def _write(token: OneTimeToken, key: bytes) -> str:
    content = _LAYOUT.pack(_VERSION, _NUMBER_OF[token.purpose], token.subject_id.bytes, token.secret)
    return PREFIX + base64.urlsafe_b64encode(content + _mac(content, key)).rstrip(b"=").decode()


def _mac(content: bytes, key: bytes) -> bytes:
    return hmac.digest(key, content, "sha256")[:_MAC_BYTES]
