"""The columns of a file that are read as fields, and the headers that are refused."""

import pytest

from doorward.core.exceptions import DomainError
from doorward.domain.items.exceptions import (
    InvalidColumnMapError,
    InvalidCsvEncodingError,
    InvalidCsvHeaderError,
    MalformedCsvError,
    MissingCsvColumnError,
    NotCsvError,
    RepeatedCsvColumnError,
)
from doorward.domain.items.models import ItemContent
from doorward.domain.items.reading.columns import read_column_map
from tests.unit.items.files import bad, external_ids, read, titles, unused_columns

PANDAS = ",title,year,rating\n0,Heat,1995.0,8.3\n1,Stalker,,8.1\n"
"""Written by to_csv() of pandas 3 for a frame with its index; a column with a gap has floats."""

BY_PANDAS = {
    'index=False, sep=";", decimal=","': "title;year;tags;rating\nHeat;1995,0;crime|drama;8,3\nStalker;;;8,1\n",
    'quoting=QUOTE_ALL, index_label="n"': (
        '"n","title","year","tags"\n"0","Heat","1995.0","crime|drama"\n"1","Stalker","",""\n'
    ),
    'index=False, na_rep="NaN"': "title,year,tags\nHeat,1995.0,crime|drama\nStalker,NaN,NaN\n",
    'index=False, encoding="utf-8-sig", lineterminator="\\r\\n"': (
        "\ufefftitle,year,tags\r\nHeat,1995.0,crime|drama\r\nStalker,,\r\n"
    ),
}
"""Written by to_csv() with these arguments."""

KAGGLE = (
    "adult,belongs_to_collection,genres,id,imdb_id,title,release_date\n"
    "False,,Crime|Drama,949,tt0113277,Heat,1995-12-15\n"
)


@pytest.mark.parametrize("header", ["title", "TITLE", " Title ", '"title"', "tags, title", "title,visibility,year"])
def test_a_header_must_name_the_title_and_may_name_other_columns(header: str) -> None:
    assert read(f"{header}\n") == []


@pytest.mark.parametrize(
    ("header", "refusal"),
    [
        ("", InvalidCsvHeaderError),
        ("\n", InvalidCsvHeaderError),
        ("\ntitle", InvalidCsvHeaderError),
        ("name", InvalidCsvHeaderError),
        ("description,year", InvalidCsvHeaderError),
        ("t\u0131tle", InvalidCsvHeaderError),
        ("title,title", RepeatedCsvColumnError),
        ("title,year,Title", RepeatedCsvColumnError),
        ("movieId,title,genres,genres", RepeatedCsvColumnError),
        ('"title', MalformedCsvError),
        ("ti\0tle", NotCsvError),
        ("PK\3\4\x14\0\6\0", NotCsvError),
    ],
)
def test_an_invalid_header_is_refused_with_its_own_error(header: str, refusal: type[DomainError]) -> None:
    with pytest.raises(refusal):
        read(f"{header}\nA\n")


@pytest.mark.parametrize("file", [b"ti\xfftle\n", b"title;gr\xf6\xdfe\nA;1\n", b"\xef", b"\x89PNG\r\n\x1a\n"])
def test_a_header_that_is_not_in_utf_8_is_refused_with_its_own_error(file: bytes) -> None:
    with pytest.raises(InvalidCsvEncodingError) as refusal:
        read(file)
    assert [error.place for error in refusal.value.input_errors] == ["line/1"]


def test_a_repeated_column_is_reported_by_its_number() -> None:
    with pytest.raises(RepeatedCsvColumnError) as refusal:
        read("year,title,tags,title\n")
    assert [error.place for error in refusal.value.input_errors] == ["column/4"]


def test_columns_that_are_not_fields_are_ignored_and_reported() -> None:
    assert read(PANDAS) == [ItemContent("Heat", "", [], 1995), ItemContent("Stalker", "", [], None)]
    assert unused_columns(PANDAS) == ["", "rating"]
    assert read("Unnamed: 0,Title,rating,rating\n0,Heat,1,2\n") == [ItemContent("Heat", "", [])]


@pytest.mark.parametrize("file", BY_PANDAS.values(), ids=BY_PANDAS)
def test_files_of_pandas_are_read(file: str) -> None:
    assert read(file) == [ItemContent("Heat", "", ["crime", "drama"], 1995), ItemContent("Stalker", "", [], None)]


