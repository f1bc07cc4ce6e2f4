"""Use case: password login."""

from dataclasses import field, replace
from datetime import datetime
from functools import partial
from typing import Literal
from uuid import UUID

from doorward.core.exceptions import DomainError
from doorward.core.frozen import frozen
from doorward.core.ports import Clock, Database
from doorward.domain.auth.devices.device_token import DeviceToken
from doorward.domain.auth.devices.known_devices import KnownDevices
from doorward.domain.auth.events import LoginFailed
from doorward.domain.auth.exceptions import (
    DeletionPendingError,
    InvalidCredentialsError,
    SecondFactorRequiredError,
)
from doorward.domain.auth.factors.events import SecondFactorAsked
from doorward.domain.auth.login.blocked_logins import BlockedLogins
from doorward.domain.auth.login.login_sessions import (
    BeginLogin,
    BegunLogin,
    BegunT,
    LoginPlace,
    LoginSessions,
    place_of,
)
from doorward.domain.auth.login.pending_login import PendingLogin, PendingLogins
from doorward.domain.auth.login.throttling import Attempt, Throttling
from doorward.domain.auth.models import Credentials, Device, LoggedIn, Proof
from doorward.domain.auth.passwords.policy import MAXIMUM_TYPED_LENGTH, is_unicode_text
from doorward.domain.auth.ports import NO_CLIENT, Client, PasswordCheck, PasswordHasher
from doorward.domain.auth.repositories import Connection, password_hashes
from doorward.domain.auth.sessions.admission import ERRORS_SHOWN_TO_OWNER, RefusalReason, Refuse, SecondFactorDue, judge
from doorward.domain.auth.sessions.browser_session import BrowserStay
from doorward.domain.auth.sessions.browser_sessions import SignedIn
from doorward.domain.auth.sessions.grants import FIRST_PARTY, IN_BROWSER, Grant
from doorward.domain.auth.users.identifiers import read_identifier
from doorward.observability.logging import report

PASSWORD_METHODS = ("pwd",)
"""``amr`` of a password login (RFC 8176 section 2)."""


@frozen
class _Asking:
    """The request of a login: the name and the password as typed, and the client."""

    name: str
    password: str = field(repr=False)
    client: Client
    user_agent: str | None
    device_token: str | None = field(repr=False)
    grant: Grant
    trusts_device: bool = True


@frozen
class _RightPassword:
    """A login whose password was right."""

    credentials: Credentials
    upgraded_hash: str | None = field(repr=False)
    grant: Grant
    place: LoginPlace
    attempt: Attempt

    def proof(self, now: datetime) -> Proof:
        """Return the proof that the password gives."""
        return Proof(
            self.credentials.user_id,
            PASSWORD_METHODS,
            acr=1,
            proven_at=now,
            session_epoch=self.credentials.session_epoch,
            is_on_trusted_device=self.credentials.trusts_device,
        )


