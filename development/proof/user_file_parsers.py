"""Properties of the readers of user files and of foreign password hashes, for any bytes."""

import io
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Final

from doorward.core.exceptions import DomainError
from doorward.domain.administration.importing.auth0 import read_auth0
from doorward.domain.administration.importing.django import read_django
from doorward.domain.administration.importing.firebase import FirebaseReader
from doorward.domain.administration.importing.keycloak import read_keycloak
from doorward.domain.administration.importing.models import ForeignUser, ImportedUser, Reader
from doorward.domain.administration.importing.own_files import read_csv, read_ndjson
from doorward.domain.administration.importing.rules import ImportRules, validate_user
from doorward.domain.administration.importing.supabase import read_supabase
from doorward.domain.administration.importing.text_files import is_text
from doorward.infrastructure.foreign_hashes import ForeignHashes

_HASHES: Final = ForeignHashes(signer_key=bytes(64))
_RULES: Final = ImportRules(_HASHES, keeps_ids=True, now=datetime(2026, 1, 1, tzinfo=UTC))
_READERS: Final[Mapping[str, Reader]] = {
    "csv": read_csv,
    "ndjson": read_ndjson,
    "keycloak": read_keycloak,
    "auth0": read_auth0,
    "firebase": FirebaseReader(salt_separator="Bw==", rounds=8, mem_cost=14),
    "supabase": read_supabase,
    "django": read_django,
}


class BrokenFilePropertyError(Exception):
    """A reader violated a property."""


def _require(holds: bool, what: str) -> None:  # noqa: FBT001 - it is an assertion
    if not holds:
        raise BrokenFilePropertyError(what)


def _read_users(reader: Reader, data: bytes) -> None:
    """Check that a file is refused, or each line is an error code or a user that PostgreSQL can store."""
    number = 0
    try:
        for line in reader(io.BytesIO(data)):
            if line is None:
                continue
            _require(line.number > number, "a line was counted twice")
            number = line.number
            validated = validate_user(line.content, _RULES) if isinstance(line.content, ForeignUser) else line.content
            if isinstance(validated, ImportedUser):
                texts = (validated.email, validated.email_key, validated.username, *validated.roles)
                texts += (validated.external_id or "", validated.password_hash or "")
                _require(all(map(is_text, texts)), "a user cannot be stored")
    except DomainError:
        return


def foreign_hash_reader(data: bytes) -> None:
    """Check that a text is refused by name, or is a short ASCII line that a login can verify."""
    text = data.decode(errors="surrogateescape")
    if _HASHES.refusal_of(text) is None:
        _require(len(text) <= 512 and text.isascii() and text.isprintable(), "a hash is no text")  # noqa: PLR2004 - the limit


_ADA: Final = b'{"id":"11111111-1111-4111-8111-111111111111","username":"ada","email":"ada@example.com"'
_PASSWORD: Final = (
    b'{"type":"password","secretData":"{\\"value\\":\\"AAAA\\",\\"salt\\":\\"AAAA\\"}",'
    b'"credentialData":"{\\"hashIterations\\":1,\\"algorithm\\":\\"pbkdf2-sha256\\"}"}'
)
SEEDS: Final[Mapping[str, tuple[bytes, ...]]] = {
    "foreign_hash_reader": (
        b"$argon2id$v=19$m=1024,t=1,p=1$c2FsdHNhbHQ$" + b"A" * 43,
        b"$scrypt$ln=10,r=8,p=1$c2FsdHNhbHQ$" + b"A" * 43,
        b"pbkdf2_sha256$1000$seasalt$" + b"A" * 43,
        b"bcrypt_sha256$$2b$04$" + b"." * 53,
        b"$P$B12345678" + b"." * 22,
    ),
    "users_of_csv": (b"email,roles,active\nada@example.com,support,true\n", b'email;id\n"a@b.example";7\n'),
    "users_of_ndjson": (_ADA + b',"roles":["support"]}\n',),
    "users_of_keycloak": (b'{"a":[1],"users":[' + _ADA + b',"credentials":[' + _PASSWORD + b"]}]}",),
    "users_of_auth0": (b'{"_id":{"$oid":"6"},"email":"ada@example.com","passwordHash":"x"}\n',),
    "users_of_firebase": (b'{"users":[{"localId":"q","email":"a@b.example","createdAt":"1700000000000"}]}',),
    "users_of_supabase": (b"id,email,encrypted_password,created_at\n7,a@b.example,,2024-03-05 16:34:19.775123+00\n",),
    "users_of_django": (b'[{"pk":1,"fields":{"email":"a@b.example","password":"!","date_joined":"2024-03-05"}}]',),
}
"""Valid inputs from which the fuzzer starts."""

PARSERS: Final[Mapping[str, Callable[[bytes], None]]] = {
    "foreign_hash_reader": foreign_hash_reader,
    **{f"users_of_{name}": partial(_read_users, reader) for name, reader in _READERS.items()},
}
