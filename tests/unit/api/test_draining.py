"""The signals that reach the server of a process, and when."""

import signal
from collections.abc import Iterator

import pytest

from doorward.api.draining import Drain

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@pytest.fixture
def received() -> Iterator[list[int]]:
    """Yield the signals that reached the server."""
    numbers: list[int] = []
    replaced = {number: signal.signal(number, lambda each, _: numbers.append(each)) for number in SIGNALS}
    yield numbers
    for number, handler in replaced.items():
        signal.signal(number, handler)


@pytest.fixture
def in_a_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("multiprocessing.parent_process", object)


@pytest.mark.usefixtures("in_a_worker")
@pytest.mark.parametrize("seconds", [0, 300])
async def test_a_worker_handles_each_sigint_as_sigterm_and_aborts_no_request(
    received: list[int], seconds: float
) -> None:
    with Drain().before_sigterm_ends_serving(seconds):
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
    assert received == [signal.SIGTERM, signal.SIGTERM]


async def test_without_workers_the_server_receives_each_sigint(received: list[int]) -> None:
    with Drain().before_sigterm_ends_serving(300):
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
    assert received == [signal.SIGINT, signal.SIGINT]


@pytest.mark.usefixtures("in_a_worker")
async def test_afterwards_the_server_receives_all_signals_again(received: list[int]) -> None:
    with Drain().before_sigterm_ends_serving(300):
        pass
    for number in SIGNALS:
        signal.raise_signal(number)
    assert received == list(SIGNALS)


async def test_without_a_drain_period_sigterm_reaches_the_server_at_once(received: list[int]) -> None:
    with Drain().before_sigterm_ends_serving(0):
        signal.raise_signal(signal.SIGTERM)
    assert received == [signal.SIGTERM]
