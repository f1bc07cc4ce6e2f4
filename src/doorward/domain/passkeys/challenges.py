"""Challenges of ceremonies: sealed tokens, so that an unanswered challenge leaves nothing in the database.

A challenge contains the time and a random nonce. It is valid for one kind of call of one user, and works once.
"""

from uuid import UUID

from doorward.core.ports import Clock
from doorward.domain.auth.exceptions import InvalidOneTimeTokenError
from doorward.domain.auth.tokens.sealed_tokens import SealedKind, SealedToken, SealedTokens
from doorward.domain.passkeys.client_data import ClientDataError, read_client_data
from doorward.domain.passkeys.repository import Connection

UNKNOWN_USER = UUID(int=0)
"""The user id in a challenge whose user is not known before the passkey is shown."""

UNBOUND = b""
"""The binding of a challenge that is bound to no session and to no login."""


class ChallengeRefusedError(Exception):
    """The signed challenge was not issued for this call, or is too old."""


class Challenges:
    """Issues challenges, and reads them from responses."""

    def __init__(self, *, sealed_tokens: SealedTokens, clock: Clock) -> None:
        self._sealed_tokens = sealed_tokens
        self._clock = clock

    def issue(
        self, kind: SealedKind, *, user_id: UUID = UNKNOWN_USER, epoch: int = 0, bound_to: bytes = UNBOUND
    ) -> bytes:
        """Return a new challenge. It is bound to ``bound_to``, a session or a login. Nothing is stored."""
        now = self._clock.now()
        return self._sealed_tokens.issue(kind, user_id=user_id, epoch=epoch, now=now, content=bound_to).encode()

    def read(self, client_data: bytes, kind: SealedKind, *, bound_to: bytes = UNBOUND) -> tuple[bytes, SealedToken]:
        """Return the signed challenge, and its content. Raises ``ChallengeRefusedError``, without a query.

        Its epoch, and whether it was used, are checked later in the database.
        """
        try:
            challenge = read_client_data(client_data).challenge
            token = self._sealed_tokens.read(challenge.decode("ascii"), kind, now=self._clock.now())
        except (ClientDataError, InvalidOneTimeTokenError, UnicodeDecodeError) as error:
            raise ChallengeRefusedError from error
        if token.content != bound_to:
            raise ChallengeRefusedError
        return challenge, token

    async def consume(self, connection: Connection, token: SealedToken) -> bool:
        """Store that a challenge was used, in the transaction of its effect; return False if it was used before."""
        return await self._sealed_tokens.consume(connection, token)
