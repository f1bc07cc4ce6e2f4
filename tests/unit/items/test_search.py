"""The conversion of a typed query to a tsquery of PostgreSQL."""

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorward.domain.items.exceptions import InvalidFilterError, NoSearchWordsError
from doorward.domain.items.search import counted_words, likely_spellings, search_query, search_words

HINDI, THAI = "\u0939\u093f\u0928\u094d\u0926\u0940", "\u0e44\u0e17\u0e22\u0e35"
LEXEME = r"[^\s():*&|!<>'\\=]+"
WORDS_ONLY = re.compile(rf"\(({LEXEME}:\*|{LEXEME}( <-> {LEXEME})*)( \| {LEXEME})*\)")
"""One part of a tsquery: a word as a prefix or a run as its pairs, and alternative words."""


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("Star Wars", ["star", "wars"]),
        ("  star\twars\n", ["star", "wars"]),
        ("star star STAR", ["star", "star", "star"]),
        ("sci-fi", ["sci", "fi"]),
        ("o'brien & sons", ["o", "brien", "sons"]),
        ("snake_case", ["snake", "case"]),
        ("2001", ["2001"]),
        ("Ame\u0301lie", ["amelie"]),
        ("L\u00e9on Stra\u00dfe", ["leon", "strasse"]),
        ("\ufb01lm \ufb06ar \uff28\uff45\uff41\uff54", ["film", "star", "heat"]),
        ("rock\u2019n\u2019roll", ["rock", "n", "roll"]),
        (HINDI, [HINDI]),
        (f"{HINDI}, {THAI}", [HINDI, THAI]),
        ("\u6771\u4eac\u7269\u8a9e", ["\u6771\u4eac\u7269\u8a9e"]),
        ("AKIRA\u6771\u4eac2019", ["akira", "\u6771\u4eac", "2019"]),
        ("a" * 300, ["a" * 100]),
    ],
)
def test_words_consist_of_folded_letters_digits_and_marks(query: str, words: list[str]) -> None:
    assert search_words(query) == words


def test_each_word_counts_once_and_at_most_eight_count() -> None:
    assert counted_words(["star", "wars", "star"]) == ["star", "wars"]
    words = [f"w{number}" for number in range(20)]
    assert counted_words(words) == words[:8]


@pytest.mark.parametrize("query", ["", " ", "!?", "&|!:*()<->", "'", "\\", "___", "\x00", "\U0001f600", "\ufffd"])
def test_a_query_without_words_is_refused(query: str) -> None:
    with pytest.raises(NoSearchWordsError):
        search_words(query)


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("casablanca", "casablanc"),
        ("casablnca", "casablanca"),
        ("asablanca", "casablanca"),
        ("casablancaa", "casablanca"),
        ("xcasablanca", "casablanca"),
        ("casablonca", "casablanca"),
        ("casablnaca", "casablanca"),
        ("acsablanca", "casablanca"),
        ("1001", "2001"),
        ("star", "tsar"),
    ],
)
def test_spellings_with_one_letter_missing_added_changed_or_swapped_are_likely(typed: str, expected: str) -> None:
    assert expected in likely_spellings(typed)


@pytest.mark.parametrize(("typed", "other"), [("casablanca", "casblnca"), ("casablanca", "casa"), ("star", "rats")])
def test_spellings_with_two_errors_are_not_likely(typed: str, other: str) -> None:
    assert other not in likely_spellings(typed)


@pytest.mark.parametrize("word", ["", "a", "ab", "abc", "a" * 25, "a" * 300, "\u6771\u4eac\u7269\u8a9e"])
def test_short_and_very_long_words_have_no_other_spellings(word: str) -> None:
    assert likely_spellings(word) == []


@pytest.mark.parametrize("word", ["abcd", "a" * 24])
def test_words_of_4_to_24_letters_have_other_spellings(word: str) -> None:
    assert likely_spellings(word)


def test_likely_spellings_are_unique_and_exclude_the_word_itself() -> None:
    spellings = likely_spellings("aaaa")
    assert "aaaa" not in spellings
    assert len(spellings) == len(set(spellings))


def test_a_search_requires_every_word_as_a_prefix_or_in_another_spelling() -> None:
    query = search_query(["star", "wars", "star"], {"wars": ["ward", "warsa"]})
    assert query.words == "(star:*) & (wars:* | ward | warsa)"
    assert query.whole_title == "'=star wars star'"


def test_a_run_without_spaces_is_found_anywhere_by_its_pairs() -> None:
    assert search_query(["\u6771\u4eac\u7269"]).words == "(\u6771\u4eac <-> \u4eac\u7269)"
    assert search_query(["\u4eac"]).words == "(\u4eac:*)"
    assert search_query(["\u3042" * 300]).words.count("<->") == 7


@given(text=st.text() | st.text(alphabet="ab &|!:*()<->'\"\\\x00_-%"))
def test_a_tsquery_contains_only_words_and_no_syntax_of_the_caller(text: str) -> None:
    try:
        words = search_words(text)
    except NoSearchWordsError:
        assert not any(character.isalnum() for character in unicodedata.normalize("NFC", text))
        return
    query = search_query(words, {word: likely_spellings(word)[:5] for word in words})
    assert all(WORDS_ONLY.fullmatch(part) for part in query.words.split(" & "))
    assert re.fullmatch(rf"'={LEXEME}( {LEXEME})*'", query.whole_title)


@pytest.mark.parametrize("query", ["x" * 1201, "a" + "\u0301" * 31], ids=["too long", "too many marks"])
def test_text_that_costs_too_much_to_normalise_is_refused(query: str) -> None:
    with pytest.raises(InvalidFilterError):
        search_words(query)
