"""Cursors are opaque texts that only this service can create."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorward.api.schemas.items import MAXIMUM_CURSOR_LENGTH
from doorward.core.exceptions import InvalidCursorError
from doorward.core.pages import CursorCodec, Position

CODEC = CursorCodec(b"k" * 32)
POSITION = Position("title", 'Am\u00e9lie, "2001"', "7d4e9f0c-5a80-4c41-9d2e-8f0b6a1c3e57")
ALPHABET = string.ascii_letters + string.digits + "-_"
TEXT = st.text(st.characters(codec="utf-8"))


@given(position=st.builds(Position, TEXT, TEXT, TEXT))
def test_a_decoded_position_equals_the_encoded_one(position: Position) -> None:
    assert CODEC.decode(CODEC.encode(position), position.sort) == position


def test_a_cursor_is_url_safe() -> None:
    assert set(CODEC.encode(POSITION)) <= set(ALPHABET)


def test_a_change_of_any_character_is_refused() -> None:
    cursor = CODEC.encode(POSITION)
    for place in range(len(cursor)):
        for letter in set(ALPHABET + "+/=. ") - {cursor[place]}:
            with pytest.raises(InvalidCursorError):
                CODEC.decode(cursor[:place] + letter + cursor[place + 1 :], POSITION.sort)


def test_a_shortened_or_extended_cursor_is_refused() -> None:
    cursor = CODEC.encode(POSITION)
    for changed in [cursor[:-1], cursor[1:], cursor + "=", cursor + "==", cursor + "A", " " + cursor, cursor + "\n"]:
        with pytest.raises(InvalidCursorError):
            CODEC.decode(changed, POSITION.sort)


@pytest.mark.parametrize("cursor", ["", "A", "AAAA", "A" * 22, "\u00e9", "\x00", "....", "=" * 8, "A" * 4096])
def test_an_invalid_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(InvalidCursorError):
        CODEC.decode(cursor, "title")


@pytest.mark.parametrize("sort", ["-title", "created_at", "Title", ""])
def test_a_cursor_of_another_sort_order_is_refused(sort: str) -> None:
    with pytest.raises(InvalidCursorError):
        CODEC.decode(CODEC.encode(POSITION), sort)


def test_a_cursor_of_another_key_is_refused() -> None:
    with pytest.raises(InvalidCursorError):
        CODEC.decode(CursorCodec(b"l" * 32).encode(POSITION), POSITION.sort)


@pytest.mark.parametrize("character", ["a", '"', "\\", "\u6771", "\U0001f600"])
def test_the_cursor_of_the_longest_title_is_within_the_maximum_length(character: str) -> None:
    cursor = CODEC.encode(Position("-title", character * 300, POSITION.id))
    assert len(cursor) <= MAXIMUM_CURSOR_LENGTH