class Login:
    """Begins a session for a name and a password."""

    def __init__(
        self,
        *,
        database: Database[Connection],
        hasher: PasswordHasher,
        sessions: LoginSessions,
        pending: PendingLogins,
        throttling: Throttling,
        devices: KnownDevices,
        blocked_logins: BlockedLogins,
        clock: Clock,
    ) -> None:
        """Store the dependencies.

        ``pending`` and ``blocked_logins`` answer a right password if no session may begin yet.
        """
        self._database = database
        self._hasher = hasher
        self._sessions = sessions
        self._pending = pending
        self._throttling = throttling
        self._devices = devices
        self._blocked_logins = blocked_logins
        self._clock = clock

    async def login(
        self,
        *,
        name: str,
        password: str,
        client: Client = NO_CLIENT,
        user_agent: str | None = None,
        device_token: str | None = None,
        grant: Grant = FIRST_PARTY,
    ) -> LoggedIn:
        """Begin a session for the grant, committed when this returns.

        ``name`` is a user name or an e-mail address in any spelling. The queue position of the hash depends on
        ``client``. ``device_token`` was issued by an earlier login; any other text in its place is ignored.
        An attacker must not learn whether the account exists, is active, or how old its hash is: all refusals raise
        ``InvalidCredentialsError`` after the same work, little more than one hash at the current cost, and after many
        of them ``LoginThrottledError`` without a hash. An outdated hash is replaced in the same transaction.
        Raises ``ServiceUnavailableError`` before any other check while the access token cannot be signed.
        Only the right password raises ``DeletionPendingError``, if the deletion of the account is scheduled,
        ``EmailNotVerifiedError``, if logins require a verified address, ``PasswordChangeRequiredError``, if an
        administrator requires a new password, and ``SecondFactorRequiredError``, if the account has a second factor.
        The last one has the token that completes the login; until then the attempt stays counted as failed.
        """
        self._sessions.require_signing_key(grant.audience, self._clock.now())
        asking = _Asking(name, password, client, user_agent, device_token, grant)
        login = await self._log_in(asking, partial(self._sessions.begin, grant=grant))
        return self._sessions.finish(login, now=self._clock.now())

    async def sign_in(
        self,
        *,
        name: str,
        password: str,
        stay: BrowserStay,
        trusts_device: bool,
        client: Client = NO_CLIENT,
        user_agent: str | None = None,
        device_token: str | None = None,
    ) -> SignedIn:
        """Begin the session of a browser, as ``login`` does for tokens, with the same refusals.

        Without ``trusts_device`` a second factor is required even on a remembered device.
        """
        asking = _Asking(name, password, client, user_agent, device_token, IN_BROWSER, trusts_device)
        login = await self._log_in(asking, partial(self._sessions.begin_in_browser, stay=stay))
        return self._sessions.finish_in_browser(login)

    async def _log_in(self, asking: _Asking, begin: BeginLogin[BegunT]) -> BegunLogin[BegunT]:
        """Check the password, and begin the session, committed when this returns."""
        identifier, shown = read_identifier(asking.name), self._devices.read(asking.device_token)
        device = self._sessions.describe(asking.client, asking.user_agent)
        credentials = await self._find_credentials(identifier, shown, device) if identifier else None
        subject = credentials.user_id if credentials else identifier or asking.name
        async with self._throttling.attempt(subject, self._throttling.client_of(credentials, shown, device)) as attempt:
            check = await self._check(credentials, asking.password, asking.client, identifier or "")
            if credentials is None:
                raise _refusal(RefusalReason.UNKNOWN_USER)
            if not check.is_correct:
                raise _refusal(_reason_of(credentials), credentials.user_id)
            if credentials.deletes_at is not None:
                raise await self._offer_to_restore(credentials, credentials.deletes_at, attempt)
            place = place_of(credentials, shown, device)
            credentials = replace(credentials, trusts_device=credentials.trusts_device and asking.trusts_device)
            right = _RightPassword(credentials, check.upgraded_hash, asking.grant, place, attempt)
            return await self._begin(right, begin)

    async def _find_credentials(self, identifier: str, shown: DeviceToken | None, device: Device) -> Credentials | None:
        async with self._database.connection() as connection:
            return await self._sessions.find_credentials(connection, identifier, shown, device, now=self._clock.now())

    async def _check(
        self, credentials: Credentials | None, password: str, client: Client, account: str
    ) -> PasswordCheck:
        checkable = len(password) <= MAXIMUM_TYPED_LENGTH and is_unicode_text(password)
        # The right password of an inactive user takes the same work as a wrong one: no upgrade, no further query.
        stored_hash = credentials.password_hash if credentials and credentials.is_checked and checkable else None
        return await self._hasher.check(password if checkable else "", stored_hash, client=client, account=account)

    async def _offer_to_restore(
        self, credentials: Credentials, deletes_at: datetime, attempt: Attempt
    ) -> DeletionPendingError:
        """Forget the failed attempts, because the password was right; return the error with the token that restores."""
        user_id, epoch = credentials.user_id, credentials.session_epoch
        async with self._database.connection() as connection:
            await self._throttling.forget(connection, attempt)
        report(LoginFailed(reason="deletion_pending", target_user_id=user_id))
        return self._blocked_logins.offer_restoration(
            user_id, epoch=epoch, deletes_at=deletes_at, now=self._clock.now()
        )

    async def _begin(self, right: _RightPassword, begin: BeginLogin[BegunT]) -> BegunLogin[BegunT]:
        """Begin the session, or require the second factor without a transaction."""
        now, user_id = self._clock.now(), right.credentials.user_id
        proof = right.proof(now)
        verdict = judge(right.credentials, proof, self._sessions.policy)
        if isinstance(verdict, SecondFactorDue):
            if right.upgraded_hash is not None:
                async with self._database.connection() as connection:
                    await _upgrade(connection, right)
            raise self._second_factor_due(right, verdict, now)
        async with self._database.transaction() as connection:
            account = await self._sessions.lock(connection, user_id)
            login = await begin(connection, account, proof, place=right.place, attempts=(right.attempt,), now=now)
            if isinstance(login, BegunLogin):
                await _upgrade(connection, right)
            elif isinstance(login, Refuse) and login.reason in ERRORS_SHOWN_TO_OWNER:
                await self._throttling.forget(connection, right.attempt)
                if login.reason is RefusalReason.EMAIL_NOT_VERIFIED:
                    await self._blocked_logins.ask_for_verification(connection, user_id, now=now)
        if isinstance(login, Refuse):
            raise _refusal(login.reason, user_id)
        if isinstance(login, SecondFactorDue):
            raise self._second_factor_due(right, login, now)
        return login

    def _second_factor_due(
        self, right: _RightPassword, due: SecondFactorDue, now: datetime
    ) -> SecondFactorRequiredError:
        """Return the error with the token that completes the login. Until then the attempt stays counted as failed."""
        known = right.place.known
        login = PendingLogin(
            user_id=right.credentials.user_id,
            epoch=right.credentials.session_epoch,
            methods=PASSWORD_METHODS,
            grant=right.grant,
            counted_as=right.attempt.client,
            device_id=None if known is None else known.device_id,
            is_new=right.place.is_new,
        )
        report(SecondFactorAsked(target_user_id=login.user_id))
        return SecondFactorRequiredError(self._pending.issue(login, now=now), due.methods)


async def _upgrade(connection: Connection, right: _RightPassword) -> None:
    """Replace an outdated hash."""
    if right.upgraded_hash is not None:
        stored = right.credentials
        await password_hashes.replace_password_hash(
            connection, stored.user_id, old=stored.password_hash, new=right.upgraded_hash
        )


def _reason_of(credentials: Credentials) -> RefusalReason | Literal["wrong_password"]:
    """Return the reason for the log why a password was refused."""
    return "wrong_password" if credentials.is_checked else RefusalReason.INACTIVE_USER


def _refusal(reason: RefusalReason | Literal["wrong_password"], user_id: UUID | None = None) -> DomainError:
    """Log the reason for the operator, and return the error. Only ``ERRORS_SHOWN_TO_OWNER`` reach the caller."""
    report(LoginFailed(reason=reason, target_user_id=user_id))
    return ERRORS_SHOWN_TO_OWNER[reason]() if reason in ERRORS_SHOWN_TO_OWNER else InvalidCredentialsError()
