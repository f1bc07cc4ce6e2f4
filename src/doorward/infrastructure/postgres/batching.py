"""Batches concurrent questions to PostgreSQL into shared queries.

Nothing is cached: each question is answered by a query that begins after the question was asked.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextvars import Context
from typing import Final, Generic, NamedTuple, TypeVar

from doorward.core.exceptions import ServiceUnavailableError
from doorward.infrastructure.postgres.timeouts import TIMEOUTS
from doorward.observability.database_events import DatabaseSharedQueryFailed
from doorward.observability.logging import report

MAXIMUM_QUERIES: Final = 2
"""Maximum concurrent queries; later calls join the next batch."""

MAXIMUM_QUESTIONS: Final = 200
"""Maximum number of questions in one query."""

MAXIMUM_WAITING: Final = 2000
"""Maximum number of questions whose query has not begun."""


class BatchBounds(NamedTuple):
    """The limits of one shared query."""

    queries: int = MAXIMUM_QUERIES
    questions: int = MAXIMUM_QUESTIONS
    waiting: int = MAXIMUM_WAITING
    wait_seconds: float = TIMEOUTS.shared_query


BOUNDS: Final = BatchBounds()


QuestionT = TypeVar("QuestionT")
AnswerT = TypeVar("AnswerT")


class _Asked(NamedTuple, Generic[QuestionT, AnswerT]):
    question: QuestionT
    answer: asyncio.Future[AnswerT]
    must_begin_by: float
    """On the loop's clock."""

    def settle(self, answer: AnswerT) -> None:
        """Resolve the future unless it was cancelled."""
        if not self.answer.done():
            self.answer.set_result(answer)


class SharedQuery(Generic[QuestionT, AnswerT]):
    """Answers the questions of concurrent calls by one query for each batch."""

    def __init__(
        self,
        name: str,
        query: Callable[[Sequence[QuestionT]], Awaitable[Sequence[AnswerT]]],
        bounds: BatchBounds = BOUNDS,
    ) -> None:
        """Store the query's name for the log, and the query, which returns answers in the order of the questions."""
        self._name = name
        self._query = query
        self._bounds = bounds
        self._asked: list[_Asked[QuestionT, AnswerT]] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_query_about_to_begin = False
        self._is_wait_watched = False

    async def ask(self, question: QuestionT) -> AnswerT:
        """Return the answer.

        Raises ``ServiceUnavailableError`` when the queue is full or the query does not begin in time. An error of the
        query is raised in each call of its batch.
        """
        try:
            return await self._answer_to(question)
        except ServiceUnavailableError:
            # Logged here, in the context of the request: the query itself runs in an empty context.
            report(DatabaseSharedQueryFailed(query=self._name))
            raise

    async def _answer_to(self, question: QuestionT) -> AnswerT:
        if len(self._asked) >= self._bounds.waiting:
            self._drop_settled()
        if len(self._asked) >= self._bounds.waiting:
            raise ServiceUnavailableError
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[AnswerT] = loop.create_future()
        self._asked.append(_Asked(question, answer, loop.time() + self._bounds.wait_seconds))
        self._watch_wait(loop)
        self._begin_query()
        return await answer

    def _watch_wait(self, loop: asyncio.AbstractEventLoop) -> None:
        """Start the timeout of the oldest question. One timer serves the queue, because one for each costs more."""
        if self._asked and not self._is_wait_watched:
            self._is_wait_watched = True
            loop.call_at(self._asked[0].must_begin_by, self._end_waits, loop, context=Context())

    def _end_waits(self, loop: asyncio.AbstractEventLoop) -> None:
        self._is_wait_watched = False
        now = loop.time()
        for each in self._asked:
            if each.must_begin_by <= now:
                _refuse(each.answer, ServiceUnavailableError())
        self._drop_settled()
        self._watch_wait(loop)

    def _begin_query(self) -> None:
        """Start a task that answers the queued questions. It runs in the loop's next iteration, so more can join."""
        if self._asked and not self._is_query_about_to_begin and len(self._tasks) < self._bounds.queries:
            self._is_query_about_to_begin = True
            # Run in an empty context: the query serves several requests, so its log lines and spans belong to none.
            task = asyncio.create_task(self._answer_next(), context=Context())
            self._tasks.add(task)
            task.add_done_callback(self._end_query, context=Context())

    def _end_query(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._is_query_about_to_begin = False
        self._begin_query()

    async def _answer_next(self) -> None:
        self._is_query_about_to_begin = False
        asked = self._take_oldest()
        if not asked:
            return
        try:
            answers = await self._query([each.question for each in asked])
            for each, answer in zip(asked, answers, strict=True):
                each.settle(answer)
        except Exception as error:  # noqa: BLE001 - raised in each call of the batch
            for each in asked:
                _refuse(each.answer, error)
        finally:
            for each in asked:
                each.answer.cancel()

    def _take_oldest(self) -> list[_Asked[QuestionT, AnswerT]]:
        self._drop_settled()
        number = self._bounds.questions
        taken, self._asked = self._asked[:number], self._asked[number:]
        return taken

    def _drop_settled(self) -> None:
        """Remove the questions that were answered, refused or cancelled."""
        self._asked = [each for each in self._asked if not each.answer.done()]


def _refuse(answer: asyncio.Future[AnswerT], error: Exception) -> None:
    if not answer.done():
        answer.set_exception(error)
