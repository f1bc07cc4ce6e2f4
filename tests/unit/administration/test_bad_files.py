"""Damaged, hostile and foreign files are read, or refused with an error that names the line."""

import io
import json
from collections.abc import Iterator

import pytest

from doorward.core.exceptions import DomainError
from doorward.domain.administration.importing.auth0 import read_auth0
from doorward.domain.administration.importing.django import read_django
from doorward.domain.administration.importing.exceptions import (
    InvalidUserHeaderError,
    MalformedUserFileError,
    UserFileIsUtf16Error,
)
from doorward.domain.administration.importing.keycloak import read_keycloak
from doorward.domain.administration.importing.models import LineCode, Reader
from doorward.domain.administration.importing.own_files import read_csv, read_ndjson
from doorward.domain.administration.importing.supabase import read_supabase
from tests.unit.administration import foreign_exports

ADA = b'{"email":"ada@example.com"}'
BOMB = b"a" * 10_000_000


def read(reader: Reader, file: bytes) -> Iterator[tuple[int, str | LineCode]]:
    """Yield the number of each line with its code or the e-mail address."""
    for line in reader(io.BytesIO(file)):
        if line is not None:
            yield line.number, line.content if isinstance(line.content, LineCode) else line.content.email


def outcome(reader: Reader, file: bytes) -> tuple[list[tuple[int, str]], type[Exception] | None, int | None]:
    """Return the lines read before an error, the type of the error, and its line."""
    found: list[tuple[int, str]] = []
    try:
        found += read(reader, file)
    except DomainError as error:
        return found, type(error), int(error.input_errors[0].place.rpartition("/")[2]) if error.input_errors else None
    return found, None, None


def until_refused(reader: Reader, file: bytes) -> tuple[list[tuple[int, str]], int | None]:
    """Return the lines read before the file is refused as malformed, and the line of the refusal."""
    found = []
    with pytest.raises(MalformedUserFileError) as refused:  # noqa: PT012 - the lines before the error are needed
        for each in read(reader, file):
            found.append(each)  # noqa: PERF402 - kept when the loop raises
    input_errors = refused.value.input_errors
    return found, int(input_errors[0].place.rpartition("/")[2]) if input_errors else None


@pytest.mark.parametrize("reader", [read_csv, read_ndjson, read_keycloak, read_django, read_supabase, read_auth0])
@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16_is_refused_with_its_own_error(reader: Reader, encoding: str) -> None:
    with pytest.raises(UserFileIsUtf16Error):
        list(read(reader, "email,username\na@b.example,ada\n".encode(encoding)))


@pytest.mark.parametrize(
    "header", [b"", b"username", b"email,email", b"email,password", b"email\tusername", BOMB, b'"email', b"{}"]
)
def test_a_header_of_another_format_is_refused(header: bytes) -> None:
    with pytest.raises(InvalidUserHeaderError):
        list(read(read_csv, header + b"\na@b.example\n"))


def test_reading_stops_at_a_cell_of_ten_megabytes() -> None:
    file = b"email,username\nada@example.com,ada\ngrace@example.com," + BOMB + b"\n"
    assert until_refused(read_csv, file) == ([(2, "ada@example.com")], 3)


def test_reading_stops_at_an_unclosed_quote() -> None:
    file = b'email,username\nada@example.com,ada\n"grace@example.com,grace\n' + b"\n" * 100_000
    assert until_refused(read_csv, file) == ([(2, "ada@example.com")], 3)


def test_a_row_has_the_number_of_its_first_line_and_empty_rows_are_skipped() -> None:
    file = b'email,username\n\nada@example.com,"a\nb"\ngrace@example.com,grace\nedsger@example.org\n'
    assert list(read(read_csv, file)) == [
        (3, "ada@example.com"),
        (5, "grace@example.com"),
        (6, LineCode.MALFORMED_LINE),
    ]


@pytest.mark.parametrize("reader", [read_csv, read_ndjson])
def test_only_the_line_with_invalid_utf_8_is_refused(reader: Reader) -> None:
    csv, ndjson = [b"email", b"\xe9@example.com", b"ada@example.com"], [b'{"email":"\xe9"}', ADA]
    found = list(read(reader, b"\n".join(csv if reader is read_csv else ndjson)))
    assert [content for _, content in found] == [LineCode.NOT_TEXT, "ada@example.com"]


