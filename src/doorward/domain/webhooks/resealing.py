"""Use case: seal the secrets of endpoints again, under the key that seals now."""

from doorward.core.ports import Database, SealedDataError, Sealer
from doorward.domain.webhooks.models import StoredSecrets, sealing_context
from doorward.domain.webhooks.repositories import Connection, endpoints


class WebhookResealing:
    """Goes through the endpoints. The service may go on meanwhile, if it has the same keys."""

    def __init__(self, *, database: Database[Connection], sealer: Sealer) -> None:
        self._database = database
        self._sealer = sealer

    async def reseal(self) -> tuple[int, int]:
        """Seal again what is sealed under another key; return of how many endpoints, and how many no key opens.

        Raises ``ServiceUnavailableError``.
        """
        async with self._database.connection() as connection:
            stored = await endpoints.list_secrets(connection)
        resealed = unreadable = 0
        for each in stored:
            if self._is_current(each):
                continue
            try:
                new = self._sealed_again(each)
            except SealedDataError:
                unreadable += 1
                continue
            async with self._database.connection() as connection:
                resealed += await endpoints.replace_sealed_secrets(connection, old=each, new=new)
        return resealed, unreadable

    def _is_current(self, stored: StoredSecrets) -> bool:
        sealed = [stored.secret, *([] if stored.previous_secret is None else [stored.previous_secret])]
        return all(self._sealer.is_current(each) for each in sealed)

    def _sealed_again(self, stored: StoredSecrets) -> StoredSecrets:
        context = sealing_context(stored.id)

        def again(sealed: bytes) -> bytes:
            return self._sealer.seal(self._sealer.open(sealed, context=context), context=context)

        previous = None if stored.previous_secret is None else again(stored.previous_secret)
        return StoredSecrets(stored.id, again(stored.secret), previous)
