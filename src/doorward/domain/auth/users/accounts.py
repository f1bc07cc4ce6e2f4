"""Use case: get an account by its name or address."""

from doorward.core.ports import Database
from doorward.domain.auth.exceptions import InvalidEmailError, InvalidUsernameError, UserNotFoundError
from doorward.domain.auth.models import NamedUser
from doorward.domain.auth.repositories import Connection, users
from doorward.domain.auth.users.identifiers import canonical_email, canonical_username, is_email


class Accounts:
    """Looks accounts up for an operator. No route may use it: it would reveal who has an account."""

    def __init__(self, *, database: Database[Connection]) -> None:
        self._database = database

    async def get_user(self, name: str) -> NamedUser:
        """Return the user of this user name or e-mail address, in any spelling. Raises ``UserNotFoundError``."""
        try:
            identifier = canonical_email(name) if is_email(name) else canonical_username(name)
        except (InvalidEmailError, InvalidUsernameError) as error:
            raise UserNotFoundError from error
        async with self._database.connection() as connection:
            user = await users.find_user(connection, identifier)
        if user is None:
            raise UserNotFoundError
        return user
