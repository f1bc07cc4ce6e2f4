"""Protocols that all domains use. The implementations are in ``infrastructure``."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple, Protocol, TypeVar

QuestionT = TypeVar("QuestionT")
QuestionT_contra = TypeVar("QuestionT_contra", contravariant=True)
AnswerT = TypeVar("AnswerT")
AnswerT_co = TypeVar("AnswerT_co", covariant=True)
ConnectionT_co = TypeVar("ConnectionT_co", covariant=True)


class Clock(Protocol):
    """The current time, the same for all copies of the service."""

    def now(self) -> datetime:
        """Return the present moment, in UTC. Raises ``ServiceUnavailableError`` while it is unknown."""
        ...


class Database(Protocol[ConnectionT_co]):
    """Connections to PostgreSQL. All methods raise ``ServiceUnavailableError`` for any fault of the database."""

    def connection(self) -> AbstractAsyncContextManager[ConnectionT_co]:
        """Yield a connection on which each statement commits by itself."""
        ...

    def deadline(self) -> datetime:
        """Return the time after which a statement on the connection just yielded must change nothing.

        It is always on PostgreSQL's clock, even if ``Clock`` is another one. It is for statements in autocommit that
        would do harm if PostgreSQL executed them after the caller got an error.
        """
        ...

    def transaction(self) -> AbstractAsyncContextManager[ConnectionT_co]:
        """Yield a connection in a transaction: committed at the end, rolled back by an exception."""
        ...

    def bulk_slot(self) -> AbstractContextManager[None]:
        """Hold one of the bulk slots for the block, before the transaction begins."""
        ...

    def bulk_transaction(self) -> AbstractAsyncContextManager[ConnectionT_co]:
        """Yield a connection in a transaction with a long timeout, for many rows. Call it within ``bulk_slot``."""
        ...


class SnapshotDatabase(Database[ConnectionT_co], Protocol[ConnectionT_co]):
    """Connections to PostgreSQL, also for large reads of one snapshot."""

    def snapshot(self) -> AbstractAsyncContextManager[ConnectionT_co]:
        """Yield a read-only connection whose statements all see the same snapshot. Call within ``bulk_slot``."""
        ...


class PoolLoad(NamedTuple):
    """Numbers of the pool: open connections, idle ones, their maximum, waiting calls, and all calls so far."""

    size: int
    idle: int
    limit: int
    waiting: int
    asked: int


class LimitedCall(StrEnum):
    """The calls with a rate limit. The settings ``RATE_LIMIT_...`` have these names."""

    REGISTER = "register"
    CONFIRM_REGISTRATION = "confirm_registration"
    RESEND_REGISTRATION = "resend_registration"
    ACCEPT_INVITATION = "accept_invitation"
    TOKEN = "token"  # noqa: S105 - the name of a call
    REFRESH = "refresh"
    IMPORT = "import"
    FORGOT = "forgot"
    RESET = "reset"
    VERIFY = "verify"
    VERIFICATION_MAIL = "verification_mail"
    EMAIL_CHANGE = "email_change"
    EMAIL_CONFIRMATION = "email_confirmation"
    ACCOUNT = "account"
    PASSWORD = "password"  # noqa: S105 - the name of a call
    REAUTHENTICATE = "reauthenticate"
    SECOND_FACTOR = "second_factor"
    FACTORS = "factors"
    SESSIONS = "sessions"
    PASSKEY_LOGIN = "passkey_login"
    PASSKEYS = "passkeys"
    DELETION = "deletion"
    RESTORE = "restore"
    EXPORT = "export"
    WEBHOOKS = "webhooks"
    OAUTH_TOKEN = "oauth_token"  # noqa: S105 - the name of a call
    OAUTH_REVOKE = "oauth_revoke"
    INTROSPECT = "introspect"
    AUTHORIZE = "authorize"
    USERINFO = "userinfo"
    PUSHED_REQUEST = "pushed_request"
    DEVICE_AUTHORIZATION = "device_authorization"
    USER_CODE = "user_code"
    CLIENT_REGISTRATION = "client_registration"


class RateLimiter(Protocol):
    """A rate limit for one call of one client."""

    async def count(self, call: LimitedCall, client: str) -> int:
        """Count one call of a client; return 0 when it is within the limit, else the seconds to wait."""
        ...


class SealedDataError(Exception):
    """Sealed data cannot be opened: it was altered, has another context, or its key is no longer configured."""


class Sealer(Protocol):
    """Authenticated encryption of data that is stored and needed in plain text again."""

    def seal(self, data: bytes, *, context: bytes) -> bytes:
        """Return the data, readable only with the key and in the same ``context``: the table and the row."""
        ...

    def open(self, sealed: bytes, *, context: bytes) -> bytes:
        """Return the data. Raises ``SealedDataError``."""
        ...

    def is_current(self, sealed: bytes) -> bool:
        """Return whether the data was sealed under the key that seals now. It may still be impossible to open."""
        ...


class Batch(Protocol[QuestionT_contra, AnswerT_co]):
    """Answers questions in batches: one query for several of them."""

    async def ask(self, question: QuestionT_contra) -> AnswerT_co:
        """Return the answer. Raises ``ServiceUnavailableError``, or the error of the query."""
        ...


class Batching(Protocol):
    """Creates a batch for a query: questions that arrive together are answered by one query."""

    def __call__(
        self, name: str, query: Callable[[Sequence[QuestionT]], Awaitable[Sequence[AnswerT]]]
    ) -> Batch[QuestionT, AnswerT]:
        """Return a batch for ``query``, which returns its answers in the order of the questions."""
        ...
