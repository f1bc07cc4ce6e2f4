"""Search matches every word as a prefix, ranks results, tolerates typing errors, and has no other operators."""

from collections.abc import AsyncIterator

import pytest

from doorward.domain.items.models import ItemFilter, ItemQuery
from doorward.domain.items.repositories import lists
from doorward.domain.items.search import search_query
from tests.integration.items.catalogue import SEARCH, Owner, page_of, run_items_service, sign_in
from tests.integration.service import MakeDatabase, is_problem, mark

HINDI, THAI = "\u0939\u093f\u0928\u094d\u0926\u0940", "\u0e44\u0e17\u0e22\u0e35"


@pytest.fixture(scope="module")
async def library(make_database: MakeDatabase, secret_key: str) -> AsyncIterator[Owner]:
    """A user with some films in a database for this file, so that shared items of other tests are not found."""
    async with run_items_service(make_database(migrated=True), secret_key) as service:
        owner = await sign_in(service)
        await owner.create("Casablanca", description="Rick's caf\u00e9 in wartime.", tags=["drama", "war"], year=1942)
        await owner.create("The Third Man", description="Vienna after the war.", tags=["noir"], year=1949)
        await owner.create("Star Wars", description="A galaxy far, far away.", tags=["war"], year=1977)
        await owner.create("2001: A Space Odyssey", description="A sci-fi voyage (HAL_9000).", year=1968)
        await owner.create(f"Am\u00e9lie {HINDI}", description=f"{THAI}, na\u00efve.", year=2001)
        yield owner


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        pytest.param("casablanca", ["Casablanca"], id="a word of a title"),
        pytest.param("CASABLANCA", ["Casablanca"], id="capitals"),
        pytest.param("galaxy", ["Star Wars"], id="a word of a description"),
        pytest.param("casa", ["Casablanca"], id="a prefix"),
        pytest.param("st wa", ["Star Wars"], id="two prefixes"),
        pytest.param("wars star", ["Star Wars"], id="in another order"),
        pytest.param("star galaxy", ["Star Wars"], id="of title and description"),
        pytest.param("star casablanca", [], id="of two items"),
        pytest.param("wars 1977", [], id="a word that only another field has"),
        pytest.param("2001", ["2001: A Space Odyssey"], id="digits"),
        pytest.param("space-odyssey!", ["2001: A Space Odyssey"], id="punctuation"),
        pytest.param("sci-fi", ["2001: A Space Odyssey"], id="a hyphen"),
        pytest.param("hal_9000", ["2001: A Space Odyssey"], id="an underscore"),
        pytest.param("rick's", ["Casablanca"], id="an apostrophe"),
        pytest.param("ame\u0301lie", [f"Am\u00e9lie {HINDI}"], id="decomposed"),
        pytest.param(HINDI, [f"Am\u00e9lie {HINDI}"], id="a script with marks"),
        pytest.param(THAI, [f"Am\u00e9lie {HINDI}"], id="another script with marks"),
        pytest.param("casablnca", ["Casablanca"], id="a letter missing"),
        pytest.param("casablancca", ["Casablanca"], id="a letter added"),
        pytest.param("casablonca", ["Casablanca"], id="a letter changed"),
        pytest.param("casablacna", ["Casablanca"], id="two letters swapped"),
        pytest.param("xcasablanca", ["Casablanca"], id="an error in front"),
        pytest.param("amelie", [f"Am\u00e9lie {HINDI}"], id="an accent missing"),
        pytest.param("AM\u00c8LIE", [f"Am\u00e9lie {HINDI}"], id="another accent"),
        pytest.param("cafe", ["Casablanca"], id="an accent missing in a description"),
        pytest.param("naive", [f"Am\u00e9lie {HINDI}"], id="a diaeresis missing"),
        pytest.param("\uff33\uff34\uff21\uff32", ["Star Wars"], id="full width"),
        pytest.param("\ufb06ar", ["Star Wars"], id="a ligature"),
        pytest.param("stra wasr", ["Star Wars"], id="an error in each of two words"),
        pytest.param("stra war", ["Star Wars"], id="an error in one of two words"),
        pytest.param("caasblnca", [], id="two errors"),
        pytest.param("mna", [], id="an error in a short word"),
        pytest.param("blanca", [], id="the middle of a word"),
        pytest.param("drama", [], id="a tag"),
        pytest.param("a" * 300, [], id="300 letters"),
        pytest.param("wars " * 60, ["Star Wars"], id="the same word sixty times"),
        pytest.param("star & wars | casablanca", [], id="operators are plain words"),
        pytest.param("!casablanca", ["Casablanca"], id="no negation"),
        pytest.param("star <-> wars", ["Star Wars"], id="no distance"),
        pytest.param("star:* wars:B", [], id="no weights"),
        pytest.param("'star' \"wars\" \\", ["Star Wars"], id="quotes"),
        pytest.param("casablanca\x00", ["Casablanca"], id="NUL"),
        pytest.param("casablanca' OR 1=1; --", [], id="SQL"),
        pytest.param("\u00b2casablanca", ["Casablanca"], id="a digit that PostgreSQL does not recognise"),
    ],
)
async def test_a_query_finds(library: Owner, query: str, expected: list[str]) -> None:
    assert await library.search(query) == expected


