"""Stored devices, and the answers to their polls. No I/O."""

from collections.abc import Sequence
from dataclasses import field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from doorward.core.frozen import frozen
from doorward.domain.auth.models import Proof

DEVICE_PREFIX: Final = "dwv_"
DEVICE_CODE_LIFETIME: Final = timedelta(minutes=10)
FIRST_INTERVAL: Final = timedelta(seconds=5)
"""The initial time between two polls."""

ADDED_BY_EARLY_POLL: Final = timedelta(seconds=5)
"""Added to the interval by each early poll (RFC 8628 section 3.5)."""


class DeviceStatus(StrEnum):
    """The decision of the user."""

    PENDING = "pending"
    APPROVED = "approved"
    DENIED = "denied"


class PollAnswer(StrEnum):
    """Why a poll gets no tokens: the OAuth error code."""

    PENDING = "authorization_pending"
    SLOW_DOWN = "slow_down"
    EXPIRED = "expired_token"
    DENIED = "access_denied"
    INVALID = "invalid_grant"


@frozen
class DeviceAuthorization:
    """The two codes of a device. It shows only the user code (RFC 8628 section 3.2)."""

    device_code: str = field(repr=False)
    user_code: str = field(repr=False)


@frozen
class NewDevice:
    """A device to store."""

    id: UUID
    secret_hash: bytes = field(repr=False)
    client_id: str
    user_code_hmac: bytes = field(repr=False)
    scopes: Sequence[str]
    resource: str | None
    interval_seconds: int
    expires_at: datetime


@frozen
class PolledDevice:
    """A device that polled. ``is_early``: before its interval was over."""

    client_id: str
    status: str
    user_id: UUID | None
    expires_at: datetime
    is_early: bool


@frozen
class WaitingDevice:
    """A pending device, found by the user code that a user typed."""

    client_id: str
    name: str
    scopes: Sequence[str]


@frozen
class DecidedDevice:
    """A device that a user has approved or denied."""

    client_id: str
    scopes: Sequence[str]


@frozen
class ApprovedDevice:
    """An approved device that got its tokens, and so was removed from the database."""

    scopes: Sequence[str]
    resource: str | None
    epoch: int
    amr: Sequence[str]
    acr: int
    authenticated_at: datetime

    def proof_of(self, user_id: UUID) -> Proof:
        """Return the proof of authentication of its user, in the browser."""
        return Proof(user_id, tuple(self.amr), self.acr, self.authenticated_at, self.epoch)


def judge_poll(device: PolledDevice | None, client_id: str, now: datetime) -> PollAnswer | None:
    """Return why a device gets no tokens; None if its user has approved it.

    ``device`` is None after it got its tokens, and some time after it has expired.
    """
    if device is None:
        return PollAnswer.EXPIRED
    if device.client_id != client_id:
        return PollAnswer.INVALID
    if now >= device.expires_at:
        return PollAnswer.EXPIRED
    if device.status == DeviceStatus.DENIED:
        return PollAnswer.DENIED
    if device.is_early:
        return PollAnswer.SLOW_DOWN
    return PollAnswer.PENDING if device.status == DeviceStatus.PENDING else None
