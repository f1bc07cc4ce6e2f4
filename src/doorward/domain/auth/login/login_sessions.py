"""The last step of every login, by any factors: begin its session."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Generic, Protocol, TypeVar
from uuid import UUID

from doorward.core.frozen import frozen
from doorward.domain.auth.devices.device_token import DeviceToken
from doorward.domain.auth.devices.known_devices import KnownDevices
from doorward.domain.auth.devices.recorded import AddressDetail, describe_device
from doorward.domain.auth.login.throttling import Attempt, Throttling
from doorward.domain.auth.models import Credentials, Device, LockedAccount, LoggedIn, Proof
from doorward.domain.auth.ports import Client
from doorward.domain.auth.repositories import Connection, users
from doorward.domain.auth.sessions.admission import AdmissionPolicy, Refuse, SecondFactorDue
from doorward.domain.auth.sessions.begin import Begun, begin_session
from doorward.domain.auth.sessions.browser_session import BrowserStay
from doorward.domain.auth.sessions.browser_sessions import BegunBrowserSession, SignedIn, begin_browser_session
from doorward.domain.auth.sessions.grants import Grant
from doorward.domain.auth.sessions.policy import Lifetimes
from doorward.domain.auth.sessions.rotated_session import TokenAudience
from doorward.domain.auth.sessions.token_pair import TokenPairIssuer
from doorward.domain.auth.tokens.opaque_token import OpaqueTokenCodec
from doorward.observability.logging import report


@frozen
class LoginRules:
    """The admission policy of logins, the lifetimes of sessions, and the recorded detail of addresses.

    ``device_trust`` is how long a remembered device need not show a second factor again; None disables this. The
    current setting applies, not the one at the time when the device was remembered.
    """

    policy: AdmissionPolicy
    lifetimes: Lifetimes
    address_detail: AddressDetail
    device_trust: timedelta | None


@frozen
class LoginPlace:
    """The device of a login, and the token by which it is known, if any."""

    device: Device
    known: DeviceToken | None
    is_new: bool
    """Whether the device is new to an owner who has logged in before. A notice is sent to ``notified_email``."""
    notified_email: str | None
    is_trusted: bool = False
    """Whether the device need not show a second factor again for a while; False keeps the stored value."""


BegunT = TypeVar("BegunT")


@frozen
class BegunLogin(Generic[BegunT]):
    """A session that begins with the commit, and the token that identifies its device later."""

    begun: BegunT
    device_token: DeviceToken


class BeginLogin(Protocol[BegunT]):
    """Begins a session of one kind: ``LoginSessions.begin`` for a grant, or ``begin_in_browser`` for a stay.

    The grant or the stay is bound by ``partial``.
    """

    async def __call__(
        self,
        connection: Connection,
        account: LockedAccount | None,
        proof: Proof,
        *,
        place: LoginPlace,
        attempts: tuple[Attempt, ...] = (),
        now: datetime,
    ) -> BegunLogin[BegunT] | SecondFactorDue | Refuse:
        """Begin the session in the caller's transaction, which has locked the account."""


BeginLoginHere = Callable[
    [Connection, LockedAccount | None, Proof], Awaitable[BegunLogin[BegunT] | SecondFactorDue | Refuse]
]
"""A ``BeginLogin`` whose place, attempts and time are bound, too."""


