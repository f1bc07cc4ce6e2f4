"""Each code is valid once in a hundred concurrent transactions, tested without the throttling before it."""

import asyncio
from collections.abc import Awaitable, Callable
from uuid import UUID

from doorward.domain.mfa.recovery_codes import RecoveryCodeMacs
from doorward.domain.mfa.repositories import Connection, recovery_codes, totp_factors
from doorward.domain.mfa.totp import step_at
from doorward.infrastructure.keys import RECOVERY_CODE_PURPOSE
from doorward.wiring.keys import keys_of_stored_secrets
from tests.integration.mfa.protected import Protected
from tests.integration.service import Service

AT_ONCE = 100


async def results(service: Service, use: Callable[[Connection], Awaitable[object]]) -> list[object]:
    async def once() -> object:
        async with service.database.transaction() as connection:
            return await use(connection)

    return list(await asyncio.gather(*(once() for _ in range(AT_ONCE))))


async def test_one_of_a_hundred_concurrent_uses_of_a_step_succeeds(service: Service, protected: Protected) -> None:
    user_id, step = UUID(protected.person.id), step_at(service.clock.present)
    (row,) = service.sql("SELECT sealed_secret FROM totp_factors WHERE user_id = %s", user_id)
    sealed = bytes(row["sealed_secret"])
    uses = await results(service, lambda tx: totp_factors.consume_step(tx, user_id, sealed_secret=sealed, step=step))
    assert uses.count(True) == 1
    (after,) = service.sql("SELECT last_step FROM totp_factors WHERE user_id = %s", user_id)
    assert after["last_step"] == step


async def test_one_of_a_hundred_concurrent_uses_of_a_recovery_code_succeeds(
    service: Service, protected: Protected
) -> None:
    user_id = UUID(protected.person.id)
    macs = RecoveryCodeMacs(keys_of_stored_secrets(service.settings.keys, RECOVERY_CODE_PURPOSE))
    code = macs.of_typed(protected.codes[3], user_id)
    uses = await results(service, lambda tx: recovery_codes.consume_code(tx, user_id, code))
    assert [use for use in uses if use is not None] == [9]
    (left,) = service.sql("SELECT count(*) FROM recovery_codes WHERE user_id = %s", user_id)
    assert left["count"] == 9


async def test_a_code_of_a_replaced_secret_is_not_consumed(service: Service, protected: Protected) -> None:
    user_id, step = UUID(protected.person.id), step_at(service.clock.present)
    async with service.database.transaction() as connection:
        assert not await totp_factors.consume_step(connection, user_id, sealed_secret=b"another", step=step)