def test_films_of_kaggle_have_their_genres_as_tags() -> None:
    assert read(KAGGLE) == [ItemContent("Heat", "", ["Crime", "Drama"])]
    mapped = "release_date:year,imdb_id:external_id"
    assert read(KAGGLE, columns=mapped) == [ItemContent("Heat", "", ["Crime", "Drama"], 1995)]
    assert external_ids(KAGGLE, columns=mapped) == ["imdb_id:tt0113277"]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_the_separator_of_a_file_is_detected_from_its_header(separator: str) -> None:
    file = 'title,year,description\nA,1949,"b,c"\n'.replace(",", separator)
    assert read(file) == [ItemContent("A", f"b{separator}c", [], 1949)]


@pytest.mark.parametrize(
    "head", ["sep=;\n", "SEP=;\r\n", '"sep=;"\r\n', "\ufeffsep=;\r\n", "sep=:\n", "sep=\t\r\n", "sep=|\n"]
)
def test_the_first_line_of_excel_names_the_separator(head: str) -> None:
    separator = head.strip('"\r\n')[-1]
    file = f"{head}title{separator}year\nA{separator}1949\nB{separator}x\n"
    assert read(file)[0] == ItemContent("A", "", [], 1949)
    assert bad(file) == [(4, "invalid_item_year")]


def test_commas_in_titles_are_not_separators_if_the_header_has_others() -> None:
    assert titles("title;year\nGood, the Bad, The;1966\n") == ["Good, the Bad, The"]
    assert titles("title\nGood; Bad\n") == ["Good; Bad"]
    assert bad("title\nGood, Bad\n") == [(2, "invalid_csv_line")]


def test_a_map_names_the_columns_of_the_file() -> None:
    file = "Name,Published,Notes,title\nHeat,1995,A heist.,Wrong\n"
    expected = ItemContent("Heat", "A heist.", [], 1995)
    assert read(file, columns="Name:title,published:year,NOTES:description") == [expected]
    assert unused_columns(file, columns="Name:title") == ["Published", "Notes", "title"]


def test_a_map_may_name_a_column_with_commas_and_colons() -> None:
    file = '"Title, original: long";Jahr\nHeat;1995\n'
    assert read(file, columns="Title, original: long:title,Jahr:year") == [ItemContent("Heat", "", [], 1995)]


def test_a_map_may_assign_our_column_names_to_other_fields() -> None:
    file = "title,description\nA heist.,Heat\n"
    assert read(file, columns="title:description,description:title") == [ItemContent("Heat", "A heist.", [])]
    with pytest.raises(InvalidCsvHeaderError):
        read(file, columns="title:description")


@pytest.mark.parametrize(
    "text",
    ["title", "Name:", ":title", "Name:name", "Name:title,", "A:title,B:title", "A:title,a:year", "A:title,B"],
)
def test_a_malformed_map_is_refused(text: str) -> None:
    with pytest.raises(InvalidColumnMapError):
        read_column_map(text)


def test_a_missing_column_is_reported_by_its_field() -> None:
    with pytest.raises(MissingCsvColumnError) as refusal:
        read("title,year\n", columns="Jahr:year,ISBN:external_id")
    assert [error.place for error in refusal.value.input_errors] == ["columns/year", "columns/external_id"]


@pytest.mark.parametrize(
    ("file", "columns", "expected"),
    [
        ("title\nA\n", "", [None]),
        ("movieId,title\n31,A\n 31.0 ,B\n", "", ["movieid:31", "movieid:31"]),
        ("external_id,title\nx:1,A\n", "", ["x:1"]),
        ("ISBN,title\n978-3,A\n", "ISBN:external_id", ["isbn:978-3"]),
        ("isbn,movieId,title\n978-3,31,A\n", "ISBN:external_id", ["isbn:978-3"]),
        ("external_id,movieId,title\nx-3,31,A\n", "", ["x-3"]),
        ("ISBN,title\n1.10,A\n", "ISBN:external_id", ["isbn:1.10"]),
        ("ISBN,title\ne\u0301,A\n", "ISBN:external_id", ["isbn:\u00e9"]),
    ],
)
def test_an_external_id_is_read_from_its_column(file: str, columns: str, expected: list[str | None]) -> None:
    assert external_ids(file, columns=columns) == expected


@pytest.mark.parametrize("text", ["", " ", "NaN", "None", "a\x01b", "a" * 200])
def test_a_line_without_a_usable_external_id_is_bad(text: str) -> None:
    assert bad(f"movieId,title\n{text},A\n") == [(2, "invalid_item_external_id")]
