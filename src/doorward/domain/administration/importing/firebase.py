"""Read the file of ``firebase auth:export users.json --format=JSON``. Pure.

Its hashes are converted to this service's own format, with the parameters that all users of a project share.
"""

from collections.abc import Generator, Mapping
from typing import IO, Any

from doorward.core.frozen import frozen
from doorward.domain.administration.importing import members
from doorward.domain.administration.importing.json_elements import read_elements
from doorward.domain.administration.importing.models import ForeignUser, Line
from doorward.domain.administration.importing.readers import read_users


@frozen
class FirebaseReader:
    """Read the users of a project with these password hash parameters."""

    salt_separator: str
    rounds: int
    mem_cost: int

    def __call__(self, file: IO[bytes]) -> Generator[Line | None]:
        """Yield the users of the project."""
        return read_users(read_elements(file, member="users"), self._user)

    def _user(self, each: Mapping[str, Any]) -> ForeignUser:
        return ForeignUser(
            email=members.text(each, "email") or "",
            password_hash=self._password_hash(each),
            external_id=members.text(each, "localId"),
            is_verified=members.boolean(each, "emailVerified", default=False),
            created_at=members.milliseconds(each, "createdAt"),
            is_active=not members.boolean(each, "disabled", default=False),
        )

    def _password_hash(self, each: Mapping[str, Any]) -> str | None:
        checksum, salt = members.text(each, "passwordHash"), members.text(each, "salt")
        if checksum is None:
            return None
        costs = f"ln={self.mem_cost},r={self.rounds}"
        parts = (self.salt_separator, salt or "", checksum)
        return "$".join(["", "firebase-scrypt", costs, *(part.rstrip("=") for part in parts)])
