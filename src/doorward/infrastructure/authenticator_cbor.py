"""Checks CBOR from authenticators before it is decoded: no tags, no floats, known lengths, bounded size. Pure.

A general decoder processes tags before any signature is verified: it compiles regular expressions, and creates numbers
of any length. This module accepts only plain content of bounded size and depth.
"""

from typing import Final

from doorward.domain.passkeys.ports import CeremonyFailedError

MAXIMUM_ITEMS: Final = 128
"""Maximum number of items in one input. A key has eleven at most, an attestation about twenty."""
MAXIMUM_LEVELS: Final = 4
"""Maximum nesting of maps and arrays: an attestation, its statement, its certificates, and one to spare."""

_HEADER_BYTES: Final = 37
"""Size of the first part of authenticator data: hash, flags, counter (Web Authentication Level 3 section 6.1)."""
_FLAGS_AT, _ATTESTED = 32, 64
_MODEL_BYTES, _LENGTH_BYTES = 16, 2

_LONGEST_SHORT_ARGUMENT, _LONGEST_ARGUMENT = 23, 27
_BYTES, _TEXT, _ARRAY, _MAP, _TAG, _SIMPLE = 2, 3, 4, 5, 6, 7
_SIMPLE_VALUES: Final = frozenset({20, 21, 22})
"""False, true and null."""


def check_cbor(content: bytes) -> None:
    """Check one CBOR item, or several in sequence. Raises ``CeremonyFailedError``."""
    reader = _Reader(content)
    while reader.position < len(content):
        reader.skip_item(MAXIMUM_LEVELS)


def check_authenticator_data(content: bytes) -> None:
    """Check the key and the extensions of authenticator data. Raises ``CeremonyFailedError``."""
    if len(content) < _HEADER_BYTES:
        raise CeremonyFailedError("The authenticator data is cut off.")
    start = _HEADER_BYTES
    if content[_FLAGS_AT] & _ATTESTED:
        start += _MODEL_BYTES
        length = int.from_bytes(content[start : start + _LENGTH_BYTES])
        start += _LENGTH_BYTES + length
    check_cbor(content[start:])


class _Reader:
    """Skips through CBOR (RFC 8949 section 3) without decoding it."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._items = 0
        self.position = 0

    def skip_item(self, levels: int) -> None:
        """Advance to the end of the item that begins here. Raises ``CeremonyFailedError``."""
        self._items += 1
        if self._items > MAXIMUM_ITEMS:
            raise CeremonyFailedError("The CBOR has too many items.")
        kind, argument = self._head()
        if kind in {_BYTES, _TEXT}:
            self._advance(argument)
        elif kind in {_ARRAY, _MAP}:
            if levels == 0:
                raise CeremonyFailedError("The CBOR has too many levels.")
            for _ in range(min(argument, MAXIMUM_ITEMS) * (2 if kind == _MAP else 1)):
                self.skip_item(levels - 1)
        elif kind == _TAG or (kind == _SIMPLE and argument not in _SIMPLE_VALUES):
            raise CeremonyFailedError("The CBOR has a tag, or a simple value other than false, true and null.")

    def _head(self) -> tuple[int, int]:
        """Read the type of an item, and its argument: a number, a length or a count."""
        first = self._advance(1)[0]
        kind, short = first >> 5, first & 0x1F
        if short <= _LONGEST_SHORT_ARGUMENT:
            return kind, short
        if short > _LONGEST_ARGUMENT or kind == _SIMPLE:
            raise CeremonyFailedError("The CBOR has a length that is not given, or a number with a fraction.")
        return kind, int.from_bytes(self._advance(1 << (short - _LONGEST_SHORT_ARGUMENT - 1)))

    def _advance(self, length: int) -> bytes:
        end = self.position + length
        if end > len(self._content):
            raise CeremonyFailedError("The CBOR is cut off.")
        passed = self._content[self.position : end]
        self.position = end
        return passed
