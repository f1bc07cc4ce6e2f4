"""The retries of a message, and the circuit breaker of a receiver that does not respond."""

from datetime import timedelta

import pytest

from doorward.domain.outbox.schedule import FAULTS_IN_A_ROW, Circuit, delay_after

EVEN = 0.5


@pytest.mark.parametrize(
    ("attempts", "seconds"), [(1, 5), (2, 30), (3, 120), (4, 600), (5, 1800), (6, 3600), (7, 3600), (32000, 3600)]
)
def test_each_failed_attempt_has_its_delay_and_the_last_one_is_repeated(attempts: int, seconds: int) -> None:
    assert delay_after(attempts, EVEN) == timedelta(seconds=seconds)


def test_a_delay_varies_by_a_fifth_at_most() -> None:
    assert delay_after(2, 0) == timedelta(seconds=24)
    assert delay_after(2, 1) == timedelta(seconds=36)


def opened(at: float = 0) -> Circuit:
    circuit = Circuit()
    for _ in range(FAULTS_IN_A_ROW):
        circuit = circuit.after_fault(at)
    return circuit


def test_four_faults_in_a_row_change_nothing_and_the_fifth_opens_the_circuit() -> None:
    circuit = Circuit()
    for _ in range(4):
        circuit = circuit.after_fault(0)
        assert circuit.allowed(0, 5) == 5
    assert circuit.after_fault(0).allowed(0, 5) == 0


def test_a_response_between_faults_resets_their_count() -> None:
    circuit = Circuit(faults=4).after_answer().after_fault(0)
    assert not circuit.is_open
    assert circuit.faults == 1


def test_after_the_pause_one_message_is_tried_and_a_response_closes_the_circuit() -> None:
    circuit = opened()
    assert circuit.allowed(29.9, 5) == 0
    assert circuit.allowed(30, 5) == 1
    assert circuit.after_answer().allowed(30, 5) == 5


def test_each_failed_trial_doubles_the_pause_up_to_ten_minutes() -> None:
    circuit, now, pauses = opened(), 0.0, []
    for _ in range(7):
        assert circuit.pause is not None
        pauses.append(circuit.pause.total_seconds())
        now = circuit.open_until
        circuit = circuit.after_fault(now)
    assert pauses == [30, 60, 120, 240, 480, 600, 600]


def test_a_fault_of_a_message_sent_before_the_circuit_opened_does_not_prolong_the_pause() -> None:
    circuit = opened()
    assert circuit.after_fault(10) == circuit