async def test_titles_come_before_descriptions(owner: Owner) -> None:
    word = mark()
    await owner.create("First", description=word)
    await owner.create(f"Second {word}")
    await owner.create("Third", description=f"{word} {word} {word}")
    found = await owner.search(word)
    assert found[0] == f"Second {word}"
    assert set(found[1:]) == {"First", "Third"}


async def test_an_item_with_the_query_as_its_title_comes_first(owner: Owner) -> None:
    word = mark()
    await owner.create(f"{word}, {word}, {word}", description=f"{word} {word}")
    await owner.create(f"{word}s {word}")
    await owner.create(f"\u00ab{word.upper()}\u00bb", description="Something else.")
    assert (await owner.search(word, page_size=1)) == [f"\u00ab{word.upper()}\u00bb"]
    await owner.create(f"{word} of a day")
    assert (await owner.search(f"{word} of a day"))[0] == f"{word} of a day"


async def test_an_exact_title_is_found_among_more_matches_than_are_ranked(owner: Owner) -> None:
    word = mark()
    await owner.create_all(*(f"{word} {number}" for number in range(4)), visibility="private")
    await owner.create(word, visibility="shared")
    wanted = ItemQuery(owner.id, "all", ItemFilter())
    async with owner.service.database.connection() as connection:
        found = await lists.list_matches(connection, wanted, search_query([word]), limit=5, offset=0, candidates=2)
    assert found[0].title == word
    assert {item.total for item in found} == {2}


@pytest.mark.parametrize(
    ("title", "query"),
    [
        ("\u6771\u4eac\u7269\u8a9e", "\u6771\u4eac"),
        ("\u6771\u4eac\u7269\u8a9e", "\u7269\u8a9e"),
        ("\u6771\u4eac\u7269\u8a9e", "\u4eac\u7269"),
        ("\u6771\u4eac\u7269\u8a9e", "\u8a9e"),
        ("\u6771\u4eac\u7269\u8a9e", "\u4eac"),
        ("\u5343\u3068\u5343\u5c0b\u306e\u795e\u96a0\u3057", "\u795e\u96a0\u3057"),
        ("\u6a5f\u52d5\u6226\u58eb\uff76\uff9e\uff9d\uff80\uff9e\uff91", "\u30ac\u30f3\u30c0\u30e0"),
        ("\u5367\u864e\u85cf\u9f99", "\u85cf\u9f99"),
        ("\u0e15\u0e49\u0e21\u0e22\u0e33\u0e01\u0e38\u0e49\u0e07", "\u0e01\u0e38\u0e49\u0e07"),
        ("Akira\u6771\u4eac2019", "akira 2019 \u6771\u4eac"),
    ],
)
async def test_a_word_inside_a_run_without_spaces_is_found(owner: Owner, title: str, query: str) -> None:
    await owner.create(title)
    assert await owner.search(query) == [title]


