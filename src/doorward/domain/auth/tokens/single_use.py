"""What works once: sealed tokens, proofs of keys and assertions of clients, each by its nonce until it expires."""

from datetime import datetime

from doorward.domain.auth.repositories import Connection, used_nonces


async def use_once(connection: Connection, nonce: bytes, *, expires_at: datetime) -> bool:
    """Use up a nonce; tell whether this was the first use. Of several at once one is.

    In a transaction it is used up with the transaction's commit.
    """
    return await used_nonces.add_nonce(connection, nonce, expires_at=expires_at)
