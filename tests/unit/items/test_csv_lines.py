"""What the lines of a CSV file say, and which of them say nothing usable."""

import csv
import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorward.core.exceptions import DomainError
from doorward.domain.items.csv_lines import MAXIMUM_ROW_LENGTH, BadLine, read_items
from doorward.domain.items.exceptions import InvalidCsvHeaderError, MalformedCsvError
from doorward.domain.items.models import ItemContent
from doorward.domain.items.policy import checked_content

Read = ItemContent | BadLine | None


def _read(file: bytes | str, **options: Any) -> list[Read]:
    content = file.encode() if isinstance(file, str) else file
    return list(read_items(io.BytesIO(content), options.get("visibility", "private")))


def _titles(file: bytes | str) -> list[str]:
    return [read.title if isinstance(read, ItemContent) else "-" for read in _read(file)]


def _bad(file: bytes | str) -> list[tuple[int, str]]:
    return [(read.number, read.error.code) for read in _read(file) if isinstance(read, BadLine)]


def test_a_line_gives_every_field_by_the_name_of_its_column() -> None:
    file = (
        'year,visibility,tags,title,description\n1942,shared,"drama, war|noir",Casablanca,"A caf\u00e9, in wartime."\n'
    )
    assert _read(file) == [
        ItemContent("Casablanca", "A caf\u00e9, in wartime.", ["drama", "war", "noir"], 1942, "shared")
    ]


def test_what_a_line_leaves_out_has_its_default() -> None:
    file = "title,description,tags,year,visibility\nA,,,,\nB,, , , \n"
    expected = [ItemContent(title, "", [], None, "shared") for title in ("A", "B")]
    assert _read(file, visibility="shared") == expected
    assert _read("title\nA\nB", visibility="shared") == expected


def test_a_line_decides_about_its_own_visibility() -> None:
    (private,) = _read("title,visibility\nA, PRIVATE \n", visibility="shared")
    assert isinstance(private, ItemContent)
    assert private.visibility == "private"


@pytest.mark.parametrize("header", ["title", "TITLE", " Title ", '"title"', "tags, title", "title,visibility,year"])
def test_a_header_names_the_title_and_any_of_the_other_columns(header: str) -> None:
    assert _read(f"{header}\n") == []


@pytest.mark.parametrize(
    "header",
    [
        "",
        "\n",
        "\ntitle",
        "name",
        "description,year",
        "title,title",
        "title,Title",
        "title,rating",
        "title,",
        "title;year",
        "title\tyear",
        "title,genres",
        "movieId,title",
        "movieId,title,genres,year",
        "movieId,title,genres,genres",
        "t\u0131tle",
    ],
)
def test_another_header_is_refused(header: str) -> None:
    with pytest.raises(InvalidCsvHeaderError):
        _read(f"{header}\nA\n")


@pytest.mark.parametrize("file", [b"", b"\xef", b"\xef\xbb\xbf", b"\xff\xfet\x00i\x00t\x00l\x00e\x00", b"ti\xfftle\n"])
def test_a_file_without_a_header_in_utf_8_is_refused(file: bytes) -> None:
    with pytest.raises(InvalidCsvHeaderError):
        _read(file)


@pytest.mark.parametrize("header", [b"title", b'"title"', b"movieId,title,genres"])
def test_a_byte_order_mark_is_no_part_of_the_header(header: bytes) -> None:
    assert _read(b"\xef\xbb\xbf" + header + b"\n") == []


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("last", ["", "\n", "\r\n", "\r"])
def test_lines_may_end_in_any_way_and_the_last_one_in_none(end: str, last: str) -> None:
    assert _titles(f"title{end}A{end}B{last}") == ["A", "B"]


def test_lines_may_end_in_different_ways() -> None:
    assert _titles("title\r\nA\nB\rC\n") == ["A", "B", "C"]


def test_empty_lines_describe_nothing_and_are_counted() -> None:
    file = "title,year\n\nA,\r\n\r\nB,x\n\n"
    assert [read for read in _read(file) if read is None] == [None] * 3
    assert _bad(file) == [(5, "invalid_item_year")]


def test_a_quoted_field_may_go_over_several_lines_and_the_first_is_the_number() -> None:
    file = 'title,description,year\nA,"one\ntwo\r\n""three""\n",1\nB,"one\ntwo",x\nC,,x\n'
    assert _read(file)[0] == ItemContent("A", 'one\ntwo\n"three"', [], 1)
    assert _bad(file) == [(6, "invalid_item_year"), (8, "invalid_item_year")]


@pytest.mark.parametrize("spoilt", [b"B\xff", b"\xc3", b"\xed\xa0\x80", b"\xc0\x80", b"\xf5\x80\x80\x80", b"\xe2\x82"])
def test_bytes_that_are_no_utf_8_spoil_their_line_and_no_other(spoilt: bytes) -> None:
    file = b"title\nA\n" + spoilt + b"\nC\n"
    assert _titles(file) == ["A", "-", "C"]
    assert _bad(file) == [(3, "invalid_csv_line")]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("A", "invalid_csv_line"),
        ("A,,,,,", "invalid_csv_line"),
        (" ", "invalid_csv_line"),
        (",,,,", "invalid_item_title"),
        ("A\x00B,,,,", "invalid_item_title"),
        ("a" * 301 + ",,,,", "invalid_item_title"),
        ("A,a\x00b,,,", "invalid_item_description"),
        ('A,"a\rb",,,', "invalid_item_description"),
        ("A," + "a" * 10_001 + ",,,", "invalid_item_description"),
        ("A,," + "a" * 51 + ",,", "invalid_item_tags"),
        ("A,," + "|".join(map(str, range(21))) + ",,", "invalid_item_tags"),
        ("A,,,0,", "invalid_item_year"),
        ("A,,,10000,", "invalid_item_year"),
        ("A,,,-1,", "invalid_item_year"),
        ("A,,,1942.0,", "invalid_item_year"),
        ("A,,,NaN,", "invalid_item_year"),
        ("A,,," + "9" * 5000 + ",", "invalid_item_year"),
        ("A,,,,public", "invalid_item_visibility"),
    ],
)
def test_a_line_that_describes_no_item_is_told_by_number_and_code(line: str, code: str) -> None:
    file = f"title,description,tags,year,visibility\nB,,,,\n{line}\nC,,,,\n"
    assert _bad(file) == [(3, code)]
    assert _titles(file) == ["B", "-", "C"]