class LoginSessions:
    """Begins sessions for proofs of users. Callers check the factors; ``judge`` decides whether they suffice."""

    def __init__(
        self,
        *,
        issuer: TokenPairIssuer,
        cookies: OpaqueTokenCodec,
        throttling: Throttling,
        devices: KnownDevices,
        rules: LoginRules,
    ) -> None:
        self._cookies = cookies
        self._issuer = issuer
        self._throttling = throttling
        self._devices = devices
        self._rules = rules

    @property
    def policy(self) -> AdmissionPolicy:
        """Return the requirements that accounts must meet."""
        return self._rules.policy

    def require_signing_key(self, audience: TokenAudience | None, now: datetime) -> None:
        """Raise ``ServiceUnavailableError`` while the tokens of a session cannot be signed. Call it first."""
        self._issuer.require_signing_key(audience, now)

    def describe(self, client: Client, user_agent: str | None) -> Device:
        """Return the recorded description of the client's device."""
        return describe_device(user_agent, client.address, self._rules.address_detail)

    async def find_credentials(
        self,
        connection: Connection,
        identifier: str | UUID,
        shown: DeviceToken | None,
        device: Device,
        *,
        now: datetime,
    ) -> Credentials | None:
        """Return the user of a canonical name or an id, and whether the user knows the device and the address."""
        trust = self._rules.device_trust
        return await users.find_credentials(
            connection,
            identifier,
            device=shown,
            address=device.address,
            trusted_since=None if trust is None else now - trust,
            now=now,
        )

    async def lock(self, connection: Connection, user_id: UUID) -> LockedAccount | None:
        """Lock the user and return the account for ``begin``. Call it before any other row of the user is locked."""
        return await users.lock_account(connection, user_id)

    async def begin(
        self,
        connection: Connection,
        account: LockedAccount | None,
        proof: Proof,
        grant: Grant,
        place: LoginPlace,
        *,
        attempts: tuple[Attempt, ...] = (),
        now: datetime,
    ) -> BegunLogin[Begun] | SecondFactorDue | Refuse:
        """Judge the proof, store the session, forget the failed attempts, and store the device as known.

        Call it in the transaction that has locked the account. If the verdict is no session, nothing changes.
        """
        token = place.known or DeviceToken.new(proof.user_id)
        device = replace(place.device, id=token.device_id)
        policy, lifetimes = self._rules.policy, self._rules.lifetimes
        begun = await begin_session(
            connection, account, proof, grant, device, policy=policy, lifetimes=lifetimes, now=now
        )
        if not isinstance(begun, Begun):
            return begun
        await self._settle(connection, token, proof, place, attempts, now=now)
        return BegunLogin(begun, token)

    async def begin_in_browser(
        self,
        connection: Connection,
        account: LockedAccount | None,
        proof: Proof,
        stay: BrowserStay,
        place: LoginPlace,
        *,
        attempts: tuple[Attempt, ...] = (),
        now: datetime,
    ) -> BegunLogin[BegunBrowserSession] | SecondFactorDue | Refuse:
        """Begin a session of a browser, as ``begin`` does for a client."""
        token = place.known or DeviceToken.new(proof.user_id)
        begun = await begin_browser_session(
            connection, account, proof, stay, place.device, policy=self._rules.policy, now=now
        )
        if not isinstance(begun, BegunBrowserSession):
            return begun
        await self._settle(connection, token, proof, place, attempts, now=now)
        return BegunLogin(begun, token)

    async def _settle(
        self,
        connection: Connection,
        token: DeviceToken,
        proof: Proof,
        place: LoginPlace,
        attempts: tuple[Attempt, ...],
        *,
        now: datetime,
    ) -> None:
        """Forget the failed attempts, store the device as known, and queue the notice of a new one."""
        if attempts:
            await self._throttling.forget(connection, *attempts)
        is_trusted = place.is_trusted and self._rules.device_trust is not None
        await self._devices.keep(
            connection,
            token,
            epoch=proof.session_epoch,
            is_new=place.known is None,
            is_trusted=is_trusted,
            now=now,
        )
        if place.is_new:
            await self._devices.notify(connection, proof.user_id, place.notified_email, place.device, now=now)

    def finish(self, login: BegunLogin[Begun], *, now: datetime) -> LoggedIn:
        """Report the committed session, and return its tokens."""
        for event in (login.begun.event, *login.begun.ended):
            report(event)
        pair = self._issuer.issue_first(login.begun, user_id=login.device_token.user_id, now=now)
        is_for_another_service = login.begun.grant.audience is not None
        return LoggedIn(pair, self._devices.encode(login.device_token), is_for_another_service)

    def finish_in_browser(self, login: BegunLogin[BegunBrowserSession]) -> SignedIn:
        """Report the committed session, and return its cookies."""
        begun = login.begun
        for event in (begun.event, *begun.ended):
            report(event)
        return SignedIn(self._cookies.encode(begun.token), self._devices.encode(login.device_token), begun.kept_for)


def place_of(credentials: Credentials, shown: DeviceToken | None, device: Device) -> LoginPlace:
    """Return the device of a login: a known one, or a new one of which the owner is notified."""
    is_known = credentials.knows_device or credentials.knows_address
    known = shown if credentials.knows_device else None
    is_new = credentials.has_logged_in and not is_known
    return LoginPlace(device, known, is_new=is_new, notified_email=credentials.verified_email)
