"""The ports of this domain, as Protocols."""

from typing import Protocol
from uuid import UUID

from doorward.domain.mfa.repositories import Connection


class RemovedFactors(Protocol):
    """Second factors of some kinds, which a reset removes."""

    async def remove(self, connection: Connection, user_id: UUID) -> None:
        """Remove all factors of these kinds of a user, whose row is locked, in the caller's transaction."""
        ...
