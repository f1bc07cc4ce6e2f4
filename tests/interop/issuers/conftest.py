"""Real issuers on loopback, each with separate data, and services that trust them."""

from collections.abc import Iterator
from uuid import uuid4

import psycopg
import pytest

from development.keycloak.realm import Realm
from development.postgres import EmbeddedPostgres
from tests.interop.issuers.keycloak import running_keycloak


@pytest.fixture(scope="module")
def database_url(postgres: EmbeddedPostgres) -> str:
    """Return the URL of an empty database."""
    name = f"issuers_{uuid4().hex}"
    with psycopg.connect(postgres.url(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    return postgres.url(name)


@pytest.fixture(scope="module")
def realm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Realm]:
    """Yield a Keycloak with a realm; a separate one for each module, because a test rotates its keys."""
    with running_keycloak(tmp_path_factory.mktemp("keycloak")) as (url, password):
        realm = Realm(url, password)
        realm.make()
        yield realm
