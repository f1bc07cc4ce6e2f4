"""Known devices: each successful login issues a token to its device, and a later login sends it."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from doorward.domain.auth.devices.device_token import DeviceToken, DeviceTokenCodec
from doorward.domain.auth.models import Device, KnownDevice
from doorward.domain.auth.repositories import Connection, devices
from doorward.domain.auth.tokens.refresh_token import hash_secret
from doorward.domain.outbox.mail import MailKind, MailOrigin, MailRequest
from doorward.domain.outbox.mail_queue import MailQueue

MAXIMUM_KNOWN_DEVICES: Final = 20
"""Maximum number of known devices of one user."""

NOTICE_KEPT: Final = timedelta(days=1)
"""How long the mail about a new device may wait for its delivery."""


_ID, _SECRET_HASH = "device_id", "device_secret_hash"


def facts_of_device(token: DeviceToken | None) -> Mapping[str, str]:
    """Return the facts about a device that a mail request stores. The token cannot be derived from them."""
    return {} if token is None else {_ID: str(token.device_id), _SECRET_HASH: hash_secret(token.secret).hex()}


async def is_known_device(connection: Connection, user_id: UUID, facts: Mapping[str, str]) -> bool:
    """Return whether the user knows the device of a mail request. Called when the mail is sent."""
    if _ID not in facts:
        return False
    found = await devices.find_known_device(
        connection, user_id, device_id=UUID(facts[_ID]), secret_hash=bytes.fromhex(facts[_SECRET_HASH])
    )
    return found is not None


class KnownDevices:
    """Reads and issues device tokens, and stores the devices of users."""

    def __init__(self, codec: DeviceTokenCodec, mails: MailQueue) -> None:
        self._codec = codec
        self._mails = mails

    def read(self, text: str | None) -> DeviceToken | None:
        """Return the token that a client sent, if it is genuine. The database decides whether the device is known."""
        return self._codec.decode(text) if text else None

    def encode(self, token: DeviceToken) -> str:
        """Return the token as the client stores it."""
        return self._codec.encode(token)

    async def keep(
        self,
        connection: Connection,
        token: DeviceToken,
        *,
        epoch: int,
        is_new: bool,
        is_trusted: bool,
        now: datetime,
    ) -> None:
        """Store that the device was seen, in the transaction of the login, which has locked the user's row.

        Beyond ``MAXIMUM_KNOWN_DEVICES`` a new device replaces the oldest one. With ``is_trusted`` the device need not
        show a second factor again for as long as the settings allow; without it, the stored trust stays unchanged.
        """
        secret_hash = hash_secret(token.secret)
        device = KnownDevice(token.user_id, token.device_id, epoch, secret_hash, now, now if is_trusted else None)
        await devices.add_device(connection, device)
        if is_new:
            await devices.remove_surplus_devices(connection, device, most=MAXIMUM_KNOWN_DEVICES)

    async def keep_only(self, connection: Connection, token: DeviceToken, *, epoch: int, now: datetime) -> None:
        """Store the first device of an epoch, in the transaction that began it, which has locked the user's row.

        The devices of ended epochs are removed: their tokens no longer work.
        """
        device = KnownDevice(token.user_id, token.device_id, epoch, hash_secret(token.secret), seen_at=now)
        await devices.replace_devices(connection, device)

    async def notify(
        self, connection: Connection, user_id: UUID, email: str | None, device: Device, *, now: datetime
    ) -> None:
        """Queue the mail that tells a user of a login on a new device, in the transaction of the login."""
        at = f"{now.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
        facts = {"user_agent": device.user_agent or "", "address": device.address or "", "at": at}
        request = MailRequest(MailKind.NEW_DEVICE, MailOrigin.SERVICE, user_id=user_id, email=email, facts=facts)
        await self._mails.add(connection, request, expires_at=now + NOTICE_KEPT)
