"""Use case: find users, part after part of a list."""

from dataclasses import replace
from typing import Final
from uuid import UUID

from doorward.core.pages import CursorCodec, Position
from doorward.core.ports import Database
from doorward.domain.administration.models import AdministeredUser, FoundUsers, UserQuery
from doorward.domain.administration.policy import search_pattern
from doorward.domain.administration.repositories import Connection, lists
from doorward.domain.auth.accounts import Accounts
from doorward.domain.auth.exceptions import InvalidEmailError, InvalidUsernameError
from doorward.domain.auth.identifiers import canonical_email, canonical_username
from doorward.domain.auth.scopes import may_name_a_role

MOST_COUNTED: Final = 1_000
"""Users. A longer list is estimated: to count it would take longer than to read its page, and ever longer."""

_SORT: Final = "-created_at"


class UserSearch:
    """Lists users for those who may see all of them: the newest first."""

    def __init__(self, *, database: Database[Connection], cursors: CursorCodec) -> None:
        self._database = database
        self._cursors = cursors
        self._accounts = Accounts(database=database)

    async def find_id(self, name: str) -> UUID:
        """Return the id of the user whom an operator names: by the id itself, the user name or the e-mail address.

        Whether there is a user of an id is not looked up. Raises ``UserNotFoundError``.
        """
        try:
            return UUID(name)
        except ValueError:
            return (await self._accounts.find_user(name)).id

    async def search(self, wanted: UserQuery, *, after: str, page_size: int) -> FoundUsers:
        """Return the users after a cursor, or the first ones for an empty cursor. Each page costs the same.

        A name or an address that no user can have finds none. Raises ``InvalidCursorError``, ``QueryTooShortError``
        and ``UserQueryTooBroadError``.
        """
        position = self._cursors.decode(after, _SORT) if after else None
        checked = _checked(wanted)
        if checked is None:
            return FoundUsers((), page_size, None, 0, total_is_estimate=False)
        async with self._database.connection() as connection:
            found = await lists.list_users(connection, checked, after=position, limit=page_size + 1)
            is_whole = position is None and len(found) <= page_size
            total, is_estimate = (len(found), False) if is_whole else await _count(connection, checked)
        shown = found[:page_size]
        next_cursor = self._cursors.encode(_position(shown[-1])) if len(found) > page_size else None
        return FoundUsers(shown, page_size, next_cursor, total, total_is_estimate=is_estimate)


async def _count(connection: Connection, wanted: UserQuery) -> tuple[int, bool]:
    """Return how many users a list has, and whether that is an estimate.

    A list that the planner takes for long is not counted: an index gives all of its entries before the first.
    """
    estimate = await lists.find_estimate(connection, wanted)
    if estimate > MOST_COUNTED:
        return estimate, True
    counted = await lists.count_users(connection, wanted, limit=MOST_COUNTED + 1)
    return counted, counted > MOST_COUNTED


def _position(user: AdministeredUser) -> Position:
    return Position(_SORT, user.created_at.isoformat(), str(user.id))


def _checked(wanted: UserQuery) -> UserQuery | None:
    """Return the query in the forms in which names are unique; None for one that no user can match."""
    pattern = None if wanted.part is None else search_pattern(wanted.part)
    if wanted.role is not None and not may_name_a_role(wanted.role):
        return None
    if wanted.external_id is not None and not wanted.external_id.isprintable():
        return None
    try:
        email = None if wanted.email is None else canonical_email(wanted.email)
        username = None if wanted.username is None else canonical_username(wanted.username)
    except (InvalidEmailError, InvalidUsernameError):
        return None
    return replace(wanted, part=pattern, email=email, username=username)
