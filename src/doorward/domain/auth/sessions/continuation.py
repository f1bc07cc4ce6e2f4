"""The session in which a user continues when all sessions end: a new one, on a newly known device."""

from dataclasses import replace
from datetime import datetime

from doorward.core.frozen import frozen
from doorward.domain.auth.callers import Caller
from doorward.domain.auth.devices.device_token import DeviceToken
from doorward.domain.auth.devices.known_devices import KnownDevices
from doorward.domain.auth.devices.recorded import AddressDetail, describe_device
from doorward.domain.auth.exceptions import InvalidAccessTokenError
from doorward.domain.auth.models import Device, LockedAccount, LoggedIn, Proof
from doorward.domain.auth.ports import Client
from doorward.domain.auth.repositories import Connection
from doorward.domain.auth.sessions.admission import SIGNED_IN, Refuse, SecondFactorDue
from doorward.domain.auth.sessions.begin import Begun, begin_session
from doorward.domain.auth.sessions.browser_session import BrowserStay
from doorward.domain.auth.sessions.browser_sessions import BegunBrowserSession, SignedIn, begin_browser_session
from doorward.domain.auth.sessions.grants import Grant
from doorward.domain.auth.sessions.policy import Lifetimes
from doorward.domain.auth.sessions.token_pair import TokenPairIssuer
from doorward.domain.auth.tokens.opaque_token import OpaqueTokenCodec
from doorward.observability.logging import report

SessionCredentials = LoggedIn | SignedIn
"""The new session of a caller: tokens for a caller with an access token, cookies for one with a cookie."""


def tokens_of(session: SessionCredentials) -> LoggedIn:
    """Return the session of a caller with an access token. Raises ``TypeError`` for another caller."""
    if isinstance(session, SignedIn):
        raise TypeError("the caller came with the cookie of a browser")
    return session


def cookies_of(session: SessionCredentials) -> SignedIn:
    """Return the session of a caller with a cookie. Raises ``TypeError`` for another caller."""
    if isinstance(session, LoggedIn):
        raise TypeError("the caller came with a token")
    return session


def proof_of(caller: Caller, *, epoch: int) -> Proof:
    """Return the proof of the caller's session, for a new session in another epoch."""
    return Proof(caller.user.id, tuple(sorted(caller.amr)), caller.acr, caller.authenticated_at, session_epoch=epoch)


@frozen
class ContinuedSession:
    """The session that begins with the commit, and the token of its device."""

    begun: Begun | BegunBrowserSession
    device_token: DeviceToken


class SessionContinuation:
    """Begins the session in which a user continues after a change that ended all sessions and all known devices."""

    def __init__(
        self,
        *,
        issuer: TokenPairIssuer,
        cookies: OpaqueTokenCodec,
        devices: KnownDevices,
        lifetimes: Lifetimes,
        address_detail: AddressDetail,
    ) -> None:
        self._issuer = issuer
        self._cookies = cookies
        self._devices = devices
        self._lifetimes = lifetimes
        self._address_detail: AddressDetail = address_detail

    def require_signing_key(self, caller: Caller, now: datetime) -> None:
        """Raise ``ServiceUnavailableError`` while the tokens of the caller's client cannot be signed. Call it first."""
        self._issuer.require_signing_key(self._issuer.audience_of(caller.client_id), now)

    def describe(self, client: Client, user_agent: str | None) -> Device:
        """Return the recorded description of the client's device."""
        return describe_device(user_agent, client.address, self._address_detail)

    async def begin(
        self,
        connection: Connection,
        caller: Caller,
        account: LockedAccount,
        proof: Proof,
        device: Device,
        *,
        now: datetime,
    ) -> ContinuedSession:
        """Begin the session in the transaction that ended the others; ``account`` is the user's state after that.

        ``proof`` has the new epoch. The caller's client and the scopes of the token stay the same; a caller with a
        cookie gets a new cookie. Raises ``InvalidAccessTokenError`` if no session of the user may begin.
        """
        token = DeviceToken.new(proof.user_id)
        known = replace(device, id=token.device_id)
        begun: Begun | BegunBrowserSession | SecondFactorDue | Refuse
        if caller.browser_session is None:
            begun = await begin_session(
                connection,
                account,
                proof,
                Grant(caller.client_id, tuple(sorted(caller.token_scopes)), binding=caller.binding),
                known,
                policy=SIGNED_IN,
                lifetimes=self._lifetimes,
                now=now,
            )
        else:
            stay = BrowserStay(caller.session_id, is_kept=caller.browser_session.is_kept)
            begun = await begin_browser_session(connection, account, proof, stay, known, policy=SIGNED_IN, now=now)
        if isinstance(begun, SecondFactorDue | Refuse):
            raise InvalidAccessTokenError
        await self._devices.keep_only(connection, token, epoch=proof.session_epoch, now=now)
        return ContinuedSession(begun, token)

    def finish(self, continued: ContinuedSession, *, now: datetime) -> SessionCredentials:
        """Report the committed session, and return its tokens or cookies."""
        begun, user_id = continued.begun, continued.device_token.user_id
        for event in (begun.event, *begun.ended):
            report(event)
        device_token = self._devices.encode(continued.device_token)
        if isinstance(begun, BegunBrowserSession):
            return SignedIn(self._cookies.encode(begun.token), device_token, begun.kept_for)
        return LoggedIn(self._issuer.issue_first(begun, user_id=user_id, now=now), device_token)
