"""Only expired tokens and nonces are removed."""

import secrets
from datetime import timedelta
from uuid import UUID, uuid4

from doorward.domain.auth.tokens.expiry import NONCE_KEPT, TokenExpiry
from doorward.domain.auth.tokens.one_time_token import Purpose
from doorward.wiring.accounts import create_one_time_tokens
from tests.integration.service import Service

MOMENT = timedelta(microseconds=1)


async def test_tokens_are_removed_as_soon_as_they_expire(service_alone: Service) -> None:
    person = await service_alone.register()
    tokens, clock = create_one_time_tokens(service_alone.settings.keys), service_alone.clock
    async with service_alone.database.transaction() as connection:
        for purpose in (Purpose.PASSWORD_RESET, Purpose.VERIFY_EMAIL):
            await tokens.issue(
                connection,
                purpose,
                user_id=UUID(person.id),
                email_key=person.email,
                message_id=uuid4(),
                now=clock.now(),
            )
    expiry = TokenExpiry(database=service_alone.database, clock=clock)
    clock.advance(timedelta(minutes=30) - MOMENT)
    assert await expiry.prune() == 0
    clock.advance(MOMENT)
    assert await expiry.prune() == 1
    assert service_alone.sql("SELECT purpose FROM one_time_tokens") == [{"purpose": "verify_email"}]


async def test_nonces_are_kept_for_an_hour_after_their_tokens_have_expired(service_alone: Service) -> None:
    clock = service_alone.clock
    service_alone.sql("INSERT INTO used_nonces VALUES (%s, %s)", secrets.token_bytes(16), clock.now())
    expiry = TokenExpiry(database=service_alone.database, clock=clock)
    clock.advance(NONCE_KEPT - MOMENT)
    assert await expiry.prune() == 0
    clock.advance(MOMENT)
    assert await expiry.prune() == 1


async def test_batches_continue_until_nothing_is_left(service_alone: Service) -> None:
    service_alone.sql(
        "INSERT INTO used_nonces SELECT decode(lpad(to_hex(number), 32, '0'), 'hex'), now() - interval '100 years'"
        " FROM generate_series(1, 25) AS number"
    )
    expiry = TokenExpiry(database=service_alone.database, clock=service_alone.clock, rows_per_batch=10)
    assert await expiry.prune() == 25
