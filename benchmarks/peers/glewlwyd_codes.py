"""glewlwyd with users who are signed in to an application: codes over its own API.

Set up by its documentation, except that a refresh token is used once, and that its clients' database has two additional
properties, which select ES256 for access tokens and RS256 for ID tokens.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

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
from benchmarks.peers.glewlwyd import NO_STAND_INS, TOKEN, administrator, call, glewlwyd_with_plugin
from benchmarks.peers.installation import GLEWLWYD_EC_KEYS
from benchmarks.peers.programs import EMAIL, PEOPLE, connect
from benchmarks.peers.token_server import ALGORITHM, PeerMissingError
from benchmarks.processes import Running
from development.postgres import EmbeddedPostgres

SIGNING: Final = {"access_token_signing_alg": ALGORITHM, "id_token_signing_alg": ID_TOKEN_ALGORITHM}
CLIENT_MODULE: Final = "/api/mod/client/database"


@contextmanager
def glewlwyd_codes(postgres: EmbeddedPostgres) -> Iterator[CodeServer]:
    """Run the server. Raises ``PeerMissingError`` if it cannot be installed."""
    with glewlwyd_with_plugin(postgres, GLEWLWYD_EC_KEYS, "ecdsa", parameters=_parameters()) as started:
        if started is None:
            raise PeerMissingError("apt, dpkg or openssl is not here, or failed as said above")
        process, settings = started
        _configure(process, settings["PEER_PASSWORD"])
        people = [f"user{number % PEOPLE}" for number in range(BROWSERS)]
        browsers = [_sign_in(process, person, settings["PEER_PASSWORD"]) for person in people]
        with connect(settings) as connection:
            connection.execute(NO_STAND_INS)
        visits = [partial(_new_code, process, browser) for browser in browsers]
        yield CodeServer(process, TOKEN, CLIENT, partial(codes_of, visits), refreshes_id_token=False)


def _parameters() -> Mapping[str, Any]:
    """Return the plugin parameters for two signing keys, and for codes that are valid for an hour."""
    rsa_key = {**RSAAlgorithm.to_jwk(new_rsa_key(), as_dict=True), "kid": "rsa", "alg": ID_TOKEN_ALGORITHM}
    ec_key = {**ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP256R1()), as_dict=True), "kid": "ec"}
    keys = [{**rsa_key, "use": "sig"}, {**ec_key, "alg": ALGORITHM, "use": "sig"}]
    return {
        "jwks-private": json.dumps({"keys": keys}),
        "default-kid": "rsa",
        "pkce-allowed": True,
        "pkce-required": True,
        "code-duration": 3600,
    }


def _configure(process: Running, password: str) -> None:
    admin = administrator(process)
    module = call(admin, process, "GET", CLIENT_MODULE).json()
    kept = {"multiple": False, "read": True, "write": True}
    module["parameters"]["data-format"] |= dict.fromkeys(SIGNING, kept)
    call(admin, process, "PUT", CLIENT_MODULE, json=module)
    call(admin, process, "PUT", f"{CLIENT_MODULE}/reset/", json={})
    client = {
        **SIGNING,
        "client_id": CLIENT,
        "redirect_uri": [REDIRECT_URI],
        "authorization_type": ["code", "refresh_token"],
        "scope": [],
        "confidential": False,
        "enabled": True,
    }
    call(admin, process, "POST", "/api/client/", json=client)
    for number in range(PEOPLE):
        person = {"username": f"user{number}", "email": EMAIL.format(number), "password": password, "scope": ["openid"]}
        call(admin, process, "POST", "/api/user/", json={**person, "enabled": True})


def _sign_in(process: Running, username: str, password: str) -> Browser:
    browser = Browser()
    call(browser, process, "POST", "/api/auth/", json={"username": username, "password": password})
    call(browser, process, "PUT", f"/api/auth/grant/{CLIENT}", json={"scope": "openid"})
    return browser


def _new_code(process: Running, browser: Browser) -> str:
    # Without ``g_continue``, it first shows a page that asks whether to continue.
    asked = {**authorization(CLIENT), "g_continue": ""}
    return code_in(call(browser, process, "GET", "/api/oidc/auth", params=asked))
