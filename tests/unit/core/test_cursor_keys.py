"""Cursors during a change of the secret: encoded with the current key, decoded with both, in one spelling."""

import secrets
import string

import pytest

from doorward.core.exceptions import InvalidCursorError
from doorward.core.pages import CursorCodec, Position

KEY, NEW_KEY = secrets.token_bytes(64), secrets.token_bytes(64)
BASE64 = string.ascii_letters + string.digits + "-_"
POSITIONS = [Position("title", "x" * length, "id") for length in range(3)]
"""Three lengths, so that base64 leaves zero, two and four bits unused."""


def _accepted(codec: CursorCodec, cursor: str) -> bool:
    try:
        codec.decode(cursor, "title")
    except InvalidCursorError:
        return False
    return True


@pytest.mark.parametrize("position", POSITIONS, ids=str)
def test_a_cursor_of_the_previous_key_is_accepted_in_one_spelling(position: Position) -> None:
    codec, cursor = CursorCodec(NEW_KEY, KEY), CursorCodec(KEY).encode(position)
    assert codec.decode(cursor, "title") == position
    assert [letter for letter in BASE64 if _accepted(codec, cursor[:-1] + letter)] == [cursor[-1]]


def test_cursors_are_encoded_with_the_current_key() -> None:
    (position, *_) = POSITIONS
    assert CursorCodec(NEW_KEY, KEY).encode(position) == CursorCodec(NEW_KEY).encode(position)


def test_a_cursor_of_neither_key_is_refused() -> None:
    (position, *_) = POSITIONS
    assert not _accepted(CursorCodec(NEW_KEY, KEY), CursorCodec(secrets.token_bytes(64)).encode(position))
