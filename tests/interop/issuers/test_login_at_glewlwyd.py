"""A person links an identity at glewlwyd, an OpenID provider in C, and signs in with it."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl, urlsplit
from uuid import uuid4

import pytest
import requests

from benchmarks.peers.glewlwyd import administrator, call, glewlwyd_with_plugin
from benchmarks.peers.installation import GLEWLWYD_KEYS
from benchmarks.processes import CALL_SECONDS, Running
from development.postgres import EmbeddedPostgres
from tests.integration.oauth.provider import ISSUER
from tests.integration.oauth.provider import Provider as Doorward
from tests.interop.issuers.logins import BACK, check_linking_and_signing_in, service_with
from tests.interop.programs import leave_out

PLUGIN: Final = "/api/oidc"
PEOPLE: Final = ("ada", "eve")
SECRET: Final = f"of-this-run-{uuid4()}"


@dataclass(frozen=True, slots=True)
class Glewlwyd:
    """The running server, with a client for the service and two people."""

    process: Running
    password: str

    @property
    def issuer(self) -> str:
        return f"{self.process.url}{PLUGIN}"

    def signed_in(self, address: str, person: str) -> dict[str, str]:
        """Sign in at the provider and consent; return the parameters of the redirect back."""
        browser = requests.Session()
        call(browser, self.process, "POST", "/api/auth/", json={"username": person, "password": self.password})
        call(browser, self.process, "PUT", "/api/auth/grant/doorward", json={"scope": "openid"})
        # The page of the provider would ask whether to continue, and add this parameter.
        sent_back = browser.get(f"{address}&g_continue", allow_redirects=False, timeout=CALL_SECONDS)
        assert sent_back.headers["Location"].startswith(f"{ISSUER}{BACK}"), sent_back.headers
        return dict(parse_qsl(urlsplit(sent_back.headers["Location"]).query))


@pytest.fixture(scope="module")
def provider(postgres: EmbeddedPostgres) -> Iterator[Glewlwyd]:
    parameters = {"pkce-allowed": True}
    with glewlwyd_with_plugin(postgres, GLEWLWYD_KEYS, "rsa", parameters=parameters, issuer_path=PLUGIN) as started:
        if started is None:
            leave_out("glewlwyd", "it needs apt-get, after apt-get update, dpkg and openssl")
        process, settings = started
        admin, password = administrator(process), settings["PEER_PASSWORD"]
        client = {
            "client_id": "doorward",
            "client_secret": SECRET,
            "confidential": True,
            "enabled": True,
            "scope": [],
            "redirect_uri": [f"{ISSUER}{BACK}"],
            "authorization_type": ["code"],
            "token_endpoint_auth_method": ["client_secret_basic"],
        }
        call(admin, process, "POST", "/api/client/", json=client)
        for name in PEOPLE:
            person = {"username": name, "email": f"{name}@example.com", "password": password, "scope": ["openid"]}
            call(admin, process, "POST", "/api/user/", json={**person, "enabled": True})
        yield Glewlwyd(process, password)


@pytest.fixture(scope="module")
async def doorward(provider: Glewlwyd, database_url: str) -> AsyncIterator[Doorward]:
    async with service_with(provider.issuer, SECRET, database_url, SECRET) as running:
        yield running


async def test_a_person_links_an_identity_and_signs_in_with_it(doorward: Doorward, provider: Glewlwyd) -> None:
    await check_linking_and_signing_in(doorward, provider.signed_in, *PEOPLE)
