"""The items that the lines of a CSV file describe, and the lines that are refused."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorward.core.exceptions import DomainError
from doorward.domain.items.exceptions import MalformedCsvError
from doorward.domain.items.models import ImportedItem, ItemContent
from doorward.domain.items.policy import checked_content
from doorward.domain.items.reading.files import BadLine, FileOptions, open_items
from doorward.domain.items.reading.texts import MAXIMUM_ROW_LENGTH
from tests.unit.items.files import bad, read, titles


def test_a_line_has_every_field_by_the_name_of_its_column() -> None:
    file = (
        'year,visibility,tags,title,description\n1942,shared,"drama, war|noir",Casablanca,"A caf\u00e9, in wartime."\n'
    )
    assert read(file) == [
        ItemContent("Casablanca", "A caf\u00e9, in wartime.", ["drama", "war", "noir"], 1942, "shared")
    ]


def test_missing_fields_have_their_defaults() -> None:
    file = "title,description,tags,year,visibility\nA,,,,\nB,, , , \n"
    expected = [ItemContent(title, "", [], None, "shared") for title in ("A", "B")]
    assert read(file, visibility="shared") == expected
    assert read("title\nA\nB", visibility="shared") == expected


def test_a_line_may_set_its_own_visibility() -> None:
    (private,) = read("title,visibility\nA, PRIVATE \n", visibility="shared")
    assert isinstance(private, ItemContent)
    assert private.visibility == "private"


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("last", ["", "\n", "\r\n", "\r"])
def test_lines_may_have_any_line_end_and_the_last_one_none(end: str, last: str) -> None:
    assert titles(f"title{end}A{end}B{last}") == ["A", "B"]


def test_lines_may_have_different_line_ends() -> None:
    assert titles("title\r\nA\nB\rC\n") == ["A", "B", "C"]


def test_empty_lines_are_skipped_and_counted() -> None:
    file = "title,year\n\nA,\r\n\r\nB,x\n\n"
    assert [line for line in read(file) if line is None] == [None] * 3
    assert bad(file) == [(5, "invalid_item_year")]


def test_a_quoted_field_may_span_several_lines_and_is_numbered_by_the_first() -> None:
    file = 'title,description,year\nA,"one\ntwo\r\n""three""\n",1\nB,"one\ntwo",x\nC,,x\n'
    assert read(file)[0] == ItemContent("A", 'one\ntwo\n"three"', [], 1)
    assert bad(file) == [(6, "invalid_item_year"), (8, "invalid_item_year")]


@pytest.mark.parametrize("spoilt", [b"B\xff", b"\xc3", b"\xed\xa0\x80", b"\xc0\x80", b"\xf5\x80\x80\x80", b"\xe2\x82"])
def test_invalid_utf_8_makes_only_its_line_bad(spoilt: bytes) -> None:
    file = b"title\nA\n" + spoilt + b"\nC\n"
    assert titles(file) == ["A", "-", "C"]
    assert bad(file) == [(3, "invalid_csv_encoding")]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("A", "invalid_csv_line"),
        ("A,,,,,", "invalid_csv_line"),
        (" ", "invalid_csv_line"),
        (",,,,", "invalid_item_title"),
        ("A\x00B,,,,", "invalid_csv_encoding"),
        ("A\x01B,,,,", "invalid_item_title"),
        ("a" * 301 + ",,,,", "invalid_item_title"),
        ("A,a\x01b,,,", "invalid_item_description"),
        ('A,"a\rb",,,', "invalid_item_description"),
        ("A," + "a" * 10_001 + ",,,", "invalid_item_description"),
        ("A,," + "a" * 51 + ",,", "invalid_item_tags"),
        ("A,," + "|".join(map(str, range(21))) + ",,", "invalid_item_tags"),
        ("A,,,0,", "invalid_item_year"),
        ("A,,,10000,", "invalid_item_year"),
        ("A,,,-1,", "invalid_item_year"),
        ("A,,,1942.5,", "invalid_item_year"),
        ("A,,,soon,", "invalid_item_year"),
        ("A,,,12-1942,", "invalid_item_year"),
        ("A,,," + "9" * 5000 + ",", "invalid_item_year"),
        ("A,,,,public", "invalid_item_visibility"),
    ],
)
def test_an_invalid_line_is_reported_by_number_and_code(line: str, code: str) -> None:
    file = f"title,description,tags,year,visibility\nB,,,,\n{line}\nC,,,,\n"
    assert bad(file) == [(3, code)]
    assert titles(file) == ["B", "-", "C"]


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
def test_unbalanced_quotes_end_the_file_at_the_line_where_they_begin(file: str, number: int) -> None:
    with pytest.raises(MalformedCsvError) as refusal:
        read(file)
    assert [error.place for error in refusal.value.input_errors] == [f"line/{number}"]


@pytest.mark.parametrize("row", ["a" * MAXIMUM_ROW_LENGTH, '"' + "\n" * MAXIMUM_ROW_LENGTH, '"\n",' * 20_000])
def test_a_row_that_is_too_long_ends_the_file_before_it_is_read_completely(row: str) -> None:
    file = io.BytesIO(f"title\nA\n{row}".encode() + b"\n" * 10 * MAXIMUM_ROW_LENGTH)
    with open_items(file, FileOptions()) as opened:
        assert isinstance(next(opened.lines), ImportedItem)
        with pytest.raises(MalformedCsvError) as refusal:
            next(opened.lines)
    assert refusal.value.input_errors[0].place == "line/3"
    assert file.tell() < 2 * MAXIMUM_ROW_LENGTH


def test_the_length_is_counted_separately_for_each_row() -> None:
    line = "a" * (MAXIMUM_ROW_LENGTH - 1)
    assert bad(f"title\n{line}\n{line}\n") == [(2, "invalid_item_title"), (3, "invalid_item_title")]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("1,Toy Story (1995),Adventure|Animation", ItemContent("Toy Story", "", ["Adventure", "Animation"], 1995)),
        ('2,"American President, The (1995) ",Comedy', ItemContent("American President, The", "", ["Comedy"], 1995)),
        ("3,Toy Story(1995),Comedy", ItemContent("Toy Story", "", ["Comedy"], 1995)),
        ("4,Heat,Crime", ItemContent("Heat", "", ["Crime"])),
        ("5,Heat (1995),(no genres listed)", ItemContent("Heat", "", [], 1995)),
        ("6,Heat (1995),", ItemContent("Heat", "", [], 1995)),
        ("7,Cosmos (1995-1996),Drama", ItemContent("Cosmos", "", ["Drama"], 1995)),
        ("7,Cosmos (2006\u20132007),Drama", ItemContent("Cosmos", "", ["Drama"], 2006)),
        ("7,Cosmos (2009- ),Drama", ItemContent("Cosmos", "", ["Drama"], 2009)),
        ("7,Ikiru (1952) (To Live),Drama", ItemContent("Ikiru (To Live)", "", ["Drama"], 1952)),
        ("7,Ikiru (To Live) (1952),Drama", ItemContent("Ikiru (To Live)", "", ["Drama"], 1952)),
        ("7,Cosmos (0000),Drama", ItemContent("Cosmos (0000)", "", ["Drama"])),
        ("7,Cosmos (2001) II,Drama", ItemContent("Cosmos (2001) II", "", ["Drama"])),
        ("8,Cosmos (1995) (2001),Drama", ItemContent("Cosmos (1995)", "", ["Drama"], 2001)),
        ("9,(1995),Drama", ItemContent("(1995)", "", ["Drama"])),
        ("10,Heat (19x5),Drama", ItemContent("Heat (19x5)", "", ["Drama"])),
    ],
)
def test_lines_of_movielens_have_title_year_and_genres(line: str, expected: ItemContent) -> None:
    assert read(f"movieId,title,genres\n{line}\n") == [expected]


def test_lines_of_movielens_have_the_requested_visibility() -> None:
    assert read("movieId,title,genres\n1,Heat,\n", visibility="shared") == [ItemContent("Heat", "", [], None, "shared")]


@given(file=st.binary() | st.binary().map(b"title\n".__add__) | st.text('title,"\n\r\x00\u00e9').map(str.encode))
def test_any_bytes_return_lines_or_are_refused(file: bytes) -> None:
    try:
        lines = read(file)
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
def test_items_that_are_written_as_csv_are_read_back_unchanged(contents: list[ItemContent], end: str) -> None:
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
    assert read(file.getvalue()) == stored


@pytest.mark.parametrize(
    "row", ["A," + "|".join(["ab"] * 1000), "\U0001f600" + "x" * 3300 + ",", " A" + "\u0301" * 31 + "x" * 1000 + ",a"]
)
def test_a_bad_line_keeps_nothing_of_its_row_in_memory(row: str) -> None:
    (line,) = read("title,tags\n" + row)
    assert isinstance(line, BadLine)
    kept: list[BaseException | None] = [line.error, line.error.__cause__, line.error.__context__]
    assert [error.__traceback__ for error in kept if error is not None] == [None]


@pytest.mark.parametrize(
    ("text", "year"),
    [
        ("1985.0", 1985),
        ("1985.", 1985),
        ("1985,00", 1985),
        ("1985-06-30", 1985),
        ("1985-06-30T00:00:00", 1985),
        ("1985\u20131987", 1985),
        ("1985-", 1985),
        ("NaN", None),
        ("nan", None),
        ("N/A", None),
        ("NA", None),
        ("None", None),
        ("NULL", None),
        ("\\N", None),
    ],
)
def test_a_year_is_read_in_the_formats_of_other_programs(text: str, year: int | None) -> None:
    assert read(f'title,year\nA,"{text}"\n') == [ItemContent("A", "", [], year)]


def test_a_title_that_looks_like_a_missing_value_is_kept() -> None:
    assert titles("title\nNaN\nNone\nNULL\n") == ["NaN", "None", "NULL"]


def test_a_title_keeps_its_year_if_another_column_has_a_different_one() -> None:
    file = "movieId,title,genres,year\n1,Heat (1995),Crime,1995.0\n2,Blade Runner (2049),,2017\n3,Ran (1985),,\n"
    assert [(line.title, line.year) for line in read(file) if isinstance(line, ItemContent)] == [
        ("Heat", 1995),
        ("Blade Runner (2049)", 2017),
        ("Ran", 1985),
    ]


def test_a_title_keeps_its_brackets_if_the_file_is_not_of_movielens() -> None:
    assert titles("title,tags\nHeat (1995),crime\n") == ["Heat (1995)"]


def test_an_empty_cell_of_pandas_is_an_empty_description() -> None:
    assert read("title,description,tags\nA,NaN,nan\nB,None,\n") == [
        ItemContent("A", "", []),
        ItemContent("B", "None", []),
    ]


@pytest.mark.parametrize("genres", ["(no genres listed)", "\\N", " "])
def test_missing_genres_make_no_tags(genres: str) -> None:
    assert read(f"title,genres\nA,{genres}\n") == [ItemContent("A", "", [])]
