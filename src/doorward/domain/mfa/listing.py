"""Use case: list the second factors of the calling user."""

from collections.abc import Sequence
from uuid import UUID

from doorward.core.ports import Database
from doorward.domain.auth.callers import Caller
from doorward.domain.auth.factors.listed_factor import ListedFactor, ListedFactors
from doorward.domain.mfa.models import OwnFactors
from doorward.domain.mfa.repositories import Connection, own_factors


class Applications(ListedFactors):
    """The authenticator application of a user."""

    async def list(self, connection: Connection, user_id: UUID) -> Sequence[ListedFactor]:
        """Return the application of a user in a list of one, or an empty list."""
        found = await own_factors.find_application(connection, user_id)
        return [] if found is None else [ListedFactor(found.id, found.kind, None, found.created_at, is_suspended=False)]


class FactorListing:
    """Lists factors."""

    def __init__(self, *, database: Database[Connection], kinds: Sequence[ListedFactors]) -> None:
        self._database = database
        self._kinds = kinds

    async def list(self, caller: Caller) -> OwnFactors:
        """Return the factors of the caller's user. A user without factors costs no query."""
        if not caller.has_second_factor:
            return OwnFactors((), 0)
        user_id = caller.user.id
        async with self._database.connection() as connection:
            factors = [factor for kind in self._kinds for factor in await kind.list(connection, user_id)]
            return OwnFactors(factors, await own_factors.count_recovery_codes(connection, user_id))
