"""glewlwyd, an OpenID Connect server in C: set up over its own API, with users signed in by the code flow.

Its parameters are the defaults of its administration page, except that a refresh token is used once, and that userinfo
contains the e-mail address.
"""

import gzip
import hashlib
import secrets
import time
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import requests

from benchmarks.load import RefreshChain, RepeatedRequests, get
from benchmarks.peers.installation import GLEWLWYD_EC_KEYS, GLEWLWYD_KEYS, install_glewlwyd
from benchmarks.peers.programs import EMAIL, EXPECTED, PEOPLE, connect, database
from benchmarks.peers.token_server import SCOPE, PeerMissingError, TokenServer, new_clients
from benchmarks.processes import CALL_SECONDS, HOST, PORT, Running, running
from development.postgres import EmbeddedPostgres

ADMINISTRATOR: Final = {"username": "admin", "password": "password"}
"""The credentials in its database script."""

CLIENT: Final = "benchmark"
CALLBACK: Final = f"http://{HOST}/callback"
IDLE_SECONDS: Final = 0.2
"""Time without CPU use after which the server counts as idle."""

TOKEN: Final = "/api/oidc/token"  # noqa: S105 - a path

STAND_INS: Final = """
    CREATE FUNCTION gen_salt(text) RETURNS text LANGUAGE sql RETURN '';
    CREATE FUNCTION crypt(text, text) RETURNS text LANGUAGE sql RETURN encode(sha256($1::bytea), 'hex');
"""
"""Replacements for pgcrypto, which the embedded PostgreSQL lacks: enough to sign in, not to measure hashes.

They are removed before the load.
"""

NO_STAND_INS: Final = "DROP FUNCTION gen_salt, crypt"
INSERT_REFRESH_ROW: Final = """
    WITH minted AS (
        INSERT INTO gpo_refresh_token (
            gpor_plugin_name, gpor_authorization_type, gpor_username, gpor_client_id, gpor_expires_at, gpor_duration,
            gpor_rolling_expiration, gpor_token_hash, gpor_jti
        )
        VALUES ('oidc', 0, %(username)s, %(client)s, now() + interval '14 days', 1209600, 1, %(hash)s, %(jti)s)
        RETURNING gpor_id
    )
    INSERT INTO gpo_refresh_token_scope (gpor_id, gpors_scope) SELECT gpor_id, 'openid' FROM minted
"""


@dataclass(frozen=True)
class Glewlwyd:
    """The running server."""

    process: Running
    me: RepeatedRequests
    postgres: Mapping[str, str]
    tokens: Sequence[Mapping[str, str]]
    """The tokens that the client got for each user."""

    def refresh_chain(self, count: int) -> RefreshChain:
        """Return new refresh tokens, inserted by SQL, because a code flow takes a third of a second."""
        tokens = [secrets.token_hex(64) for _ in range(count)]
        with connect(self.postgres) as connection, connection.transaction():
            for number, token in enumerate(tokens):
                digest = b64encode(hashlib.sha256(token.encode()).digest()).decode()
                row = {"username": f"user{number % PEOPLE}", "client": CLIENT, "hash": f"{{SHA256}}{digest}"}
                connection.execute(INSERT_REFRESH_ROW, {**row, "jti": secrets.token_hex(16)})
        return RefreshChain(tokens, TOKEN, form={"grant_type": "refresh_token", "client_id": CLIENT})

    def rotations(self) -> int:
        """Return how many refresh tokens were used, once the server is idle.

        Otherwise its remaining work would slow down the next program.
        """
        earlier: Sequence[float] = ()
        while earlier != (now := self.process.processor_seconds()):
            earlier = now
            time.sleep(IDLE_SECONDS)
        with connect(self.postgres) as connection:
            row = connection.execute("SELECT count(*) FROM gpo_refresh_token WHERE gpor_enabled = 0").fetchone()
        return int(row[0]) if row else 0


