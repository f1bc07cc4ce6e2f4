"""The words of an item in the format of PostgreSQL's search vectors."""

from hypothesis import given
from hypothesis import strategies as st

from doorward.domain.items.indexing import LONGEST_TITLE_KEY, index_of

TOKYO = "\u6771\u4eac\u7269\u8a9e"


def entries(title: str, description: str = "") -> set[str]:
    """Return the entries of the vector after that of the whole title."""
    return set(index_of(title, description).search_vector.rpartition("'")[2].split())


def test_words_have_positions_and_those_of_titles_have_a_higher_weight() -> None:
    assert entries("The Third Man", "A man, a plan.") == {"the:1A", "third:2A", "man:3A,5B", "a:4B,6B", "plan:7B"}


def test_a_title_is_found_as_a_whole_and_filtered_by_its_folded_text() -> None:
    index = index_of("L\u00e9on: The Professional", "")
    assert index.search_vector.startswith("'=leon the professional' ")
    assert index.folded_title == "leon: the professional"


def test_a_run_without_spaces_is_indexed_by_its_pairs_and_its_last_character() -> None:
    assert entries(TOKYO) == {"\u6771\u4eac:1A", "\u4eac\u7269:2A", "\u7269\u8a9e:3A", "\u8a9e:4A"}
    assert index_of(TOKYO, "").search_vector.startswith(f"'={TOKYO}' ")
    assert entries(f"Akira{TOKYO[:2]}2019") == {"akira:1A", f"{TOKYO[:2]}:2A", f"{TOKYO[1]}:3A", "2019:4A"}


def test_an_item_without_words_has_an_index() -> None:
    assert index_of("!?", "\U0001f600").search_vector == "'='"


@given(title=st.text(max_size=300), description=st.text())
def test_no_text_adds_special_characters_of_postgresql(title: str, description: str) -> None:
    vector = index_of(title, description).search_vector
    assert vector.count("'") == 2
    assert not set("\\&|!<>()*") & set(vector)
    assert len(vector.split("'")[1]) <= LONGEST_TITLE_KEY + 1


def test_a_word_has_at_most_as_many_positions_as_postgresql_keeps() -> None:
    (entry,) = entries("a " * 150, "a " * 200)
    assert len(entry.split(",")) == 255
