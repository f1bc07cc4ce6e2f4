"""What this domain needs of administration, as a Protocol."""

from datetime import datetime
from typing import Protocol

from doorward.domain.auth.callers import Caller
from doorward.domain.oauth.repositories import Connection


class AdministratorLock(Protocol):
    """Makes sure that a caller may still administer clients when the change is made."""

    async def __call__(self, connection: Connection, caller: Caller | None, *, now: datetime) -> None:
        """Lock the caller until the transaction ends. None is an operator at a shell, who may do everything.

        Raises ``InvalidAccessTokenError`` if the caller's session has ended since it was let in, and
        ``BeyondOwnScopesError`` if the scope was taken away since.
        """
        ...
