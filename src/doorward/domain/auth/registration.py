"""Use case: sign up."""

from collections.abc import Collection
from uuid import uuid4

from doorward.core.exceptions import DomainError
from doorward.core.logging import get_logger
from doorward.core.ports import Database
from doorward.domain.auth import repository
from doorward.domain.auth.exceptions import EmailTakenError, UsernameTakenError
from doorward.domain.auth.identifiers import canonical_email, display_username
from doorward.domain.auth.models import User
from doorward.domain.auth.policy import check_new_password
from doorward.domain.auth.ports import PasswordHasher

logger = get_logger()


class Registration:
    """Makes accounts."""

    def __init__(
        self, *, database: Database[repository.Connection], hasher: PasswordHasher, common_passwords: Collection[str]
    ) -> None:
        """Take the database, the password hasher, and the passwords to refuse (case-folded NFKC)."""
        self._database = database
        self._hasher = hasher
        self._common_passwords = common_passwords

    async def register(self, *, email: str, username: str, password: str) -> User:
        """Make an account, committed when this returns.

        Of several registrations of one name or address, in any spelling, exactly one succeeds. A taken name takes as
        long as a free one: a hash, and a commit on the disk. Raises ``InvalidEmailError``, ``InvalidUsernameError``,
        the ``Password...Error`` classes, ``EmailTakenError``, ``UsernameTakenError``.
        """
        try:
            user = await self._register(email, username, password)
        except DomainError as refusal:
            logger.info("auth.registration.refused", outcome="failure", reason=refusal.code)
            raise
        logger.info("auth.user.registered", outcome="success", new_user_id=str(user.id))
        return user

    async def _register(self, email: str, username: str, password: str) -> User:
        address = canonical_email(email)
        name = display_username(username)
        check_new_password(password, username=name, email=address, common_passwords=self._common_passwords)
        password_hash = await self._hasher.hash(password)
        user = User(id=uuid4(), email=address, username=name, is_active=True)
        async with self._database.connection() as connection:
            if await repository.add_user(connection, user, password_hash):
                return user
            rival_email = await repository.lock_rival(connection, user)
        raise EmailTakenError if rival_email == user.email else UsernameTakenError