@contextmanager
def glewlwyd(postgres: EmbeddedPostgres) -> Iterator[Glewlwyd | None]:
    """Run the server with signed-in users. Yields None if it cannot be installed."""
    with glewlwyd_with_plugin(postgres, GLEWLWYD_KEYS, "rsa") as started:
        if started is None:
            yield None
            return
        process, settings = started
        _configure(process, settings["PEER_PASSWORD"])
        tokens = [_tokens(process, f"user{number}", settings["PEER_PASSWORD"]) for number in range(PEOPLE)]
        with connect(settings) as connection:
            connection.execute(NO_STAND_INS)
        calls = [get("/api/oidc/userinfo", authorization=f"Bearer {each['access_token']}") for each in tokens]
        yield Glewlwyd(process, RepeatedRequests(calls, EXPECTED), settings, tokens)


@contextmanager
def glewlwyd_tokens(postgres: EmbeddedPostgres) -> Iterator[TokenServer]:
    """Run the server with clients that get their own tokens. Raises ``PeerMissingError`` if it cannot be installed.

    Client secrets are stored in plain text, which its documentation offers besides hashes, and which costs less.
    """
    with glewlwyd_with_plugin(postgres, GLEWLWYD_EC_KEYS, "ecdsa", (SCOPE,)) as started:
        if started is None:
            raise PeerMissingError("apt, dpkg or openssl is not here, or failed as said above")
        process, _ = started
        clients = new_clients()
        admin = administrator(process)
        call(admin, process, "POST", "/api/scope/", json={"name": SCOPE, "display_name": SCOPE})
        for client_id, secret in clients.items():
            client = {
                "client_id": client_id,
                "client_secret": secret,
                "confidential": True,
                "enabled": True,
                "scope": [SCOPE],
                "redirect_uri": [CALLBACK],
                "authorization_type": ["client_credentials"],
                "token_endpoint_auth_method": ["client_secret_basic"],
            }
            call(admin, process, "POST", "/api/client/", json=client)
        yield TokenServer(process, TOKEN, clients)


@contextmanager
def glewlwyd_with_plugin(
    postgres: EmbeddedPostgres,
    keys: tuple[str, str],
    key_type: str,
    scopes: Sequence[str] = (),
    parameters: Mapping[str, Any] | None = None,
    *,
    issuer_path: str = "",
) -> Iterator[tuple[Running, Mapping[str, str]] | None]:
    """Run the server with the OpenID Connect plugin; yield it and its database. Yields None if it cannot be installed.

    ``parameters`` override the common plugin parameters. With the plugin's path in its issuer, clients find the
    issuer's metadata at the usual place.
    """
    folder = install_glewlwyd()
    if folder is None:
        yield None
        return
    settings = database(postgres, "glewlwyd")
    with connect(settings) as connection:
        connection.execute(STAND_INS)
        connection.execute(_tables(folder))
    command = [str(folder / "usr/bin/glewlwyd"), "--env-variables", "--port", PORT]
    with running(command, _environment(folder, settings), ready="/config") as process:
        texts = [(folder / name).read_text(encoding="ascii") for name in keys]
        signing = {"jwt-type": key_type, "key": texts[0], "cert": texts[1]}
        plugin = {
            "module": "oidc",
            "name": "oidc",
            "display_name": "OpenID Connect",
            "parameters": {**_parameters(f"{process.url}{issuer_path}", scopes), **signing, **(parameters or {})},
        }
        call(administrator(process), process, "POST", "/api/mod/plugin/", json=plugin)
        yield process, settings


def administrator(process: Running) -> requests.Session:
    """Return a session of its logged-in administrator."""
    admin = requests.Session()
    call(admin, process, "POST", "/api/auth/", json=ADMINISTRATOR)
    return admin


def _tables(folder: Path) -> str:
    return gzip.decompress((folder / "usr/share/doc/glewlwyd/database/init.postgre.sql.gz").read_bytes()).decode()


