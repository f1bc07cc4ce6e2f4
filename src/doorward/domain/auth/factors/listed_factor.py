"""A second factor in its owner's list, and the port that lists the factors of one kind."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, Protocol
from uuid import UUID

from doorward.core.frozen import frozen
from doorward.domain.auth.repositories import Connection


@frozen
class ListedFactor:
    """A second factor. A passkey has the name that its owner gave it."""

    id: UUID
    kind: Literal["totp", "passkey"]
    name: str | None
    created_at: datetime
    is_suspended: bool
    """Whether the factor is refused, because there may be a copy of it."""


class ListedFactors(Protocol):
    """Lists the factors of one kind."""

    async def list(self, connection: Connection, user_id: UUID) -> Sequence[ListedFactor]:
        """Return the factors of this kind that a user has, the oldest first."""
        ...
