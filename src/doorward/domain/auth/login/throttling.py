"""Throttling per account: after many failed attempts the next one is delayed, even from another address.

An attempt is counted as failed, and committed, before it is made, so that concurrent attempts and rollbacks cannot
evade the count. Known devices and known addresses are counted separately, so that strangers cannot lock the owner out.
"""

import hmac
import math
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import cache
from typing import Final
from uuid import UUID

from doorward.core.exceptions import ServiceUnavailableError
from doorward.core.frozen import frozen
from doorward.core.ports import Database
from doorward.domain.auth.devices.device_token import DeviceToken
from doorward.domain.auth.events import LoginThrottled
from doorward.domain.auth.exceptions import InvalidAccessTokenError, LoginThrottledError, TooManyHashesError
from doorward.domain.auth.models import ClientKind, Credentials, Device
from doorward.domain.auth.ports import ClientLeftError
from doorward.domain.auth.repositories import Connection, throttles
from doorward.observability.logging import report

MANY_KEPT: Final = timedelta(days=30)
"""How long after its last attempt a row that throttles is kept."""

FEW_KEPT: Final = timedelta(days=1)
"""How long after its last attempt a row that does not throttle yet is kept."""

_NOT_MADE: Final = (ServiceUnavailableError, TooManyHashesError, ClientLeftError, InvalidAccessTokenError)
"""Errors of attempts that do not count: nothing was compared, or the result could not be stored.

For example, the session of a right attempt may end before its change is made.
"""

_BUCKET_BYTES: Final = 3
_IDENTITY_BYTES: Final = 16


@frozen
class Curve:
    """The delay of an attempt after a number of consecutive failures."""

    free: int = 20
    """The number of attempts without a delay."""
    first_delay: timedelta = timedelta(seconds=15)
    failures_to_double: int = 8
    longest_delay: timedelta = timedelta(hours=1)
    most: int = 100
    """The maximum number of failures: further attempts are refused until the failures are forgotten."""

    def delay_after(self, failures: int) -> timedelta:
        """Return the delay after this number of failures."""
        if failures < self.free:
            return timedelta(0)
        if failures >= self.most:
            return MANY_KEPT
        grown = self.first_delay.total_seconds() * 2 ** ((failures - self.free) / self.failures_to_double)
        return timedelta(seconds=min(grown, self.longest_delay.total_seconds()))


@cache
def delays_of(curve: Curve) -> Sequence[float]:
    """Return the delay in seconds after each number of failures, from 1 to ``curve.most``."""
    return [curve.delay_after(number).total_seconds() for number in range(1, curve.most + 1)]


LOGIN_CURVE: Final = Curve()
"""20 attempts without a delay, 56 in the first hour, 100 in 28 hours."""

SECOND_FACTOR_CURVE: Final = Curve(free=5, first_delay=timedelta(seconds=30), failures_to_double=2)
"""5 attempts without a delay, 16 in the first hour, 100 in 84 hours: each guess has three chances in a million."""


@frozen
class ThrottledClient:
    """The clients whose attempts are counted together. ``identity`` distinguishes clients of one kind."""

    kind: ClientKind
    identity: bytes = b""

    @property
    def key(self) -> bytes:
        """Return the key of the client in the table."""
        return self.kind.encode() + b"\0" + self.identity


STRANGERS: Final = ThrottledClient(ClientKind.STRANGERS)
SECOND_FACTOR_PREFIX: Final = ThrottledClient(ClientKind.SECOND_FACTOR).key
"""The prefix of the keys of all clients of codes."""


@frozen
class Attempt:
    """An attempt that is counted as failed until it is forgotten or given back."""

    bucket: int
    client: ThrottledClient