def _environment(folder: Path, settings: Mapping[str, str]) -> Mapping[str, str]:
    """Return its configuration: only the required settings, which leave its log off."""
    modules = folder / "usr/lib/glewlwyd"
    return {
        "LD_LIBRARY_PATH": ":".join(str(path) for path in folder.rglob("lib/*-linux-gnu*")),
        "GLWD_BIND_ADDRESS": HOST,
        "GLWD_EXTERNAL_URL": f"http://{HOST}:{PORT}",
        # Loopback has no TLS.
        "GLWD_COOKIE_SECURE": "0",
        "GLWD_USER_MODULE_PATH": str(modules / "user"),
        "GLWD_USER_MIDDLEWARE_MODULE_PATH": str(modules / "user_middleware"),
        "GLWD_CLIENT_MODULE_PATH": str(modules / "client"),
        "GLWD_AUTH_SCHEME_MODULE_PATH": str(modules / "scheme"),
        "GLWD_PLUGIN_MODULE_PATH": str(modules / "plugin"),
        "GLWD_DATABASE_TYPE": "postgre",
        "GLWD_DATABASE_POSTGRE_CONNINFO": "host={PGHOST} port={PGPORT} user={PGUSER} dbname={PGDATABASE}".format(
            **settings
        ),
    }


def _configure(process: Running, password: str) -> None:
    """Add users, and a public client."""
    admin = administrator(process)
    client = {"client_id": CLIENT, "redirect_uri": [CALLBACK], "authorization_type": ["code", "refresh_token"]}
    call(admin, process, "POST", "/api/client/", json={**client, "scope": [], "confidential": False, "enabled": True})
    for number in range(PEOPLE):
        person = {"username": f"user{number}", "email": EMAIL.format(number), "password": password, "scope": ["openid"]}
        call(admin, process, "POST", "/api/user/", json={**person, "enabled": True})


def _parameters(issuer: str, scopes: Sequence[str]) -> Mapping[str, Any]:
    return {
        "iss": issuer,
        "jwt-key-size": "256",
        "access-token-duration": 3600,
        "refresh-token-duration": 1209600,
        "code-duration": 600,
        "refresh-token-rolling": True,
        "refresh-token-one-use": "always",
        "allow-non-oidc": bool(scopes),
        "auth-type-code-enabled": True,
        "auth-type-token-enabled": True,
        "auth-type-id-token-enabled": True,
        "auth-type-none-enabled": True,
        "auth-type-password-enabled": False,
        "auth-type-client-enabled": True,
        "auth-type-device-enabled": False,
        "auth-type-refresh-enabled": True,
        "secret-type": "pairwise",
        "email-claim": "mandatory",
        "allowed-scope": ["openid", *scopes],
    }


def _tokens(process: Running, username: str, password: str) -> dict[str, str]:
    """Return the tokens that the client gets after a user has logged in and consented."""
    person = requests.Session()
    call(person, process, "POST", "/api/auth/", json={"username": username, "password": password})
    call(person, process, "PUT", f"/api/auth/grant/{CLIENT}", json={"scope": "openid"})
    query = {"response_type": "code", "client_id": CLIENT, "redirect_uri": CALLBACK, "scope": "openid"}
    # Without ``g_continue``, it first shows a page that asks whether to continue.
    sent_back = call(person, process, "GET", "/api/oidc/auth", params={**query, "nonce": "n", "g_continue": ""})
    code = parse_qs(urlsplit(sent_back.headers["Location"]).query)["code"][0]
    form = {"grant_type": "authorization_code", "client_id": CLIENT, "redirect_uri": CALLBACK, "code": code}
    tokens: dict[str, str] = call(requests.Session(), process, "POST", TOKEN, data=form).json()
    return tokens


def call(
    caller: requests.Session,
    process: Running,
    method: str,
    path: str,
    **what: Any,  # noqa: ANN401 - as requests has it
) -> requests.Response:
    """Return the answer to a call. Raises ``requests.HTTPError`` for an error status."""
    answer = caller.request(method, f"{process.url}{path}", timeout=CALL_SECONDS, allow_redirects=False, **what)
    answer.raise_for_status()
    return answer
