"""Single use of sealed tokens, key proofs and client assertions: the nonce of each is stored until it expires."""

from datetime import datetime

from doorward.domain.auth.repositories import Connection, used_nonces


async def use_once(connection: Connection, nonce: bytes, *, expires_at: datetime) -> bool:
    """Store that a nonce was used; return whether this was the first use. Of concurrent calls exactly one is the first.

    In a transaction, the use takes effect with its commit.
    """
    return await used_nonces.add_nonce(connection, nonce, expires_at=expires_at)
