"""Logins with a device token, and the stored devices."""

from typing import Final
from uuid import UUID

from development.client import TOKEN, Person, pair
from doorward.domain.auth.devices.device_token import DeviceToken, DeviceTokenCodec
from doorward.infrastructure.keys import DEVICE_TOKEN_PURPOSE
from doorward.wiring.keys import keys
from tests.integration.service import Service

HEADER: Final = "Doorward-Device"


async def log_in(service: Service, person: Person, device: str = "") -> str:
    """Log in, optionally with a device token; return the device token of the response."""
    form = {"username": person.username, "password": person.password}
    answer = await service.client.post(
        TOKEN, data=form, headers={HEADER.encode(): device.encode("latin-1")} if device else {}
    )
    pair(answer)
    return answer.headers[HEADER]


def read(service: Service, text: str) -> DeviceToken:
    """Decode a device token with the keys of the service."""
    token = DeviceTokenCodec(*keys(service.settings.keys, DEVICE_TOKEN_PURPOSE)).decode(text)
    assert token is not None
    return token


def devices_of(service: Service, person: Person) -> dict[UUID, bytes]:
    """Return the stored devices of a user: the hash of the secret, by id."""
    rows = service.sql("SELECT id, secret_hash FROM devices WHERE user_id = %s", person.id)
    return {row["id"]: bytes(row["secret_hash"]) for row in rows}
