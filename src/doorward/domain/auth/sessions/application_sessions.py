"""Ends of applications' sessions other than by their own tokens. Lock the user's row before a call."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from doorward.domain.audit.recording import record
from doorward.domain.auth.devices.recorded import AddressDetail, recorded_address
from doorward.domain.auth.events import SessionEnded
from doorward.domain.auth.models import EndReason
from doorward.domain.auth.repositories import Connection, application_sessions
from doorward.domain.auth.tokens.opaque_token import OpaqueToken
from doorward.observability.request_context import current_client


async def end_sessions_of_application(
    connection: Connection, user_id: UUID, client_id: str, *, now: datetime, address_detail: AddressDetail
) -> Sequence[SessionEnded]:
    """End the user's sessions of an application; record the events and return them."""
    ended = await application_sessions.end_sessions_of_client(
        connection, user_id, client_id, now=now, reason=EndReason.OWNER
    )
    return await _recorded(connection, user_id, ended, EndReason.OWNER, address_detail)


async def end_session_of_code(
    connection: Connection, code: OpaqueToken, *, now: datetime, address_detail: AddressDetail
) -> Sequence[SessionEnded]:
    """End the session of an authorization code that was used again; record the events and return them.

    There are no events if the code has begun no session, or if the session has ended.
    """
    ended = await application_sessions.end_session_of_code(connection, code, now=now, reason=EndReason.REUSE)
    return await _recorded(connection, code.user_id, ended, EndReason.REUSE, address_detail)


async def _recorded(
    connection: Connection, user_id: UUID, ended: Sequence[UUID], reason: EndReason, address_detail: AddressDetail
) -> Sequence[SessionEnded]:
    events = [SessionEnded(user_id=user_id, session_id=each, reason=reason) for each in ended]
    for event in events:
        await record(connection, event, address=recorded_address(current_client(), address_detail))
    return events
