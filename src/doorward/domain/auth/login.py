"""Use case: password login."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from doorward.core.exceptions import DomainError
from doorward.core.ports import Clock, Database
from doorward.domain.auth.admission import AdmissionPolicy, RefusalReason, Refuse
from doorward.domain.auth.begin import Begun, begin_session
from doorward.domain.auth.device_token import DeviceToken
from doorward.domain.auth.devices import AddressDetail, describe_device
from doorward.domain.auth.events import LoginFailed
from doorward.domain.auth.exceptions import (
    DeletionPendingError,
    EmailNotVerifiedError,
    InvalidCredentialsError,
    PasswordChangeRequiredError,
)
from doorward.domain.auth.held_back import HeldBack
from doorward.domain.auth.identifiers import read_identifier
from doorward.domain.auth.known_devices import KnownDevices
from doorward.domain.auth.models import FIRST_PARTY, ClientKind, Credentials, Device, Grant, LoggedIn, Proof
from doorward.domain.auth.policy import MAXIMUM_TYPED_LENGTH, Lifetimes, is_unicode_text
from doorward.domain.auth.ports import NO_CLIENT, Client, PasswordCheck, PasswordHasher
from doorward.domain.auth.repositories import Connection, users
from doorward.domain.auth.throttling import STRANGERS, Attempt, ThrottledClient, Throttling
from doorward.domain.auth.token_pair import TokenPairIssuer
from doorward.observability.logging import report

PASSWORD_METHODS = ("pwd",)
"""``amr`` of a password login (RFC 8176 section 2)."""

_TOLD: Final[Mapping[str, type[DomainError]]] = {
    RefusalReason.EMAIL_NOT_VERIFIED: EmailNotVerifiedError,
    RefusalReason.PASSWORD_CHANGE_REQUIRED: PasswordChangeRequiredError,
}
"""The refusals that the right password is told."""


@dataclass(frozen=True, slots=True)
class LoginRules:
    """Whom a login admits, how long its session lives, and what is recorded of the client's address."""

    policy: AdmissionPolicy
    lifetimes: Lifetimes
    address_detail: AddressDetail


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a login comes from: the device, and the token that it shows if it is known by it."""

    device: Device
    known: DeviceToken | None
    is_new: bool
    """The owner, who has logged in before, is told of it."""


class Login:
    """Turns a name and a password into a session."""

    def __init__(
        self,
        *,
        database: Database[Connection],
        hasher: PasswordHasher,
        issuer: TokenPairIssuer,
        throttling: Throttling,
        devices: KnownDevices,
        held_back: HeldBack,
        clock: Clock,
        rules: LoginRules,
    ) -> None:
        """Take the database, the hasher, the issuer of tokens, what counts attempts and knows devices, and the rules.

        ``held_back`` has what the right password gets where no session may begin.
        """
        self._database = database
        self._hasher = hasher
        self._issuer = issuer
        self._throttling = throttling
        self._devices = devices
        self._held_back = held_back
        self._clock = clock
        self._rules = rules

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
        """Begin a session for what is granted, committed when this returns.

        ``name`` is a user name or an e-mail address in any spelling; ``client`` decides when the password is checked.
        ``device_token`` was given by an earlier login; any other text in its place is ignored.
        An attacker must not learn whether the account exists, is active, or how old its hash is: all refusals are one
        ``InvalidCredentialsError`` after the same work, little more than one hash at the current cost, and after many
        of them one ``LoginThrottledError`` without a hash. An outdated hash is replaced in the same transaction.
        The right password of an account that waits for its deletion raises ``DeletionPendingError``.
        Raises ``ServiceUnavailableError`` before anything is looked at while its access token cannot be signed.
        Only whoever has the right password gets ``EmailNotVerifiedError``, where logins require a verified address, and
        ``PasswordChangeRequiredError``, where an administrator has had the password reset.
        """
        self._issuer.require_signing_key(grant.audience, self._clock.now())
        identifier, shown = read_identifier(name), self._devices.read(device_token)
        device = describe_device(user_agent, client.address, self._rules.address_detail)
        credentials = await self._find_credentials(identifier, shown, device) if identifier else None
        subject = credentials.user_id if credentials else identifier or name
        async with self._throttling.attempt(subject, self._counted_as(credentials, shown, device)) as attempt:
            check = await self._check(credentials, password, client, identifier or "")
            if credentials is None:
                raise _refusal(RefusalReason.UNKNOWN_USER)
            if not check.is_correct:
                raise _refusal(
                    "wrong_password" if credentials.is_checked else RefusalReason.INACTIVE_USER, credentials.user_id
                )
            if credentials.deletes_at is not None:
                raise await self._offer_to_restore(credentials, credentials.deletes_at, attempt)
            place = _place(credentials, shown, device)
            return await self._begin(credentials, grant, place, check.upgraded_hash, attempt)

    async def _find_credentials(self, identifier: str, shown: DeviceToken | None, device: Device) -> Credentials | None:
        async with self._database.connection() as connection:
            return await users.find_credentials(
                connection, identifier, device=shown, address=device.address, now=self._clock.now()
            )

    def _counted_as(
        self, credentials: Credentials | None, shown: DeviceToken | None, device: Device
    ) -> ThrottledClient:
        """Return with whom the attempt is counted: a name that is no user's is known nowhere."""
        if credentials and credentials.knows_device and shown:
            return ThrottledClient(ClientKind.DEVICE, shown.device_id.bytes)
        if credentials and credentials.knows_address and device.address:
            return self._throttling.client_at(device.address)
        return STRANGERS

    async def _check(
        self, credentials: Credentials | None, password: str, client: Client, account: str
    ) -> PasswordCheck:
        checkable = len(password) <= MAXIMUM_TYPED_LENGTH and is_unicode_text(password)
        # The right password of an inactive user costs what a wrong one does: no upgrade, no further query.
        stored_hash = credentials.password_hash if credentials and credentials.is_checked and checkable else None
        return await self._hasher.check(password if checkable else "", stored_hash, client=client, account=account)

    async def _offer_to_restore(
        self, credentials: Credentials, deletes_at: datetime, attempt: Attempt
    ) -> DeletionPendingError:
        """Forget the failures, as the password was right, and return the refusal with the token that restores."""
        user_id, epoch = credentials.user_id, credentials.session_epoch
        async with self._database.connection() as connection:
            await self._throttling.forgive(connection, attempt)
        report(LoginFailed(reason="deletion_pending", target_user_id=user_id))
        return self._held_back.offer_restoration(user_id, epoch=epoch, deletes_at=deletes_at, now=self._clock.now())

    async def _begin(
        self, credentials: Credentials, grant: Grant, place: _Place, upgraded_hash: str | None, attempt: Attempt
    ) -> LoggedIn:
        now, user_id, epoch = self._clock.now(), credentials.user_id, credentials.session_epoch
        proof = Proof(user_id, PASSWORD_METHODS, acr=1, proven_at=now, session_epoch=epoch)
        device_token = place.known or DeviceToken.new(user_id)
        device = replace(place.device, id=device_token.device_id)
        async with self._database.transaction() as connection:
            begun = await begin_session(
                connection,
                proof,
                grant,
                device,
                policy=self._rules.policy,
                lifetimes=self._rules.lifetimes,
                now=now,
            )
            if isinstance(begun, Begun):
                await self._throttling.forgive(connection, attempt)
                await self._devices.keep(connection, device_token, epoch=epoch, is_new=place.known is None, now=now)
                if upgraded_hash is not None:
                    old = credentials.password_hash
                    await users.replace_password_hash(connection, user_id, old=old, new=upgraded_hash)
                if place.is_new:
                    await self._devices.notify(connection, credentials, device, now=now)
            elif begun.reason in _TOLD:
                await self._throttling.forgive(connection, attempt)
                if begun.reason is RefusalReason.EMAIL_NOT_VERIFIED:
                    await self._held_back.ask_for_verification(connection, user_id, now=now)
        if isinstance(begun, Refuse):
            raise _refusal(begun.reason, user_id)
        for event in (begun.event, *begun.ended):
            report(event)
        pair = self._issuer.issue_first(begun, user_id=user_id, now=now)
        return LoggedIn(pair, self._devices.encode(device_token))


def _place(credentials: Credentials, shown: DeviceToken | None, device: Device) -> _Place:
    is_known = credentials.knows_device or credentials.knows_address
    known = shown if credentials.knows_device else None
    return _Place(device, known, is_new=credentials.has_logged_in and not is_known)


def _refusal(reason: RefusalReason | Literal["wrong_password"], user_id: UUID | None = None) -> DomainError:
    """Log for the operator what the caller is not told, and return the one refusal that does not tell it."""
    report(LoginFailed(reason=reason, target_user_id=user_id))
    return _TOLD[reason]() if reason in _TOLD else InvalidCredentialsError()
