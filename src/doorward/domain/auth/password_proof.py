"""Whether somebody knows the password of an account that is known already: no login, no session."""

from uuid import UUID

from doorward.core.ports import Database
from doorward.domain.auth.policy import MAXIMUM_TYPED_LENGTH, is_unicode_text
from doorward.domain.auth.ports import NO_CLIENT, Client, PasswordHasher
from doorward.domain.auth.repositories import Connection, users


class PasswordProof:
    """Checks a password against an account's."""

    def __init__(self, *, database: Database[Connection], hasher: PasswordHasher) -> None:
        """Take the database and the password hasher."""
        self._database = database
        self._hasher = hasher

    async def is_password_of(self, user_id: UUID, password: str, *, client: Client = NO_CLIENT) -> bool:
        """Tell whether the password is that of an active account. The work is the same for an unknown one."""
        async with self._database.connection() as connection:
            stored_hash = await users.find_password_hash(connection, user_id)
        checkable = len(password) <= MAXIMUM_TYPED_LENGTH and is_unicode_text(password)
        check = await self._hasher.check(
            password if checkable else "", stored_hash if checkable else None, client=client, account=str(user_id)
        )
        return check.is_correct
