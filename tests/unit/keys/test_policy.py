"""The schedule of signing keys, without a database: their states over time and after each change."""

import random
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorward.domain.keys.exceptions import (
    KeyRotationPendingError,
    SigningKeyExistsError,
    SigningKeyNotFoundError,
)
from doorward.domain.keys.models import SIGNING_ALGORITHMS, KeyState, SigningAlgorithm, StoredKey
from doorward.domain.keys.policy import (
    LISTED_AFTER_RETIREMENT,
    LONGEST_TOKEN_LIFE,
    PUBLISHED_BEFORE_SIGNING,
    KeyPlan,
    PreparedKey,
    state_of,
)
from doorward.settings.tokens import TokenSettings

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)


class Keys:
    """The stored keys, and the clock."""

    def __init__(self) -> None:
        self.now = NOW
        self.rows: dict[str, StoredKey] = {}
        self.made = 0
        self.steps: list[tuple[str, str]] = []

    def change(self, decide: Callable[[KeyPlan], None] = lambda _: None) -> list[tuple[str, str]]:
        """Make a change as the use case does; return its steps, each with the key's id."""
        prepared: list[PreparedKey] = []
        while True:
            plan = KeyPlan(self.rows.values(), self.now, prepared)
            plan.retire_replaced()
            decide(plan)
            plan.complete()
            if not plan.missing:
                break
            prepared += [self.make(algorithm) for algorithm in plan.missing]
        for step in plan.steps:
            self.rows[step.key.kid] = step.key
        self.steps = [(type(step).__name__, step.key.kid) for step in plan.steps]
        return self.steps

    def make(self, algorithm: SigningAlgorithm) -> PreparedKey:
        self.made += 1
        return PreparedKey(f"{algorithm} {self.made}", algorithm, b"sealed")

    def of(self, algorithm: SigningAlgorithm, state: KeyState) -> list[str]:
        return [
            key.kid for key in self.rows.values() if key.algorithm == algorithm and state_of(key, self.now) is state
        ]

    def states(self, algorithm: SigningAlgorithm = "ES256") -> Counter[KeyState]:
        keys = [key for key in self.rows.values() if key.algorithm == algorithm]
        return Counter(state_of(key, self.now) for key in keys)

    def signing(self, algorithm: SigningAlgorithm = "ES256") -> str:
        (kid,) = self.of(algorithm, KeyState.SIGNING)
        return kid

    def standby(self, algorithm: SigningAlgorithm = "ES256") -> str:
        (kid,) = self.of(algorithm, KeyState.STANDBY)
        return kid


@pytest.fixture
def keys() -> Keys:
    """Return the first keys."""
    keys = Keys()
    keys.change()
    return keys


def test_the_first_keys_sign_at_once_and_each_has_a_standby(keys: Keys) -> None:
    for algorithm in SIGNING_ALGORITHMS:
        assert keys.states(algorithm) == {KeyState.SIGNING: 1, KeyState.STANDBY: 1}
    assert Counter(name for name, _ in keys.steps) == {"Publish": 4, "Activate": 2}


def test_before_a_rotation_is_due_nothing_changes(keys: Keys) -> None:
    keys.now += 90 * DAY - timedelta(seconds=1)
    assert keys.change(KeyPlan.rotate_if_due) == []


def test_after_90_days_the_activation_of_the_standby_is_scheduled(keys: Keys) -> None:
    signing, standby = keys.signing(), keys.standby()
    keys.now += 90 * DAY
    keys.change(KeyPlan.rotate_if_due)
    assert keys.states() == {KeyState.SIGNING: 1, KeyState.PENDING: 1, KeyState.STANDBY: 1}
    assert keys.signing() == signing
    assert keys.of("ES256", KeyState.PENDING) == [standby]
    assert keys.rows[standby].activates_at == keys.now + timedelta(hours=24)
    assert keys.change(KeyPlan.rotate_if_due) == []


