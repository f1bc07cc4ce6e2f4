"""The state table of the circuit breaker: the admission in each state, and the next state for each outcome."""

import pytest

from doorward.infrastructure.postgres.circuit_breaker import (
    FAULTS_IN_A_ROW,
    OPEN_SECONDS,
    Admission,
    BreakerState,
    Outcome,
)

NOW = 1000.0
LATER = NOW + OPEN_SECONDS

CLOSED = BreakerState()
ONE_FAULT = BreakerState(faults=1)
ONE_BEFORE_OPEN = BreakerState(faults=FAULTS_IN_A_ROW - 1)
JUST_OPENED = BreakerState(faults=FAULTS_IN_A_ROW, open_until=LATER)
OPEN = BreakerState(faults=FAULTS_IN_A_ROW, open_until=NOW + 0.5)
HALF_OPEN = BreakerState(faults=FAULTS_IN_A_ROW, open_until=NOW)
PROBED = BreakerState(faults=FAULTS_IN_A_ROW, open_until=NOW, is_probing=True)


@pytest.mark.parametrize(
    ("circuit", "admission", "of_a_long_use"),
    [
        (CLOSED, Admission.REGULAR, Admission.REGULAR),
        (ONE_BEFORE_OPEN, Admission.REGULAR, Admission.REGULAR),
        (OPEN, Admission.REFUSED, Admission.REFUSED),
        (HALF_OPEN, Admission.PROBE, Admission.REFUSED),
        (PROBED, Admission.REFUSED, Admission.REFUSED),
        (BreakerState(is_probing=True), Admission.REGULAR, Admission.REGULAR),
    ],
)
def test_each_state_has_its_admission(circuit: BreakerState, admission: Admission, of_a_long_use: Admission) -> None:
    assert circuit.admission(NOW, may_probe=True) is admission
    assert circuit.admission(NOW, may_probe=False) is of_a_long_use


@pytest.mark.parametrize(
    ("before", "answered", "unanswered", "unknown"),
    [
        (CLOSED, CLOSED, ONE_FAULT, CLOSED),
        (ONE_FAULT, CLOSED, BreakerState(faults=2), ONE_FAULT),
        (ONE_BEFORE_OPEN, CLOSED, JUST_OPENED, ONE_BEFORE_OPEN),
        (OPEN, CLOSED, OPEN, OPEN),
        (HALF_OPEN, CLOSED, BreakerState(FAULTS_IN_A_ROW + 1, LATER), HALF_OPEN),
        (PROBED, BreakerState(is_probing=True), BreakerState(FAULTS_IN_A_ROW + 1, LATER, is_probing=True), PROBED),
    ],
)
def test_each_outcome_has_its_next_state(
    before: BreakerState, answered: BreakerState, unanswered: BreakerState, unknown: BreakerState
) -> None:
    assert before.after(Outcome.ANSWERED, NOW) == answered
    assert before.after(Outcome.UNANSWERED, NOW) == unanswered
    assert before.after(Outcome.UNKNOWN, NOW) == unknown


@pytest.mark.parametrize(
    ("circuit", "seconds"),
    [(JUST_OPENED, OPEN_SECONDS), (OPEN, 1), (HALF_OPEN, OPEN_SECONDS), (PROBED, OPEN_SECONDS)],
)
def test_each_state_has_its_retry_delay(circuit: BreakerState, seconds: int) -> None:
    assert circuit.retry_after_seconds(NOW) == seconds
