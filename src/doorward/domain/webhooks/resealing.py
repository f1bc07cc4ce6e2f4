"""Use case: encrypt the secrets of endpoints again under the current key."""

from doorward.core.ports import Clock, Database, SealedDataError, Sealer
from doorward.domain.webhooks.models import StoredSecrets, sealing_context
from doorward.domain.webhooks.repositories import Connection, endpoints


class WebhookResealing:
    """Processes all endpoints. The service may run at the same time, if it has the same keys."""

    def __init__(self, *, database: Database[Connection], clock: Clock, sealer: Sealer) -> None:
        self._database = database
        self._clock = clock
        self._sealer = sealer

    async def reseal(self) -> tuple[int, int]:
        """Encrypt secrets again that are under another key.

        Return the number of changed endpoints, and of those whose secrets no key decrypts. Raises
        ``ServiceUnavailableError``.
        """
        async with self._database.connection() as connection:
            stored = await endpoints.list_secrets(connection, now=self._clock.now())
        resealed = unreadable = 0
        for each in stored:
            if self._is_current(each):
                continue
            try:
                new = self._resealed(each)
            except SealedDataError:
                unreadable += 1
                continue
            async with self._database.connection() as connection:
                resealed += await endpoints.replace_sealed_secrets(connection, old=each, new=new)
        return resealed, unreadable

    def _is_current(self, stored: StoredSecrets) -> bool:
        sealed = [stored.secret, *([] if stored.previous_secret is None else [stored.previous_secret])]
        return all(self._sealer.is_current(each) for each in sealed)

    def _resealed(self, stored: StoredSecrets) -> StoredSecrets:
        context = sealing_context(stored.id)

        def sealed_again(sealed: bytes) -> bytes:
            return self._sealer.seal(self._sealer.open(sealed, context=context), context=context)

        previous = None if stored.previous_secret is None else sealed_again(stored.previous_secret)
        return StoredSecrets(stored.id, sealed_again(stored.secret), previous)
