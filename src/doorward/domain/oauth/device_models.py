"""Devices that wait for a person to sign in elsewhere, as they are stored, and what a poll is answered. No I/O."""

from collections.abc import Sequence
from dataclasses import field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from doorward.core.frozen import frozen
from doorward.domain.auth.models import Proof

DEVICE_PREFIX: Final = "dwv_"
DEVICE_LIFE: Final = timedelta(minutes=10)
FIRST_INTERVAL: Final = timedelta(seconds=5)
"""Between two polls."""

ADDED_BY_EARLY_POLL: Final = timedelta(seconds=5)
"""RFC 8628 section 3.5."""


class DeviceStatus(StrEnum):
    """What a person decided."""

    PENDING = "pending"
    APPROVED = "approved"
    DENIED = "denied"


class PollAnswer(StrEnum):
    """What a device is told, and why it gets no tokens."""

    PENDING = "authorization_pending"
    SLOW_DOWN = "slow_down"
    EXPIRED = "expired_token"
    DENIED = "access_denied"
    INVALID = "invalid_grant"


@frozen
class DeviceAuthorization:
    """What a device shows (RFC 8628 section 3.2)."""

    device_code: str = field(repr=False)
    user_code: str = field(repr=False)


@frozen
class NewDevice:
    """A device about to be stored."""

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
    """A device that asked. ``is_early``: sooner than it was told to."""

    client_id: str
    status: str
    user_id: UUID | None
    expires_at: datetime
    is_early: bool


@frozen
class WaitingDevice:
    """A device whose code a person typed in."""

    client_id: str
    name: str
    scopes: Sequence[str]


@frozen
class DecidedDevice:
    """A device about which a person has just decided."""

    client_id: str
    scopes: Sequence[str]


@frozen
class ApprovedDevice:
    """A device that was just removed, because it gets its tokens."""

    scopes: Sequence[str]
    resource: str | None
    epoch: int
    amr: Sequence[str]
    acr: int
    authenticated_at: datetime

    def proof_of(self, user_id: UUID) -> Proof:
        """Return what its user has proven, in the browser."""
        return Proof(user_id, tuple(self.amr), self.acr, self.authenticated_at, self.epoch)


def judge_poll(device: PolledDevice | None, client_id: str, now: datetime) -> PollAnswer | None:
    """Tell what a device is answered that gets no tokens; None for one whose user has approved it.

    None is there once it has its tokens, and soon after it has expired.
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
