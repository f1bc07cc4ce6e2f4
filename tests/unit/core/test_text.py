"""Normalisation in linear time, and the visible characters of a text."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorward.core.text import MAXIMUM_MARKS, UnsafeTextError, has_long_run_of_marks, normalize, visible

MARKS = st.sampled_from(["a", "\u0301", "\u0316", "\u0344", "\u0f73", "\u0f75", "\u0f81", "\u00e9", "\u1f82", "\u0e38"])


def _longest_run(decomposed: str) -> int:
    runs = "".join("m" if unicodedata.combining(each) else " " for each in decomposed).split()
    return max(map(len, runs), default=0)


@pytest.mark.parametrize("form", ["NFC", "NFKC"])
def test_text_is_normalised_up_to_its_maximum_length(form: str) -> None:
    text = "e\u0301\ufb01" * 10
    assert normalize(text, form, longest=30) == unicodedata.normalize(form, text)  # type: ignore[arg-type] # both are valid forms
    with pytest.raises(UnsafeTextError):
        normalize(text, form, longest=29)  # type: ignore[arg-type] # as above


@pytest.mark.parametrize("mark", ["\u0301", "\u0316", "\u0e38", "\u05b0", "\U0001d165"])
def test_30_marks_in_a_row_are_accepted_and_31_are_refused(mark: str) -> None:
    assert normalize("a" + mark * 30, "NFC", longest=100)
    with pytest.raises(UnsafeTextError):
        normalize("a" + mark * 31, "NFC", longest=100)


@pytest.mark.parametrize("two_marks", ["\u0344", "\u0f73", "\u0f75", "\u0f81"])
def test_a_character_that_decomposes_to_two_marks_counts_as_two(two_marks: str) -> None:
    assert not has_long_run_of_marks("a" + two_marks * 15)
    assert has_long_run_of_marks("a" + two_marks * 15 + "\u0301")


def test_a_letter_resets_the_count_of_marks() -> None:
    assert not has_long_run_of_marks(("a" + "\u0301" * 30) * 100)
    assert has_long_run_of_marks(("a" + "\u0301" * 30) * 100 + "\u0301")


def test_exactly_four_characters_decompose_to_marks_only() -> None:
    """If a later version of Unicode adds one, the list in the code needs it too."""
    alone = [
        code
        for code in range(0x110000)
        if len(apart := unicodedata.normalize("NFKD", chr(code))) > 1 and unicodedata.combining(apart[0])
    ]
    assert alone == [0x0344, 0x0F73, 0x0F75, 0x0F81]


@given(text=st.text(MARKS, max_size=90))
def test_an_accepted_text_exceeds_the_maximum_only_by_the_marks_of_one_letter(text: str) -> None:
    longest = _longest_run(unicodedata.normalize("NFKD", text))
    if has_long_run_of_marks(text):
        assert longest > MAXIMUM_MARKS
    else:
        assert longest <= MAXIMUM_MARKS + 3


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("a b\tc", "a b\tc"),
        ("a\u200bb\x00c\u2060\ufeffd", "abcd"),
        ("\u3164\u115f\u2800\u034f\ufe0f\U000e0041", ""),
        ("\U0001f469\u200d\U0001f680", "\U0001f469\U0001f680"),
        ("\U0001fae9", "\U0001fae9"),
        ("e\u0301", "e\u0301"),
    ],
)
def test_invisible_characters_are_removed(text: str, seen: str) -> None:
    assert visible(text) == seen
