"""Pages of long lists: by number with totals, or by keyset with a signed cursor."""

import base64
import binascii
import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, Generic, TypeVar

from doorward.core.exceptions import InvalidCursorError, PageTooDeepError

T_co = TypeVar("T_co", covariant=True)

MAXIMUM_PAGE_SIZE: Final = 100
DEFAULT_PAGE_SIZE: Final = 20
MAXIMUM_OFFSET: Final = 1_000_000
"""Rows that a numbered page may lie behind: the database counts past them one by one. A cursor has no such bound."""

_MAC_BYTES: Final = 16


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Which page is wanted. Numbers begin at 1. Raises ``PageTooDeepError`` when made for a page too far in."""

    page: int
    page_size: int

    def __post_init__(self) -> None:
        """Hold the bound."""
        if self.offset > MAXIMUM_OFFSET:
            raise PageTooDeepError

    @property
    def offset(self) -> int:
        """Rows before the page."""
        return (self.page - 1) * self.page_size


@dataclass(frozen=True, slots=True)
class Page(Generic[T_co]):
    """One numbered page, and how much there is in all."""

    entries: Sequence[T_co]
    request: PageRequest
    total: int

    @property
    def total_pages(self) -> int:
        """Pages that have entries; none when there are no entries."""
        return -(-self.total // self.request.page_size)


@dataclass(frozen=True, slots=True)
class Slice(Generic[T_co]):
    """The entries after a cursor. ``next_cursor`` leads on; None at the end."""

    entries: Sequence[T_co]
    page_size: int
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class Position:
    """Where a list goes on: after the row that has this sort value and, among equals, this id."""

    sort: str
    value: str
    id: str


class CursorCodec:
    """Writes positions as opaque text and reads them back, if nobody touched them."""

    def __init__(self, key: bytes, previous_key: bytes | None = None) -> None:
        """Take the key of the signature, and the one before it, whose cursors are still read."""
        self._key = key
        self._readable_keys = (key,) if previous_key is None else (key, previous_key)

    def encode(self, position: Position) -> str:
        """Return URL-safe text without padding."""
        return _seal(position, self._key)

    def decode(self, cursor: str, sort: str) -> Position:
        """Read a cursor of a list in this order. Raises ``InvalidCursorError`` for what ``encode`` did not write."""
        try:
            raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError) as error:
            raise InvalidCursorError from error
        mac, payload = raw[:_MAC_BYTES], raw[_MAC_BYTES:]
        key = next((each for each in self._readable_keys if hmac.compare_digest(mac, _mac(payload, each))), None)
        if key is None:
            raise InvalidCursorError
        position = Position(*json.loads(payload))
        # The last character of base64 has spare bits: one position has one spelling.
        if position.sort != sort or _seal(position, key) != cursor:
            raise InvalidCursorError
        return position


def _seal(position: Position, key: bytes) -> str:
    payload = json.dumps([position.sort, position.value, position.id]).encode()
    return base64.urlsafe_b64encode(_mac(payload, key) + payload).rstrip(b"=").decode()


def _mac(payload: bytes, key: bytes) -> bytes:
    return hmac.digest(key, payload, sha256)[:_MAC_BYTES]
