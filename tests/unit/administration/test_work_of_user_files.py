"""A user of a file, or the text between two, blocks the event loop for at most the equivalent of 100 ms."""

import io
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Final

import pytest

from doorward.core.exceptions import DomainError
from doorward.domain.administration.importing.django import read_django
from doorward.domain.administration.importing.keycloak import read_keycloak
from doorward.domain.administration.importing.models import ForeignUser, Reader
from doorward.domain.administration.importing.own_files import read_csv, read_ndjson
from doorward.domain.administration.importing.rules import ImportRules, validate_user
from doorward.infrastructure.foreign_hashes import ForeignHashes
from tests.unit import worst_inputs
from tests.unit.processor_time import share_of_budget, share_of_first_call

SIZE: Final = 65_000
_RULES: Final = ImportRules(ForeignHashes(), keeps_ids=True, now=datetime(2026, 1, 1, tzinfo=UTC))


def csv_files() -> Mapping[str, bytes]:
    header = "email,username,password_hash,roles\n"
    rows = {
        "roles": f'a@b.example,a,,"{"a " * (SIZE // 2)}"\n',
        "separators of roles": f'a@b.example,a,,"{" " * SIZE}"\n',
        "a hash": f"a@b.example,a,{'$' * SIZE},\n",
        "a salt": f"a@b.example,a,pbkdf2_sha256$1${'s' * SIZE}$AAAA,\n",
        "quotes": f'"{chr(34) * 2 * (SIZE // 2)}",x,,\n',
        "an open quote over many lines": '"' + "\n" * 70_000,
        "empty lines": "\n" * 70_000,
        "one long line": "a" * 140_000,
        "commas": "," * SIZE + "\n",
        "apostrophes": "'" * (SIZE - 10) + ",,,\n",
    }
    names = {f"{name}, user name": f"a@b.example,{text},,\n" for name, text in worst_inputs.texts(SIZE - 100).items()}
    files = {name: (header + row).encode() for name, row in {**rows, **names}.items()}
    return {**files, "columns": (",".join(f"a{number}" for number in range(9_000)) + "\n").encode()}


def json_values() -> Mapping[str, bytes]:
    """Return users and invalid values in their place, at and above the maximum length."""
    named = b'{"email":'
    return {
        "open arrays": b"[" * 140_000,
        "open objects": b'{"a":' * 70_000,
        "quotes": b'""' * 70_000,
        "escapes": named + b'"' + rb"\"" * 70_000 + b'"}',
        "backslashes": named + b'"' + rb"\\" * 70_000 + b'"}',
        "white space": b" " * 140_000,
        "a scalar": b"9" * 140_000,
        "digits": named + b"9" * 65_000 + b"}",
        "numbers of 4,299 digits": named + b"[" + b",".join([b"9" * 4299] * 15) + b"]}",
        "members": b"{" + b",".join(b'"%x":1' % number for number in range(7_000)) + b"}",
        "arrays in a member": named + b"[" * 30_000 + b"]" * 30_000 + b"}",
        "roles": b'{"email":"a@b.example","roles":[' + b",".join([b'"a"'] * 16_000) + b"]}",
        "escaped surrogates": named + b'"' + rb"\ud83d\ude00" * 5_400 + b'"}',
    }


def _files() -> Iterable[tuple[str, Reader, bytes]]:
    for name, file in csv_files().items():
        yield f"csv: {name}", read_csv, file
    for name, value in json_values().items():
        yield f"ndjson: {name}", read_ndjson, value + b"\n"
        yield f"keycloak: {name}", read_keycloak, b'{"users":[' + value + b"]}"
        yield f"before the users: {name}", read_keycloak, b'{"a":' + value + b',"users":[]}'
        yield f"django: {name}", read_django, b'[{"pk":1,"fields":' + value + b"}]"


def _steps(reader: Reader, file: bytes) -> Iterable[Callable[[], object]]:
    """Yield a function that reads and validates the next user; the event loop runs between two of them."""
    lines = reader(io.BytesIO(file))
    is_over = False

    def step() -> None:
        nonlocal is_over
        try:
            line = next(lines)
        except (StopIteration, DomainError):
            is_over = True
            return
        if line is not None and isinstance(line.content, ForeignUser):
            validate_user(line.content, _RULES)

    while not is_over:
        yield step


def test_no_user_of_a_file_blocks_the_event_loop_for_100_ms(findings: list[str]) -> None:
    shares = {name: max(map(share_of_first_call, _steps(reader, file))) for name, reader, file in _files()}
    worst = max(shares, key=lambda name: shares[name])
    findings.append(f"work of input: user of a file: {shares[worst] * 100:.1f} of 100 ms for {worst}")
    assert {name: share for name, share in shares.items() if share > 1} == {}


@pytest.mark.parametrize(
    "beginning", ["$argon2id$v=19$m=8,t=1,p=1$", "$scrypt$ln=1,r=1,p=1$", "pbkdf2_sha256$1$", "$P$"]
)
def test_no_hash_of_a_file_blocks_the_event_loop_for_100_ms(beginning: str) -> None:
    texts = [beginning + part * (SIZE // len(part)) for part in ("A", "$", "A$", "=", "1")]
    assert max(share_of_budget(lambda text=text: ForeignHashes().refusal_of(text)) for text in texts) < 1  # type: ignore[misc] # bound now
