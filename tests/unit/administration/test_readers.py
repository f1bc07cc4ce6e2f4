"""Each reader returns the users of its system's export."""

import io
import json
from pathlib import Path
from typing import Final

import pytest

from doorward.domain.administration.importing.auth0 import read_auth0
from doorward.domain.administration.importing.django import read_django
from doorward.domain.administration.importing.firebase import FirebaseReader
from doorward.domain.administration.importing.keycloak import read_keycloak
from doorward.domain.administration.importing.models import ForeignUser, Line, LineCode, Reader
from doorward.domain.administration.importing.own_files import read_csv, read_ndjson
from doorward.domain.administration.importing.supabase import read_supabase
from doorward.infrastructure.foreign_hashes import ForeignHashes
from tests.unit.administration import foreign_exports
from tests.unit.administration.foreign_exports import ADA_ID, BCRYPT, CHECKSUM, GRACE_ID

UNPADDED: Final = CHECKSUM.rstrip("=")
FIREBASE: Final = FirebaseReader(salt_separator="Bw==", rounds=8, mem_cost=14)


def read(reader: Reader, file: bytes) -> list[Line]:
    return [line for line in reader(io.BytesIO(file)) if line is not None]


def test_keycloak_users_have_argon2_or_pbkdf2_hashes_and_no_roles() -> None:
    assert read(read_keycloak, foreign_exports.keycloak()) == [
        Line(
            1,
            ForeignUser(
                email="ada@example.com",
                username="ada",
                password_hash=f"$argon2id$v=19$m=7168,t=5,p=1$c2FsdHNhbHRzYWx0c2FsdA${UNPADDED}",
                external_id=ADA_ID,
                id=ADA_ID,
                is_verified=True,
                created_at="2023-11-14T22:13:20.123000+00:00",
            ),
        ),
        Line(
            2,
            ForeignUser(
                email="grace@example.com",
                username="grace@example.com",
                password_hash=f"$pbkdf2-sha256$27500$c2FsdHNhbHRzYWx0c2FsdA${UNPADDED}",
                external_id=GRACE_ID,
                id=GRACE_ID,
                created_at="2020-09-13T12:26:40+00:00",
                is_active=False,
            ),
        ),
        Line(3, ForeignUser(email="e@example.org", username="edsger", external_id="x-3", id="x-3")),
    ]


def test_auth0_users_have_the_ids_of_the_user_export() -> None:
    assert read(read_auth0, foreign_exports.auth0()) == [
        Line(
            1,
            ForeignUser(
                email="ada@example.com",
                password_hash=BCRYPT,
                external_id="auth0|60425dc43519d90068f82973",
                is_verified=True,
            ),
        ),
        Line(
            2,
            ForeignUser(
                email="grace@example.com", external_id="google-oauth2|113", created_at="2024-03-05T16:34:19.775Z"
            ),
        ),
        Line(3, ForeignUser(email="edsger@example.org", username="edsger", external_id="auth0|7", is_active=False)),
    ]


def test_firebase_hashes_contain_the_parameters_of_the_project() -> None:
    assert read(FIREBASE, foreign_exports.firebase()) == [
        Line(
            1,
            ForeignUser(
                email="ada@example.com",
                password_hash=f"$firebase-scrypt$ln=14,r=8$Bw$c2FsdHNhbHQ${UNPADDED}",
                external_id="qJ8mVd0Xk2",
                is_verified=True,
                created_at="2023-11-14T22:13:20.123000+00:00",
            ),
        ),
        Line(
            2,
            ForeignUser(
                email="grace@example.com",
                external_id="g-2",
                created_at="2020-09-13T12:26:40+00:00",
                is_active=False,
            ),
        ),
    ]


def test_supabase_confirmed_and_banned_users_are_read_and_deleted_ones_are_reported() -> None:
    since = "2024-03-05 16:34:19.775123+00"
    assert read(read_supabase, foreign_exports.supabase()) == [
        Line(
            2,
            ForeignUser(
                email="ada@example.com",
                password_hash=BCRYPT,
                external_id=ADA_ID,
                id=ADA_ID,
                is_verified=True,
                created_at=since,
            ),
        ),
        Line(
            3,
            ForeignUser(
                email="grace@example.com", external_id=GRACE_ID, id=GRACE_ID, created_at=since, is_active=False
            ),
        ),
        Line(4, LineCode.DELETED),
    ]


def test_django_users_of_any_model_are_read_and_superusers_get_no_role() -> None:
    assert read(read_django, foreign_exports.django()) == [
        Line(
            1,
            ForeignUser(
                email="ada@example.com",
                username="ada",
                password_hash=f"pbkdf2_sha256$1000000$seasalt${CHECKSUM}",
                external_id="1",
                id="1",
                created_at="2024-03-05T16:34:19.775Z",
            ),
        ),
        Line(
            3,
            ForeignUser(
                email="grace@example.com",
                username="grace@example.com",
                external_id=GRACE_ID,
                id=GRACE_ID,
                created_at="2024-03-05T16:34:19.775Z",
                is_active=False,
            ),
        ),
    ]


def test_an_unsupported_algorithm_of_an_old_keycloak_is_reported() -> None:
    user = {"email": "ada@example.com", "credentials": [{"type": "password", "credentialData": '{"algorithm":"sha1"}'}]}
    user["credentials"][0]["secretData"] = "{}"  # type: ignore[index] # a dict
    assert read(read_keycloak, json.dumps({"users": [user]}).encode()) == [Line(1, LineCode.HASH_UNSUPPORTED)]


