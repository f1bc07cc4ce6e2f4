"""Use case: complete a login whose first factor was right, by a second factor of any kind."""

from dataclasses import field
from datetime import datetime
from functools import partial
from typing import Final

from doorward.core.frozen import frozen
from doorward.core.ports import Clock, Database
from doorward.domain.auth.devices.known_devices import KnownDevices
from doorward.domain.auth.exceptions import InvalidPendingLoginError, InvalidSecondFactorError
from doorward.domain.auth.factors.events import SecondFactorRefused
from doorward.domain.auth.factors.shown_factor import ConsumedFactor, ShownFactor, counting
from doorward.domain.auth.login.login_sessions import (
    BeginLogin,
    BeginLoginHere,
    BegunLogin,
    BegunT,
    LoginPlace,
    LoginSessions,
)
from doorward.domain.auth.login.pending_login import PendingLogin, PendingLogins, ShownLogin
from doorward.domain.auth.login.throttling import Attempt, Throttling
from doorward.domain.auth.models import LoggedIn, Proof
from doorward.domain.auth.ports import NO_CLIENT, Client
from doorward.domain.auth.repositories import Connection
from doorward.domain.auth.sessions.admission import TWO_KINDS
from doorward.domain.auth.sessions.browser_session import BrowserStay
from doorward.domain.auth.sessions.browser_sessions import SignedIn
from doorward.domain.auth.sessions.grants import GrantKind
from doorward.domain.auth.users.stored_users import find_verified_email
from doorward.observability.logging import report

SEVERAL_FACTORS: Final = "mfa"
"""``amr`` where factors of several kinds were shown (RFC 8176 section 2)."""


@frozen
class CompletingClient:
    """The client that completes a login. ``device_token`` was given by an earlier login; any other text is ignored."""

    client: Client = NO_CLIENT
    user_agent: str | None = None
    device_token: str | None = field(default=None, repr=False)
    remembers_device: bool = False
    """Whether to remember its device, which then needs no second factor for a while, if the settings allow it."""


class LoginCompletion:
    """Turns a pending login and a second factor into a session."""

    def __init__(
        self,
        *,
        database: Database[Connection],
        sessions: LoginSessions,
        pending: PendingLogins,
        throttling: Throttling,
        devices: KnownDevices,
        clock: Clock,
    ) -> None:
        self._database = database
        self._sessions = sessions
        self._pending = pending
        self._throttling = throttling
        self._devices = devices
        self._clock = clock

    async def complete(self, mfa_token: str, factor: ShownFactor, by: CompletingClient) -> LoggedIn:
        """Begin the session of a login, committed when this returns.

        An attempt with a guessable factor is counted before the comparison, separately from those with passwords. An
        attacker must not learn whether a code was wrong or used, or whether the user no longer has a factor: all cases
        raise ``InvalidSecondFactorError``.
        Raises ``InvalidPendingLoginError`` for a token that is forged, expired or used, and ``LoginThrottledError``.
        """
        shown = self._read(mfa_token, is_browser=False)
        grant = shown.login.grant
        self._sessions.require_signing_key(grant.audience, self._clock.now())
        begun = await self._complete(shown, factor, by, partial(self._sessions.begin, grant=grant))
        return self._sessions.finish(begun, now=self._clock.now())

    async def complete_in_browser(
        self, mfa_token: str, factor: ShownFactor, by: CompletingClient, stay: BrowserStay
    ) -> SignedIn:
        """Begin the session of a browser, as ``complete`` does for tokens, with the same refusals."""
        shown = self._read(mfa_token, is_browser=True)
        begun = await self._complete(shown, factor, by, partial(self._sessions.begin_in_browser, stay=stay))
        return self._sessions.finish_in_browser(begun)

    def _read(self, mfa_token: str, *, is_browser: bool) -> ShownLogin:
        """Return a pending login. One that began on a page must be completed on a page, any other through the API."""
        shown = self._pending.read(mfa_token, now=self._clock.now())
        if (shown.login.grant.kind is GrantKind.BROWSER) is not is_browser:
            raise InvalidPendingLoginError
        return shown

    async def _complete(
        self, shown: ShownLogin, factor: ShownFactor, by: CompletingClient, begin: BeginLogin[BegunT]
    ) -> BegunLogin[BegunT]:
        now, login = self._clock.now(), shown.login
        counted_as = self._throttling.second_factor_of(login.counted_as)
        password = Attempt(self._throttling.bucket(login.user_id), login.counted_as)
        async with counting(self._throttling, login.user_id, counted_as, factor) as counted:
            async with self._database.connection() as connection:
                await factor.check(connection, login.user_id, now=now)
            async with self._database.transaction() as connection:
                place = await self._place(connection, login, by)
                begin_here = partial(begin, place=place, attempts=(password, *counted), now=now)
                begun, consumed = await self._begin(connection, shown, factor, begin_here, now)
        for event in consumed.events:
            report(event)
        if begun is None:
            raise InvalidSecondFactorError
        return begun

    async def _begin(
        self,
        connection: Connection,
        shown: ShownLogin,
        factor: ShownFactor,
        begin: BeginLoginHere[BegunT],
        now: datetime,
    ) -> tuple[BegunLogin[BegunT] | None, ConsumedFactor]:
        """Consume the factor and the token, and begin the session; an exception rolls all of it back.

        If the factor was not accepted, no session begins, but what the factor has stored is committed.
        """
        login = shown.login
        proof = Proof(
            login.user_id,
            (*login.methods, *factor.amr, SEVERAL_FACTORS),
            acr=TWO_KINDS,
            proven_at=now,
            session_epoch=login.epoch,
        )
        account = await self._sessions.lock(connection, login.user_id)
        consumed = await factor.consume(connection, login.user_id, now=now)
        if not consumed.is_accepted:
            return None, consumed
        if not await self._pending.consume(connection, shown):
            raise InvalidPendingLoginError
        begun = await begin(connection, account, proof)
        if not isinstance(begun, BegunLogin):
            raise outdated(login, factor)
        return begun, consumed

    async def _place(self, connection: Connection, login: PendingLogin, by: CompletingClient) -> LoginPlace:
        device_token = self._devices.read(by.device_token)
        is_known = device_token is not None and device_token.device_id == login.device_id
        email = await find_verified_email(connection, login.user_id) if login.is_new else None
        return LoginPlace(
            self._sessions.describe(by.client, by.user_agent),
            device_token if is_known else None,
            is_new=login.is_new,
            notified_email=email,
            is_trusted=by.remembers_device,
        )


def outdated(login: PendingLogin, factor: ShownFactor) -> InvalidSecondFactorError:
    """Log the reason, which the caller must not learn, and return the error without it."""
    report(SecondFactorRefused(method=factor.method, reason="outdated", target_user_id=login.user_id))
    return InvalidSecondFactorError()
