"""Use case: a client authenticates with an assertion that it has signed, and which works once (RFC 7523 section 3)."""

import hashlib
from datetime import datetime

from doorward.core.ports import Database
from doorward.domain.auth.tokens.single_use import use_once
from doorward.domain.oauth.events import RefusedAuthentication
from doorward.domain.oauth.models import PresentedAssertion
from doorward.domain.oauth.ports import AssertionReader
from doorward.domain.oauth.repositories import Connection, client_keys


class ClientAssertions:
    """Verifies assertions with the keys of their clients."""

    def __init__(self, *, database: Database[Connection], reader: AssertionReader) -> None:
        self._database = database
        self._reader = reader

    def presented(self, text: str) -> PresentedAssertion:
        """Return an assertion with the client that it names, which is not verified yet."""
        return PresentedAssertion(text, self._reader.client_of(text))

    async def judge(self, text: str, client_id: str, now: datetime) -> RefusedAuthentication | None:
        """Return why an assertion is refused; None if it is accepted, which consumes it.

        Raises ``ServiceUnavailableError`` while the client's keys are not available.
        """
        async with self._database.connection() as connection:
            source = await client_keys.find_keys(connection, client_id)
        verified = None if source is None else await self._reader.verify(text, client_id, source, now)
        if verified is None:
            return "wrong_assertion"
        nonce = hashlib.sha256(f"{client_id} {verified.jti}".encode()).digest()
        async with self._database.connection() as connection:
            is_first = await use_once(connection, nonce, expires_at=verified.expires_at)
        return None if is_first else "used_assertion"
