"""What every domain needs from outside, as Protocols. The implementations are in ``infrastructure``."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from datetime import datetime
from typing import NamedTuple, Protocol, TypeVar

QuestionT = TypeVar("QuestionT")
QuestionT_contra = TypeVar("QuestionT_contra", contravariant=True)
AnswerT = TypeVar("AnswerT")
AnswerT_co = TypeVar("AnswerT_co", covariant=True)
ConnectionT_co = TypeVar("ConnectionT_co", covariant=True)


class Clock(Protocol):
    """The time that all copies of the service agree on."""

    def now(self) -> datetime:
        """Return the present moment, in UTC. Raises ``ServiceUnavailableError`` while it is unknown."""
        ...


class Database(Protocol[ConnectionT_co]):
    """Connections to PostgreSQL. All raise ``ServiceUnavailableError`` for any fault of the database."""

    def connection(self) -> AbstractAsyncContextManager[ConnectionT_co]:
        """Yield a connection on which each statement commits by itself."""
        ...

    def deadline(self) -> datetime:
        """Return the moment from which on a statement on the connection just given must change nothing.

        By PostgreSQL's own clock, also where ``Clock`` is another one. For statements that commit by themselves and do
        harm when they are carried out after the caller was told of a failure.
        """
        ...

    def transaction(self) -> AbstractAsyncContextManager[ConnectionT_co]:
        """Yield a connection in a transaction: committed at the end, rolled back by an exception."""
        ...

    def bulk_place(self) -> AbstractContextManager[None]:
        """Hold one of the few places for bulk transactions, before it is known when theirs begins."""
        ...

    def bulk_transaction(self) -> AbstractAsyncContextManager[ConnectionT_co]:
        """Yield a connection in a transaction that may take long, for many rows; ask within ``bulk_place``."""
        ...


class PoolLoad(NamedTuple):
    """Connections that are open, those of them that are idle, how many there may be, and calls that wait for one."""

    size: int
    idle: int
    limit: int
    waiting: int


class RateLimiter(Protocol):
    """How often one client may make a call."""

    async def count(self, call: str, client: str) -> int:
        """Count one call of a client; return 0 when it is within the limit, else the seconds to wait."""
        ...


class Batch(Protocol[QuestionT_contra, AnswerT_co]):
    """Answers questions by a query that takes many of them."""

    async def ask(self, question: QuestionT_contra) -> AnswerT_co:
        """Return the answer. Raises ``ServiceUnavailableError``, or what the query raised."""
        ...


class Batching(Protocol):
    """Makes batches: the questions that arrive together are answered by one query."""

    def __call__(
        self, name: str, query: Callable[[Sequence[QuestionT]], Awaitable[Sequence[AnswerT]]]
    ) -> Batch[QuestionT, AnswerT]:
        """Return a batch for ``query``, which returns an answer to each question, in their order."""
        ...
