"""Shared by all rings: the e2e ring's option, coverage, reported findings, and one embedded PostgreSQL."""

import contextlib
import gc
import os
import time
from collections.abc import Generator, Iterable, Iterator
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings, strategies

from development.postgres import EmbeddedPostgres
from tests.measurement import is_another_worker, is_measured, save_coverage, without_coverage
from tests.programs import NOT_EXERCISED as NOT_EXERCISED_HERE

# No test may depend on a machine whose local time is UTC.
os.environ["TZ"] = "Asia/Kathmandu"
time.tzset()

EXAMPLES: Final = 25
"""The number of examples for each property in each run; a separate proof of the parsers uses more."""

# The speed of generating examples depends on the machine, not on the code.
settings.register_profile(
    "doorward", deadline=None, max_examples=EXAMPLES, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("doorward")

pytest_plugins = ["tests.scheduling"]

NOT_EXERCISED: Final = "The image was NOT exercised: no Docker engine. With one, run: uv run inv test --image"

_findings = pytest.StashKey[list[str]]()


@pytest.hookimpl(trylast=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Let Hypothesis cache its Unicode tables before workers start: else each computes them, some with tracing."""
    if session.config.getoption("numprocesses", None) and not hasattr(session.config, "workerinput"):
        with without_coverage():
            _any_text()


@settings(max_examples=1, database=None)
@given(strategies.text(min_size=1))
def _any_text(_text: str) -> None:
    pass


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--e2e-target",
        choices=["image", "process"],
        default="process",
        help="the target of the e2e ring: containers of doorward:latest, or the service as a process",
    )


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection() -> Generator[None, object, object]:
    """Disable garbage collection during imports, and freeze the objects: collecting took a third of the time.

    One worker measures the coverage of imports, since all workers import the same modules.
    """
    gc.disable()
    try:
        with without_coverage() if is_another_worker() else contextlib.nullcontext():
            return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, bool | None, bool | None]:
    """Disable coverage for tests that need not or must not be measured."""
    with contextlib.nullcontext() if is_measured(item.nodeid) else without_coverage():
        return (yield)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Send the findings of a pytest-xdist worker to the main process, and store its coverage data."""
    if hasattr(session.config, "workeroutput"):
        save_coverage()
        session.config.workeroutput["findings"] = session.config.stash.get(_findings, [])


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Receive the findings of a worker; a crashed worker has sent none."""
    sent = getattr(node, "workeroutput", {}).get("findings", [])
    node.config.stash.setdefault(_findings, []).extend(sent)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the findings, and a note if the end-to-end tests ran without the image."""
    for finding in config.stash.get(_findings, []):
        terminalreporter.write_line(finding)
    for message in sorted(set(_not_exercised(terminalreporter.getreports("skipped")))):
        terminalreporter.write_sep("=", message, yellow=True, bold=True)
    reports = [report for outcome in ("passed", "failed", "error") for report in terminalreporter.getreports(outcome)]
    is_image = config.getoption("--e2e-target") == "image"
    if not is_image and any(report.nodeid.startswith("tests/e2e/") for report in reports):
        terminalreporter.write_sep("=", NOT_EXERCISED, yellow=True, bold=True)


def _not_exercised(skipped: Iterable[pytest.TestReport]) -> Iterator[str]:
    """Yield the messages of tests that were skipped because something is missing on this machine."""
    for report in skipped:
        message = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        if NOT_EXERCISED_HERE in message:
            yield message.removeprefix("Skipped: ")


@pytest.fixture(scope="session")
def findings(request: pytest.FixtureRequest) -> list[str]:
    """Return the list of lines to print after the run, such as measurements."""
    return request.config.stash.setdefault(_findings, [])


@pytest.fixture(scope="session")
def postgres() -> Iterator[EmbeddedPostgres]:
    """Yield a temporary server of this run."""
    with EmbeddedPostgres(durable=False) as server:
        yield server
