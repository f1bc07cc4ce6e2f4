"""The encodings in which files are read, and bytes in another encoding."""

import codecs

import pytest

from doorward.core.exceptions import DomainError
from doorward.domain.items.exceptions import InvalidCsvEncodingError, MalformedCsvError
from doorward.domain.items.models import ItemContent
from tests.unit.items.files import bad, read, titles

LINES = ("title,year", "L\u00e9on,1994", "\u6771\u4eac\u7269\u8a9e,1953", "")
FILE = "\n".join(LINES)
FILMS = [ItemContent("L\u00e9on", "", [], 1994), ItemContent("\u6771\u4eac\u7269\u8a9e", "", [], 1953)]


@pytest.mark.parametrize(
    "raw",
    [
        FILE.encode(),
        codecs.BOM_UTF8 + FILE.encode(),
        codecs.BOM_UTF16_LE + FILE.encode("utf-16-le"),
        codecs.BOM_UTF16_BE + FILE.encode("utf-16-be"),
        FILE.encode("utf-16-le"),
        FILE.encode("utf-16-be"),
        codecs.BOM_UTF32_LE + FILE.encode("utf-32-le"),
        codecs.BOM_UTF32_BE + FILE.encode("utf-32-be"),
    ],
    ids=[
        "UTF-8",
        "UTF-8 with BOM",
        "UTF-16LE",
        "UTF-16BE",
        "UTF-16LE without BOM",
        "UTF-16BE without BOM",
        "UTF-32LE",
        "UTF-32BE",
    ],
)
def test_the_encoding_is_detected_from_the_beginning_of_a_file(raw: bytes) -> None:
    assert read(raw) == FILMS


def test_unicode_text_of_excel_is_read() -> None:
    """Excel saves "Unicode Text" as UTF-16 with a byte order mark, tabs, and quotes where necessary."""
    rows = ["title\tyear\ttags", '"Good, the Bad, The"\t1966\twestern', '"Say ""A"""\t\t']
    raw = codecs.BOM_UTF16_LE + "".join(f"{row}\r\n" for row in rows).encode("utf-16-le")
    assert read(raw) == [ItemContent("Good, the Bad, The", "", ["western"], 1966), ItemContent('Say "A"', "", [])]


@pytest.mark.parametrize("header", [b"title", b'"title"', b"movieId,title,genres"])
def test_a_byte_order_mark_is_not_part_of_the_header(header: bytes) -> None:
    assert read(b"\xef\xbb\xbf" + header + b"\n") == []


@pytest.mark.parametrize("file", [b"", codecs.BOM_UTF8, codecs.BOM_UTF16_LE, b"t\0i\0"])
def test_a_file_without_a_first_line_is_refused(file: bytes) -> None:
    with pytest.raises(DomainError) as refusal:
        read(file)
    assert refusal.value.code == "invalid_item_csv_header"


def test_lines_of_windows_1252_within_utf_8_are_bad_if_they_differ() -> None:
    file = "title\nL\u00e9on\n".encode() + "L\u00e9on\nHeat\n".encode("cp1252") + "L\u00e9on\n".encode()
    assert titles(file) == ["L\u00e9on", "-", "Heat", "L\u00e9on"]
    assert bad(file) == [(3, "invalid_csv_encoding")]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_lines_of_utf_16_after_utf_8_are_bad(encoding: str) -> None:
    """PowerShell 5 appends UTF-16 to a file with >>."""
    file = b"title\nHeat\n" + "Alien\nRan\n".encode(encoding)
    assert titles(file)[0] == "Heat"
    assert {code for _, code in bad(file)} == {"invalid_csv_encoding"}
    assert "Alien" not in titles(file)


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize(
    "tail",
    ["Alien\nRan\n", "Alien\nRun\nM\n!", "Alien", "Al", "L\u00e9on\nRan\n", "Heat,1995\n" * 20_000],
    ids=["even", "odd", "one line", "two letters", "not ASCII", "long"],
)
@pytest.mark.parametrize("header", ["title", "title,year"])
def test_utf_8_after_utf_16_ends_the_file_where_it_begins(encoding: str, tail: str, header: str) -> None:
    mark = codecs.BOM_UTF16_LE if encoding == "utf-16-le" else codecs.BOM_UTF16_BE
    file = mark + f"{header}\nHeat{',1995' * (',' in header)}\n".encode(encoding) + tail.encode()
    if tail == "Al":
        # Two letters are read as a Chinese character; only a missing second column reveals the error.
        assert bad(file) == ([(3, "invalid_csv_line")] if "," in header else [])
        return
    with pytest.raises(InvalidCsvEncodingError) as refusal:
        read(file)
    assert [error.place for error in refusal.value.input_errors] == ["line/3"]


@pytest.mark.parametrize("title", ["\u6771\u4eac", "\u0d2e\u0d32\u0d2f", "\u0a30\u0a38", "\u4e0b", "Heat"])
@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("end", ["", "\n"])
def test_utf_16_of_any_script_is_detected(title: str, encoding: str, end: str) -> None:
    assert titles(f"title,year\n{title},{end}".encode(encoding)) == [title]
    assert titles(f"title\n{title}\n{title}{end}\n".encode(encoding))[:2] == [title, title]


def test_a_lone_surrogate_of_utf_16_makes_only_its_line_bad() -> None:
    file = "title\nA\n".encode("utf-16-le") + b"\x3d\xd8" + "\nB\n".encode("utf-16-le")
    assert titles(file) == ["A", "-", "B"]
    assert bad(file) == [(3, "invalid_csv_encoding")]


def test_an_unclosed_quote_in_utf_16_is_reported_as_malformed() -> None:
    with pytest.raises(MalformedCsvError):
        read('title\nA\n"B\nC\n'.encode("utf-16"))
