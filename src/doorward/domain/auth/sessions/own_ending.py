"""Use cases: end one of a user's own sessions, all others, or all."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Literal
from uuid import UUID

from doorward.core.ports import Clock, Database
from doorward.domain.audit.recording import record
from doorward.domain.auth.callers import Caller
from doorward.domain.auth.devices.device_token import DeviceToken
from doorward.domain.auth.devices.known_devices import KnownDevices
from doorward.domain.auth.devices.recorded import AddressDetail, recorded_address
from doorward.domain.auth.events import SessionAllEnded, SessionEnded
from doorward.domain.auth.exceptions import SessionNotFoundError
from doorward.domain.auth.models import EndReason
from doorward.domain.auth.ports import NO_CLIENT, Client
from doorward.domain.auth.repositories import Connection, browser_sessions, own_sessions
from doorward.domain.auth.sessions.acting_session import lock_acting_session
from doorward.domain.auth.sessions.continuation import SessionContinuation, SessionCredentials, proof_of
from doorward.domain.auth.users.deactivation import MAXIMUM_COUNTED_SESSIONS
from doorward.observability.logging import report
from doorward.observability.request_context import current_client


async def count_sessions(connection: Connection, user_id: UUID, *, epoch: int) -> int:
    """Return how many sessions end with this epoch, including expired ones: ``MAXIMUM_COUNTED_SESSIONS`` at most."""
    return await own_sessions.count_unended_sessions(connection, user_id, epoch=epoch, limit=MAXIMUM_COUNTED_SESSIONS)


async def end_all_sessions(connection: Connection, user_id: UUID, *, reason: EndReason) -> SessionAllEnded:
    """End all sessions and known devices of a user, whose row is locked; record the event and return it."""
    ended = await own_sessions.end_epoch_of_user(
        connection, user_id, kept_id=None, device_id=None, most_counted=MAXIMUM_COUNTED_SESSIONS
    )
    event = SessionAllEnded(user_id=user_id, reason=reason, count=ended.count)
    await record(connection, event)
    return event


class OwnSessionEnding:
    """Ends sessions for users who have lost a device, or do not recognise a session in the list.

    Tokens of an ended session are refused from the next request on, including access tokens.
    """

    def __init__(
        self,
        *,
        database: Database[Connection],
        clock: Clock,
        devices: KnownDevices,
        continuation: SessionContinuation,
        address_detail: AddressDetail,
    ) -> None:
        self._database = database
        self._clock = clock
        self._devices = devices
        self._continuation = continuation
        self._address_detail: AddressDetail = address_detail

    async def end(self, caller: Caller, session_id: UUID) -> None:
        """End one of the caller's sessions, perhaps the current one. Applications' sessions end with the browser's.

        Raises ``SessionNotFoundError``, which is the same for an unknown session and for another user's, and
        ``InvalidAccessTokenError`` if the caller's own session has ended meanwhile.
        """
        now, user_id = self._clock.now(), caller.user.id
        async with self._database.transaction() as connection:
            await lock_acting_session(connection, caller, now=now)
            ended = await _end_session(connection, user_id, session_id, now=now)
            events = [SessionEnded(user_id=user_id, session_id=each, reason=EndReason.OWNER) for each in ended]
            for event in events:
                await record(connection, event, address=self._address())
        for event in events:
            report(event)

    async def end_all(self, caller: Caller) -> None:
        """End all sessions of the caller's user, with one change of the user's row.

        Raises ``InvalidAccessTokenError`` if the caller's own session has ended meanwhile.
        """
        async with self._database.transaction() as connection:
            event = await self._end_epoch(connection, caller, kept=None)
        report(event, level="info")

    async def end_others(self, caller: Caller) -> str:
        """End all sessions of the caller's user but the current one, whose tokens stay valid.

        Known devices end with the sessions; return a new token for the caller's device. Raises
        ``InvalidAccessTokenError`` if the caller's own session has ended meanwhile.
        """
        token = DeviceToken.new(caller.user.id)
        async with self._database.transaction() as connection:
            event = await self._end_epoch(connection, caller, kept=token)
        report(event, level="info")
        return self._devices.encode(token)

    async def end_others_and_go_on(
        self, caller: Caller, *, client: Client = NO_CLIENT, user_agent: str | None = None
    ) -> SessionCredentials:
        """End all sessions of the caller's user, and begin a new one with the proof of the current one.

        For callers whose session cannot be kept. Raises ``InvalidAccessTokenError`` if it has ended meanwhile.
        """
        now, device = self._clock.now(), self._continuation.describe(client, user_agent)
        async with self._database.transaction() as connection:
            account = await lock_acting_session(connection, caller, now=now)
            event, next_epoch = await self._begin_epoch(connection, caller, which="others")
            account = replace(account, session_epoch=next_epoch)
            proof = proof_of(caller, epoch=next_epoch)
            continued = await self._continuation.begin(connection, caller, account, proof, device, now=now)
        report(event, level="info")
        return self._continuation.finish(continued, now=now)

    async def _end_epoch(self, connection: Connection, caller: Caller, *, kept: DeviceToken | None) -> SessionAllEnded:
        """End the sessions of the caller's user. With ``kept``, the caller's session continues on that device."""
        now = self._clock.now()
        await lock_acting_session(connection, caller, now=now)
        which: Literal["all", "others"] = "all" if kept is None else "others"
        event, epoch = await self._begin_epoch(connection, caller, which=which, kept=kept)
        if kept is not None:
            await self._devices.keep_only(connection, kept, epoch=epoch, now=now)
        return event

    async def _begin_epoch(
        self,
        connection: Connection,
        caller: Caller,
        *,
        which: Literal["all", "others"],
        kept: DeviceToken | None = None,
    ) -> tuple[SessionAllEnded, int]:
        """Begin a new epoch, in which logins that are in progress begin no session; return the event and the epoch."""
        ended = await own_sessions.end_epoch_of_user(
            connection,
            caller.user.id,
            kept_id=None if kept is None else caller.session_id,
            device_id=None if kept is None else kept.device_id,
            most_counted=MAXIMUM_COUNTED_SESSIONS,
        )
        event = SessionAllEnded(
            user_id=caller.user.id,
            session_id=caller.session_id,
            reason=EndReason.OWNER,
            count=ended.count - (kept is not None),
            which=which,
        )
        await record(connection, event, address=self._address())
        return event, ended.next_epoch

    def _address(self) -> str | None:
        return recorded_address(current_client(), self._address_detail)


async def _end_session(connection: Connection, user_id: UUID, session_id: UUID, *, now: datetime) -> Sequence[UUID]:
    """End a session of any kind, with its user's row locked; return the ids of all sessions that ended with it.

    Raises ``SessionNotFoundError`` if it is not live: roll back then, because those of its applications continue.
    """
    if await own_sessions.end_session_of_user(connection, user_id, session_id, now=now, reason=EndReason.OWNER):
        return [session_id]
    ended = await browser_sessions.end_browser_session(
        connection, user_id, session_id, digest=None, now=now, reason=EndReason.OWNER
    )
    if session_id not in ended:
        raise SessionNotFoundError
    return ended
