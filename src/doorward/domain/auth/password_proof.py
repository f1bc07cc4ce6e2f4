"""Whether somebody knows the password of an account that is known already: no login, no session."""

from uuid import UUID

from doorward.core.ports import Database
from doorward.domain.auth.identifiers import read_identifier
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
        return await self._is_correct(password, stored_hash, client, account=str(user_id))

    async def find_user(self, name: str, password: str, *, client: Client = NO_CLIENT) -> UUID | None:
        """Return the active account of this name or address if the password is its own. All refusals cost the same."""
        identifier = read_identifier(name)
        credentials = None
        if identifier is not None:
            async with self._database.connection() as connection:
                credentials = await users.find_credentials(connection, identifier)
        stored_hash = credentials.password_hash if credentials and credentials.is_active else None
        is_correct = await self._is_correct(password, stored_hash, client, account=identifier or "")
        return credentials.user_id if credentials and is_correct else None

    async def _is_correct(self, password: str, stored_hash: str | None, client: Client, *, account: str) -> bool:
        checkable = len(password) <= MAXIMUM_TYPED_LENGTH and is_unicode_text(password)
        check = await self._hasher.check(
            password if checkable else "", stored_hash if checkable else None, client=client, account=account
        )
        return check.is_correct
