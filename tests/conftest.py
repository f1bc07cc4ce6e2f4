"""What all rings share: the e2e ring's option, what was measured, and one embedded PostgreSQL."""

from collections.abc import Iterator
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, settings

from development.postgres import EmbeddedPostgres
from development.proof.skewed_hosts import CLOCKS_NOT_EXERCISED

# How fast a machine makes examples says nothing of the code.
settings.register_profile("doorward", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("doorward")

LONGEST: Final = ("tests/pages/", "tests/e2e/")
"""Run first, so that no worker is still busy with one of them when the others have nothing left to do."""

NOT_EXERCISED: Final = "The image was NOT exercised: no Docker engine. With one, run: uv run inv test --image"

_findings = pytest.StashKey[list[str]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--e2e-target",
        choices=["image", "process"],
        default="process",
        help="what the e2e ring talks to: containers of doorward:latest, or the service as a process",
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Order the files, which is the order in which workers of `inv test` take them."""
    items.sort(key=lambda item: _place(item.nodeid))


def _place(node_id: str) -> int:
    return next((place for place, start in enumerate(LONGEST) if node_id.startswith(start)), len(LONGEST))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Send the findings of a pytest-xdist worker to the process that reports."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["findings"] = session.config.stash.get(_findings, [])


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Receive the findings of a worker; one that crashed has sent none."""
    sent = getattr(node, "workeroutput", {}).get("findings", [])
    node.config.stash.setdefault(_findings, []).extend(sent)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Show the findings, and say when the end-to-end tests ran without the image."""
    for finding in config.stash.get(_findings, []):
        terminalreporter.write_line(finding)
    if any(CLOCKS_NOT_EXERCISED in str(report.longrepr) for report in terminalreporter.getreports("skipped")):
        terminalreporter.write_sep("=", CLOCKS_NOT_EXERCISED, yellow=True, bold=True)
    reports = [report for outcome in ("passed", "failed", "error") for report in terminalreporter.getreports(outcome)]
    is_image = config.getoption("--e2e-target") == "image"
    if not is_image and any(report.nodeid.startswith("tests/e2e/") for report in reports):
        terminalreporter.write_sep("=", NOT_EXERCISED, yellow=True, bold=True)


@pytest.fixture(scope="session")
def findings(request: pytest.FixtureRequest) -> list[str]:
    """Lines to show after the run: what was measured."""
    return request.config.stash.setdefault(_findings, [])


@pytest.fixture(scope="session")
def postgres() -> Iterator[EmbeddedPostgres]:
    """A server of this run's own, gone afterwards."""
    with EmbeddedPostgres(durable=False) as server:
        yield server
