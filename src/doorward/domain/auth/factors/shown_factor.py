"""A second factor as it is shown: what every kind of it offers to logins and to sessions that show it again."""

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
    """What is stored that a factor was used. ``events`` are recorded, and are to be reported after the commit."""

    events: Sequence[Event] = ()
    is_accepted: bool = True
    """False: what was stored, stays, and the login or the call is refused."""


class ShownFactor(Protocol):
    """A code or an assertion that a client has sent. It is made for one request."""

    @property
    def method(self) -> str:
        """How it is shown: the last part of the call's address."""
        ...

    @property
    def amr(self) -> tuple[str, ...]:
        """What it adds to the methods of a proof (RFC 8176)."""
        ...

    @property
    def is_guessable(self) -> bool:
        """Whether it is short enough that tries have to be counted."""
        ...

    async def check(self, connection: Connection, user_id: UUID, *, now: datetime) -> None:
        """Compare it, outside of transactions, with what is stored of the user. Raises ``InvalidSecondFactorError``.

        Of a user without such a factor it is compared with something else: the work must not tell.
        """
        ...

    async def consume(self, connection: Connection, user_id: UUID, *, now: datetime) -> ConsumedFactor:
        """Store that it was used, by one atomic statement, in the transaction of its effect, which locked the user.

        Raises ``InvalidSecondFactorError`` if another request was faster: the caller's transaction is rolled back.
        """
        ...


@asynccontextmanager
async def counting(
    throttling: Throttling, user_id: UUID, client: ThrottledClient, factor: ShownFactor
) -> AsyncIterator[tuple[Attempt, ...]]:
    """Reserve an attempt for a factor that can be guessed, as ``Throttling.attempt`` does; nothing for others.

    So no number of wrong codes keeps an owner out who has a recovery code or a passkey.
    """
    if not factor.is_guessable:
        yield ()
        return
    async with throttling.attempt(user_id, client) as attempt:
        yield (attempt,)
