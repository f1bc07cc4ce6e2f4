"""Checks of the passwords of existing accounts, and hashes of passwords that replace them. No login, no session.

Every wrong password is counted: without a session as a failed login; in a session separately from those, and
separately from the user's other sessions.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import field
from uuid import UUID

from doorward.core.frozen import frozen
from doorward.core.ports import Clock, Database
from doorward.domain.auth.callers import Caller
from doorward.domain.auth.events import CurrentPasswordRefused
from doorward.domain.auth.exceptions import InvalidAccessTokenError, WrongPasswordError
from doorward.domain.auth.login.throttling import STRANGERS, Attempt, Throttling
from doorward.domain.auth.passwords.models import StoredPasswords
from doorward.domain.auth.passwords.new_passwords import NewPasswords
from doorward.domain.auth.passwords.policy import MAXIMUM_TYPED_LENGTH, is_unicode_text
from doorward.domain.auth.ports import NO_CLIENT, Client, PasswordCheck, PasswordHasher
from doorward.domain.auth.repositories import Connection, browser_sessions, own_sessions, password_hashes
from doorward.domain.auth.users.identifiers import read_identifier
from doorward.observability.logging import report


@frozen
class ProvenPassword:
    """The stored hash that a password matched, and the hash that should replace it if it is outdated."""

    stored_hash: str | None = field(repr=False)
    upgraded_hash: str | None = field(repr=False)
    attempt: Attempt


async def has_password(connection: Connection, user_id: UUID) -> bool:
    """Return whether an account, in any state, has a password."""
    return await password_hashes.find_password_hash_in_any_state(connection, user_id) is not None


class Passwords:
    """Checks and hashes passwords of accounts."""

    def __init__(
        self,
        *,
        database: Database[Connection],
        clock: Clock,
        hasher: PasswordHasher,
        throttling: Throttling,
        new_passwords: NewPasswords,
    ) -> None:
        self._database = database
        self._clock = clock
        self._hasher = hasher
        self._throttling = throttling
        self._new_passwords = new_passwords

    async def is_password_of(self, user_id: UUID, password: str, *, client: Client = NO_CLIENT) -> bool:
        """Return whether the password is that of an active account. The work is the same for an unknown account.

        Raises ``LoginThrottledError``.
        """
        async with self._database.connection() as connection:
            stored_hash = await password_hashes.find_password_hash(connection, user_id)
        check = await self._check(user_id, password, stored_hash, client, account=str(user_id))
        return check.is_correct

    async def find_user(self, name: str, password: str, *, client: Client = NO_CLIENT) -> UUID | None:
        """Return the active account of this name or address if the password is right. All refusals take the same work.

        Raises ``LoginThrottledError``, also for an unknown name.
        """
        found = await self._find(name)
        right = await self._found_if_right(name, password, found, found.of_active if found else None, client)
        return right.user_id if right else None

    async def find_user_to_restore(
        self, name: str, password: str, *, client: Client = NO_CLIENT
    ) -> tuple[UUID, int] | None:
        """Return the account of this name whose deletion is scheduled, and its epoch, if the password is right.

        The password was checked in this epoch: compare the epoch again with the row locked. All refusals take the same
        work. Raises ``LoginThrottledError``, also for an unknown name.
        """
        found = await self._find(name)
        right = await self._found_if_right(name, password, found, found.of_restorable if found else None, client)
        return (right.user_id, right.session_epoch) if right else None

    async def _find(self, name: str) -> StoredPasswords | None:
        identifier = read_identifier(name)
        if identifier is None:
            return None
        async with self._database.connection() as connection:
            return await password_hashes.find_passwords(connection, identifier, now=self._clock.now())

    async def _found_if_right(
        self, name: str, password: str, found: StoredPasswords | None, stored_hash: str | None, client: Client
    ) -> StoredPasswords | None:
        """Count and check a password. Attempts on an account are counted under its id in every state of the account."""
        identifier = read_identifier(name)
        subject = found.user_id if found else identifier or name
        check = await self._check(subject, password, stored_hash, client, account=identifier or "")
        return found if check.is_correct else None

    @asynccontextmanager
    async def proving(
        self, caller: Caller, password: str, *, client: Client = NO_CLIENT
    ) -> AsyncIterator[ProvenPassword]:
        """Check the password of a session's user, and yield the proof for a change that is made within the block.

        The transaction of the change must call ``lock_acting_session``, because every change of a password ends all
        earlier sessions, and then ``forget_failures``: until it commits, the attempt counts as failed. The queue
        position of the check depends on ``client``. Raises ``WrongPasswordError``, after the same work if the user has
        no password, ``LoginThrottledError``, and ``InvalidAccessTokenError`` if the caller's session has ended
        meanwhile.
        """
        user, sessions = caller.user, own_sessions if caller.browser_session is None else browser_sessions
        async with self._database.connection() as connection:
            stored = await sessions.find_password(connection, user.id, session_id=caller.session_id)
        if stored is None:
            raise InvalidAccessTokenError
        stored_hash = stored.password_hash
        async with self._throttling.attempt(user.id, self._throttling.client_in(caller.session_id)) as attempt:
            check = await self._compare(password, stored_hash, client, account=user.username.lower())
            if not check.is_correct:
                report(CurrentPasswordRefused())
                raise WrongPasswordError
            yield ProvenPassword(stored_hash, check.upgraded_hash, attempt)

    async def forget_failures(self, connection: Connection, proven: ProvenPassword) -> None:
        """Forget the failed attempts in the session, in the transaction of the change."""
        await self._throttling.forget(connection, proven.attempt)

    async def check_new(self, password: str, *, username: str, email: str) -> None:
        """Refuse a new password by the rules of sign-up, or because it leaked. Call it outside of transactions.

        Raises the ``Password...Error`` classes, and ``ServiceUnavailableError`` as ``NewPasswords.check``.
        """
        await self._new_passwords.check(password, username=username, email=email)

    def check_rules(self, password: str, *, username: str, email: str) -> None:
        """Refuse a new password by the rules alone. Raises the ``Password...Error`` classes."""
        self._new_passwords.check_rules(password, username=username, email=email)

    async def hash_new(self, password: str, *, client: Client, account: str) -> str:
        """Return the hash of a new password that was checked."""
        return await self._hasher.hash(password, client=client, account=account)

    async def forget_failures_of_user(self, connection: Connection, user_id: UUID) -> None:
        """Forget the wrong passwords of all clients, in the transaction that sets a new password."""
        await self._throttling.forget_wrong_passwords(connection, user_id)

    async def _check(
        self, subject: UUID | str, password: str, stored_hash: str | None, client: Client, *, account: str
    ) -> PasswordCheck:
        async with self._throttling.attempt(subject, STRANGERS) as attempt:
            check = await self._compare(password, stored_hash, client, account=account)
        if check.is_correct:
            async with self._database.connection() as connection:
                await self._throttling.forget(connection, attempt)
        return check

    async def _compare(self, password: str, stored_hash: str | None, client: Client, *, account: str) -> PasswordCheck:
        checkable = len(password) <= MAXIMUM_TYPED_LENGTH and is_unicode_text(password)
        return await self._hasher.check(
            password if checkable else "", stored_hash if checkable else None, client=client, account=account
        )
