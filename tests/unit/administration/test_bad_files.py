"""Files that are damaged, hostile, or of another kind: understood, or refused by name at the line."""

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
    """Return what was read before a refusal, and the refusal with its line."""
    found: list[tuple[int, str]] = []
    try:
        found += read(reader, file)
    except DomainError as error:
        return found, type(error), int(error.input_errors[0].place.rpartition("/")[2]) if error.input_errors else None
    return found, None, None


def until_refused(reader: Reader, file: bytes) -> tuple[list[tuple[int, str]], int | None]:
    """Return what is read before the file cannot be read any further, and the line of that place."""
    found = []
    with pytest.raises(MalformedUserFileError) as refused:  # noqa: PT012 - what came before counts
        for each in read(reader, file):
            found.append(each)  # noqa: PERF402 - kept when the loop raises
    input_errors = refused.value.input_errors
    return found, int(input_errors[0].place.rpartition("/")[2]) if input_errors else None


@pytest.mark.parametrize("reader", [read_csv, read_ndjson, read_keycloak, read_django, read_supabase, read_auth0])
@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16_is_refused_by_name(reader: Reader, encoding: str) -> None:
    with pytest.raises(UserFileIsUtf16Error):
        list(read(reader, "email,username\na@b.example,ada\n".encode(encoding)))


@pytest.mark.parametrize(
    "header", [b"", b"username", b"email,email", b"email,password", b"email\tusername", BOMB, b'"email', b"{}"]
)
def test_a_header_of_another_format_is_refused(header: bytes) -> None:
    with pytest.raises(InvalidUserHeaderError):
        list(read(read_csv, header + b"\na@b.example\n"))


def test_a_cell_of_ten_megabytes_ends_the_reading_at_its_line() -> None:
    file = b"email,username\nada@example.com,ada\ngrace@example.com," + BOMB + b"\n"
    assert until_refused(read_csv, file) == ([(2, "ada@example.com")], 3)


def test_a_quote_that_is_never_closed_ends_the_reading_at_its_line() -> None:
    file = b'email,username\nada@example.com,ada\n"grace@example.com,grace\n' + b"\n" * 100_000
    assert until_refused(read_csv, file) == ([(2, "ada@example.com")], 3)


def test_a_row_counts_from_its_first_line_and_an_empty_one_is_none() -> None:
    file = b'email,username\n\nada@example.com,"a\nb"\ngrace@example.com,grace\nedsger@example.org\n'
    assert list(read(read_csv, file)) == [
        (3, "ada@example.com"),
        (5, "grace@example.com"),
        (6, LineCode.MALFORMED_LINE),
    ]


@pytest.mark.parametrize("reader", [read_csv, read_ndjson])
def test_bytes_that_are_no_utf_8_are_refused_in_their_line_alone(reader: Reader) -> None:
    csv, ndjson = [b"email", b"\xe9@example.com", b"ada@example.com"], [b'{"email":"\xe9"}', ADA]
    found = list(read(reader, b"\n".join(csv if reader is read_csv else ndjson)))
    assert [content for _, content in found] == [LineCode.NOT_TEXT, "ada@example.com"]


def test_a_nul_is_no_text() -> None:
    assert list(read(read_csv, b"email\nada\0@example.com\n")) == [(2, LineCode.NOT_TEXT)]


def test_a_line_of_json_may_be_too_long_too_deep_or_broken_and_the_next_is_read() -> None:
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


def test_an_element_may_be_too_long_too_deep_or_broken_and_the_next_is_read() -> None:
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
def test_a_realm_that_is_cut_off_is_refused_and_never_read_wrong(length: int) -> None:
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
def test_what_is_no_realm_is_refused(file: bytes) -> None:
    with pytest.raises(MalformedUserFileError):
        list(read(read_keycloak, file))


def test_what_comes_before_the_users_is_passed_over_whatever_it_is() -> None:
    before = {"roles": [["users"] * 1000] * 100, "text": '\\"' * 50_000, "number": 1.5e300, "nothing": None, 'a"b': "]"}
    file = json.dumps(before)[:-1] + ', "users": [' + ADA.decode() + "]}"
    assert list(read(read_keycloak, file.encode())) == [(1, "ada@example.com")]


def test_the_first_fault_of_a_dump_is_told_with_the_number_of_its_user() -> None:
    user = b'{"pk":1,"fields":{"email":"ada@example.com","password":""}}'
    assert until_refused(read_django, b"[" + user + b"," + user + b";" + user + b"]") == (
        [(1, "ada@example.com"), (2, "ada@example.com")],
        3,
    )
