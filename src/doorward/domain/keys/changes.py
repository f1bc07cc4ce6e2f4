"""Use cases: maintain the keys by their schedule, rotate them, import one, revoke one, and replace them all."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import timedelta

from doorward.core.events import AuditedEvent
from doorward.core.ports import Clock, Database, SealedDataError, Sealer
from doorward.domain.audit.recording import record
from doorward.domain.keys import repository
from doorward.domain.keys.events import KeyActivated, KeyPublished, KeyRetired, KeyRevoked, SigningKeyMissing
from doorward.domain.keys.exceptions import SigningKeysUnreadableError
from doorward.domain.keys.models import KeyId, KeyState, NewKey, SigningAlgorithm, StoredKey, sealing_context
from doorward.domain.keys.policy import (
    LISTED_AFTER_RETIREMENT,
    Activate,
    KeyPlan,
    PreparedKey,
    Publish,
    Retire,
    Revoke,
    Schedule,
    Step,
    may_sign,
    state_of,
)
from doorward.domain.keys.ports import KeyMaker
from doorward.observability.logging import report

Authorize = Callable[[repository.Connection], Awaitable[object]]
"""Runs first in the transaction of a change. Raises the refusal if the caller may not make the change."""


async def _allow_change(_: repository.Connection) -> None:
    """Allow the change: the caller is an operator at a shell, or the service itself."""


def _no_further_change(_: KeyPlan) -> None:
    """Make no change beyond what the schedule requires."""


class KeyChanges:
    """Changes the keys of the ring, one change at a time across all instances of the service.

    Each change except ``revoke`` and ``reset`` raises ``SigningKeysUnreadableError`` if this process cannot open the
    existing keys: other instances could not open a key that it adds.
    """

    def __init__(
        self,
        *,
        database: Database[repository.Connection],
        clock: Clock,
        sealer: Sealer,
        maker: KeyMaker,
        kept_after_unlisting: timedelta,
    ) -> None:
        """Keep the public part of an unlisted key for ``kept_after_unlisting``."""
        self._database = database
        self._clock = clock
        self._sealer = sealer
        self._maker = maker
        self._kept = kept_after_unlisting

    async def list(self) -> Sequence[tuple[StoredKey, KeyState]]:
        """Return all keys with their current state, the oldest first."""
        async with self._database.connection() as connection:
            keys = await repository.list_keys(connection)
        now = self._clock.now()
        return [(key, state_of(key, now)) for key in keys]

    async def begin(self) -> int:
        """Create the first keys, which sign at once, or make the changes that are due; return the number of changes."""
        return len((await self._change(_no_further_change)).steps)

    async def maintain(self) -> int:
        """Make the changes that are due; return the number of changed keys."""
        plan = await self._change(KeyPlan.rotate_if_due)
        return len(plan.steps) + await self._destroy_private_parts() + await self._remove_old_keys()

    async def rotate(self, *, at_once: bool, authorize: Authorize = _allow_change) -> None:
        """Make the standby key of each algorithm sign, after 24 hours or ``at_once``, and publish a new standby key.

        Raises ``KeyRotationPendingError`` if rotations of all algorithms are under way, unless ``at_once``.
        """
        await self._change(lambda plan: plan.rotate(at_once=at_once), authorize)

    async def import_key(self, content: bytes) -> NewKey:
        """Publish and return the private key of a file. It signs after 24 hours.

        Raises ``InvalidKeyFileError``, ``SigningKeyExistsError``, ``KeyRotationPendingError``.
        """
        new = self._maker.read(content)
        await self._change(lambda plan: plan.add(self._sealed(new)))
        return new

    async def revoke(self, kid: str, *, authorize: Authorize = _allow_change) -> Sequence[SigningAlgorithm]:
        """Destroy a key. If it signs, its successor signs at once. Raises ``SigningKeyNotFoundError``.

        It must be possible to destroy a leaked key even if this process cannot open another one. A stored key then
        takes over, and none is added. Return the algorithms without a signing key, because no other key was stored.
        """
        plan = await self._change(lambda plan: plan.revoke(kid), authorize, revoked=kid)
        for state in (KeyState.SIGNING, KeyState.STANDBY):
            for algorithm in plan.algorithms_without(state):
                report(SigningKeyMissing(algorithm=algorithm, missing=state))
        return plan.algorithms_without(KeyState.SIGNING)

    async def reset(self) -> None:
        """Destroy all keys and create new ones that sign at once, even if the stored ones cannot be opened."""
        await self._change(KeyPlan.revoke_all, opens_none=True)

    async def _change(
        self,
        decide: Callable[[KeyPlan], None],
        authorize: Authorize = _allow_change,
        *,
        opens_none: bool = False,
        revoked: str | None = None,
    ) -> KeyPlan:
        """Make the changes of ``decide`` and those that are due; return the plan whose steps were applied.

        If keys are unreadable, only the ``revoked`` one is destroyed, and none added. Keys are created between two
        transactions: the first one finds out which are needed.
        """
        prepared: list[PreparedKey] = []
        while True:
            async with self._database.transaction() as connection:
                await authorize(connection)
                await repository.lock_table(connection)
                now = self._clock.now()
                keys = await repository.list_keys(connection)
                usable = [key for key in keys if may_sign(key, now) and key.kid != revoked]
                unreadable = set() if opens_none else self._unreadable(usable)
                if unreadable and revoked is None:
                    raise SigningKeysUnreadableError
                plan = KeyPlan(keys, now, prepared)
                plan.retire_replaced()
                decide(plan)
                if unreadable:
                    plan.complete_with_stored_keys(unreadable)
                else:
                    plan.complete()
                events = [] if plan.missing else await _apply(connection, plan.steps)
            if not plan.missing:
                break
            prepared += [self._sealed(await self._maker.make(algorithm)) for algorithm in plan.missing]
        for event in events:
            report(event)
        return plan

    def _sealed(self, key: NewKey) -> PreparedKey:
        sealed = self._sealer.seal(key.private, context=sealing_context(key.kid, key.algorithm))
        return PreparedKey(key.kid, key.algorithm, sealed)

    def _open(self, key: StoredKey) -> bytes:
        return self._sealer.open(key.sealed, context=sealing_context(key.kid, key.algorithm))

    def _unreadable(self, keys: Iterable[StoredKey]) -> set[str]:
        """Return the ids of the keys that this process cannot open."""
        found = set()
        for key in keys:
            try:
                self._open(key)
            except SealedDataError:
                found.add(key.kid)
        return found

    async def _destroy_private_parts(self) -> int:
        """Remove the private parts of keys that are no longer listed; return how many were removed."""
        async with self._database.connection() as connection:
            keys = await repository.list_keys(connection)
        now, destroyed = self._clock.now(), 0
        for key in keys:
            if state_of(key, now) is not KeyState.UNLISTED:
                continue
            try:
                jwk = self._open(key)
            except SealedDataError:
                # No instance with the same sealing keys can use the private part.
                continue
            public = self._maker.public_part(jwk)
            if public == jwk:
                continue
            sealed = self._sealer.seal(public, context=sealing_context(key.kid, key.algorithm))
            async with self._database.connection() as connection:
                destroyed += await repository.replace_sealed(connection, key, sealed)
        return destroyed

    async def _remove_old_keys(self) -> int:
        retired_before = self._clock.now() - LISTED_AFTER_RETIREMENT - self._kept
        async with self._database.connection() as connection:
            return await repository.remove_keys(connection, retired_before=retired_before)


async def _apply(connection: repository.Connection, steps: Sequence[Step]) -> Sequence[AuditedEvent]:
    """Apply the steps and record their events; return the events."""
    events: list[AuditedEvent] = []
    for step in steps:
        if isinstance(step, Publish):
            await repository.add_key(connection, step.key)
        else:
            await repository.update_key(connection, step.key)
        event = _event_of(step)
        if event is not None:
            await record(connection, event)
            events.append(event)
    return events


def _event_of(step: Step) -> AuditedEvent | None:
    kid, algorithm = KeyId(step.key.kid), step.key.algorithm
    match step:
        case Publish():
            return KeyPublished(user_id=None, kid=kid, algorithm=algorithm)
        case Activate():
            return KeyActivated(user_id=None, kid=kid, algorithm=algorithm)
        case Retire():
            return KeyRetired(user_id=None, kid=kid, algorithm=algorithm)
        case Revoke():
            return KeyRevoked(user_id=None, kid=kid, algorithm=algorithm)
        case Schedule():
            return None
