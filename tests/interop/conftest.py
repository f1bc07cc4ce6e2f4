"""The ring of what others wrote, beside the service as a process: `inv test --ring interop`."""

from collections.abc import Iterator

import psycopg
import pytest

from development.postgres import EmbeddedPostgres
from development.proof.service import proof_settings, running_service
from doorward.infrastructure.migrations import migrate
from tests.interop.flows import Site

DATABASE = "interop"


@pytest.fixture(scope="session")
def site(postgres: EmbeddedPostgres) -> Iterator[Site]:
    """A running service and its database."""
    with psycopg.connect(postgres.url(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {DATABASE}".encode())
    database_url = postgres.url(DATABASE)
    migrate(database_url)
    with running_service(proof_settings(database_url)) as url:
        yield Site(url, database_url)