def test_a_replaced_key_stops_signing_and_is_listed_until_its_last_token_expires(
    keys: Keys,
) -> None:
    former, following = keys.signing(), keys.standby()
    keys.change(lambda plan: plan.rotate(at_once=False))
    keys.now += timedelta(hours=24, minutes=20)
    assert keys.change()[:2] == [("Activate", following), ("Retire", former)]
    assert keys.signing() == following
    assert keys.rows[former].retires_at == NOW + timedelta(hours=24)
    keys.now = NOW + timedelta(hours=24) + LISTED_AFTER_RETIREMENT - timedelta(seconds=1)
    assert state_of(keys.rows[former], keys.now) is KeyState.RETIRED
    keys.now += timedelta(seconds=1)
    assert state_of(keys.rows[former], keys.now) is KeyState.UNLISTED


def test_a_key_is_listed_for_longer_than_any_token_lives() -> None:
    """The setting may have had its maximum when the last token was signed."""
    field = TokenSettings.model_fields["access_token_expire_minutes"]
    most = next(each.le for each in field.metadata if hasattr(each, "le"))
    assert timedelta(minutes=most) == LONGEST_TOKEN_LIFE
    assert timedelta(hours=1) + LONGEST_TOKEN_LIFE == LISTED_AFTER_RETIREMENT


def test_after_an_immediate_rotation_the_standby_signs_and_another_is_published(keys: Keys) -> None:
    former, following = keys.signing(), keys.standby()
    keys.change(lambda plan: plan.rotate(at_once=True))
    assert keys.signing() == following
    assert keys.of("ES256", KeyState.RETIRED) == [former]
    assert keys.standby() not in {former, following}


def test_a_pending_rotation_is_not_repeated_but_can_be_brought_forward(keys: Keys) -> None:
    keys.change(lambda plan: plan.rotate(at_once=False))
    (pending,), standby = keys.of("ES256", KeyState.PENDING), keys.standby()
    with pytest.raises(KeyRotationPendingError):
        keys.change(lambda plan: plan.rotate(at_once=False))
    keys.change(lambda plan: plan.rotate(at_once=True))
    assert (keys.signing(), keys.standby()) == (pending, standby)


def test_a_rotation_of_one_algorithm_does_not_prevent_that_of_the_other(keys: Keys) -> None:
    keys.change(lambda plan: plan.add(keys.make("ES256")))
    keys.change(lambda plan: plan.rotate(at_once=False))
    assert len(keys.of("RS256", KeyState.PENDING)) == 1
    assert len(keys.of("ES256", KeyState.PENDING)) == 1


def test_a_revoked_key_is_replaced_by_the_published_standby(keys: Keys) -> None:
    signing, standby = keys.signing(), keys.standby()
    keys.now += 10 * DAY
    assert keys.change(lambda plan: plan.revoke(signing))[:2] == [("Revoke", signing), ("Activate", standby)]
    assert keys.rows[signing].sealed == b""
    assert keys.signing() == standby
    assert keys.states() == {KeyState.REVOKED: 1, KeyState.SIGNING: 1, KeyState.STANDBY: 1}
    assert keys.states("RS256") == {KeyState.SIGNING: 1, KeyState.STANDBY: 1}


def test_a_revoked_key_is_replaced_by_the_pending_key_if_there_is_one(keys: Keys) -> None:
    keys.change(lambda plan: plan.rotate(at_once=False))
    (pending,) = keys.of("ES256", KeyState.PENDING)
    keys.change(lambda plan: plan.revoke(keys.signing()))
    assert keys.signing() == pending
    keys.now += 10 * DAY
    keys.change()
    assert keys.signing() == pending


def test_a_revoked_standby_is_replaced_and_a_revoked_pending_key_never_signs(keys: Keys) -> None:
    signing, standby = keys.signing(), keys.standby()
    keys.change(lambda plan: plan.revoke(standby))
    assert keys.signing() == signing
    assert keys.standby() != standby
    keys.change(lambda plan: plan.rotate(at_once=False))
    keys.change(lambda plan: plan.revoke(keys.of("ES256", KeyState.PENDING)[0]))
    keys.now += 2 * DAY
    keys.change()
    assert keys.signing() == signing


def test_a_key_is_revoked_once_and_only_if_it_exists(keys: Keys) -> None:
    signing = keys.signing()
    keys.change(lambda plan: plan.revoke(signing))
    revoked = keys.rows[signing]
    keys.now += DAY
    assert keys.change(lambda plan: plan.revoke(signing)) == []
    assert keys.rows[signing] == revoked
    with pytest.raises(SigningKeyNotFoundError):
        keys.change(lambda plan: plan.revoke("unknown"))


