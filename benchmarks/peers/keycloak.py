"""Keycloak, an identity server in Java: production mode on PostgreSQL, one process on all cores.

As its documentation says, but that the tokens of its clients are signed with ES256 (the realm's default is RS256), it
keeps its cache to itself (it is one copy), and something else would do TLS.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from benchmarks.peers.programs import database
from benchmarks.peers.token_server import ALGORITHM, SCOPE, PeerMissingError, TokenServer, new_clients
from benchmarks.processes import HOST, PORT, Running, running
from development.keycloak.server import (
    KeycloakMissingError,
    call,
    create_realm,
    environment,
    install,
    start_command,
)
from development.postgres import EmbeddedPostgres

REALM: Final = "benchmark"
START_SECONDS: Final = 900
"""The first start makes its tables, which takes half a minute, or many of a busy machine."""


@contextmanager
def keycloak(postgres: EmbeddedPostgres) -> Iterator[TokenServer]:
    """Run it. Raises ``PeerMissingError`` where it cannot be fetched or built."""
    try:
        folder = install("postgres")
    except KeycloakMissingError as error:
        raise PeerMissingError(str(error)) from error
    settings = database(postgres, "keycloak")
    variables = environment(settings["PEER_PASSWORD"], _database(settings))
    command = start_command(folder, HOST, PORT)
    with running(command, variables, ready="/realms/master", has_parent=True, start_seconds=START_SECONDS) as process:
        clients = new_clients()
        _configure(process, settings["PEER_PASSWORD"], clients)
        yield TokenServer(process, f"/realms/{REALM}/protocol/openid-connect/token", clients)


def _database(settings: Mapping[str, str]) -> Mapping[str, str]:
    java_home = {"JAVA_HOME": os.environ["JAVA_HOME"]} if "JAVA_HOME" in os.environ else {}
    return {
        **java_home,
        "KC_DB_URL_HOST": settings["PGHOST"],
        "KC_DB_URL_PORT": settings["PGPORT"],
        "KC_DB_URL_DATABASE": settings["PGDATABASE"],
        "KC_DB_USERNAME": settings["PGUSER"],
        "KC_DB_PASSWORD": settings["PEER_PASSWORD"],
    }


def _configure(process: Running, password: str, clients: Mapping[str, str]) -> None:
    """Make a realm with its default scopes and ours, and the clients."""
    create_realm(process.url, password, {"realm": REALM, "enabled": True, "accessTokenLifespan": 600})
    scope = {"name": SCOPE, "protocol": "openid-connect", "attributes": {"include.in.token.scope": "true"}}
    call(process.url, password, "POST", f"/admin/realms/{REALM}/client-scopes", json=scope)
    for client_id, secret in clients.items():
        client = {
            "clientId": client_id,
            "secret": secret,
            "publicClient": False,
            "serviceAccountsEnabled": True,
            "standardFlowEnabled": False,
            "optionalClientScopes": [SCOPE],
            "attributes": {"access.token.signed.response.alg": ALGORITHM},
        }
        call(process.url, password, "POST", f"/admin/realms/{REALM}/clients", json=client)
