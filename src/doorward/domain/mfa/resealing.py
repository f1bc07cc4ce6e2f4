"""Use case: reseal the secrets of authenticator applications with the current sealing key."""

from typing import Final
from uuid import UUID

from doorward.core.ports import Database, SealedDataError, Sealer
from doorward.domain.mfa.models import sealing_context
from doorward.domain.mfa.repositories import Connection, totp_factors

ROWS_PER_BATCH: Final = 1000


class TotpResealing:
    """Reseals all applications. The service may run meanwhile, if it has the same sealing keys."""

    def __init__(self, *, database: Database[Connection], sealer: Sealer, rows_per_batch: int = ROWS_PER_BATCH) -> None:
        """Read ``rows_per_batch`` rows at a time."""
        self._database = database
        self._sealer = sealer
        self._rows_per_batch = rows_per_batch

    async def reseal(self) -> tuple[int, int]:
        """Reseal the secrets that are sealed with another key; return the numbers of resealed and of unreadable ones.

        Raises ``ServiceUnavailableError``.
        """
        resealed = unreadable = 0
        after = UUID(int=0)
        while True:
            async with self._database.connection() as connection:
                rows = await totp_factors.list_sealed(connection, after=after, limit=self._rows_per_batch)
            for user_id, sealed in rows:
                if self._sealer.is_current(sealed):
                    continue
                try:
                    new = self._resealed(user_id, sealed)
                except SealedDataError:
                    unreadable += 1
                    continue
                async with self._database.connection() as connection:
                    resealed += await totp_factors.replace_sealed(connection, user_id, old=sealed, new=new)
            if len(rows) < self._rows_per_batch:
                return resealed, unreadable
            after = rows[-1][0]

    def _resealed(self, user_id: UUID, sealed: bytes) -> bytes:
        context = sealing_context(user_id)
        return self._sealer.seal(self._sealer.open(sealed, context=context), context=context)
