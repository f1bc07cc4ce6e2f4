"""Ory Hydra, an OAuth server in Go: built from its module, on PostgreSQL, one process.

As its documentation says, but that its access tokens are JWTs (its default is opaque ones), signed with ES256 (its
default is RS256); and TLS, telemetry and the log of requests are off. It has no pages: what would show them says over
its administration API who signed in, and what was agreed to.
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
"""Without the second, it gives no refresh token."""

POOL: Final = 2 * CONNECTIONS
"""With fewer connections than calls under way it stands still, as with its default and with the 20 of its quick start:
each call holds one while it waits for the key set, and the call that reads the key set needs another."""

ONE_PROCESSOR: Final = {"GOMAXPROCS": "1"}


@contextmanager
def hydra(postgres: EmbeddedPostgres) -> Iterator[TokenServer]:
    """Run it on all cores. Raises ``PeerMissingError`` where it cannot be built."""
    with _hydra(postgres, {}) as (process, admin):
        clients = new_clients()
        _add_clients(admin, clients)
        yield TokenServer(process, PATH, clients)


@contextmanager
def hydra_codes(postgres: EmbeddedPostgres) -> Iterator[CodeServer]:
    """Run it on one core, with an application. Raises ``PeerMissingError`` where it cannot be built."""
    with _hydra(postgres, ONE_PROCESSOR) as (process, admin):
        _add_application(admin)
        visits = [partial(_new_code, process, admin, f"person-{number}") for number in range(BROWSERS)]
        yield CodeServer(process, PATH, CLIENT, partial(codes_of, visits))


@contextmanager
def _hydra(postgres: EmbeddedPostgres, settings: Mapping[str, str]) -> Iterator[tuple[Running, str]]:
    """Run it with the key that signs access tokens; yield it, and the address of its administration API."""
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
        # It is newer than the one that it begins with, and therefore signs.
        _call("POST", f"{admin}/keys/{KEY_SET}", {"alg": ALGORITHM, "kid": "benchmark", "use": "sig"})
        yield process, admin


def _environment(settings: Mapping[str, str], admin_port: int) -> Mapping[str, str]:
    return {
        "DSN": f"postgres://{settings['PGUSER']}@{settings['PGHOST']}:{settings['PGPORT']}/{settings['PGDATABASE']}"
        f"?sslmode=disable&max_conns={POOL}&max_idle_conns={POOL}",
        "SECRETS_SYSTEM": secrets.token_urlsafe(32),
        "STRATEGIES_ACCESS_TOKEN": "jwt",
        "TTL_ACCESS_TOKEN": "10m",
        # Nothing is asked there; in production it must be https.
        "URLS_SELF_ISSUER": "https://hydra.example",
        # Where browsers are sent for its pages; nothing answers there.
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
    """Add the public client, and a key for ID tokens in place of its own one of 4096 bits."""
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
    """Ask for a code, and do what the pages would do on the way."""
    browser = Browser()
    asked = browser.get(
        f"{process.url}/oauth2/auth",
        params=authorization(CLIENT, OFFLINE),
    )
    signed_in = _go_on(browser, process, _accept(admin, "login", asked, {"subject": person}))
    agreed = _accept(admin, "consent", signed_in, {"grant_scope": OFFLINE.split()})
    return code_in(_go_on(browser, process, agreed))


def _accept(admin: str, page: str, answer: requests.Response, body: Mapping[str, object]) -> str:
    """Accept what a browser was sent to a page for; return where it goes on."""
    query = parse_qs(urlsplit(answer.headers.get("Location", "")).query)
    challenge = query.get(f"{page}_challenge")
    if challenge is None:
        raise RuntimeError(f"{answer.url} answers {answer.status_code}, and no {page}: {query or answer.text[:500]}")
    address = f"{admin}{REQUESTS}/{page}/accept"
    accepted = _call("PUT", address, body, params={f"{page}_challenge": challenge[0]})
    return str(accepted["redirect_to"])


def _go_on(browser: Browser, process: Running, address: str) -> requests.Response:
    """Follow an address of the issuer, which is the process."""
    parts = urlsplit(address)
    return browser.get(f"{process.url}{parts.path}?{parts.query}")


def _call(
    method: str, address: str, body: Mapping[str, object], params: Mapping[str, str] | None = None
) -> Mapping[str, Any]:
    answer = requests.request(method, address, json=body, params=params, timeout=CALL_SECONDS)
    answer.raise_for_status()
    answered: Mapping[str, Any] = answer.json()
    return answered
