"""Use case: find users, in pages of a list."""

import time
from dataclasses import replace
from typing import Final
from uuid import UUID

from doorward.core.pages import CursorCodec, Position
from doorward.core.ports import Database
from doorward.domain.administration.models import AdministeredUser, FoundUsers, UserQuery
from doorward.domain.administration.policy import search_pattern
from doorward.domain.administration.repositories import Connection, lists
from doorward.domain.auth.exceptions import InvalidEmailError, InvalidUsernameError
from doorward.domain.auth.scopes import may_name_a_role
from doorward.domain.auth.users.accounts import Accounts
from doorward.domain.auth.users.identifiers import canonical_email, canonical_username

MAXIMUM_COUNTED_USERS: Final = 1_000
"""Maximum users that are counted.

The total of a longer list is estimated: counting it takes longer than reading a page.
"""

ESTIMATE_SECONDS: Final = 10.0
"""How long an estimate is cached, for the next pages of the same list."""

MAXIMUM_ESTIMATES: Final = 200
_SORT: Final = "-created_at"


class UserSearch:
    """List users for callers who may see all of them, the newest first."""

    def __init__(
        self, *, database: Database[Connection], cursors: CursorCodec, estimate_seconds: float = ESTIMATE_SECONDS
    ) -> None:
        """Take the database, the codec of cursors, and how long the estimate of a list is cached."""
        self._database = database
        self._estimate_seconds = estimate_seconds
        self._cursors = cursors
        self._estimates: dict[UserQuery, tuple[float, int]] = {}
        self._accounts = Accounts(database=database)

    async def get_id(self, name: str) -> UUID:
        """Return the id of the user whom an operator names: by the id, the user name or the e-mail address.

        An id is returned without a check that the user exists. Raises ``UserNotFoundError``.
        """
        try:
            return UUID(name)
        except ValueError:
            return (await self._accounts.get_user(name)).id

    async def search(self, wanted: UserQuery, *, after: str, page_size: int) -> FoundUsers:
        """Return the users after a cursor, or the first ones for an empty cursor. The cost is the same at any position.

        A name or an address that no user can have gives an empty result. Raises ``InvalidCursorError``,
        ``QueryTooShortError`` and ``UserQueryTooBroadError``.
        """
        position = self._cursors.decode(after, _SORT) if after else None
        checked = _checked(wanted)
        if checked is None:
            return FoundUsers((), page_size, None, 0, total_is_estimate=False)
        async with self._database.connection() as connection:
            # Counting reads all entries of an index before the first result, so a long list is not counted.
            estimate = 0 if _matches_at_most_one(checked) else await self._estimate(connection, checked)
            if estimate > MAXIMUM_COUNTED_USERS:
                found = await lists.list_users(connection, checked, after=position, limit=page_size + 1)
                total, is_estimate = estimate, True
            else:
                found, counted = await lists.list_counted_users(
                    connection, checked, after=position, limit=page_size + 1
                )
                total, is_estimate = (estimate, True) if counted is None else (counted, False)
        if position is None and len(found) <= page_size:
            total, is_estimate = len(found), False
        shown = found[:page_size]
        next_cursor = self._cursors.encode(_position(shown[-1])) if len(found) > page_size else None
        return FoundUsers(shown, page_size, next_cursor, total, total_is_estimate=is_estimate)

    async def _estimate(self, connection: Connection, wanted: UserQuery) -> int:
        now = time.monotonic()
        until, estimate = self._estimates.get(wanted, (now, 0))
        if until > now:
            return estimate
        estimate = await lists.get_estimate(connection, wanted)
        if len(self._estimates) >= MAXIMUM_ESTIMATES:
            self._estimates.clear()
        self._estimates[wanted] = now + self._estimate_seconds, estimate
        return estimate


def _matches_at_most_one(wanted: UserQuery) -> bool:
    """Return whether at most one user can match."""
    return any(each is not None for each in (wanted.email, wanted.username, wanted.external_id, wanted.subject))


def _position(user: AdministeredUser) -> Position:
    return Position(_SORT, user.created_at.isoformat(), str(user.id))


def _checked(wanted: UserQuery) -> UserQuery | None:
    """Return the query with canonical names; None if no user can match it."""
    pattern = None if wanted.part is None else search_pattern(wanted.part)
    if wanted.role is not None and not may_name_a_role(wanted.role):
        return None
    exact = (wanted.external_id, wanted.issuer, wanted.subject)
    if not all(text.isprintable() for text in exact if text is not None):
        return None
    try:
        email = None if wanted.email is None else canonical_email(wanted.email)
        username = None if wanted.username is None else canonical_username(wanted.username)
    except (InvalidEmailError, InvalidUsernameError):
        return None
    return replace(wanted, part=pattern, email=email, username=username)
