"""Use case: seal signing keys again, under the key that seals now."""

from doorward.core.ports import Database, SealedDataError, Sealer
from doorward.domain.keys import repository
from doorward.domain.keys.models import sealing_context


class KeyResealing:
    """Goes through the keys. The service may go on meanwhile, if it has the same sealing keys."""

    def __init__(self, *, database: Database[repository.Connection], sealer: Sealer) -> None:
        self._database = database
        self._sealer = sealer

    async def reseal(self) -> tuple[int, int]:
        """Seal again what is sealed under another key; return how many keys, and how many nothing opens.

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