def test_a_line_with_a_nul_character_is_refused() -> None:
    assert list(read(read_csv, b"email\nada\0@example.com\n")) == [(2, LineCode.NOT_TEXT)]


def test_reading_continues_after_a_json_line_that_is_too_long_too_deep_or_malformed() -> None:
    file = b"\n".join(
        [
            b'{"email":"' + BOMB + b'"}',
            b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
            b"[" * 60_000,
            b'{"email":' + b"9" * 5_000 + b"}",
            b'{"email":"ada@example.com"',
            b"[]",
            ADA,
        ]
    )
    assert list(read(read_ndjson, file)) == [
        (1, LineCode.LINE_TOO_LONG),
        (2, LineCode.MALFORMED_LINE),
        (3, LineCode.MALFORMED_LINE),
        (4, LineCode.MALFORMED_LINE),
        (5, LineCode.MALFORMED_LINE),
        (6, LineCode.MALFORMED_LINE),
        (7, "ada@example.com"),
    ]


def test_reading_continues_after_an_element_that_is_too_long_too_deep_or_malformed() -> None:
    elements = [
        b'{"email":"' + BOMB + b'"}',
        b'{"email":"' + rb"\"" * 100_000 + b'"}',
        b'{"email":"ada@example.com","a":"' + b"a" * 65_536 + b'"}',
        b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
        b"[" * 200_000 + b"]" * 200_000,
        b"{email:1}",
        b"nonsense",
        b"1.5",
        b'"text"',
        b'{"email":"\xe9"}',
        b" \n\t" * 50_000 + ADA,
    ]
    assert list(read(read_keycloak, b'{"users":[' + b" ,\n".join(elements) + b"]}")) == [
        (1, LineCode.LINE_TOO_LONG),
        (2, LineCode.LINE_TOO_LONG),
        (3, LineCode.LINE_TOO_LONG),
        (4, LineCode.MALFORMED_LINE),
        (5, LineCode.LINE_TOO_LONG),
        (6, LineCode.MALFORMED_LINE),
        (7, LineCode.MALFORMED_LINE),
        (8, LineCode.MALFORMED_LINE),
        (9, LineCode.MALFORMED_LINE),
        (10, LineCode.NOT_TEXT),
        (11, "ada@example.com"),
    ]


@pytest.mark.parametrize("length", range(0, 400, 7))
def test_a_truncated_realm_is_refused_and_never_misread(length: int) -> None:
    whole = foreign_exports.keycloak()
    cut = whole[: len(whole) * length // 400]
    complete = list(read(read_keycloak, whole))
    found, refusal, _ = outcome(read_keycloak, cut)
    assert found == complete[: len(found)]
    assert refusal is MalformedUserFileError or b'"clients"' in cut or cut.rstrip().endswith(b"],")


@pytest.mark.parametrize(
    "file",
    [
        b"",
        b"[]",
        b"{}",
        b'{"users":{}}',
        b'{"users":',
        b'{"users":[' + ADA,
        b'{"users":[' + ADA + b",",
        b'{"users":[' + ADA + b" " + ADA + b"]}",
        b'{"users":[,]}',
        b'{"a":"' + BOMB,
        b'{"a":1 "users":[]}x',
        b'{"' + BOMB + b'":1}',
    ],
)
def test_an_invalid_realm_is_refused(file: bytes) -> None:
    with pytest.raises(MalformedUserFileError):
        list(read(read_keycloak, file))


def test_all_members_before_the_users_are_skipped() -> None:
    before = {"roles": [["users"] * 1000] * 100, "text": '\\"' * 50_000, "number": 1.5e300, "nothing": None, 'a"b': "]"}
    file = json.dumps(before)[:-1] + ', "users": [' + ADA.decode() + "]}"
    assert list(read(read_keycloak, file.encode())) == [(1, "ada@example.com")]


def test_the_first_error_of_a_dump_is_reported_with_the_number_of_its_user() -> None:
    user = b'{"pk":1,"fields":{"email":"ada@example.com","password":""}}'
    assert until_refused(read_django, b"[" + user + b"," + user + b";" + user + b"]") == (
        [(1, "ada@example.com"), (2, "ada@example.com")],
        3,
    )
