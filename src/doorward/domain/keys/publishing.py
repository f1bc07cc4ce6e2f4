"""Use case: list the published keys: those that may sign, and those whose tokens may still be valid."""

from collections.abc import Sequence

from doorward.core.ports import Clock, Database
from doorward.domain.keys import repository
from doorward.domain.keys.models import StoredKey
from doorward.domain.keys.policy import LISTED_AFTER_RETIREMENT


class PublishedKeys:
    """Reads the published keys of the ring."""

    def __init__(self, *, database: Database[repository.Connection], clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def list(self) -> Sequence[StoredKey]:
        """Return the published keys, the oldest first. Raises ``ServiceUnavailableError``."""
        retired_after = self._clock.now() - LISTED_AFTER_RETIREMENT
        async with self._database.connection() as connection:
            return await repository.list_published_keys(connection, retired_after=retired_after)
