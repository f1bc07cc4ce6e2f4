"""New passwords of accounts that exist: which are refused, and the hash that is stored."""

from collections.abc import Collection

from doorward.domain.auth.policy import check_new_password
from doorward.domain.auth.ports import Client, PasswordHasher


class NewPasswords:
    """Checks and hashes by the rules of sign-up."""

    def __init__(self, *, hasher: PasswordHasher, common_passwords: Collection[str]) -> None:
        """Take the password hasher, and the passwords that are too common."""
        self._hasher = hasher
        self._common_passwords = common_passwords

    def check(self, password: str, *, username: str, email: str) -> None:
        """Refuse what sign-up would refuse. Raises the ``Password...Error`` classes."""
        check_new_password(password, username=username, email=email, common_passwords=self._common_passwords)

    async def hash(self, password: str, *, client: Client, account: str) -> str:
        """Return the hash of a password that was checked."""
        return await self._hasher.hash(password, client=client, account=account)