OWN: Final = ForeignUser(
    email="ada@example.com",
    username="ada",
    password_hash=BCRYPT,
    external_id="7",
    id=ADA_ID,
    is_verified=True,
    roles=("support", "auditor"),
    created_at="2024-03-05T16:34:19.775123+00:00",
    is_active=False,
)


@pytest.mark.parametrize("separator", [",", ";"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_csv_columns_are_read_in_any_order_with_commas_or_semicolons(separator: str, mark: bytes) -> None:
    rows = [
        ["Roles", "EMAIL", "active", "id", "password_hash", "username", "external_id", "email_verified", "created_at"],
        ["support auditor", OWN.email, "false", ADA_ID, BCRYPT, "ada", "7", "TRUE", "2024-03-05T16:34:19.775123+00:00"],
    ]
    file = mark + "\r\n".join(separator.join(row) for row in rows).encode()
    assert read(read_csv, file) == [Line(2, OWN)]


def test_ndjson_members_have_the_names_of_the_csv_columns() -> None:
    members = {
        "email": OWN.email,
        "username": "ada",
        "password_hash": BCRYPT,
        "external_id": 7,
        "email_verified": True,
        "roles": ["support", "auditor"],
        "created_at": "2024-03-05T16:34:19.775123+00:00",
        "id": ADA_ID,
        "active": False,
    }
    assert read(read_ndjson, json.dumps(members).encode() + b"\n\n") == [Line(1, OWN)]


@pytest.mark.parametrize(
    ("reader", "file"),
    [
        (read_ndjson, b'{"email": 7}'),
        (read_ndjson, b'{"email": "a@b.example", "password": "secret"}'),
        (read_ndjson, b'{"email": "a@b.example", "roles": "admin"}'),
        (read_ndjson, b'{"email": "a@b.example", "active": "no"}'),
        (read_csv, b"email,active\na@b.example,perhaps\n"),
        (read_csv, b"email,active\na@b.example\n"),
        (read_keycloak, b'{"users": [{"email": "a@b.example", "credentials": {"type": "password"}}]}'),
        (read_keycloak, b'{"users": [{"email": "a@b.example", "credentials": [{"type": "password"}]}]}'),
        (read_keycloak, b'{"users": [{"email": "a@b.example", "createdTimestamp": -1}]}'),
        (read_keycloak, b'{"users": [{"email": "a@b.example", "createdTimestamp": 99999999999999999999}]}'),
        (read_keycloak, b'{"users": ["ada"]}'),
        (read_auth0, b'{"email": "a@b.example", "_id": "60425"}'),
        (FIREBASE, b'{"users": [{"email": "a@b.example", "createdAt": "yesterday"}]}'),
        (read_django, b'[{"pk": 1, "fields": {"email": ["a"], "password": ""}}]'),
    ],
)
def test_a_member_of_the_wrong_type_makes_its_line_malformed(reader: Reader, file: bytes) -> None:
    assert [line.content for line in read(reader, file)] == [LineCode.MALFORMED_LINE]


REAL_REALM: Final = Path(__file__).with_name("keycloak_realm.txt")
"""Exported by Keycloak 26.4.0 with `development/keycloak_realm.py`."""


@pytest.mark.parametrize(
    ("place", "email", "beginning"),
    [
        (0, "ada@example.com", "$argon2id$v=19$m=7168,t=5,p=1$"),
        (1, "barbara@example.com", "$pbkdf2-sha1$"),
        (2, "edsger@example.com", "$pbkdf2-sha256$"),
        (3, "grace@example.com", "$pbkdf2-sha512$"),
    ],
)
def test_passwords_of_a_real_keycloak_match_its_exported_hashes(place: int, email: str, beginning: str) -> None:
    users = [line.content for line in read(read_keycloak, REAL_REALM.read_bytes())]
    user = users[place]
    assert isinstance(user, ForeignUser)
    assert (user.email, user.username, len(users)) == (email, email.partition("@")[0], 4)
    assert (user.is_verified, user.is_active) == (email[0] != "e", email[0] != "b")
    assert user.roles == ()
    assert user.password_hash is not None
    assert user.password_hash.startswith(beginning)
    verify, wrong = (ForeignHashes().read(user.password_hash) for _ in range(2))
    assert verify is not None
    assert wrong is not None
    assert verify("correct horse battery")
    assert not wrong("correct horse battery ")


def test_passwords_of_a_real_django_match_its_dumped_hashes() -> None:
    """Made by `development/django_dump.py`."""
    dump = Path(__file__).with_name("django_dump.txt").read_bytes()
    ada, grace, edsger = (line.content for line in read(read_django, dump))
    assert isinstance(ada, ForeignUser)
    assert isinstance(grace, ForeignUser)
    assert isinstance(edsger, ForeignUser)
    assert (ada.email, ada.username, ada.external_id, ada.roles) == ("ada@example.com", "ada", "1", ())
    assert (edsger.password_hash, edsger.is_active) == (None, False)
    for user in (ada, grace):
        assert user.password_hash is not None
        verify = ForeignHashes().read(user.password_hash)
        assert verify is not None
        assert verify("correct horse battery")
