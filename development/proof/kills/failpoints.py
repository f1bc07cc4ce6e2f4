"""Where the service may die: around each commit of auth. None of this is in the product: it is put around it here.

A file arms one point for the process that watches it: `rotate before 2` kills at the second pass. Without the file
nothing dies.
"""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from contextvars import ContextVar
from pathlib import Path
from types import ModuleType
from typing import Any, Final, Literal, get_args

from doorward.domain.accounts.repositories import accounts, email_changes
from doorward.domain.auth.models import EndReason
from doorward.domain.auth.repositories import sessions, throttles, users
from doorward.infrastructure.postgres.database import PostgresDatabase

Commit = Literal[
    "register",
    "reserve",
    "login",
    "rotate",
    "reuse-revoke",
    "revoke",
    "password",
    "verify",
    "reset",
    "mailbox",
    "email",
]
Moment = Literal["before", "sent", "after"]
"""Before the commit is sent; when it is sent and not answered; when it is answered and the caller not."""

COMMITS: Final[tuple[Commit, ...]] = get_args(Commit)
MOMENTS: Final[tuple[Moment, ...]] = get_args(Moment)
POINTS: Final = tuple((commit, moment) for commit in COMMITS for moment in MOMENTS)

Statement = Callable[..., Awaitable[Any]]
_transaction: ContextVar[list[Commit] | None] = ContextVar("transaction", default=None)
"""What the transaction under way is about; None outside of transactions, where each statement commits by itself."""


class Failpoints:
    """Kills this process where the file says."""

    def __init__(self, file: Path) -> None:
        """Take the file that arms a point."""
        self._file = file
        self._passes = 0

    def install(self) -> None:
        """Put the points around the product's commits, in this process."""
        self._mark(users, "add_user", lambda _: "register")
        self._mark(throttles, "add_failure", lambda _: "reserve")
        self._mark(sessions, "add_session", lambda _: "login")
        self._mark(sessions, "rotate_sessions", lambda _: "rotate")
        self._mark(sessions, "end_session", _end)
        self._mark(accounts, "replace_password", lambda _: "password")
        self._mark(accounts, "update_email_verified", lambda _: "verify")
        self._mark(accounts, "replace_forgotten_password", lambda _: "reset")
        self._mark(email_changes, "update_confirmations", lambda _: "mailbox")
        self._mark(email_changes, "replace_email", lambda _: "email")
        PostgresDatabase.transaction = self._around(PostgresDatabase.transaction)  # type: ignore[method-assign, assignment] # it is the point

    def _mark(self, repository: ModuleType, name: str, commit_of: Callable[[dict[str, Any]], Commit]) -> None:
        statement: Statement = getattr(repository, name)

        async def marked(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - whatever the statement takes
            commit, transaction = commit_of(named), _transaction.get()
            if transaction is not None:
                transaction.append(commit)
                return await statement(*arguments, **named)
            self._pass(commit, "before")
            self._pass(commit, "sent")
            result = await statement(*arguments, **named)
            self._pass(commit, "after")
            return result

        setattr(repository, name, marked)

    def _around(self, transaction: Callable[[PostgresDatabase], Any]) -> Callable[[PostgresDatabase], Any]:
        @asynccontextmanager
        async def around(database: PostgresDatabase) -> AsyncIterator[Any]:
            commits: list[Commit] = []
            async with transaction(database) as connection:
                outer = _transaction.set(commits)
                try:
                    yield connection
                finally:
                    _transaction.reset(outer)
                for commit in commits:
                    self._pass(commit, "before")
                    self._pass(commit, "sent")
            for commit in commits:
                self._pass(commit, "after")

        return around

    def _pass(self, commit: Commit, moment: Moment) -> None:
        try:
            armed = self._file.read_text(encoding="ascii").split()
        except FileNotFoundError:
            return
        if armed[:2] != [commit, moment]:
            return
        self._passes += 1
        if self._passes < int(armed[2]):
            return
        self._file.unlink()
        if moment == "sent":
            # The task goes on until it has to wait for the answer; only then does the loop get here.
            asyncio.get_running_loop().call_soon(_die)
        else:
            _die()


def _end(named: dict[str, Any]) -> Commit:
    return "reuse-revoke" if named["reason"] is EndReason.REUSE else "revoke"


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)
