"""Keycloak, an identity server in Java: production mode on PostgreSQL, one process.

Set up by its documentation, except that access tokens are signed with ES256 (the realm's default is RS256), that a
refresh token is used once ("Revoke Refresh Token"), that its cache is local (there is one replica), and that TLS is
left to a proxy.
"""

import html
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Final

import requests

from benchmarks.peers.code_server import (
    BROWSERS,
    CLIENT,
    ID_TOKEN_ALGORITHM,
    REDIRECT_URI,
    RSA_BITS,
    Browser,
    CodeServer,
    authorization,
    code_in,
    codes_of,
)
from benchmarks.peers.programs import EMAIL, PEOPLE, database
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
"""The first start creates its tables, which takes half a minute, or many minutes on a busy machine."""

ENDPOINTS: Final = f"/realms/{REALM}/protocol/openid-connect"
ONE_PROCESSOR: Final = {"JAVA_OPTS_APPEND": "-XX:ActiveProcessorCount=1"}
"""The number of processors that it detects, which determines its number of threads."""

FORM: Final = re.compile(r'<form[^>]*\baction="([^"]+)"')


@contextmanager
def keycloak(postgres: EmbeddedPostgres) -> Iterator[TokenServer]:
    """Run Keycloak on all cores. Raises ``PeerMissingError`` if it cannot be fetched or built."""
    with _keycloak(postgres, {}) as (process, password):
        clients = new_clients()
        _add_clients(process, password, clients)
        yield TokenServer(process, f"{ENDPOINTS}/token", clients)


@contextmanager
def keycloak_codes(postgres: EmbeddedPostgres) -> Iterator[CodeServer]:
    """Run Keycloak for one core, with signed-in users. Raises ``PeerMissingError`` if it cannot be installed."""
    with _keycloak(postgres, ONE_PROCESSOR) as (process, password):
        _add_application(process, password)
        visits = []
        for number in range(BROWSERS):
            browser = Browser()
            _sign_in(process, browser, f"user{number % PEOPLE}", password)
            visits.append(partial(_new_code, process, browser))
        yield CodeServer(process, f"{ENDPOINTS}/token", CLIENT, partial(codes_of, visits))


@contextmanager
def _keycloak(postgres: EmbeddedPostgres, settings: Mapping[str, str]) -> Iterator[tuple[Running, str]]:
    """Run Keycloak with its own realm; yield it, and the password of its administrator."""
    try:
        folder = install("postgres")
    except KeycloakMissingError as error:
        raise PeerMissingError(str(error)) from error
    peer = database(postgres, "keycloak")
    password = peer["PEER_PASSWORD"]
    variables = environment(password, {**_database(peer), **settings})
    command = start_command(folder, HOST, PORT)
    with running(command, variables, ready="/realms/master", has_parent=True, start_seconds=START_SECONDS) as process:
        create_realm(process.url, password, _REALM)
        yield process, password


_REALM: Final = {
    "realm": REALM,
    "enabled": True,
    "accessTokenLifespan": 600,
    # Codes are created before they are measured.
    "accessCodeLifespan": 3600,
    "revokeRefreshToken": True,
    "refreshTokenMaxReuse": 0,
}


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


def _add_clients(process: Running, password: str, clients: Mapping[str, str]) -> None:
    """Add a scope, and clients that may have it."""
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


def _add_application(process: Running, password: str) -> None:
    """Add the public client, users, and a key for ID tokens, replacing the realm's own key of 2048 bits."""
    realm = call(process.url, password, "GET", f"/admin/realms/{REALM}").json()
    key = {
        "name": "rsa-of-the-benchmark",
        "providerId": "rsa-generated",
        "providerType": "org.keycloak.keys.KeyProvider",
        "parentId": realm["id"],
        "config": {"priority": ["200"], "keySize": [str(RSA_BITS)], "algorithm": [ID_TOKEN_ALGORITHM]},
    }
    call(process.url, password, "POST", f"/admin/realms/{REALM}/components", json=key)
    signing = {
        "access.token.signed.response.alg": ALGORITHM,
        "id.token.signed.response.alg": ID_TOKEN_ALGORITHM,
        "pkce.code.challenge.method": "S256",
    }
    client = {"clientId": CLIENT, "publicClient": True, "redirectUris": [REDIRECT_URI], "attributes": signing}
    call(process.url, password, "POST", f"/admin/realms/{REALM}/clients", json=client)
    for number in range(PEOPLE):
        person = {
            "username": f"user{number}",
            "enabled": True,
            "emailVerified": True,
            "email": EMAIL.format(number),
            "firstName": "User",
            "lastName": str(number),
            "credentials": [{"type": "password", "value": password, "temporary": False}],
        }
        call(process.url, password, "POST", f"/admin/realms/{REALM}/users", json=person)


def _sign_in(process: Running, browser: Browser, username: str, password: str) -> None:
    """Submit the form of its sign-in page; the browser keeps the session."""
    page = _authorize(process, browser)
    found = FORM.search(page.text)
    if found is None:
        raise RuntimeError(f"{page.url} answers {page.status_code}, and no form: {page.text[:500]}")
    form = {"username": username, "password": password}
    code_in(browser.post(html.unescape(found[1]), data=form))


def _new_code(process: Running, browser: Browser) -> str:
    return code_in(_authorize(process, browser))


def _authorize(process: Running, browser: Browser) -> requests.Response:
    address = f"{process.url}{ENDPOINTS}/auth"
    return browser.get(address, params=authorization(CLIENT))
