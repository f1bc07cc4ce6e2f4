"""A sealed token can be used once, and its use is recorded in the transaction of its effect."""

import asyncio
from uuid import uuid4

from doorward.domain.auth.tokens.sealed_tokens import SealedKind, SealedToken, SealedTokens
from doorward.wiring.auth import create_sealed_tokens
from tests.integration.service import Service


def issued(service: Service) -> tuple[SealedTokens, SealedToken]:
    tokens, now = create_sealed_tokens(service.settings.keys), service.clock.now()
    text = tokens.issue(SealedKind.RESTORE, user_id=uuid4(), epoch=0, now=now)
    return tokens, tokens.read(text, SealedKind.RESTORE, now=now)


async def use(service: Service, tokens: SealedTokens, token: SealedToken) -> bool:
    async with service.database.transaction() as connection:
        return await tokens.consume(connection, token)


async def test_of_many_concurrent_uses_one_succeeds(service: Service) -> None:
    tokens, token = issued(service)
    uses = await asyncio.gather(*(use(service, tokens, token) for _ in range(20)))
    assert sum(uses) == 1
    assert not await use(service, tokens, token)


async def test_a_use_that_is_rolled_back_leaves_the_token_usable(service: Service) -> None:
    tokens, token = issued(service)

    async with service.database.connection() as connection, connection.transaction(force_rollback=True):
        assert await tokens.consume(connection, token)
    assert await use(service, tokens, token)


async def test_a_nonce_is_stored_until_its_token_expires(service: Service) -> None:
    tokens, token = issued(service)
    await use(service, tokens, token)
    stored = service.sql("SELECT expires_at FROM used_nonces WHERE nonce = %s", token.nonce)
    assert stored == [{"expires_at": token.expires_at}]
