"""Whether somebody knows the password of an account that is known already: no login, no session.

Each wrong password is counted as a failed login, so that no guess is free.
"""

from uuid import UUID

from doorward.core.ports import Database
from doorward.domain.auth.identifiers import read_identifier
from doorward.domain.auth.policy import MAXIMUM_TYPED_LENGTH, is_unicode_text
from doorward.domain.auth.ports import NO_CLIENT, Client, PasswordHasher
from doorward.domain.auth.repositories import Connection, users
from doorward.domain.auth.throttling import STRANGERS, Throttling


class PasswordProof:
    """Checks a password against an account's."""

    def __init__(self, *, database: Database[Connection], hasher: PasswordHasher, throttling: Throttling) -> None:
        """Take the database, the password hasher, and what counts attempts."""
        self._database = database
        self._hasher = hasher
        self._throttling = throttling

    async def is_password_of(self, user_id: UUID, password: str, *, client: Client = NO_CLIENT) -> bool:
        """Tell whether the password is that of an active account. The work is the same for an unknown one.

        Raises ``LoginThrottledError``.
        """
        async with self._database.connection() as connection:
            stored_hash = await users.find_password_hash(connection, user_id)
        return await self._try(user_id, password, stored_hash, client, account=str(user_id))

    async def find_user(self, name: str, password: str, *, client: Client = NO_CLIENT) -> UUID | None:
        """Return the active account of this name or address if the password is its own. All refusals cost the same.

        Raises ``LoginThrottledError``, for an unknown name, too.
        """
        identifier, found = read_identifier(name), None
        if identifier is not None:
            async with self._database.connection() as connection:
                found = await users.find_password(connection, identifier)
        user_id, stored_hash = found or (None, None)
        is_right = await self._try(
            user_id or identifier or name, password, stored_hash, client, account=identifier or ""
        )
        return user_id if is_right else None

    async def _try(
        self, subject: UUID | str, password: str, stored_hash: str | None, client: Client, *, account: str
    ) -> bool:
        checkable = len(password) <= MAXIMUM_TYPED_LENGTH and is_unicode_text(password)
        async with self._throttling.attempt(subject, STRANGERS) as attempt:
            check = await self._hasher.check(
                password if checkable else "", stored_hash if checkable else None, client=client, account=account
            )
        if check.is_correct:
            async with self._database.connection() as connection:
                await self._throttling.forgive(connection, attempt)
        return check.is_correct