def test_repeated_revocations_leave_a_key_that_signs(keys: Keys) -> None:
    for _ in range(3):
        keys.change(lambda plan: plan.revoke(keys.signing()))
        assert keys.states()[KeyState.SIGNING] == keys.states()[KeyState.STANDBY] == 1


def test_a_reset_destroys_all_keys_and_new_ones_sign_at_once(keys: Keys) -> None:
    keys.change(lambda plan: plan.rotate(at_once=True))
    former = set(keys.rows)
    keys.change(KeyPlan.revoke_all)
    assert {kid for kid, key in keys.rows.items() if key.revoked_at is not None} == former
    for algorithm in SIGNING_ALGORITHMS:
        assert keys.signing(algorithm) not in former
        assert keys.standby(algorithm) not in former


def test_an_imported_key_signs_after_24_hours(keys: Keys) -> None:
    mine, former = keys.make("RS256"), keys.signing("RS256")
    keys.change(lambda plan: plan.add(mine))
    assert keys.signing("RS256") == former
    keys.now += timedelta(hours=24)
    keys.change()
    assert keys.signing("RS256") == mine.kid
    assert keys.states("RS256")[KeyState.STANDBY] == 1


def test_a_known_key_is_not_imported_again_even_if_it_is_revoked(keys: Keys) -> None:
    revoked = keys.signing()
    keys.change(lambda plan: plan.revoke(revoked))
    for kid in (revoked, keys.signing(), keys.standby()):
        with pytest.raises(SigningKeyExistsError):
            keys.change(lambda plan: plan.add(PreparedKey(kid, "ES256", b"sealed")))  # noqa: B023 - called at once


def test_each_algorithm_has_at_most_one_pending_key(keys: Keys) -> None:
    keys.change(lambda plan: plan.add(keys.make("ES256")))
    with pytest.raises(KeyRotationPendingError):
        keys.change(lambda plan: plan.add(keys.make("ES256")))
    keys.change(lambda plan: plan.add(keys.make("RS256")))


def test_a_plan_lists_its_missing_keys() -> None:
    plan = KeyPlan([], NOW)
    plan.complete()
    assert Counter(plan.missing) == {"ES256": 2, "RS256": 2}
    assert plan.steps == []


CHANGES = st.sampled_from(["maintain", "rotate", "rotate now", "revoke", "import", "reset"])
HOURS = st.sampled_from([0, 1, 23, 24, 25, 49, 24 * 90, 24 * 91])


@given(st.lists(st.tuples(CHANGES, HOURS), max_size=15), st.randoms(use_true_random=False))
def test_after_any_history_one_key_signs_and_was_published_before(
    history: list[tuple[str, int]], chance: random.Random
) -> None:
    """Unless an operator requested an immediate change, every key was published a day before it signed."""
    keys = Keys()
    keys.change()
    hurried = set(keys.rows)
    for change, hours in history:
        keys.now += timedelta(hours=hours)
        try:
            keys.change(_change(change, keys, chance))
        except KeyRotationPendingError:
            keys.change()
        if change in {"rotate now", "revoke", "reset"}:
            hurried |= {kid for step, kid in keys.steps if step == "Activate"}
        for algorithm in SIGNING_ALGORITHMS:
            states = keys.states(algorithm)
            assert states[KeyState.SIGNING] == states[KeyState.STANDBY] == 1
            assert states[KeyState.PENDING] <= 1
    for key in keys.rows.values():
        if key.activates_at is not None and key.kid not in hurried:
            assert key.activates_at >= key.created_at + PUBLISHED_BEFORE_SIGNING
        if key.revoked_at is not None:
            assert key.sealed == b""


def _change(name: str, keys: Keys, chance: random.Random) -> Callable[[KeyPlan], None]:
    new = keys.make(chance.choice(SIGNING_ALGORITHMS))
    changes: dict[str, Callable[[KeyPlan], None]] = {
        "maintain": KeyPlan.rotate_if_due,
        "rotate": lambda plan: plan.rotate(at_once=False),
        "rotate now": lambda plan: plan.rotate(at_once=True),
        "revoke": lambda plan: plan.revoke(chance.choice(sorted(keys.rows))),
        "import": lambda plan: plan.add(new),
        "reset": KeyPlan.revoke_all,
    }
    return changes[name]
