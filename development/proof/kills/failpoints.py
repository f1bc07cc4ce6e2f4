"""Where the service may die: around each commit of what the proofs do.

None of this is in the product: it is put around it here. A file arms one point for the process that watches it:
`rotate before 2` kills at the second pass. Without the file nothing dies.
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

from doorward.domain.accounts.repositories import accounts, deletions, email_changes, invitations
from doorward.domain.administration.repositories import imported_users
from doorward.domain.administration.repositories import users as administered_users
from doorward.domain.auth.admission import SecondFactor
from doorward.domain.auth.models import EndReason
from doorward.domain.auth.repositories import (
    own_sessions,
    roles,
    rotations,
    second_factors,
    sessions,
    throttles,
    users,
)
from doorward.domain.federation.repositories import identities
from doorward.domain.keys import repository as signing_keys
from doorward.domain.mfa.repositories import recovery_codes, totp_factors
from doorward.domain.oauth.repositories import clients as oauth_clients
from doorward.domain.oauth.repositories import secrets as oauth_secrets
from doorward.domain.outbox import repository as outbox
from doorward.domain.passkeys import repository as passkeys
from doorward.infrastructure.postgres.database import PostgresDatabase

AccountCommit = Literal[
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
"""What users do to their own accounts."""

AdministratorCommit = Literal[
    "register",
    "roles",
    "deactivate",
    "activate",
    "forced-reset",
    "new-address",
    "delete",
    "erase",
    "invite",
]
"""What administrators do to users, and to addresses without an account."""

ClientCommit = Literal["client", "client-secret", "client-disabled", "client-removed"]
"""What administrators do to an OAuth client, in the order in which it is done."""

FactorCommit = Literal[
    "application",
    "code-used",
    "recovery-code-used",
    "codes-made",
    "proof",
    "passkey",
    "passkey-used",
    "passkey-removed",
    "application-removed",
    "factors-reset",
]
"""What users do to their second factors and by them, and the reset by an administrator."""

DeliveryCommit = Literal["claim", "settle"]
"""What is stored about a message before it is sent, and after it was taken."""

Commit = (
    AccountCommit
    | AdministratorCommit
    | ClientCommit
    | FactorCommit
    | DeliveryCommit
    | Literal["import", "signing-key", "external-user"]
)
Moment = Literal["before", "sent", "after"]
"""Before the commit is sent; when it is sent and not answered; when it is answered and the caller not."""

MOMENTS: Final[tuple[Moment, ...]] = get_args(Moment)
ACCOUNT_COMMITS: Final[tuple[AccountCommit, ...]] = get_args(AccountCommit)
ADMINISTRATOR_COMMITS: Final[tuple[AdministratorCommit, ...]] = get_args(AdministratorCommit)
CLIENT_COMMITS: Final[tuple[ClientCommit, ...]] = get_args(ClientCommit)
FACTOR_COMMITS: Final[tuple[FactorCommit, ...]] = get_args(FactorCommit)
POINTS: Final = tuple((commit, moment) for commit in ACCOUNT_COMMITS for moment in MOMENTS)
ADMINISTRATOR_POINTS: Final = tuple((commit, moment) for commit in ADMINISTRATOR_COMMITS for moment in MOMENTS)
CLIENT_POINTS: Final = tuple((commit, moment) for commit in CLIENT_COMMITS for moment in MOMENTS)
FACTOR_POINTS: Final = tuple((commit, moment) for commit in FACTOR_COMMITS for moment in MOMENTS)
DELIVERY_POINTS: Final[tuple[tuple[DeliveryCommit, Moment], ...]] = (
    ("claim", "after"),
    ("settle", "before"),
    ("settle", "sent"),
    ("settle", "after"),
)
"""A claim that was not committed is none. Before a message is settled, its receiver has taken it."""

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
        self._mark(rotations, "rotate_sessions", lambda _: "rotate")
        self._mark(sessions, "end_session", _end)
        self._mark(accounts, "replace_password", lambda _: "password")
        self._mark(accounts, "update_email_verified", lambda _: "verify")
        self._mark(accounts, "replace_forgotten_password", lambda _: "reset")
        self._mark(email_changes, "update_confirmations", lambda _: "mailbox")
        self._mark(email_changes, "replace_email", lambda _: "email")
        self._mark(roles, "update_roles_of_user", lambda _: "roles")
        self._mark(users, "deactivate_user", lambda _: "deactivate")
        self._mark(users, "activate_user", lambda _: "activate")
        self._mark(administered_users, "end_password", lambda _: "forced-reset")
        self._mark(email_changes, "replace_email_unverified", lambda _: "new-address")
        self._mark(deletions, "deactivate_for_deletion", lambda _: "delete")
        self._mark(deletions, "remove_user", lambda _: "erase")
        self._mark(invitations, "add_invitation", lambda _: "invite")
        self._mark(imported_users, "add_users", lambda _: "import")
        self._mark(oauth_clients, "add_client", lambda _: "client")
        self._mark(oauth_secrets, "update_newest_secret", lambda _: "client-secret")
        self._mark(oauth_clients, "deactivate_client", lambda _: "client-disabled")
        self._mark(oauth_clients, "remove_client", lambda _: "client-removed")
        self._mark(signing_keys, "update_key", lambda _: "signing-key")
        self._mark(identities, "add_user", lambda _: "external-user")
        self._mark_factors()
        self._mark(outbox, "remove_message", lambda _: "settle")
        self._mark_claims()
        PostgresDatabase.bulk_transaction = self._around(PostgresDatabase.bulk_transaction)  # type: ignore[method-assign, assignment] # as below
        PostgresDatabase.transaction = self._around(PostgresDatabase.transaction)  # type: ignore[method-assign, assignment] # it is the point

    def _mark_factors(self) -> None:
        self._mark(totp_factors, "add_factor", lambda _: "application")
        self._mark(totp_factors, "consume_step", lambda _: "code-used")
        self._mark(recovery_codes, "consume_code", lambda _: "recovery-code-used")
        # Those that come with the first factor are a part of its commit.
        self._mark(recovery_codes, "replace_codes", lambda _: None if _transaction.get() else "codes-made")
        self._mark(own_sessions, "replace_session", lambda _: "proof")
        self._mark(passkeys, "add_passkey", lambda _: "passkey")
        self._mark(passkeys, "update_use", lambda _: "passkey-used")
        self._mark(second_factors, "replace_kinds", _removal)

    def _mark(self, repository: ModuleType, name: str, commit_of: Callable[[dict[str, Any]], Commit | None]) -> None:
        statement: Statement = getattr(repository, name)

        async def marked(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - whatever the statement takes
            commit, transaction = commit_of(named), _transaction.get()
            if commit is None:
                return await statement(*arguments, **named)
            if transaction is not None:
                transaction.append(commit)
                return await statement(*arguments, **named)
            self._pass(commit, "before")
            self._pass(commit, "sent")
            result = await statement(*arguments, **named)
            self._pass(commit, "after")
            return result

        setattr(repository, name, marked)

    def _mark_claims(self) -> None:
        """Pass when messages were claimed: most looks at the outbox find none."""
        claim = outbox.claim_messages

        async def marked(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - whatever the statement takes
            claimed = await claim(*arguments, **named)
            if claimed:
                self._pass("claim", "after")
            return claimed

        outbox.claim_messages = marked

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


def _removal(named: dict[str, Any]) -> Commit | None:
    removals: dict[tuple[str, ...], Commit | None] = {
        (): None,
        (SecondFactor.TOTP,): "application-removed",
        (SecondFactor.PASSKEY,): "passkey-removed",
        tuple(SecondFactor): "factors-reset",
    }
    return removals[tuple(named["removed"])]


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)
