"""Challenges of ceremonies: sealed tokens, so that a caller who never comes back has stored nothing.

A challenge holds the time and a random nonce, is good for one call of one user, and works once.
"""

from uuid import UUID

from doorward.core.ports import Clock
from doorward.domain.auth.exceptions import InvalidOneTimeTokenError
from doorward.domain.auth.tokens.sealed_tokens import SealedKind, SealedToken, SealedTokens
from doorward.domain.passkeys.client_data import ClientDataError, read_client_data
from doorward.domain.passkeys.repository import Connection

ANYBODY = UUID(int=0)
"""The user's id in a challenge for a user who is not known before the passkey is shown."""

NOT_BOUND = b""
"""The binding of a challenge that was given to no session and to no login."""


class ChallengeRefusedError(Exception):
    """The challenge that was signed is not one of this service for this call, or too old."""


class Challenges:
    """Issues challenges, and knows them again in what browsers send."""

    def __init__(self, *, sealed_tokens: SealedTokens, clock: Clock) -> None:
        self._sealed_tokens = sealed_tokens
        self._clock = clock

    def issue(self, kind: SealedKind, *, user_id: UUID = ANYBODY, epoch: int = 0, given_to: bytes = NOT_BOUND) -> bytes:
        """Return a new challenge, good for what it was ``given_to`` alone: a session or a login. Nothing is stored."""
        now = self._clock.now()
        return self._sealed_tokens.issue(kind, user_id=user_id, epoch=epoch, now=now, content=given_to).encode()

    def read(self, client_data: bytes, kind: SealedKind, *, given_to: bytes = NOT_BOUND) -> tuple[bytes, SealedToken]:
        """Return the challenge that was signed, and what it says. Raises ``ChallengeRefusedError``, without a query.

        Whether its epoch is the user's, and whether it was used, the database decides.
        """
        try:
            challenge = read_client_data(client_data).challenge
            token = self._sealed_tokens.read(challenge.decode("ascii"), kind, now=self._clock.now())
        except (ClientDataError, InvalidOneTimeTokenError, UnicodeDecodeError) as error:
            raise ChallengeRefusedError from error
        if token.content != given_to:
            raise ChallengeRefusedError
        return challenge, token

    async def consume(self, connection: Connection, token: SealedToken) -> bool:
        """Store that a challenge was used, in the transaction of its effect; return whether it had not been used."""
        return await self._sealed_tokens.consume(connection, token)
