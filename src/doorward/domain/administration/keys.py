"""Use cases of administrators: list the signing keys, rotate them, and revoke one."""

from collections.abc import Awaitable, Callable, Sequence

from doorward.core.ports import Clock
from doorward.domain.administration.authorization import lock_actor
from doorward.domain.administration.models import Actor
from doorward.domain.administration.repositories import Connection
from doorward.domain.auth.scopes import AdminScope
from doorward.domain.keys.changes import KeyChanges
from doorward.domain.keys.models import KeyState, StoredKey


class AdministeredKeys:
    """Change the signing keys for an actor with the needed scope. Each change raises what ``lock_actor`` raises."""

    def __init__(self, *, changes: KeyChanges, clock: Clock, changed: Callable[[], Awaitable[None]]) -> None:
        """Take the changes, the clock, and a callback that reloads the keys in this process."""
        self._changes = changes
        self._clock = clock
        self._changed = changed

    async def list(self) -> Sequence[tuple[StoredKey, KeyState]]:
        """Return all keys with their states, the oldest first."""
        return await self._changes.list()

    async def rotate(self, actor: Actor, *, at_once: bool) -> Sequence[tuple[StoredKey, KeyState]]:
        """Promote the standby key of each algorithm to sign, after 24 hours or at once; return all keys.

        Raises ``KeyRotationPendingError``, ``SigningKeysUnreadableError``.
        """
        await self._changes.rotate(at_once=at_once, authorize=self._authorize(actor))
        await self._changed()
        return await self._changes.list()

    async def revoke(self, actor: Actor, kid: str) -> None:
        """Destroy a key. If it is the signing key, its successor signs at once. Raises ``SigningKeyNotFoundError``."""
        await self._changes.revoke(kid, authorize=self._authorize(actor))
        await self._changed()

    def _authorize(self, actor: Actor) -> Callable[[Connection], Awaitable[object]]:
        return lambda connection: lock_actor(connection, actor, AdminScope.KEYS_WRITE, now=self._clock.now())
