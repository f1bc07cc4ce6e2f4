"""The ring of third-party programs and libraries, with the service as a process: `inv test --ring interop`."""

import os
import subprocess
import sys
from collections.abc import Iterator

import psycopg
import pytest

from development.ports import free_port
from development.postgres import EmbeddedPostgres
from development.proof.service import proof_settings, running_service
from doorward.infrastructure.migrations import migrate
from tests.interop.flows import SCOPE, Credentials, Site

DATABASE = "interop"


@pytest.fixture(scope="session")
def site(postgres: EmbeddedPostgres) -> Iterator[Site]:
    """Yield a running service and its database."""
    with psycopg.connect(postgres.url(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {DATABASE}".encode())
    database_url = postgres.url(DATABASE)
    migrate(database_url)
    port = free_port()
    # Enables the OpenID provider; the metadata contain it.
    settings = proof_settings(database_url, PUBLIC_URL=f"http://127.0.0.1:{port}")
    command = [sys.executable, "-m", "doorward", "client", "add", "Nightly report", "--scope", SCOPE]
    added = subprocess.run(command, check=True, env={**os.environ, **settings}, capture_output=True, text=True)
    with running_service(settings, port=port) as url:
        yield Site(url, database_url, Credentials(*added.stdout.split()))