@pytest.mark.parametrize(
    ("file", "number"),
    [
        ('title\n"A\n', 2),
        ('title\nA\nB\n"C\nD\nE\n', 4),
        ('title\nA\n"B"C\nD\n', 3),
        ('title\n"A\nB"C\n', 2),
        ('"title\n', 1),
    ],
)
def test_quotes_that_do_not_balance_end_the_file_at_the_line_where_they_begin(file: str, number: int) -> None:
    with pytest.raises(MalformedCsvError) as refusal:
        _read(file)
    assert [flaw.place for flaw in refusal.value.flaws] == [f"line/{number}"]


@pytest.mark.parametrize("row", ["a" * MAXIMUM_ROW_LENGTH, '"' + "\n" * MAXIMUM_ROW_LENGTH, '"\n",' * 20_000])
def test_a_row_that_is_too_long_ends_the_file_before_it_is_held(row: str) -> None:
    file = io.BytesIO(f"title\nA\n{row}".encode() + b"\n" * 10 * MAXIMUM_ROW_LENGTH)
    reader = read_items(file, "private")
    assert isinstance(next(reader), ItemContent)
    with pytest.raises(MalformedCsvError) as refusal:
        next(reader)
    assert refusal.value.flaws[0].place == "line/3"
    assert file.tell() < 2 * MAXIMUM_ROW_LENGTH


def test_the_length_counts_for_each_row_anew() -> None:
    line = "a" * (MAXIMUM_ROW_LENGTH - 1)
    assert _bad(f"title\n{line}\n{line}\n") == [(2, "invalid_item_title"), (3, "invalid_item_title")]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("1,Toy Story (1995),Adventure|Animation", ItemContent("Toy Story", "", ["Adventure", "Animation"], 1995)),
        ('2,"American President, The (1995) ",Comedy', ItemContent("American President, The", "", ["Comedy"], 1995)),
        ("3,Toy Story(1995),Comedy", ItemContent("Toy Story", "", ["Comedy"], 1995)),
        ("4,Heat,Crime", ItemContent("Heat", "", ["Crime"])),
        ("5,Heat (1995),(no genres listed)", ItemContent("Heat", "", [], 1995)),
        ("6,Heat (1995),", ItemContent("Heat", "", [], 1995)),
        ("7,Cosmos (1995-1996),Drama", ItemContent("Cosmos (1995-1996)", "", ["Drama"])),
        ("8,Cosmos (1995) (2001),Drama", ItemContent("Cosmos (1995)", "", ["Drama"], 2001)),
        ("9,(1995),Drama", ItemContent("(1995)", "", ["Drama"])),
        (",Heat (19x5),Drama", ItemContent("Heat (19x5)", "", ["Drama"])),
    ],
)
def test_lines_of_movielens_give_title_year_and_genres(line: str, expected: ItemContent) -> None:
    assert _read(f"movieId,title,genres\n{line}\n") == [expected]


def test_lines_of_movielens_have_the_visibility_that_was_asked_for() -> None:
    assert _read("movieId,title,genres\n1,Heat,\n", visibility="shared") == [
        ItemContent("Heat", "", [], None, "shared")
    ]


@given(file=st.binary() | st.binary().map(b"title\n".__add__) | st.text('title,"\n\r\x00\u00e9').map(str.encode))
def test_any_bytes_give_lines_or_a_refusal(file: bytes) -> None:
    try:
        lines = _read(file)
    except DomainError:
        return
    for line in lines:
        if isinstance(line, ItemContent):
            assert checked_content(line) == line


_CONTENTS = st.builds(
    ItemContent,
    title=st.text(),
    description=st.text(),
    tags=st.lists(st.text(max_size=10), max_size=5),
    year=st.none() | st.integers(1, 9999),
    visibility=st.sampled_from(["private", "shared"]),
)


@given(contents=st.lists(_CONTENTS, max_size=5), end=st.sampled_from(["\n", "\r\n"]))
def test_items_that_are_written_as_csv_read_back_the_same(contents: list[ItemContent], end: str) -> None:
    stored = []
    for content in contents:
        try:
            stored.append(checked_content(content))
        except DomainError:
            continue
    file = io.StringIO(newline="")
    writer = csv.writer(file, lineterminator=end)
    writer.writerow(["title", "description", "tags", "year", "visibility"])
    writer.writerows([each.title, each.description, "|".join(each.tags), each.year, each.visibility] for each in stored)
    assert _read(file.getvalue()) == stored


def test_a_bad_line_keeps_nothing_of_its_row_in_memory() -> None:
    (bad,) = [
        read for read in _read("title,tags\nA," + "|".join("ab" for _ in range(1000))) if isinstance(read, BadLine)
    ]
    assert bad.error.__traceback__ is None
