"""Use cases of browsers' sessions: begin one, find it by its cookie, and end it."""

from collections.abc import Sequence
from dataclasses import field
from datetime import datetime, timedelta

from doorward.core.frozen import frozen
from doorward.core.ports import Batching, Clock, Database
from doorward.domain.audit.recording import record
from doorward.domain.auth.callers import Caller, caller_in_browser
from doorward.domain.auth.devices.recorded import AddressDetail, recorded_address
from doorward.domain.auth.events import SessionBegun, SessionEnded
from doorward.domain.auth.models import Device, EndReason, LockedAccount, Proof
from doorward.domain.auth.repositories import Connection, browser_sessions, users
from doorward.domain.auth.roles import find_standing
from doorward.domain.auth.scopes import ADMIN_SCOPES
from doorward.domain.auth.sessions.admission import AdmissionPolicy, Proceed, Refuse, SecondFactorDue, judge
from doorward.domain.auth.sessions.browser_session import BrowserSession, BrowserStay, new_browser_session
from doorward.domain.auth.tokens.opaque_token import OpaqueToken, OpaqueTokenCodec
from doorward.observability.logging import report
from doorward.observability.request_context import bind_session, current_client


@frozen
class BegunBrowserSession:
    """A session that begins with the commit. ``token`` is the content of its cookie."""

    token: OpaqueToken
    stay: BrowserStay
    event: SessionBegun
    ended: Sequence[SessionEnded]
    """The events of sessions that ended to make room. All events are recorded; report them after the commit."""

    @property
    def kept_for(self) -> timedelta | None:
        """Return how long the browser keeps the cookie; None means until it is closed."""
        return self.stay.limits.absolute if self.stay.is_kept else None


@frozen
class SignedIn:
    """The result of a login on the service's pages: two cookies.

    ``kept_for`` is how long the browser keeps the first one; None means until it is closed.
    """

    cookie: str = field(repr=False)
    device_token: str = field(repr=False)
    kept_for: timedelta | None


async def begin_browser_session(
    connection: Connection,
    account: LockedAccount | None,
    proof: Proof,
    stay: BrowserStay,
    device: Device,
    *,
    policy: AdmissionPolicy,
    now: datetime,
) -> BegunBrowserSession | SecondFactorDue | Refuse:
    """Judge the proof, store the session and record it, in the caller's transaction, which has locked the account.

    The session has a new id even if the user was signed in before: the previous cookie no longer works.
    """
    verdict = judge(account, proof, policy)
    if not isinstance(verdict, Proceed):
        return verdict
    token = OpaqueToken.new(proof.user_id)
    session = new_browser_session(token, proof, stay, device, now)
    reason = EndReason.DISPLACED
    displaced = await browser_sessions.add_browser_session(
        connection, session, replaced_id=stay.replaces, reason=reason
    )
    bind_session(user_id=proof.user_id, session_id=session.id)
    event = SessionBegun(user_id=proof.user_id, session_id=session.id)
    await record(connection, event, address=device.address)
    ended = [SessionEnded(user_id=proof.user_id, session_id=each, reason=reason) for each in displaced]
    for each in ended:
        await record(connection, each, address=device.address)
    return BegunBrowserSession(token, stay, event, ended)


class BrowserSessions:
    """Finds and ends sessions by their cookies."""

    def __init__(
        self,
        *,
        database: Database[Connection],
        batching: Batching,
        clock: Clock,
        codec: OpaqueTokenCodec,
        address_detail: AddressDetail,
    ) -> None:
        """Store the dependencies. ``batching`` looks up the cookies of concurrent requests by one query."""
        self._database = database
        self._lookups = batching("browser_lookups", self._look_up)
        self._clock = clock
        self._codec = codec
        self._address_detail: AddressDetail = address_detail

    def read(self, cookie: str | None) -> OpaqueToken | None:
        """Return the content of a cookie, if it is genuine. The database decides whether its session is live."""
        return self._codec.decode(cookie) if cookie else None

    async def find(self, cookie: str | None) -> BrowserSession | None:
        """Return the live session of a cookie, or None, and store the time of its use at most once a minute."""
        token = self.read(cookie)
        session = None if token is None else await self._lookups.ask(token)
        if session is not None:
            bind_session(user_id=session.user_id, session_id=session.id)
        return session

    async def find_administrator(self, cookie: str | None) -> Caller | None:
        """Return the caller with a cookie on the pages of administration, with the scopes of the current roles."""
        session = await self.find(cookie)
        if session is None:
            return None
        async with self._database.connection() as connection:
            return caller_in_browser(session, await find_standing(connection, session.user_id))

    async def administers(self, session: BrowserSession | None) -> bool:
        """Return whether the roles of a session's user give any scope of administration. No query without roles."""
        if session is None or not session.has_roles:
            return False
        async with self._database.connection() as connection:
            standing = await find_standing(connection, session.user_id)
        return standing is not None and not ADMIN_SCOPES.isdisjoint(standing.scopes)

    async def _look_up(self, tokens: Sequence[OpaqueToken]) -> Sequence[BrowserSession | None]:
        now = self._clock.now()
        async with self._database.connection() as connection:
            found = await browser_sessions.list_browser_sessions(connection, tokens, now=now)
            used = [each for each in found if each is not None and each.is_use_due(now)]
            if used:
                await browser_sessions.update_uses(connection, used, now=now)
        return found

    async def end(self, cookie: str | None) -> None:
        """End the session of a cookie, its codes, and those sessions of applications that end with it.

        A cookie without a session is not an error. Raises ``ServiceUnavailableError``.
        """
        token, now = self.read(cookie), self._clock.now()
        if token is None:
            return
        address = recorded_address(current_client(), self._address_detail)
        async with self._database.transaction() as connection:
            await users.lock_account(connection, token.user_id)
            ended = await browser_sessions.end_browser_session(
                connection,
                token.user_id,
                token.id,
                digest=token.secret_hash,
                now=now,
                reason=EndReason.LOGOUT,
            )
            events = [SessionEnded(user_id=token.user_id, session_id=each, reason=EndReason.LOGOUT) for each in ended]
            for event in events:
                await record(connection, event, address=address)
        for event in events:
            report(event)
