"""Kinds of calls that their time must not distinguish, and the measure of how far it does."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import requests

LOWEST, HIGHEST = 0.45, 0.55
PASSWORD: Final = "the password of somebody"  # noqa: S105 - of a service that exists for one run only


@dataclass
class Kind:
    """One kind of call, its expected status, and the measured times in seconds."""

    name: str
    call: Callable[[], requests.Response]
    status: int
    seconds: list[float] = field(default_factory=list)
    prepare: Callable[[], object] = lambda: None
    """Called before each call, outside of the measured time."""

    def measure(self, *, keep: bool = True) -> None:
        """Make the call once. Raises ``RuntimeError`` for an unexpected status."""
        self.prepare()
        started = time.perf_counter()
        answer = self.call()
        took = time.perf_counter() - started
        if answer.status_code != self.status:
            raise RuntimeError(f"{self.name}: {answer.status_code} {answer.text}")
        if keep:
            self.seconds.append(took)


def area_under_curve(ones: Sequence[float], others: Sequence[float]) -> float:
    """Return the probability that one of ``ones`` is greater than one of ``others``; equal values count half."""
    ranked = sorted([(value, True) for value in ones] + [(value, False) for value in others])
    values = [value for value, _ in ranked]
    rank_sum, index = 0.0, 0
    while index < len(ranked):
        end = index
        while end < len(ranked) and values[end] == values[index]:
            end += 1
        mean_rank = (index + 1 + end) / 2
        rank_sum += mean_rank * sum(is_one for _, is_one in ranked[index:end])
        index = end
    return (rank_sum - len(ones) * (len(ones) + 1) / 2) / (len(ones) * len(others))


def is_distinguishable(one: Kind, other: Kind) -> bool:
    """Return whether time distinguishes these kinds better than the bound permits."""
    return not LOWEST <= area_under_curve(one.seconds, other.seconds) <= HIGHEST
