"""Cursors while the secret is being changed: written under the current key, read under both, in one spelling each."""

import secrets
import string

import pytest

from doorward.core.exceptions import InvalidCursorError
from doorward.core.pages import CursorCodec, Position

KEY, NEW_KEY = secrets.token_bytes(64), secrets.token_bytes(64)
BASE64 = string.ascii_letters + string.digits + "-_"
POSITIONS = [Position("title", "x" * length, "id") for length in range(3)]
"""Of three lengths, so that base64 leaves none, two and four bits unread."""


def _accepted(codec: CursorCodec, cursor: str) -> bool:
    try:
        codec.decode(cursor, "title")
    except InvalidCursorError:
        return False
    return True


@pytest.mark.parametrize("position", POSITIONS, ids=str)
def test_a_cursor_under_the_previous_key_is_read_in_one_spelling(position: Position) -> None:
    codec, cursor = CursorCodec(NEW_KEY, KEY), CursorCodec(KEY).encode(position)
    assert codec.decode(cursor, "title") == position
    assert [letter for letter in BASE64 if _accepted(codec, cursor[:-1] + letter)] == [cursor[-1]]


def test_cursors_are_written_under_the_current_key() -> None:
    (position, *_) = POSITIONS
    assert CursorCodec(NEW_KEY, KEY).encode(position) == CursorCodec(NEW_KEY).encode(position)


def test_a_cursor_under_neither_key_is_refused() -> None:
    (position, *_) = POSITIONS
    assert not _accepted(CursorCodec(NEW_KEY, KEY), CursorCodec(secrets.token_bytes(64)).encode(position))
