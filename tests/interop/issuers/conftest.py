"""Real issuers, each on loopback with data of its own, and services that trust them."""

from collections.abc import Iterator
from uuid import uuid4

import psycopg
import pytest

from development.keycloak.realm import Realm
from development.keycloak.server import HOW_TO_GET_IT, KeycloakServer, program_folder
from development.postgres import EmbeddedPostgres
from tests.interop.programs import leave_out


@pytest.fixture(scope="module")
def database_url(postgres: EmbeddedPostgres) -> str:
    """An empty database."""
    name = f"issuers_{uuid4().hex}"
    with psycopg.connect(postgres.url(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    return postgres.url(name)


@pytest.fixture(scope="module")
def realm() -> Iterator[Realm]:
    """A Keycloak with a realm; a module's own, because a test rotates its keys."""
    programs = program_folder()
    if programs is None:
        leave_out("Keycloak", HOW_TO_GET_IT)
    server = KeycloakServer(programs)
    try:
        server.start()
        realm = Realm(server.url)
        realm.make()
        yield realm
    finally:
        server.close()
