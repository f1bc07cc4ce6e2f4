"""The valid content of an item, and the form in which it is stored."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorward.core.exceptions import DomainError
from doorward.domain.items.exceptions import (
    InvalidDescriptionError,
    InvalidFilterError,
    InvalidTagsError,
    InvalidTitleError,
    InvalidYearError,
)
from doorward.domain.items.models import ItemContent, ItemFilter
from doorward.domain.items.policy import checked_content, checked_filter

UNPRINTABLE = [
    pytest.param("a\x00b", id="NUL"),
    pytest.param("a\x1bb", id="escape"),
    pytest.param("a\x7fb", id="delete"),
    pytest.param("a\x85b", id="next line"),
    pytest.param("a\ud800b", id="lone surrogate"),
    pytest.param("a\udfffb", id="other lone surrogate"),
]
LINE_BREAKS = ["a\nb", "a\rb", "a\tb", "a\u2028b", "a\u2029b"]


def _stored(**content: object) -> ItemContent:
    return checked_content(ItemContent(**{"title": "a", **content}))  # type: ignore[arg-type] # tests send anything


@pytest.mark.parametrize("title", ["a", "a" * 300, "\U0001f600" * 300, "Am\u00e9lie", "%_\\'\";--"])
def test_a_title_of_1_to_300_characters_is_kept_as_given(title: str) -> None:
    assert _stored(title=title).title == title


@pytest.mark.parametrize("title", ["", " ", "\t\n", "\u3000", "a" * 301, *LINE_BREAKS])
def test_a_title_that_is_empty_too_long_or_several_lines_is_refused(title: str) -> None:
    with pytest.raises(InvalidTitleError):
        _stored(title=title)


@pytest.mark.parametrize("text", UNPRINTABLE)
def test_unprintable_characters_are_refused_in_every_field(text: str) -> None:
    with pytest.raises(InvalidTitleError):
        _stored(title=text)
    with pytest.raises(InvalidDescriptionError):
        _stored(description=text)
    with pytest.raises(InvalidTagsError):
        _stored(tags=[text])
    with pytest.raises(InvalidFilterError):
        checked_filter(ItemFilter(title=text))
    with pytest.raises(InvalidFilterError):
        checked_filter(ItemFilter(tag=text))


def test_a_filter_longer_than_any_tag_is_refused() -> None:
    decomposed = "a\u0301" * 50
    assert checked_filter(ItemFilter(tag=decomposed)).tag == _stored(tags=[decomposed]).tags[0]
    with pytest.raises(InvalidFilterError):
        checked_filter(ItemFilter(tag="a" * 201))


@pytest.mark.parametrize("description", ["", "a" * 10_000, "one\ntwo\tthree", "a\u2028b"])
def test_a_description_of_at_most_10000_characters_and_many_lines_is_kept_as_given(description: str) -> None:
    assert _stored(description=description).description == description


@pytest.mark.parametrize("description", ["a" * 10_001, "a\rb", "a\x0bb", "a\x0cb"])
def test_a_description_that_is_too_long_or_has_other_control_characters_is_refused(description: str) -> None:
    with pytest.raises(InvalidDescriptionError):
        _stored(description=description)


def test_line_breaks_of_a_description_are_normalised() -> None:
    assert _stored(description="one\r\ntwo\nthree\r\n").description == "one\ntwo\nthree"


@pytest.mark.parametrize("tags", [[], ["a"], ["a" * 50], [str(number) for number in range(20)], ["sci-fi", "Sci-Fi"]])
def test_up_to_20_tags_of_1_to_50_characters_are_kept_in_their_order(tags: list[str]) -> None:
    assert _stored(tags=tags).tags == tags


@pytest.mark.parametrize(
    "tags",
    [[""], [" "], ["a", ""], ["a" * 51], ["a"] * 21, ["a,b"], ["a|b"], *([text] for text in LINE_BREAKS)],
)
def test_tags_that_are_empty_too_long_too_many_or_contain_separators_are_refused(tags: list[str]) -> None:
    with pytest.raises(InvalidTagsError):
        _stored(tags=tags)


def test_each_tag_is_kept_once_at_its_first_position() -> None:
    assert _stored(tags=["b", " a ", "b", "a"]).tags == ["b", "a"]


@pytest.mark.parametrize("year", [None, 1, 1942, 9999])
def test_years_from_1_to_9999_and_none_are_kept(year: int | None) -> None:
    assert _stored(year=year).year == year


@pytest.mark.parametrize("year", [-1, 0, 10_000, 10**30])
def test_other_years_are_refused(year: int) -> None:
    with pytest.raises(InvalidYearError):
        _stored(year=year)


def test_text_is_trimmed_and_composed() -> None:
    composed, decomposed = (unicodedata.normalize(form, "Am\u00e9lie") for form in ("NFC", "NFD"))
    stored = _stored(title=f" {decomposed}\n", description=f"\t{decomposed} ", tags=[f" {decomposed} ", composed])
    assert (stored.title, stored.description, stored.tags) == (composed, composed, [composed])


def test_lengths_are_checked_after_trimming_and_composing() -> None:
    assert len(_stored(title=" " + "e\u0301" * 300).title) == 300
    with pytest.raises(InvalidTitleError):
        # NFC decomposes this character.
        _stored(title="\u0958" * 300)


@given(
    title=st.text(max_size=20),
    description=st.text(max_size=40),
    tags=st.lists(st.text(max_size=8), max_size=5),
    year=st.none() | st.integers(),
)
def test_stored_content_is_accepted_again_unchanged(
    title: str, description: str, tags: list[str], year: int | None
) -> None:
    try:
        stored = checked_content(ItemContent(title, description, tags, year))
    except DomainError:
        return
    assert checked_content(stored) == stored


def test_a_filter_is_normalised_like_stored_content() -> None:
    checked = checked_filter(ItemFilter(title="Ame\u0301", tag=" Ame\u0301 ", year=1))
    assert checked == ItemFilter(title="Am\u00e9", tag="Am\u00e9", year=1)


def test_a_title_filter_keeps_its_spaces() -> None:
    assert checked_filter(ItemFilter(title=" the ")).title == " the "


def test_an_empty_filter_stays_empty() -> None:
    assert checked_filter(ItemFilter()) == ItemFilter()


@pytest.mark.parametrize("text", LINE_BREAKS)
def test_a_filter_of_several_lines_is_refused(text: str) -> None:
    with pytest.raises(InvalidFilterError):
        checked_filter(ItemFilter(title=text))