class Throttling:
    """Counts attempts on accounts."""

    def __init__(
        self,
        *,
        database: Database[Connection],
        key: bytes,
        curve: Curve = LOGIN_CURVE,
        second_factor_curve: Curve = SECOND_FACTOR_CURVE,
    ) -> None:
        """Store the database, the MAC key, derived for this purpose only, and the delays of attempts."""
        self._database = database
        self._key = key
        self._delays = delays_of(curve)
        self._second_factor_delays = delays_of(second_factor_curve)

    def client_of(self, credentials: Credentials | None, shown: DeviceToken | None, device: Device) -> ThrottledClient:
        """Return the client under which an attempt is counted. A name without a user has no known clients."""
        if credentials and credentials.knows_device and shown:
            return ThrottledClient(ClientKind.DEVICE, shown.device_id.bytes)
        if credentials and credentials.knows_address and device.address:
            return self.client_at(device.address)
        return STRANGERS

    def bucket(self, subject: UUID | str) -> int:
        """Return the bucket in which a user, or a name without one, is counted: 24 bits bound the size of the table."""
        identity = b"user " + subject.bytes if isinstance(subject, UUID) else b"name " + _encoded(subject)
        return int.from_bytes(self._mac(identity)[:_BUCKET_BYTES])

    def client_at(self, address: str) -> ThrottledClient:
        """Return the client of a known address, of which the table stores only a MAC."""
        return ThrottledClient(ClientKind.ADDRESS, self._mac(b"address " + _encoded(address))[:_IDENTITY_BYTES])

    def client_in(self, session_id: UUID) -> ThrottledClient:
        """Return the client of a session, of which the table stores only a MAC.

        Each session is counted separately: a stolen one can prevent neither a login of the owner nor a change of the
        password in another session.
        """
        return ThrottledClient(ClientKind.SIGNED_IN, self._mac(b"session " + session_id.bytes)[:_IDENTITY_BYTES])

    def second_factor_of(self, client: ThrottledClient) -> ThrottledClient:
        """Return the client of codes that follow the right password of this client.

        An attacker who has the password cannot use up the attempts of the owner's known devices and addresses.
        """
        return ThrottledClient(ClientKind.SECOND_FACTOR, self._mac(b"second factor " + client.key)[:_IDENTITY_BYTES])

    @property
    def second_factor_in_sessions(self) -> ThrottledClient:
        """Return the client of codes that are sent in any session of a user.

        All sessions are counted together, because an attacker with the password and a remembered device can begin many,
        and a proof gives a session a new id. Using up these attempts does not prevent a login of the owner by a code.
        """
        return self.second_factor_of(ThrottledClient(ClientKind.SIGNED_IN))

    @asynccontextmanager
    async def attempt(self, subject: UUID | str, client: ThrottledClient) -> AsyncIterator[Attempt]:
        """Reserve an attempt, to be made within the block; give it back if the block could not make it."""
        attempt = await self.reserve(subject, client)
        try:
            yield attempt
        except _NOT_MADE:
            await self.give_back(attempt)
            raise

    async def reserve(self, subject: UUID | str, client: ThrottledClient) -> Attempt:
        """Count an attempt as failed, committed when this returns. Call it outside of transactions, before hashing.

        ``subject`` is a user's id, or the canonical name as typed if no user has it: both are treated alike.
        Raises ``LoginThrottledError``.
        """
        attempt = Attempt(self.bucket(subject), client)
        delays = self._second_factor_delays if client.kind is ClientKind.SECOND_FACTOR else self._delays
        async with self._database.connection() as connection:
            number = await throttles.add_failure(connection, bucket=attempt.bucket, client=client.key, delays=delays)
            if number is not None:
                return attempt
            wait = await throttles.find_wait(connection, bucket=attempt.bucket, client=client.key)
        report(LoginThrottled(counted_as=client.kind, target_user_id=subject if isinstance(subject, UUID) else None))
        raise LoginThrottledError(max(1, math.ceil(wait.total_seconds())) if wait else 1)

    async def give_back(self, attempt: Attempt) -> None:
        """Undo the count of an attempt that was not made. Raises ``ServiceUnavailableError``: then it stays counted."""
        async with self._database.connection() as connection:
            await throttles.remove_failure(connection, bucket=attempt.bucket, client=attempt.client.key)

    async def forget(self, connection: Connection, *attempts: Attempt) -> None:
        """Forget all failures of the clients of these attempts, in the transaction of their common effect.

        All attempts must be of one user.
        """
        (bucket,) = {attempt.bucket for attempt in attempts}
        clients = [attempt.client.key for attempt in attempts]
        await throttles.remove_throttles_of(connection, bucket=bucket, clients=clients)

    async def rename_session(self, connection: Connection, user_id: UUID, old: UUID, new: UUID) -> None:
        """Move the failures of a session to its new id, in the transaction that gives it that id."""
        before, after = self.client_in(old), self.client_in(new)
        await throttles.replace_client(connection, bucket=self.bucket(user_id), old=before.key, new=after.key)

    async def forget_all(self, connection: Connection, user_id: UUID) -> int:
        """Forget the user's failures of all clients, in the caller's transaction; return the number of rows."""
        return await throttles.remove_throttles(connection, bucket=self.bucket(user_id))

    async def forget_wrong_passwords(self, connection: Connection, user_id: UUID) -> int:
        """Forget a user's wrong passwords, but not wrong codes, after a new password; return the number of rows."""
        return await throttles.remove_throttles(connection, bucket=self.bucket(user_id), spared=SECOND_FACTOR_PREFIX)

    def _mac(self, content: bytes) -> bytes:
        return hmac.digest(self._key, content, "sha256")


def _encoded(text: str) -> bytes:
    """Return the bytes of any typed text, including lone surrogates."""
    return text.encode("utf-8", "surrogatepass")
