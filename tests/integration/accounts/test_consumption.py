"""The statements that consume mailed secrets, tested without the checks before them."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from doorward.domain.accounts.mailed_secret import ShownSecret, StoredSecret
from doorward.domain.accounts.repositories import Connection, invitations, pending_registrations
from doorward.domain.accounts.repositories.invitations import NewInvitation
from doorward.domain.accounts.repositories.pending_registrations import NewRegistration
from tests.integration.service import Service

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
CODE_LIFE, LIFE = timedelta(minutes=15), timedelta(hours=24)
MOMENT = timedelta(microseconds=1)
SECRET, CODE, OTHER = b"s" * 32, b"c" * 32, b"o" * 32
STORED = StoredSecret(SECRET, CODE, NOW + CODE_LIFE, NOW + LIFE)
Consume = Callable[..., Awaitable[object]]


async def invitation(connection: Connection, new_id: UUID) -> Consume:
    email = f"{new_id.hex}@example.com"
    await invitations.add_invitation(connection, NewInvitation(new_id, email, email, NOW, NOW + LIFE))
    await invitations.replace_mailed_secret(connection, new_id, STORED)
    return invitations.consume_invitation


async def registration(connection: Connection, new_id: UUID) -> Consume:
    email, name = f"{new_id.hex}@example.com", new_id.hex
    new = NewRegistration(new_id, email, email, name, name, "hash", OTHER, NOW, NOW + LIFE)
    await pending_registrations.add_registration(connection, new)
    await pending_registrations.replace_mailed_secret(connection, new_id, STORED, longest=10 * LIFE)
    return pending_registrations.consume_registration


@pytest.mark.parametrize("store", [invitation, registration])
@pytest.mark.parametrize(
    ("digest", "is_code", "age", "is_consumed"),
    [
        (SECRET, False, LIFE - MOMENT, True),
        (SECRET, False, LIFE, False),
        (CODE, True, CODE_LIFE - MOMENT, True),
        (CODE, True, CODE_LIFE, False),
        (SECRET, True, MOMENT, False),
        (CODE, False, MOMENT, False),
        (OTHER, False, MOMENT, False),
        (OTHER, True, MOMENT, False),
    ],
)
async def test_a_valid_unexpired_secret_is_consumed_once_and_any_other_is_refused(
    service: Service, store: Any, digest: bytes, *, is_code: bool, age: timedelta, is_consumed: bool
) -> None:
    shown = ShownSecret(uuid4(), digest, is_code)
    async with service.database.transaction() as connection:
        consume = await store(connection, shown.subject_id)
        found = [await consume(connection, shown, now=NOW + age) is not None for _ in range(2)]
    assert found == [is_consumed, False]
