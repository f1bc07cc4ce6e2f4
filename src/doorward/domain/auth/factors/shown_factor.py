"""The interface of a second factor that a client has sent, in a login or to authenticate again in a session."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Protocol
from uuid import UUID

from doorward.core.events import Event
from doorward.core.frozen import frozen
from doorward.domain.auth.login.throttling import Attempt, ThrottledClient, Throttling
from doorward.domain.auth.repositories import Connection


@frozen
class ConsumedFactor:
    """The result of a factor's use. Report ``events`` after the commit."""

    events: Sequence[Event] = ()
    is_accepted: bool = True
    """False: refuse the login or the call, but commit what was stored."""


class ShownFactor(Protocol):
    """A code or an assertion that a client has sent. One object serves one request."""

    @property
    def method(self) -> str:
        """Return its method: the last part of the URL of the call."""
        ...

    @property
    def amr(self) -> tuple[str, ...]:
        """Return the methods that it adds to a proof (RFC 8176)."""
        ...

    @property
    def is_guessable(self) -> bool:
        """Return whether it is so short that attempts must be counted."""
        ...

    async def check(self, connection: Connection, user_id: UUID, *, now: datetime) -> None:
        """Compare it, outside of transactions, with the user's stored factor. Raises ``InvalidSecondFactorError``.

        For a user without such a factor it is compared with a dummy, so that the time does not reveal this.
        """
        ...

    async def consume(self, connection: Connection, user_id: UUID, *, now: datetime) -> ConsumedFactor:
        """Store its use by one atomic statement, in the transaction of its effect, which has locked the user's row.

        Raises ``InvalidSecondFactorError`` if another request was faster, which rolls back the caller's transaction.
        """
        ...


@asynccontextmanager
async def counting(
    throttling: Throttling, user_id: UUID, client: ThrottledClient, factor: ShownFactor
) -> AsyncIterator[tuple[Attempt, ...]]:
    """Reserve an attempt for a factor that can be guessed, as ``Throttling.attempt`` does; none for other factors.

    Wrong codes therefore cannot lock out an owner who has a recovery code or a passkey.
    """
    if not factor.is_guessable:
        yield ()
        return
    async with throttling.attempt(user_id, client) as attempt:
        yield (attempt,)