async def test_the_characters_of_a_word_in_a_run_must_be_neighbours(owner: Owner) -> None:
    await owner.create("\u30ab\u30e1\u3068\u30e1\u30e9\u30cb\u30f3")
    assert await owner.search("\u30ab\u30e1\u30e9") == []
    assert await owner.search("\u30e1\u30e9\u30cb") == ["\u30ab\u30e1\u3068\u30e1\u30e9\u30cb\u30f3"]


async def test_inexact_matches_are_returned_only_without_exact_ones(owner: Owner) -> None:
    await owner.create_all("barked", "barket")
    assert await owner.search("barked") == ["barked"]
    assert sorted(await owner.search("barkex")) == ["barked", "barket"]


async def test_tag_and_year_narrow_a_search(library: Owner) -> None:
    assert sorted(await library.search("war")) == ["Casablanca", "Star Wars", "The Third Man"]
    assert sorted(await library.search("war", tag="war")) == ["Casablanca", "Star Wars"]
    assert await library.search("war", tag="war", year=1977) == ["Star Wars"]
    assert await library.search("casablnca", year=1942) == ["Casablanca"]
    assert await library.search("casablnca", year=1943) == []


async def test_the_pages_of_a_search_have_each_item_once(owner: Owner) -> None:
    word = mark()
    await owner.create_all(*(f"{word} {number}" for number in range(7)))
    pages = [await owner.get(SEARCH, q=word, page=page, page_size=3) for page in (1, 2, 3, 4)]
    titles = [[item["title"] for item in page_of(page)["items"]] for page in pages]
    assert [len(each) for each in titles] == [3, 3, 1, 0]
    assert sorted(title for each in titles for title in each) == [f"{word} {number}" for number in range(7)]
    for page in pages:
        pagination = page_of(page)["pagination"]
        assert (pagination["total_items"], pagination["total_pages"]) == (7, 3)
    assert set(pages[0].links) == {"first", "next", "last"}
    assert set(pages[3].links) == {"first", "prev", "last"}
    assert (await owner.get(pages[0].links["next"]["url"])).json() == page_of(pages[1])


async def test_a_search_without_results_has_no_pages(owner: Owner) -> None:
    pagination = page_of(await owner.get(SEARCH, q=mark()))["pagination"]
    assert pagination == {"page": 1, "page_size": 20, "total_items": 0, "total_pages": 0}


@pytest.mark.parametrize("query", [" ", "!?", "&|!:*()", "'", "\\", "___", "\x00", "\U0001f600", "\u0301"])
async def test_a_query_without_words_is_refused(owner: Owner, query: str) -> None:
    assert is_problem(await owner.get(SEARCH, q=query), 422, "no_search_words")


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"q": ""},
        {"q": "a" * 301},
        {"q": "a", "page": "0"},
        {"q": "a", "page_size": "101"},
        {"q": "a", "year": "NaN"},
        {"q": "a", "sort": "title"},
        {"q": "a", "after": ""},
    ],
)
async def test_invalid_parameters_are_refused(owner: Owner, parameters: dict[str, str]) -> None:
    assert is_problem(await owner.get(SEARCH, **parameters), 422, "invalid_request")


async def test_an_invalid_tag_is_refused(owner: Owner) -> None:
    assert is_problem(await owner.get(SEARCH, q="a", tag="a\x00"), 422, "invalid_filter")


async def test_the_number_of_ranked_and_counted_matches_is_bounded(owner: Owner) -> None:
    word = mark()
    await owner.create_all(word, word, word, word)
    wanted = ItemQuery(owner.id, "all", ItemFilter())
    async with owner.service.database.connection() as connection:
        found = await lists.list_matches(connection, wanted, search_query([word]), limit=2, offset=2, candidates=3)
    assert [item.total for item in found] == [3]
