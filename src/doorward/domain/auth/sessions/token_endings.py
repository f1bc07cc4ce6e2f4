"""Ends of sessions by their tokens: by a logout, or because a used refresh token was used again."""

from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from doorward.domain.audit.recording import record
from doorward.domain.auth.devices.recorded import AddressDetail, recorded_address
from doorward.domain.auth.events import SessionEnded, SessionReuseDetected
from doorward.domain.auth.models import EndReason
from doorward.domain.auth.repositories import Connection, own_sessions, sessions
from doorward.domain.auth.sessions.rotated_session import LockedSession
from doorward.domain.auth.tokens.refresh_token import RefreshToken
from doorward.domain.outbox.mail import MailKind, MailOrigin, MailRequest
from doorward.domain.outbox.mail_queue import MailQueue
from doorward.observability.request_context import bind_session, current_client

NOTICE_KEPT: Final = timedelta(days=1)
"""How long the mail about a reused token may wait for its delivery."""


class TokenEndings:
    """Ends the session of a token in the caller's transaction. Report the events after the commit."""

    def __init__(self, *, mails: MailQueue, address_detail: AddressDetail) -> None:
        self._mails = mails
        self._address_detail: AddressDetail = address_detail

    async def end_by_logout(
        self, connection: Connection, token: RefreshToken, user_id: UUID | None, *, client_id: str, now: datetime
    ) -> SessionEnded | None:
        """End the session, if it is live and the client's; return the event."""
        reason = EndReason.LOGOUT
        if not await sessions.end_session(connection, token, client_id=client_id, now=now, reason=reason):
            return None
        return await self._record_logout(connection, user_id, token.session_id)

    async def end_by_access_token(
        self, connection: Connection, user_id: UUID, session_id: UUID, *, now: datetime
    ) -> SessionEnded | None:
        """End the session of a verified access token, if it is live; return the event. Lock the user's row first."""
        reason = EndReason.LOGOUT
        if not await own_sessions.end_session_of_user(connection, user_id, session_id, now=now, reason=reason):
            return None
        return await self._record_logout(connection, user_id, session_id)

    async def _record_logout(self, connection: Connection, user_id: UUID | None, session_id: UUID) -> SessionEnded:
        event = SessionEnded(user_id=user_id, session_id=session_id, reason=EndReason.LOGOUT)
        await record(connection, event, address=self._address())
        return event

    async def end_by_reuse(
        self, connection: Connection, token: RefreshToken, session: LockedSession, *, now: datetime
    ) -> tuple[SessionReuseDetected, SessionEnded]:
        """End the session for good, and queue the mail to its owner; return the events."""
        user_id = session.user_id
        # A token of version 1 has no user id, and `record` takes the actor from the log's context.
        bind_session(session_id=token.session_id, user_id=user_id)
        await sessions.end_session(connection, token, client_id=session.client_id, now=now, reason=EndReason.REUSE)
        detected = SessionReuseDetected(user_id=user_id, session_id=token.session_id)
        ended = SessionEnded(user_id=user_id, session_id=token.session_id, reason=EndReason.REUSE)
        await record(connection, detected, address=self._address())
        await record(connection, ended, address=self._address())
        facts = {"at": f"{now.astimezone(UTC):%Y-%m-%d %H:%M} UTC"}
        notice = MailRequest(
            MailKind.REUSE_DETECTED, MailOrigin.SERVICE, user_id=user_id, email=session.verified_email, facts=facts
        )
        await self._mails.add(connection, notice, expires_at=now + NOTICE_KEPT)
        return detected, ended

    def _address(self) -> str | None:
        return recorded_address(current_client(), self._address_detail)
