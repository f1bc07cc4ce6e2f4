"""Pages of long lists: by number with totals, or by keyset with a signed cursor."""

import base64
import binascii
import hmac
import json
from collections.abc import Sequence
from hashlib import sha256
from typing import Final, Generic, TypeVar

from doorward.core.exceptions import InvalidCursorError, PageTooDeepError
from doorward.core.frozen import frozen

T_co = TypeVar("T_co", covariant=True)

MAXIMUM_PAGE_SIZE: Final = 100
DEFAULT_PAGE_SIZE: Final = 20
MAXIMUM_OFFSET: Final = 1_000_000
"""Maximum offset of a numbered page, because the database reads all rows before it. Cursors have no such limit."""

_MAC_BYTES: Final = 16


@frozen
class PageRequest:
    """A requested page; numbers begin at 1. Raises ``PageTooDeepError`` above the maximum offset."""

    page: int
    page_size: int

    def __post_init__(self) -> None:
        """Check the offset."""
        if self.offset > MAXIMUM_OFFSET:
            raise PageTooDeepError

    @property
    def offset(self) -> int:
        """Return the number of rows before the page."""
        return (self.page - 1) * self.page_size


@frozen
class Page(Generic[T_co]):
    """A numbered page with the total number of entries."""

    entries: Sequence[T_co]
    request: PageRequest
    total: int

    @property
    def total_pages(self) -> int:
        """Return the number of pages; 0 without entries."""
        return -(-self.total // self.request.page_size)


@frozen
class Slice(Generic[T_co]):
    """The entries after a cursor. ``next_cursor`` is None on the last page."""

    entries: Sequence[T_co]
    page_size: int
    next_cursor: str | None


@frozen
class Position:
    """The position after a row: its sort value and, among equal values, its id."""

    sort: str
    value: str
    id: str


class CursorCodec:
    """Encodes positions as signed, opaque text, and decodes them."""

    def __init__(self, key: bytes, previous_key: bytes | None = None) -> None:
        """Store the signing key, and the previous key, whose cursors are still accepted."""
        self._key = key
        self._readable_keys = (key,) if previous_key is None else (key, previous_key)

    def encode(self, position: Position) -> str:
        """Return URL-safe text without padding."""
        return _seal(position, self._key)

    def decode(self, cursor: str, sort: str) -> Position:
        """Decode a cursor for this order. Raises ``InvalidCursorError`` unless ``encode`` wrote it."""
        try:
            raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError) as error:
            raise InvalidCursorError from error
        mac, payload = raw[:_MAC_BYTES], raw[_MAC_BYTES:]
        key = next((each for each in self._readable_keys if hmac.compare_digest(mac, _mac(payload, each))), None)
        if key is None:
            raise InvalidCursorError
        position = Position(*json.loads(payload))
        # Base64's last character has unused bits: only one encoding of a position is accepted.
        if position.sort != sort or _seal(position, key) != cursor:
            raise InvalidCursorError
        return position


def _seal(position: Position, key: bytes) -> str:
    payload = json.dumps([position.sort, position.value, position.id], ensure_ascii=False).encode()
    return base64.urlsafe_b64encode(_mac(payload, key) + payload).rstrip(b"=").decode()


def _mac(payload: bytes, key: bytes) -> bytes:
    return hmac.digest(key, payload, sha256)[:_MAC_BYTES]
