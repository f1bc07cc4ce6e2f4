"""Read the users of Django's ``dumpdata auth.user``, or of another user model with the same fields. Pure.

Groups, permissions and superuser flags are not imported.
"""

from collections.abc import Generator, Mapping
from typing import IO, Any, Final

from doorward.domain.administration.importing import members
from doorward.domain.administration.importing.json_elements import read_elements
from doorward.domain.administration.importing.models import ForeignUser, Line
from doorward.domain.administration.importing.readers import read_users

UNUSABLE: Final = "!"
"""Prefix of a hash that matches no password."""


def read_django(file: IO[bytes]) -> Generator[Line | None]:
    """Yield the users of a dump, skipping objects of other models."""
    return read_users(read_elements(file), _user)


def _user(each: Mapping[str, Any]) -> ForeignUser | None:
    fields = members.json_object(each, "fields")
    if not {"email", "password"} <= fields.keys():
        return None
    password_hash, key = members.text(fields, "password"), members.identifier(each, "pk")
    return ForeignUser(
        email=members.text(fields, "email") or "",
        username=members.text(fields, "username"),
        password_hash=None if password_hash is None or password_hash.startswith(UNUSABLE) else password_hash,
        external_id=key,
        id=key,
        created_at=members.text(fields, "date_joined"),
        is_active=members.boolean(fields, "is_active", default=True),
    )
