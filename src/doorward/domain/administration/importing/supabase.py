"""Read a CSV with the header and the rows of Supabase's table ``auth.users``. Pure."""

from collections.abc import Generator, Mapping
from typing import IO, Final

from doorward.domain.administration.importing import members
from doorward.domain.administration.importing.csv_rows import read_rows
from doorward.domain.administration.importing.models import ForeignUser, Line, LineCode
from doorward.domain.administration.importing.readers import read_users

REQUIRED: Final = ("id", "email", "encrypted_password")


def read_supabase(file: IO[bytes]) -> Generator[Line | None]:
    """Yield the users of a Supabase project. Additional columns are ignored."""
    return read_users(read_rows(file, required=REQUIRED, allowed=None), _user)


def _user(row: Mapping[str, str]) -> ForeignUser | LineCode:
    if row.get("deleted_at"):
        return LineCode.DELETED
    return ForeignUser(
        email=row["email"],
        password_hash=members.text(row, "encrypted_password"),
        external_id=members.text(row, "id"),
        id=members.text(row, "id"),
        is_verified=members.text(row, "email_confirmed_at") is not None,
        created_at=members.text(row, "created_at"),
        # Supabase keeps expired bans. The operator activates such users again, not the import.
        is_active=members.text(row, "banned_until") is None,
    )
