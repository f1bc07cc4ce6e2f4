"""Read Auth0's NDJSON: the export of users, or the file with password hashes that its support provides. Pure."""

from collections.abc import Generator, Mapping
from typing import IO, Any, Final

from doorward.domain.administration.importing import members
from doorward.domain.administration.importing.json_lines import read_lines
from doorward.domain.administration.importing.models import ForeignUser, Line
from doorward.domain.administration.importing.readers import read_users

DATABASE_PREFIX: Final = "auth0|"
"""Prefix of the ids of users with a password."""


def read_auth0(file: IO[bytes]) -> Generator[Line | None]:
    """Yield the users of an Auth0 tenant."""
    return read_users(read_lines(file), _user)


def _user(each: Mapping[str, Any]) -> ForeignUser:
    object_id = members.text(members.json_object(each, "_id"), "$oid")
    external_id = members.text(each, "user_id") or (DATABASE_PREFIX + object_id if object_id else None)
    return ForeignUser(
        email=members.text(each, "email") or "",
        username=members.text(each, "username"),
        password_hash=members.text(each, "passwordHash", "password_hash"),
        external_id=external_id,
        is_verified=members.boolean(each, "email_verified", default=False),
        created_at=members.text(each, "created_at"),
        is_active=not members.boolean(each, "blocked", default=False),
    )
