"""Codes that users type: easy to read, accepted in any spelling, and stored only as MACs."""

import pytest

from doorward.domain.oauth.user_code import LETTERS, UserCodeMacs, new_user_code, read_user_code, shown


def test_a_code_has_eight_letters_that_make_no_words() -> None:
    codes = {new_user_code() for _ in range(500)}
    assert len(codes) == 500
    assert {len(code) for code in codes} == {8}
    assert set("".join(codes)) == set(LETTERS)
    assert not set(LETTERS) & set("AEIOUY")


@pytest.mark.parametrize(
    "typed",
    ["BCDF-GHJK", "bcdfghjk", " bcdf ghjk ", "b c d f g h j k", "BCDF\u2013GHJK", "BCDF\u00a0GHJK"],
)
def test_a_code_is_read_in_any_case_and_spacing(typed: str) -> None:
    assert read_user_code(typed) == "BCDFGHJK"
    assert shown("BCDFGHJK") == "BCDF-GHJK"


@pytest.mark.parametrize(
    "typed",
    ["", "BCDFGHJ", "BCDFGHJKL", "ACDFGHJK", "BCDF_GHJK", "BCDF\0GHJK", "ßCDFGHJK", "B" * 8 + " " * 64],
)
def test_an_invalid_code_is_read_as_none(typed: str) -> None:
    assert read_user_code(typed) is None


def test_a_code_is_found_with_the_previous_key() -> None:
    old, new = UserCodeMacs(b"old"), UserCodeMacs(b"new", b"old")
    assert old.of_new("BCDFGHJK") in new.of_typed("BCDFGHJK")
    assert new.of_new("BCDFGHJK") in new.of_typed("BCDFGHJK")
    assert new.of_new("BCDFGHJK") not in old.of_typed("BCDFGHJK")
    assert old.of_new("BCDFGHJK") not in new.of_typed("BCDFGHJL")
