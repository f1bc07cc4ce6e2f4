"""What all rings share: the option that names the target of the e2e ring, and one embedded PostgreSQL."""

from collections.abc import Iterator

import pytest

from development.postgres import EmbeddedPostgres


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--e2e-target",
        choices=["image", "process"],
        default="process",
        help="what the e2e ring talks to: containers of doorward:latest, or the service as a process",
    )


@pytest.fixture(scope="session")
def postgres() -> Iterator[EmbeddedPostgres]:
    """A server of this run's own, gone afterwards."""
    with EmbeddedPostgres(durable=False) as server:
        yield server
