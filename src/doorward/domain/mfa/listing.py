"""Use case: a user sees the own second factors."""

from doorward.core.ports import Database
from doorward.domain.auth.callers import Caller
from doorward.domain.mfa.models import OwnFactors
from doorward.domain.mfa.repositories import Connection, own_factors


class FactorListing:
    """Lists factors."""

    def __init__(self, *, database: Database[Connection]) -> None:
        """Take the database."""
        self._database = database

    async def list(self, caller: Caller) -> OwnFactors:
        """Return the factors of the caller's user. Without any, nothing is asked of the database."""
        if not caller.has_second_factor:
            return OwnFactors((), 0)
        async with self._database.connection() as connection:
            factors = await own_factors.list_totp_factors(connection, caller.user.id)
            return OwnFactors(factors, await own_factors.count_recovery_codes(connection, caller.user.id))
