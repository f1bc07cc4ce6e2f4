"""Use cases: get and update one's own account."""

from collections.abc import Collection

from doorward.core.ports import Clock, Database
from doorward.core.versions import VersionTest
from doorward.domain.accounts.events import UsernameChanged
from doorward.domain.accounts.models import Profile
from doorward.domain.accounts.policy import check_version
from doorward.domain.accounts.repositories import Connection, profiles
from doorward.domain.audit.recording import record
from doorward.domain.auth.callers import Caller
from doorward.domain.auth.devices.recorded import AddressDetail, recorded_address
from doorward.domain.auth.exceptions import InvalidAccessTokenError, UsernameTakenError
from doorward.domain.auth.sessions.acting_session import lock_acting_session
from doorward.domain.auth.users.identifiers import read_new_username
from doorward.observability.logging import report
from doorward.observability.request_context import current_client


class Profiles:
    """Get and update the signed-in user's own account."""

    def __init__(
        self,
        *,
        database: Database[Connection],
        clock: Clock,
        reserved_usernames: Collection[str],
        address_detail: AddressDetail,
    ) -> None:
        """Take the database, the clock, the reserved user names, and how much of an address may be recorded."""
        self._database = database
        self._clock = clock
        self._reserved_usernames = reserved_usernames
        self._address_detail: AddressDetail = address_detail

    async def get(self, caller: Caller, is_expected: VersionTest) -> Profile:
        """Return the caller's account if its version is expected. Raises ``StaleAccountError``."""
        async with self._database.connection() as connection:
            profile = await self._find(connection, caller)
        check_version(profile.version, is_expected)
        return profile

    async def update(self, caller: Caller, username: str | None, is_expected: VersionTest) -> Profile:
        """Change the user name by the rules of sign-up; return the changed account.

        None and the present name change nothing. Of concurrent changes to one name, in any spelling, exactly one
        succeeds. Raises ``InvalidUsernameError``, ``UsernameReservedError``, ``StaleAccountError`` and
        ``UsernameTakenError``, and ``InvalidAccessTokenError`` if the caller's session has ended meanwhile.
        """
        name = None if username is None else read_new_username(username, reserved=self._reserved_usernames)
        user_id = caller.user.id
        event = UsernameChanged(user_id=user_id)
        async with self._database.transaction() as connection:
            has_changed = await self._rename(connection, caller, name, is_expected)
            if has_changed:
                await record(connection, event, address=recorded_address(current_client(), self._address_detail))
            profile = await self._find(connection, caller)
        if has_changed:
            report(event)
        return profile

    async def _rename(self, connection: Connection, caller: Caller, name: str | None, is_expected: VersionTest) -> bool:
        user_id = caller.user.id
        locked = await profiles.lock_name(connection, user_id)
        if locked is None:
            raise InvalidAccessTokenError
        await lock_acting_session(connection, caller, now=self._clock.now())
        check_version(locked.version, is_expected)
        if name is None or name == locked.username:
            return False
        if not await profiles.update_username(connection, user_id, username=name):
            raise UsernameTakenError
        return True

    async def _find(self, connection: Connection, caller: Caller) -> Profile:
        profile = await profiles.find_profile(
            connection, caller.user.id, session_id=caller.session_id, now=self._clock.now()
        )
        if profile is None:
            raise InvalidAccessTokenError
        return profile
