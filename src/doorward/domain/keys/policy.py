"""The schedule of signing keys: when each is published, signs, retires and is removed. Pure.

A key is published long before it signs, so that every verifier knows it when its first token arrives, and stays
published until its last token has expired. For each algorithm one key signs, and one more is published as standby,
which takes over when the signing key is revoked.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from doorward.core.frozen import frozen
from doorward.domain.keys.exceptions import (
    KeyRotationPendingError,
    SigningKeyExistsError,
    SigningKeyNotFoundError,
)
from doorward.domain.keys.models import SIGNING_ALGORITHMS, KeyState, SigningAlgorithm, StoredKey

ROTATION_PERIOD: Final = timedelta(days=90)
PUBLISHED_BEFORE_SIGNING: Final = timedelta(hours=24)
LONGEST_TOKEN_LIFE: Final = timedelta(hours=24)
"""The maximum of ACCESS_TOKEN_EXPIRE_MINUTES: the setting may have been higher when a token was signed."""

LISTED_AFTER_RETIREMENT: Final = LONGEST_TOKEN_LIFE + timedelta(hours=1)


def state_of(key: StoredKey, now: datetime) -> KeyState:
    """Return the state of a key at the given time."""
    if key.revoked_at is not None:
        return KeyState.REVOKED
    if key.retires_at is not None:
        is_listed = key.retires_at + LISTED_AFTER_RETIREMENT > now
        return KeyState.RETIRED if is_listed else KeyState.UNLISTED
    if key.activates_at is None:
        return KeyState.STANDBY
    return KeyState.PENDING if key.activates_at > now else KeyState.SIGNING


def may_sign(key: StoredKey, now: datetime) -> bool:
    """Return whether a key signs or may sign later. The service must not start if it cannot open such a key."""
    return state_of(key, now) in {KeyState.STANDBY, KeyState.PENDING, KeyState.SIGNING}


@frozen
class PreparedKey:
    """A created and sealed key, ready to be stored."""

    kid: str
    algorithm: SigningAlgorithm
    sealed: bytes


@frozen
class Publish:
    """Store the key."""

    key: StoredKey


@frozen
class Schedule:
    """Set the time at which a standby key begins to sign."""

    key: StoredKey


@frozen
class Activate:
    """Make a key sign: from now on, or since a scheduled time that has passed."""

    key: StoredKey


@frozen
class Retire:
    """Stop signing with a key."""

    key: StoredKey


@frozen
class Revoke:
    """Destroy a key."""

    key: StoredKey


Step = Publish | Schedule | Activate | Retire | Revoke


class KeyPlan:
    """Plans the changes of the keys at a given time, as steps to apply. Call ``retire_replaced`` first.

    New keys are taken from the prepared ones. If there are too few, ``missing`` has the algorithms: the plan must then
    not be applied, and a new plan with more prepared keys is needed.
    """

    def __init__(self, keys: Iterable[StoredKey], now: datetime, prepared: Sequence[PreparedKey] = ()) -> None:
        self._keys = {key.kid: key for key in keys}
        self._now = now
        self._prepared = list(prepared)
        self.steps: list[Step] = []
        self.missing: list[SigningAlgorithm] = []

    def retire_replaced(self) -> None:
        """Retire each key whose successor has begun to sign at its scheduled time."""
        for algorithm in SIGNING_ALGORITHMS:
            signing = self._in_state(algorithm, KeyState.SIGNING)
            if len(signing) > 1:
                latest = max(signing, key=_activation)
                self._put(Activate, latest)
                self._retire_others(latest, at=_activation(latest))

    def rotate(self, *, at_once: bool) -> None:
        """Make the standby key of each algorithm sign, after 24 hours or at once. Raises ``KeyRotationPendingError``.

        If a rotation is under way, ``at_once`` completes it now; otherwise it stays unchanged.
        """
        rotated = [self._rotate(algorithm, at_once=at_once) for algorithm in SIGNING_ALGORITHMS]
        if not any(rotated):
            raise KeyRotationPendingError

    def rotate_if_due(self) -> None:
        """Begin a rotation of each algorithm whose key has signed for ``ROTATION_PERIOD``."""
        for algorithm in SIGNING_ALGORITHMS:
            signing = self._in_state(algorithm, KeyState.SIGNING)
            if signing and _activation(signing[0]) + ROTATION_PERIOD <= self._now:
                self._rotate(algorithm, at_once=False)

    def add(self, key: PreparedKey) -> None:
        """Publish a key that was made elsewhere; it signs after 24 hours.

        Raises ``SigningKeyExistsError``, ``KeyRotationPendingError``.
        """
        if key.kid in self._keys:
            raise SigningKeyExistsError
        if self._in_state(key.algorithm, KeyState.PENDING):
            raise KeyRotationPendingError
        self._put(Publish, self._stored(key, activates_at=self._now + PUBLISHED_BEFORE_SIGNING))

    def revoke(self, kid: str) -> None:
        """Destroy a key, unless it is destroyed already. Raises ``SigningKeyNotFoundError``."""
        key = self._keys.get(kid)
        if key is None:
            raise SigningKeyNotFoundError
        if key.revoked_at is None:
            self._put(Revoke, replace(key, sealed=b"", revoked_at=self._now))

    def revoke_all(self) -> None:
        """Destroy every key."""
        for kid in list(self._keys):
            self.revoke(kid)

    def complete(self) -> None:
        """Ensure that each algorithm has a signing key and a standby key."""
        for algorithm in self.algorithms_without(KeyState.SIGNING):
            self._activate_next(algorithm)
        for algorithm in self.algorithms_without(KeyState.STANDBY):
            self._publish(algorithm)

    def complete_with_stored_keys(self, unreadable: Collection[str]) -> None:
        """Ensure that each algorithm has a signing key, if one is stored, preferably one that is not ``unreadable``.

        For a process that cannot open all keys: other instances could not open a key that it adds.
        """
        for algorithm in self.algorithms_without(KeyState.SIGNING):
            following = self._successor(algorithm, without=unreadable) or self._successor(algorithm)
            if following is not None:
                self._activate(following)

    def algorithms_without(self, state: KeyState) -> list[SigningAlgorithm]:
        """Return the algorithms that have no key in this state."""
        return [algorithm for algorithm in SIGNING_ALGORITHMS if not self._in_state(algorithm, state)]

    def _rotate(self, algorithm: SigningAlgorithm, *, at_once: bool) -> bool:
        if at_once:
            self._activate_next(algorithm)
            return True
        if self._in_state(algorithm, KeyState.PENDING):
            return False
        standby = self._oldest(algorithm, KeyState.STANDBY) or self._publish(algorithm)
        if standby is not None:
            self._put(Schedule, replace(standby, activates_at=self._now + PUBLISHED_BEFORE_SIGNING))
        return True

    def _activate_next(self, algorithm: SigningAlgorithm) -> None:
        following = self._successor(algorithm) or self._publish(algorithm)
        if following is not None:
            self._activate(following)

    def _successor(self, algorithm: SigningAlgorithm, *, without: Collection[str] = ()) -> StoredKey | None:
        """Return the key that verifiers have known for longest: the pending one, else the standby."""
        pending = [key for key in self._in_state(algorithm, KeyState.PENDING) if key.kid not in without]
        standbys = [key for key in self._in_state(algorithm, KeyState.STANDBY) if key.kid not in without]
        return min(pending, key=_activation) if pending else min(standbys, key=_publication, default=None)

    def _activate(self, key: StoredKey) -> None:
        active = replace(key, activates_at=self._now)
        self._put(Activate, active)
        self._retire_others(active, at=self._now)

    def _retire_others(self, signing: StoredKey, *, at: datetime) -> None:
        for key in self._in_state(signing.algorithm, KeyState.SIGNING):
            if key.kid != signing.kid:
                self._put(Retire, replace(key, retires_at=at))

    def _publish(self, algorithm: SigningAlgorithm) -> StoredKey | None:
        """Publish a prepared key as standby and return it; None if none is prepared."""
        key = next((each for each in self._prepared if each.algorithm == algorithm), None)
        if key is None:
            self.missing.append(algorithm)
            return None
        self._prepared.remove(key)
        stored = self._stored(key)
        self._put(Publish, stored)
        return stored

    def _stored(self, key: PreparedKey, activates_at: datetime | None = None) -> StoredKey:
        return StoredKey(key.kid, key.algorithm, key.sealed, created_at=self._now, activates_at=activates_at)

    def _in_state(self, algorithm: SigningAlgorithm, state: KeyState) -> list[StoredKey]:
        return [key for key in self._keys.values() if key.algorithm == algorithm and state_of(key, self._now) is state]

    def _oldest(self, algorithm: SigningAlgorithm, state: KeyState) -> StoredKey | None:
        return min(self._in_state(algorithm, state), key=_publication, default=None)

    def _put(self, step: Callable[[StoredKey], Step], key: StoredKey) -> None:
        self._keys[key.kid] = key
        self.steps.append(step(key))


def _publication(key: StoredKey) -> tuple[datetime, str]:
    return key.created_at, key.kid


def _activation(key: StoredKey) -> datetime:
    """Return when a key began or will begin to sign."""
    if key.activates_at is None:
        raise ValueError("a standby has no time")
    return key.activates_at
