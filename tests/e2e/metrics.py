"""The metrics of a running service, parsed like Prometheus does."""

from collections.abc import Mapping

from prometheus_client.parser import text_string_to_metric_families

from tests.e2e.stack import Service

Series = Mapping[tuple[str, frozenset[tuple[str, str]]], float]


def series_of(service: Service) -> Series:
    """Return every series that the service exposes, by name and labels."""
    families = text_string_to_metric_families(service.metrics())
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in families
        for sample in family.samples
    }


def value(series: Series, name: str, **labels: str) -> float:
    """Return the value of one series, or 0 if it does not exist."""
    return series.get((f"doorward_{name}", frozenset(labels.items())), 0.0)
