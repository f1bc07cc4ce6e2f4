"""The target figures in the report of the doorward-client benchmark."""

from benchmarks.client_library import report
from benchmarks.samples import Sample, Series


def measured(*, decoded: float, first: float, remembered: float) -> Series:
    series = Series()
    for algorithm in ("ES256", "RS256"):
        for name, value in (("PyJWT's decode", decoded), ("first time", first), ("remembered", remembered)):
            series.add(f"{algorithm}: {name}", Sample(value))
    return series


def test_figures_within_the_bounds_are_reached() -> None:
    told = report(measured(decoded=100, first=115, remembered=2.9))
    assert "| ES256 | 100.0 | 115.0 | +15.0 | 2.90 |" in told
    assert "| RS256, first time: µs more than PyJWT's decode | 15.00 | at most 15 | reached |" in told
    assert "| RS256, remembered: µs | 2.90 | at most 3 | reached |" in told
    assert told.count("| reached |") == 4


def test_figures_beyond_the_bounds_are_missed() -> None:
    told = report(measured(decoded=100, first=115.1, remembered=3.1))
    assert told.count("**missed**") == 4
