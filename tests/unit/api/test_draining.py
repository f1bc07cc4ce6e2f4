"""Signals to a process that serves: which of them reach the server, and when."""

import signal
from collections.abc import Iterator

import pytest

from doorward.api.draining import Drain

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@pytest.fixture
def heard() -> Iterator[list[int]]:
    """What the server was told."""
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
async def test_a_worker_takes_no_sigint_for_the_wish_to_cut_off_what_is_under_way(
    heard: list[int], seconds: float
) -> None:
    with Drain().before_sigterm_ends_serving(seconds):
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
    assert heard == [signal.SIGTERM, signal.SIGTERM]


async def test_without_workers_the_server_counts_each_sigint(heard: list[int]) -> None:
    with Drain().before_sigterm_ends_serving(300):
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
    assert heard == [signal.SIGINT, signal.SIGINT]


@pytest.mark.usefixtures("in_a_worker")
async def test_afterwards_the_server_hears_all_as_before(heard: list[int]) -> None:
    with Drain().before_sigterm_ends_serving(300):
        pass
    for number in SIGNALS:
        signal.raise_signal(number)
    assert heard == list(SIGNALS)


async def test_without_a_drain_sigterm_is_heard_at_once(heard: list[int]) -> None:
    with Drain().before_sigterm_ends_serving(0):
        signal.raise_signal(signal.SIGTERM)
    assert heard == [signal.SIGTERM]
