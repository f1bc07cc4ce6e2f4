"""Measured samples, and their summaries: medians and ratios. Pure."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median


@dataclass(frozen=True)
class Sample:
    """One round of one series. ``value`` is the compared value: calls per second, seconds, or megabytes.

    ``failed``: how many of ``answers`` were refused, wrong or missing. ``busy``: the share of time in which each worker
    used the CPU.
    """

    value: float
    p50_ms: float | None = None
    p99_ms: float | None = None
    failed: int = 0
    answers: int = 0
    busy: Sequence[float] = ()

    @property
    def worker_balance(self) -> float:
        """Return the ratio of the least busy worker to the busiest: 1 if all do the same, 0 if one does nothing."""
        return min(self.busy) / max(self.busy) if self.busy and max(self.busy) else 1.0


@dataclass
class Series:
    """All samples, by series name."""

    samples: dict[str, list[Sample]] = field(default_factory=lambda: defaultdict(list))

    def add(self, name: str, sample: Sample) -> None:
        """Store one sample."""
        self.samples[name].append(sample)

    def has(self, *names: str) -> bool:
        """Return whether all of these were measured."""
        return all(self.samples.get(name) for name in names)

    def median(self, name: str) -> float:
        """Return the median of the rounds."""
        return median(sample.value for sample in self.samples[name])

    def median_p50(self, name: str) -> float:
        """Return the median of the rounds' medians, in milliseconds."""
        return median(sample.p50_ms or 0.0 for sample in self.samples[name])

    def median_p99(self, name: str) -> float:
        """Return the median of the rounds' 99th percentiles, in milliseconds."""
        return median(sample.p99_ms or 0.0 for sample in self.samples[name])

    def ratio(self, name: str, of: str) -> float:
        """Return the median of the ratios within each round: disturbances of a round affect both sides."""
        return paired_ratio([each.value for each in self.samples[name]], [each.value for each in self.samples[of]])

    def ratio_of_p99(self, name: str, of: str) -> float:
        """Return the median of the 99th percentiles' ratios within each round."""
        return paired_ratio(
            [each.p99_ms or 0.0 for each in self.samples[name]], [each.p99_ms or 0.0 for each in self.samples[of]]
        )


def paired_ratio(upper: Sequence[float], lower: Sequence[float]) -> float:
    """Return the median of the ratios of each round; the ratio of the medians if the numbers of rounds differ."""
    if len(upper) == len(lower):
        return median(above / below for above, below in zip(upper, lower, strict=True))
    return median(upper) / median(lower)


def worsened(
    ratios: Mapping[str, float], committed: Mapping[str, float], at_most: frozenset[str], tolerance: float
) -> Sequence[str]:
    """Return one line for each ratio that is worse than the committed one by more than ``tolerance``.

    Ratios in ``at_most`` are better when they are small. A ratio that is missing on one side is not compared.
    """
    lines = []
    for name in sorted(ratios.keys() & committed.keys()):
        is_worse = (
            ratios[name] > committed[name] / (1 - tolerance)
            if name in at_most
            else ratios[name] < committed[name] * (1 - tolerance)
        )
        if is_worse:
            lines.append(f"{name}: {ratios[name]:.2f}, committed {committed[name]:.2f}")
    return lines
