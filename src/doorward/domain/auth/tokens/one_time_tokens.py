"""One-time tokens of users: issued when a mail is sent, consumed in the transaction of their effect."""

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import field
from datetime import datetime, timedelta
from hmac import compare_digest
from typing import Final
from uuid import UUID

from doorward.core.frozen import frozen
from doorward.domain.auth.exceptions import InvalidOneTimeTokenError
from doorward.domain.auth.repositories import Connection, one_time_tokens
from doorward.domain.auth.tokens.one_time_token import OneTimeToken, OneTimeTokenCodec, Purpose, new_code, new_secret

ONE_TIME_TOKEN_LIFETIMES: Final = {
    Purpose.VERIFY_EMAIL: timedelta(hours=24),
    Purpose.PASSWORD_RESET: timedelta(minutes=30),
    Purpose.EMAIL_CHANGE_OLD: timedelta(hours=24),
    Purpose.EMAIL_CHANGE_NEW: timedelta(hours=24),
}
CODE_LIFETIME: Final = timedelta(minutes=15)
"""The lifetime of a code: short, because it has few digits."""

_KEEPS_PREVIOUS: Final = frozenset({Purpose.PASSWORD_RESET})
"""Strangers may request such a mail, so the link in the previous mail must continue to work."""


@frozen
class IssuedToken:
    """The token to mail: the text for the link, and the code for typing."""

    text: str = field(repr=False)
    code: str = field(repr=False)


@frozen
class ShownToken:
    """A genuine token or a right code, and its user. It is not consumed yet."""

    user_id: UUID
    purpose: Purpose
    digest: bytes
    """The hash of the token's secret, or the MAC of the code."""
    is_code: bool


class OneTimeTokens:
    """Issues, checks and consumes tokens. Queries use the caller's connection."""

    def __init__(self, codec: OneTimeTokenCodec) -> None:
        self._codec = codec

    async def issue(
        self,
        connection: Connection,
        purpose: Purpose,
        *,
        user_id: UUID,
        email_key: str,
        message_id: UUID,
        now: datetime,
    ) -> IssuedToken:
        """Store a new token in place of the previous one, in a transaction that has locked the user's row.

        ``message_id`` is that of the mail: a retry of the mail replaces its own token.
        """
        token, code = OneTimeToken(purpose, user_id, new_secret()), new_code()
        stored = one_time_tokens.NewOneTimeToken(
            user_id=user_id,
            purpose=purpose.value,
            message_id=message_id,
            email_key=email_key,
            secret_hash=_hash(token.secret),
            code_mac=self._codec.code_macs(code, user_id, purpose)[0],
            code_expires_at=now + min(CODE_LIFETIME, ONE_TIME_TOKEN_LIFETIMES[purpose]),
            created_at=now,
            expires_at=now + ONE_TIME_TOKEN_LIFETIMES[purpose],
        )
        await one_time_tokens.add_token(connection, stored, keeps_previous=purpose in _KEEPS_PREVIOUS)
        return IssuedToken(self._codec.encode(token), code)

    def read(self, text: str, purpose: Purpose) -> ShownToken:
        """Return a genuine token and its user, without a query. Raises ``InvalidOneTimeTokenError`` for other texts."""
        token = self._codec.decode(text, purpose)
        return ShownToken(token.subject_id, purpose, _hash(token.secret), is_code=False)

    async def try_code(
        self, connection: Connection, code: str, purpose: Purpose, *, user_id: UUID, now: datetime
    ) -> ShownToken:
        """Count an attempt with a code, on an autocommit connection, and compare it. Five attempts are allowed.

        Raises ``InvalidOneTimeTokenError`` for a wrong or expired code, and when no attempts are left.
        """
        macs = self._codec.code_macs(code, user_id, purpose)
        stored = await one_time_tokens.claim_code_attempt(connection, user_id=user_id, purpose=purpose.value, now=now)
        right = next((each for each in stored if any(compare_digest(each, mac) for mac in macs)), None)
        if right is None:
            raise InvalidOneTimeTokenError
        return ShownToken(user_id, purpose, right, is_code=True)

    async def give_try_back(self, connection: Connection, shown: ShownToken) -> None:
        """Undo the count of an attempt with the right code that had no effect, on an autocommit connection."""
        await one_time_tokens.remove_code_attempt(
            connection, user_id=shown.user_id, purpose=shown.purpose.value, code_mac=shown.digest
        )

    def read_one_of(self, text: str, purposes: Sequence[Purpose]) -> ShownToken:
        """Return a genuine token for one of the purposes. Raises ``InvalidOneTimeTokenError`` for other texts."""
        for purpose in purposes:
            with suppress(InvalidOneTimeTokenError):
                return self.read(text, purpose)
        raise InvalidOneTimeTokenError

    async def try_code_of_each(
        self, connection: Connection, code: str, purposes: Sequence[Purpose], *, user_id: UUID, now: datetime
    ) -> ShownToken:
        """Compare a code with the tokens of all these purposes, and count an attempt for each of them.

        Call it on an autocommit connection. Raises ``InvalidOneTimeTokenError`` as ``try_code`` does.
        """
        right: list[ShownToken] = []
        for purpose in purposes:
            with suppress(InvalidOneTimeTokenError):
                right.append(await self.try_code(connection, code, purpose, user_id=user_id, now=now))
        if not right:
            raise InvalidOneTimeTokenError
        return right[0]

    async def consume(self, connection: Connection, shown: ShownToken, *, now: datetime) -> str | None:
        """Remove the token in the transaction of its effect; return the address it was issued for, None if it is gone.

        Lock the user's row first.
        """
        user_id, purpose, digest = shown.user_id, shown.purpose.value, shown.digest
        if shown.is_code:
            return await one_time_tokens.consume_code(
                connection, user_id=user_id, purpose=purpose, code_mac=digest, now=now
            )
        return await one_time_tokens.consume_token(
            connection, user_id=user_id, purpose=purpose, secret_hash=digest, now=now
        )

    async def remove(self, connection: Connection, user_id: UUID, purposes: Sequence[Purpose]) -> None:
        """Remove the tokens of a user for these purposes."""
        await one_time_tokens.remove_tokens(connection, user_id, purposes=[purpose.value for purpose in purposes])


def _hash(secret: bytes) -> bytes:
    return hashlib.sha256(secret).digest()
