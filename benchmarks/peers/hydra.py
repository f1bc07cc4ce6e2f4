"""Ory Hydra, an OAuth server in Go: built from its module, on PostgreSQL, one process.

Set up by its documentation, except that access tokens are JWTs (the default is opaque tokens) signed with ES256 (the
default is RS256), and that TLS, telemetry and the request log are off. It has no pages: an application that shows them
reports the sign-in and the consent over the administration API.
"""

import secrets
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import requests
from jwt.algorithms import RSAAlgorithm

from benchmarks.load import CONNECTIONS
from benchmarks.peers.code_server import (
    BROWSERS,
    CLIENT,
    ID_TOKEN_ALGORITHM,
    REDIRECT_URI,
    Browser,
    CodeServer,
    authorization,
    code_in,
    codes_of,
    new_rsa_key,
)
from benchmarks.peers.installation import install_hydra
from benchmarks.peers.programs import database
from benchmarks.peers.token_server import (
    ALGORITHM,
    RESOURCE,
    SCOPE,
    PeerMissingError,
    TokenServer,
    new_clients,
)
from benchmarks.processes import CALL_SECONDS, HOST, PORT, Running, running
from development.ports import free_port
from development.postgres import EmbeddedPostgres

KEY_SET: Final = "hydra.jwt.access-token"
ID_TOKEN_KEY_SET: Final = "hydra.openid.id-token"  # noqa: S105 - a name of keys
PATH: Final = "/oauth2/token"
REQUESTS: Final = "/oauth2/auth/requests"
OFFLINE: Final = "openid offline_access"
"""It issues a refresh token only for ``offline_access``."""

POOL: Final = 2 * CONNECTIONS
"""With fewer connections than concurrent calls it deadlocks, as with its default and with the 20 of its quick start.

Each call holds a connection while it waits for the key set, and the call that reads the key set needs another.
"""

ONE_PROCESSOR: Final = {"GOMAXPROCS": "1"}


@contextmanager
def hydra(postgres: EmbeddedPostgres) -> Iterator[TokenServer]:
    """Run Hydra on all cores. Raises ``PeerMissingError`` if it cannot be built."""
    with _hydra(postgres, {}) as (process, admin):
        clients = new_clients()
        _add_clients(admin, clients)
        yield TokenServer(process, PATH, clients)


@contextmanager
def hydra_codes(postgres: EmbeddedPostgres) -> Iterator[CodeServer]:
    """Run Hydra on one core, with an application. Raises ``PeerMissingError`` if it cannot be built."""
    with _hydra(postgres, ONE_PROCESSOR) as (process, admin):
        _add_application(admin)
        visits = [partial(_new_code, process, admin, f"person-{number}") for number in range(BROWSERS)]
        yield CodeServer(process, PATH, CLIENT, partial(codes_of, visits))


@contextmanager
def _hydra(postgres: EmbeddedPostgres, settings: Mapping[str, str]) -> Iterator[tuple[Running, str]]:
    """Run Hydra with the key that signs access tokens; yield it, and the URL of its administration API."""
    try:
        program = install_hydra()
    except OSError as error:
        raise PeerMissingError(str(error)) from error
    except subprocess.CalledProcessError as error:
        raise PeerMissingError(f"go says {error.stderr.strip()[-500:]}") from error
    admin_port = free_port()
    environment = {**_environment(database(postgres, "hydra"), admin_port), **settings}
    migrate = [str(program), "migrate", "sql", "--read-from-env", "--yes"]
    subprocess.run(migrate, check=True, env=environment, capture_output=True)
    command = ["env", f"SERVE_PUBLIC_PORT={PORT}", str(program), "serve", "all"]
    with running(command, environment, ready="/health/ready") as process:
        admin = f"http://{HOST}:{admin_port}/admin"
        # It is newer than the initial key, and is therefore used for signing.
        _call("POST", f"{admin}/keys/{KEY_SET}", {"alg": ALGORITHM, "kid": "benchmark", "use": "sig"})
        yield process, admin


