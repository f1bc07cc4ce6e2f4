"""The session that goes on when all sessions of its user end: a new one, on a device that is known from now on."""

from dataclasses import dataclass, replace
from datetime import datetime

from doorward.domain.auth.admission import SIGNED_IN
from doorward.domain.auth.begin import Begun, begin_session
from doorward.domain.auth.callers import Caller
from doorward.domain.auth.device_token import DeviceToken
from doorward.domain.auth.devices import AddressDetail, describe_device
from doorward.domain.auth.exceptions import InvalidAccessTokenError
from doorward.domain.auth.grants import Grant
from doorward.domain.auth.known_devices import KnownDevices
from doorward.domain.auth.models import Account, Device, LoggedIn, Proof
from doorward.domain.auth.policy import Lifetimes
from doorward.domain.auth.ports import Client
from doorward.domain.auth.repositories import Connection
from doorward.domain.auth.token_pair import TokenPairIssuer
from doorward.observability.logging import report


@dataclass(frozen=True, slots=True)
class Continued:
    """The session that begins with the commit, and the token of its device."""

    begun: Begun
    device_token: DeviceToken


class SessionContinuation:
    """Begins the session in which a user goes on after a change that ended all sessions and all known devices."""

    def __init__(
        self, *, issuer: TokenPairIssuer, devices: KnownDevices, lifetimes: Lifetimes, address_detail: AddressDetail
    ) -> None:
        """Take the issuer of tokens, what knows devices, the limits, and what addresses may show."""
        self._issuer = issuer
        self._devices = devices
        self._lifetimes = lifetimes
        self._address_detail: AddressDetail = address_detail

    def require_signing_key(self, now: datetime) -> None:
        """Raise ``ServiceUnavailableError`` while the tokens of a session cannot be signed. To be called first."""
        self._issuer.require_signing_key(None, now)

    def describe(self, client: Client, user_agent: str | None) -> Device:
        """Return what is recorded of the device that asks."""
        return describe_device(user_agent, client.address, self._address_detail)

    async def begin(
        self, connection: Connection, caller: Caller, account: Account, proof: Proof, device: Device, *, now: datetime
    ) -> Continued:
        """Begin the session in the transaction that ended the others; ``account`` is as that has left it.

        ``proof`` names the epoch that begins. The caller's client and the scopes of the token stay. Raises
        ``InvalidAccessTokenError`` for a user that may not act any more.
        """
        token = DeviceToken.new(proof.user_id)
        grant = Grant(caller.client_id, tuple(sorted(caller.token_scopes)), binding=caller.binding)
        known = replace(device, id=token.device_id)
        begun = await begin_session(
            connection, account, proof, grant, known, policy=SIGNED_IN, lifetimes=self._lifetimes, now=now
        )
        if not isinstance(begun, Begun):
            raise InvalidAccessTokenError
        await self._devices.keep_only(connection, token, epoch=proof.session_epoch, now=now)
        return Continued(begun, token)

    def finish(self, continued: Continued, *, now: datetime) -> LoggedIn:
        """Report the session, which is committed, and return its tokens."""
        begun, user_id = continued.begun, continued.device_token.user_id
        for event in (begun.event, *begun.ended):
            report(event)
        pair = self._issuer.issue_first(begun, user_id=user_id, now=now)
        return LoggedIn(pair, self._devices.encode(continued.device_token))
