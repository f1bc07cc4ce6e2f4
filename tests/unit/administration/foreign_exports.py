"""Export files of other systems, rebuilt by hand with invented people: Ada, Grace and Edsger."""

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

ADA_ID: Final = "11111111-1111-4111-8111-111111111111"
GRACE_ID: Final = "22222222-2222-4222-8222-222222222222"
SALT: Final = "c2FsdHNhbHRzYWx0c2FsdA=="
CHECKSUM: Final = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
BCRYPT: Final = "$2a$10$" + "." * 53


def keycloak() -> bytes:
    """Return a realm with other members around the users; Ada has Argon2, Grace PBKDF2, Edsger no password."""
    realm = {
        "id": "0f5c",
        "realm": "example",
        "displayName": 'The "realm"; [users]: {none}',
        "roles": {"realm": [{"name": "admin", "composite": False, "attributes": {"users": [1, 2]}}]},
        "accessTokenLifespan": 300,
        "users": [_keycloak_ada(), _keycloak_grace(), {"id": "x-3", "username": "edsger", "email": "e@example.org"}],
        "clients": [{"clientId": "account"}],
    }
    return json.dumps(realm, indent=2).encode()


def _keycloak_ada() -> dict[str, Any]:
    parameters = {"hashLength": ["32"], "memory": ["7168"], "type": ["id"], "version": ["1.3"], "parallelism": ["1"]}
    return {
        "id": ADA_ID,
        "username": "ada",
        "firstName": "Ada",
        "email": "ada@example.com",
        "emailVerified": True,
        "createdTimestamp": 1700000000123,
        "enabled": True,
        "totp": True,
        "credentials": [
            {"id": "c-0", "type": "otp", "secretData": '{"value":"secret"}', "credentialData": '{"subType":"totp"}'},
            _credential({"hashIterations": 5, "algorithm": "argon2", "additionalParameters": parameters}),
        ],
        "realmRoles": ["admin", "default-roles-example"],
    }


def _keycloak_grace() -> dict[str, Any]:
    return {
        "id": GRACE_ID,
        "username": "grace@example.com",
        "email": "grace@example.com",
        "emailVerified": False,
        "createdTimestamp": 1600000000000,
        "enabled": False,
        "credentials": [_credential({"hashIterations": 27500, "algorithm": "pbkdf2-sha256"})],
    }


def _credential(data: Mapping[str, Any]) -> dict[str, Any]:
    secret = {"value": CHECKSUM, "salt": SALT, "additionalParameters": {}}
    return {"type": "password", "secretData": json.dumps(secret), "credentialData": json.dumps(data)}


def auth0() -> bytes:
    """Return Ada as in the password hash export, Grace as in the user export, and a blocked Edsger."""
    return _lines(
        {
            "_id": {"$oid": "60425dc43519d90068f82973"},
            "email_verified": True,
            "email": "ada@example.com",
            "passwordHash": BCRYPT,
            "password_set_date": {"$date": "2024-03-05T16:34:19.775Z"},
            "tenant": "dev-example",
            "connection": "Username-Password-Authentication",
            "_tmp_is_unique": True,
        },
        {
            "user_id": "google-oauth2|113",
            "email": "grace@example.com",
            "email_verified": False,
            "name": "Grace",
            "created_at": "2024-03-05T16:34:19.775Z",
            "logins_count": 3,
        },
        {"user_id": "auth0|7", "email": "edsger@example.org", "username": "edsger", "blocked": True},
    )


def firebase() -> bytes:
    ada = {
        "localId": "qJ8mVd0Xk2",
        "email": "ada@example.com",
        "emailVerified": True,
        "passwordHash": CHECKSUM,
        "salt": "c2FsdHNhbHQ=",
        "displayName": "Ada",
        "lastSignedInAt": "1700000000456",
        "createdAt": "1700000000123",
        "disabled": False,
        "providerUserInfo": [],
    }
    grace = {
        "localId": "g-2",
        "email": "grace@example.com",
        "emailVerified": False,
        "createdAt": "1600000000000",
        "disabled": True,
        "providerUserInfo": [{"providerId": "google.com"}],
    }
    return json.dumps({"users": [ada, grace]}).encode()


def supabase() -> bytes:
    """Return columns that the import reads and columns that it ignores; Edsger is deleted."""
    columns = ["instance_id", "id", "aud", "role", "email", "encrypted_password", "email_confirmed_at", "created_at"]
    columns += ["raw_user_meta_data", "is_super_admin", "banned_until", "deleted_at"]
    zero, since, role = "00000000-0000-0000-0000-000000000000", "2024-03-05 16:34:19.775123+00", "authenticated"
    return _csv(
        columns,
        [zero, ADA_ID, role, role, "ada@example.com", BCRYPT, since, since, '{"a": ","}', "t", "", ""],
        [zero, GRACE_ID, role, role, "grace@example.com", "", "", since, "{}", "", since, ""],
        [zero, zero, role, role, "edsger@example.org", BCRYPT, "", since, "{}", "", "", since],
    )


def django() -> bytes:
    """Return a dump with another model in between; Ada is a superuser, and Grace has no usable password."""
    ada = {
        "password": f"pbkdf2_sha256$1000000$seasalt${CHECKSUM}",
        "last_login": "2024-03-06T10:00:00Z",
        "is_superuser": True,
        "username": "ada",
        "first_name": "Ada",
        "email": "ada@example.com",
        "is_staff": True,
        "is_active": True,
        "date_joined": "2024-03-05T16:34:19.775Z",
        "groups": [1],
        "user_permissions": [],
    }
    grace = {**ada, "password": "!unusable", "username": "grace@example.com", "email": "grace@example.com"}
    return json.dumps(
        [
            {"model": "auth.user", "pk": 1, "fields": ada},
            {"model": "auth.group", "pk": 1, "fields": {"name": "editors", "permissions": []}},
            {"model": "accounts.person", "pk": GRACE_ID, "fields": {**grace, "is_active": False}},
        ]
    ).encode()


def _lines(*objects: Mapping[str, Any]) -> bytes:
    return b"".join(json.dumps(each).encode() + b"\n" for each in objects)


def _csv(*rows: Sequence[str]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


FOREIGN_FILES: Final[Mapping[str, Callable[[], bytes]]] = {
    "keycloak": keycloak,
    "auth0": auth0,
    "supabase": supabase,
    "django": django,
    "firebase": firebase,
}
"""The file of each foreign system, by the name of its format."""
