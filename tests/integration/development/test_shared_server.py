"""Runs of the mutations leave no databases to the server that they share."""

from uuid import uuid4

import psycopg
import pytest

from development.postgres import EmbeddedPostgres
from development.proof.shared_server import SERVER_URL, SharedServer


def test_only_the_databases_of_a_run_are_dropped_at_its_end(
    postgres: EmbeddedPostgres, template: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SERVER_URL, postgres.url())
    server = SharedServer()
    used, other = f"used_{uuid4().hex}", f"other_{uuid4().hex}"
    with psycopg.connect(server.url(), autocommit=True) as connection:
        for name in (used, other):
            connection.execute(f"CREATE DATABASE {name}".encode())
        with psycopg.connect(server.url(used)), psycopg.connect(server.url(template)):
            server.drop_databases()
        rows = connection.execute("SELECT datname FROM pg_database WHERE datname = ANY(%s)", [[used, other, template]])
        assert {row[0] for row in rows} == {other, template}
        connection.execute(f"DROP DATABASE {other}".encode())