def _environment(settings: Mapping[str, str], admin_port: int) -> Mapping[str, str]:
    return {
        "DSN": f"postgres://{settings['PGUSER']}@{settings['PGHOST']}:{settings['PGPORT']}/{settings['PGDATABASE']}"
        f"?sslmode=disable&max_conns={POOL}&max_idle_conns={POOL}",
        "SECRETS_SYSTEM": secrets.token_urlsafe(32),
        "STRATEGIES_ACCESS_TOKEN": "jwt",
        "TTL_ACCESS_TOKEN": "10m",
        # It is never requested; in production it must be https.
        "URLS_SELF_ISSUER": "https://hydra.example",
        # Where browsers are redirected for its pages; no server answers there.
        "URLS_LOGIN": "https://pages.example/login",
        "URLS_CONSENT": "https://pages.example/consent",
        "SERVE_PUBLIC_HOST": HOST,
        "SERVE_ADMIN_HOST": HOST,
        "SERVE_ADMIN_PORT": str(admin_port),
        "SERVE_TLS_ENABLED": "false",
        "SQA_OPT_OUT": "true",
        "LOG_LEVEL": "error",
    }


def _add_clients(admin: str, clients: Mapping[str, str]) -> None:
    for client_id, secret in clients.items():
        client = {
            "client_id": client_id,
            "client_secret": secret,
            "grant_types": ["client_credentials"],
            "scope": SCOPE,
            "audience": [RESOURCE],
            "token_endpoint_auth_method": "client_secret_basic",
        }
        _call("POST", f"{admin}/clients", client)


def _add_application(admin: str) -> None:
    """Add the public client, and a key for ID tokens, replacing its own key of 4096 bits."""
    key = {**RSAAlgorithm.to_jwk(new_rsa_key(), as_dict=True), "kid": "benchmark", "use": "sig"}
    _call("PUT", f"{admin}/keys/{ID_TOKEN_KEY_SET}", {"keys": [{**key, "alg": ID_TOKEN_ALGORITHM}]})
    client = {
        "client_id": CLIENT,
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "redirect_uris": [REDIRECT_URI],
        "scope": OFFLINE,
        "token_endpoint_auth_method": "none",
    }
    _call("POST", f"{admin}/clients", client)


def _new_code(process: Running, admin: str, person: str) -> str:
    """Request a code, and take the steps of the sign-in and consent pages."""
    browser = Browser()
    asked = browser.get(
        f"{process.url}/oauth2/auth",
        params=authorization(CLIENT, OFFLINE),
    )
    signed_in = _go_on(browser, process, _accept(admin, "login", asked, {"subject": person}))
    agreed = _accept(admin, "consent", signed_in, {"grant_scope": OFFLINE.split()})
    return code_in(_go_on(browser, process, agreed))


def _accept(admin: str, page: str, answer: requests.Response, body: Mapping[str, object]) -> str:
    """Accept the request of a login or consent page; return the URL to continue at."""
    query = parse_qs(urlsplit(answer.headers.get("Location", "")).query)
    challenge = query.get(f"{page}_challenge")
    if challenge is None:
        raise RuntimeError(f"{answer.url} answers {answer.status_code}, and no {page}: {query or answer.text[:500]}")
    address = f"{admin}{REQUESTS}/{page}/accept"
    accepted = _call("PUT", address, body, params={f"{page}_challenge": challenge[0]})
    return str(accepted["redirect_to"])


def _go_on(browser: Browser, process: Running, address: str) -> requests.Response:
    """Follow a URL of the issuer, which is the process."""
    parts = urlsplit(address)
    return browser.get(f"{process.url}{parts.path}?{parts.query}")


def _call(
    method: str, address: str, body: Mapping[str, object], params: Mapping[str, str] | None = None
) -> Mapping[str, Any]:
    answer = requests.request(method, address, json=body, params=params, timeout=CALL_SECONDS)
    answer.raise_for_status()
    answered: Mapping[str, Any] = answer.json()
    return answered
