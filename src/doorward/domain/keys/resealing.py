"""Use case: reseal the signing keys with the current sealing key."""

from doorward.core.ports import Database, SealedDataError, Sealer
from doorward.domain.keys import repository
from doorward.domain.keys.models import sealing_context


class KeyResealing:
    """Reseals all keys. The service may run meanwhile, if it has the same sealing keys."""

    def __init__(self, *, database: Database[repository.Connection], sealer: Sealer) -> None:
        self._database = database
        self._sealer = sealer

    async def reseal(self) -> tuple[int, int]:
        """Reseal the keys that are sealed with another key; return the numbers of resealed and of unreadable keys.

        Raises ``ServiceUnavailableError``.
        """
        async with self._database.connection() as connection:
            keys = await repository.list_keys(connection)
        resealed = unreadable = 0
        for key in keys:
            if key.revoked_at is not None or self._sealer.is_current(key.sealed):
                continue
            context = sealing_context(key.kid, key.algorithm)
            try:
                sealed = self._sealer.seal(self._sealer.open(key.sealed, context=context), context=context)
            except SealedDataError:
                unreadable += 1
                continue
            async with self._database.connection() as connection:
                resealed += await repository.replace_sealed(connection, key, sealed)
        return resealed, unreadable
