"""Use case: which account somebody means."""

from doorward.core.ports import Database
from doorward.domain.auth import repository
from doorward.domain.auth.exceptions import InvalidEmailError, InvalidUsernameError, UserNotFoundError
from doorward.domain.auth.identifiers import canonical_email, canonical_username, is_email
from doorward.domain.auth.models import User


class Accounts:
    """Looks accounts up for an operator. No route leads here: names of users are nobody else's business."""

    def __init__(self, *, database: Database[repository.Connection]) -> None:
        """Take the database."""
        self._database = database

    async def find_user(self, name: str) -> User:
        """Return the user of this user name or e-mail address, in any spelling. Raises ``UserNotFoundError``."""
        try:
            identifier = canonical_email(name) if is_email(name) else canonical_username(name)
        except (InvalidEmailError, InvalidUsernameError) as error:
            raise UserNotFoundError from error
        async with self._database.connection() as connection:
            user = await repository.find_user(connection, identifier)
        if user is None:
            raise UserNotFoundError
        return user
