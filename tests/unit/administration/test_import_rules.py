"""The rules by which users of a file are validated and stored."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorward.domain.administration.importing.models import ForeignUser, ImportableRole, ImportedUser, LineCode
from doorward.domain.administration.importing.rules import ImportRules, refusal_of_roles, validate_user
from doorward.domain.auth.exceptions import InvalidEmailError
from doorward.domain.auth.ports import HashRefusal
from doorward.domain.auth.users.identifiers import read_email
from tests.unit.administration.foreign_exports import ADA_ID

NOW: Final = datetime(2026, 1, 1, tzinfo=UTC)
ADA: Final = ForeignUser(email="Ada@Example.COM", username="Ada", external_id="7")


class Hashes:
    """Refuse each hash whose text is the name of a refusal."""

    def refusal_of(self, stored_hash: str) -> HashRefusal | None:
        return HashRefusal(stored_hash) if stored_hash in set(HashRefusal) else None


def validated(user: ForeignUser, *, keeps_ids: bool = False) -> ImportedUser | LineCode:
    return validate_user(user, ImportRules(Hashes(), keeps_ids, NOW))


def stored(user: ForeignUser, *, keeps_ids: bool = False) -> ImportedUser:
    made = validated(user, keeps_ids=keeps_ids)
    assert isinstance(made, ImportedUser)
    return made


def test_names_and_addresses_are_stored_as_by_registration() -> None:
    user = stored(ADA)
    assert (user.email, user.email_key) == ("Ada@example.com", "ada@example.com")
    assert (user.username, user.username_key) == ("Ada", "ada")
    assert (user.external_id, user.password_hash, user.roles, user.is_active) == ("7", None, (), True)


ADDRESSES: Final = st.from_regex(
    r"\s?[a-zA-Z0-9_.+\-'\u00e9]{1,70}@[a-zA-Z0-9.\-\u00fc]{1,30}(\.com|\.test|@a|)\s?", fullmatch=True
)


@given(text=ADDRESSES)
def test_an_address_is_validated_as_by_registration(text: str) -> None:
    try:
        address = read_email(text)
    except InvalidEmailError:
        assert validated(replace(ADA, email=text)) is LineCode.INVALID_EMAIL
        return
    user = stored(replace(ADA, email=text))
    assert (user.email, user.email_key) == (address.shown, address.key)


@pytest.mark.parametrize("username", [None, "ada@example.com", "someone@else.example"])
def test_a_missing_name_or_an_address_in_its_place_is_replaced_by_a_random_name(username: str | None) -> None:
    names = {stored(replace(ADA, username=username)).username for _ in range(20)}
    assert len(names) == 20
    assert all(re.fullmatch(r"u-[0-9a-hjkmnp-tv-z]{10}", name) for name in names)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"email": ""}, LineCode.INVALID_EMAIL),
        ({"email": "ada"}, LineCode.INVALID_EMAIL),
        ({"email": "a\0@example.com"}, LineCode.INVALID_EMAIL),
        ({"email": "\ud800@example.com"}, LineCode.INVALID_EMAIL),
        ({"username": "a b"}, LineCode.INVALID_USERNAME),
        ({"username": "\u0430da"}, LineCode.INVALID_USERNAME),
        ({"username": "x" * 33}, LineCode.INVALID_USERNAME),
        ({"external_id": "x" * 256}, LineCode.INVALID_EXTERNAL_ID),
        ({"external_id": " 7"}, LineCode.INVALID_EXTERNAL_ID),
        ({"external_id": "7\u3000"}, LineCode.INVALID_EXTERNAL_ID),
        ({"external_id": "a\0b"}, LineCode.INVALID_EXTERNAL_ID),
        ({"external_id": "a\ud800"}, LineCode.INVALID_EXTERNAL_ID),
        ({"created_at": "yesterday"}, LineCode.INVALID_TIME),
        ({"created_at": "2026-01-02T00:00:01Z"}, LineCode.INVALID_TIME),
        ({"created_at": "0001-01-01T00:00:00+14:00"}, LineCode.INVALID_TIME),
        ({"roles": ("no role",)}, LineCode.UNKNOWN_ROLE),
        ({"roles": ("admin", "a\0b")}, LineCode.UNKNOWN_ROLE),
        ({"roles": tuple(f"role-{number}" for number in range(21))}, LineCode.TOO_MANY_ROLES),
        ({"password_hash": "hash_unsupported"}, LineCode.HASH_UNSUPPORTED),
        ({"password_hash": "hash_too_costly"}, LineCode.HASH_TOO_COSTLY),
        ({"password_hash": "hash_needs_signer_key"}, LineCode.HASH_NEEDS_SIGNER_KEY),
        ({"password_hash": "hash_needs_package"}, LineCode.HASH_NEEDS_PACKAGE),
    ],
)
def test_an_invalid_user_is_refused_with_a_code(changes: dict[str, object], code: LineCode) -> None:
    assert validated(replace(ADA, **changes)) is code  # type: ignore[arg-type] # each value has the type of its field


def test_a_uuid_is_stored_as_the_id_only_if_ids_are_kept() -> None:
    user = replace(ADA, id=ADA_ID)
    assert stored(user, keeps_ids=True).id == UUID(ADA_ID)
    assert stored(user).id != UUID(ADA_ID)


@pytest.mark.parametrize(
    "text", ["7", ADA_ID.replace("-", ""), "{" + ADA_ID[1:-1] + "}", "urn:uuid:" + ADA_ID, "x" * 36]
)
def test_an_id_that_is_not_a_uuid_is_not_kept(text: str) -> None:
    made = stored(replace(ADA, id=text, external_id=None), keeps_ids=True)
    assert str(made.id) != text
    assert made.external_id == text


def test_an_id_that_is_not_kept_becomes_the_external_id_unless_one_is_given() -> None:
    assert stored(replace(ADA, id=ADA_ID, external_id=None)).external_id == ADA_ID
    assert stored(replace(ADA, id=ADA_ID)).external_id == "7"
    assert stored(replace(ADA, id=ADA_ID, external_id=None), keeps_ids=True).external_id is None


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2024-03-05T16:34:19.775Z", datetime(2024, 3, 5, 16, 34, 19, 775000, tzinfo=UTC)),
        ("2024-03-05 16:34:19.775123+00", datetime(2024, 3, 5, 16, 34, 19, 775123, tzinfo=UTC)),
        ("2024-03-05T16:34:19+02:00", datetime(2024, 3, 5, 14, 34, 19, tzinfo=UTC)),
        ("2024-03-05", datetime(2024, 3, 5, tzinfo=UTC)),
        (None, None),
    ],
)
def test_timestamps_of_other_systems_are_read(text: str | None, moment: datetime | None) -> None:
    assert stored(replace(ADA, created_at=text)).created_at == moment


ROLES: Final = {
    "support": ImportableRole(uuid4(), "support", ["admin:users:read"]),
    "admin": ImportableRole(uuid4(), "admin", ["admin:users:read", "admin:users:write"]),
}


@pytest.mark.parametrize(
    ("roles", "own", "refusal"),
    [
        ((), frozenset(), None),
        (("support",), frozenset({"admin:users:read"}), None),
        (("admin",), frozenset({"admin:users:read"}), LineCode.BEYOND_OWN_SCOPES),
        (("support", "admin"), frozenset({"admin:users:read"}), LineCode.BEYOND_OWN_SCOPES),
        (("support", "editor"), frozenset({"admin:users:read"}), LineCode.UNKNOWN_ROLE),
    ],
)
def test_roles_must_exist_and_stay_within_the_callers_own_scopes(
    roles: tuple[str, ...], own: frozenset[str], refusal: LineCode | None
) -> None:
    assert refusal_of_roles(stored(replace(ADA, roles=roles)), ROLES, own) is refusal
