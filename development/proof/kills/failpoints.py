"""The points at which the service can be killed: around each commit of the proofs' changes.

They are not part of the product, but wrapped around it here. A file arms one point for the process that watches it:
`rotate before 2` kills at the second pass. Without the file no point kills.
"""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from contextvars import ContextVar
from pathlib import Path
from types import ModuleType
from typing import Any

from development.proof.kills.commits import Commit, Moment
from doorward.domain.accounts.repositories import accounts, deletions, email_changes, invitations
from doorward.domain.administration.repositories import imported_users
from doorward.domain.administration.repositories import users as administered_users
from doorward.domain.auth.models import EndReason
from doorward.domain.auth.repositories import (
    application_sessions,
    browser_sessions,
    own_sessions,
    roles,
    rotations,
    second_factors,
    sessions,
    throttles,
    users,
)
from doorward.domain.auth.sessions.admission import SecondFactor
from doorward.domain.federation.repositories import identities
from doorward.domain.keys import repository as signing_keys
from doorward.domain.mfa.repositories import recovery_codes, totp_factors
from doorward.domain.oauth.device_models import DeviceStatus
from doorward.domain.oauth.repositories import clients as oauth_clients
from doorward.domain.oauth.repositories import codes, consents, devices, pushed_requests, registrations
from doorward.domain.oauth.repositories import secrets as oauth_secrets
from doorward.domain.outbox import repository as outbox
from doorward.domain.passkeys import repository as passkeys
from doorward.infrastructure.postgres.database import PostgresDatabase

Statement = Callable[..., Awaitable[Any]]
_transaction: ContextVar[list[Commit] | None] = ContextVar("transaction", default=None)
"""The changes of the current transaction; None outside of transactions, where each statement commits by itself."""


class Failpoints:
    """Kills this process at the point that the file names."""

    def __init__(self, file: Path) -> None:
        """Take the file that arms a point."""
        self._file = file
        self._passes = 0

    def install(self) -> None:
        """Wrap the product's commits in this process."""
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
        self._mark(oauth_clients, "disable_client", lambda _: "client-disabled")
        self._mark(oauth_clients, "remove_client", lambda _: "client-removed")
        self._mark(signing_keys, "update_key", lambda _: "signing-key")
        self._mark(identities, "add_user", lambda _: "external-user")
        self._mark_factors()
        self._mark_sign_ins()
        self._mark(outbox, "remove_message", lambda _: "settle")
        self._mark_claims()
        PostgresDatabase.bulk_transaction = self._around(PostgresDatabase.bulk_transaction)  # type: ignore[method-assign, assignment] # as below
        PostgresDatabase.transaction = self._around(PostgresDatabase.transaction)  # type: ignore[method-assign, assignment] # it is the point

    def _mark_factors(self) -> None:
        self._mark(totp_factors, "add_factor", lambda _: "application")
        self._mark(totp_factors, "consume_step", lambda _: "code-used")
        self._mark(recovery_codes, "consume_code", lambda _: "recovery-code-used")
        # Codes that are created with the first factor belong to its commit.
        self._mark(recovery_codes, "replace_codes", lambda _: None if _transaction.get() else "codes-made")
        self._mark(own_sessions, "replace_session", lambda _: "proof")
        self._mark(passkeys, "add_passkey", lambda _: "passkey")
        self._mark(passkeys, "update_use", lambda _: "passkey-used")
        self._mark(second_factors, "replace_kinds", _removal)

    def _mark_sign_ins(self) -> None:
        self._mark(browser_sessions, "add_browser_session", lambda _: "browser-session")
        self._mark(codes, "add_codes", lambda _: "code")
        self._mark(consents, "add_consent", lambda _: "consent")
        self._mark(codes, "consume_code", lambda _: "code-redeemed")
        self._mark(application_sessions, "end_session_of_code", lambda _: "code-replayed")
        self._mark(pushed_requests, "add_pushed_request", lambda _: "request-pushed")
        self._mark(pushed_requests, "update_browser", lambda _: "request-opened")
        self._mark(pushed_requests, "consume_pushed_request", lambda _: "request-used")
        self._mark(devices, "add_device", lambda _: "device-begun")
        self._mark(devices, "update_poll", lambda _: "device-polled")
        self._mark(devices, "update_decision", _decision)
        self._mark(devices, "consume_device", lambda _: "device-redeemed")
        self._mark(consents, "remove_consent", lambda _: "consent-revoked")
        self._mark(browser_sessions, "end_browser_session", lambda _: "signed-out")
        self._mark(own_sessions, "end_epoch_of_user", lambda _: "signed-out-everywhere")
        self._mark(registrations, "add_registration", lambda _: "registered")
        self._mark(oauth_clients, "update_client", lambda _: "registration-changed")

    def _mark(self, repository: ModuleType, name: str, commit_of: Callable[[dict[str, Any]], Commit | None]) -> None:
        statement: Statement = getattr(repository, name)

        async def marked(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - the arguments of the statement
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
        """Count a pass only if messages were claimed: most queries of the outbox find none."""
        claim = outbox.claim_messages

        async def marked(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - the arguments of the statement
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
            # The task runs until it waits for the response; the event loop calls this only then.
            asyncio.get_running_loop().call_soon(_die)
        else:
            _die()


def _end(named: dict[str, Any]) -> Commit:
    return "reuse-revoke" if named["reason"] is EndReason.REUSE else "revoke"


def _decision(named: dict[str, Any]) -> Commit:
    return "device-approved" if named["status"] is DeviceStatus.APPROVED else "device-denied"


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
