"""Texts that folding makes equal, and texts that it keeps different."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorward.domain.items.folding import fold
from doorward.domain.items.indexing import index_of


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("L\u00e9on", "leon"),
        ("Le\u0301on", "leon"),
        ("Stra\u00dfe STRA\u1e9eE", "strasse strasse"),
        ("\ufb01lm \ufb06ar o\ufb03ce \u0133s", "film star office ijs"),
        ("\uff28\uff45\uff41\uff54 \uff11\uff19", "heat 19"),
        ("\u00c6r\u00f8 \u0152uvre \u0141\u00f3d\u017a \u00de\u00f3r\u0110", "aero oeuvre lodz thord"),
        ("\u0130stanbul \u0131I", "istanbul ii"),
        ("\u1f08\u03c4\u03c1\u03ad\u03b1\u03c2", "\u03b1\u03c4\u03c1\u03b5\u03b1\u03c3"),
        ("\u0401\u043b\u043a\u0430", "\u0435\u043b\u043a\u0430"),
        ("\u0645\u064f\u062d\u064e\u0645\u0651\u064e\u062f", "\u0645\u062d\u0645\u062f"),
        ("\u05d0\u05b8\u05d1", "\u05d0\u05d1"),
        ("\u00bd \u2026 \u00b2", "1\u20442 ... 2"),
        ("100% (a_b)", "100% (a_b)"),
    ],
)
def test_case_accents_ligatures_and_width_are_folded(text: str, folded: str) -> None:
    assert fold(text) == folded


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("\uff76\uff9e\u30ab", "\u30ac\u30ab"),
        ("\u304c\u304b", "\u304c\u304b"),
        ("\uc11c\uc6b8", "\uc11c\uc6b8"),
        ("\u0939\u093f\u0928\u094d\u0926\u0940", "\u0939\u093f\u0928\u094d\u0926\u0940"),
        ("\u0e44\u0e17\u0e22\u0e35\u0e48", "\u0e44\u0e17\u0e22\u0e35\u0e48"),
    ],
    ids=["katakana", "hiragana", "Hangul", "Devanagari", "Thai"],
)
def test_marks_that_change_a_letter_are_kept(text: str, folded: str) -> None:
    assert fold(text) == folded


@pytest.mark.parametrize("text", ["a" + "\u0301" * 40_000, "\u0e01\u0f71" + "\u0f72\u0e38" * 20, "\ufdfa" * 10_001])
def test_text_above_the_limits_of_items_is_folded_in_part(text: str) -> None:
    assert fold(fold(text)) == fold(text)
    assert index_of(text, text).search_vector


def test_folding_each_character_is_idempotent() -> None:
    """All characters that folding may change are checked, and the first of the 11,000 syllables of Hangul."""
    changed = {
        character
        for character in map(chr, range(0x30000))
        if not "\uac00" < character < "\ue000"
        if unicodedata.normalize("NFKD", character) != character or character.casefold() != character
    }
    assert len(changed) > 5_000
    assert {character for character in changed if fold(fold(character)) != fold(character)} == set()


@given(text=st.text())
def test_folding_a_text_is_idempotent(text: str) -> None:
    assert fold(fold(text)) == fold(text)
