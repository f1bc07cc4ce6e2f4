"""What all rings share: the e2e ring's option, what was measured, and one embedded PostgreSQL."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from development.postgres import EmbeddedPostgres

# How fast a machine makes examples says nothing of the code.
settings.register_profile("doorward", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("doorward")

_findings = pytest.StashKey[list[str]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--e2e-target",
        choices=["image", "process"],
        default="process",
        help="what the e2e ring talks to: containers of doorward:latest, or the service as a process",
    )


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say what was measured."""
    for finding in config.stash.get(_findings, []):
        terminalreporter.write_line(finding)


@pytest.fixture
def findings(request: pytest.FixtureRequest) -> list[str]:
    """Lines to show after the run: what was measured."""
    return request.config.stash.setdefault(_findings, [])


@pytest.fixture(scope="session")
def postgres() -> Iterator[EmbeddedPostgres]:
    """A server of this run's own, gone afterwards."""
    with EmbeddedPostgres(durable=False) as server:
        yield server
