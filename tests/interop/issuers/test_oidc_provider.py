"""oidc-provider, an OpenID provider for Node: ES256 and RS256, people and programs, keys rotated while all runs."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
import requests

from tests.interop.issuers.service import CALL_SECONDS, TrustingService, trusting
from tests.interop.programs import leave_out, node

FOLDER: Final = Path(__file__).parent / "oidc_provider"
SECRET: Final = "secret-of-the-job"
ES256: Final = "https://es256.example"
RS256: Final = "https://rs256.example"
CALLBACK: Final = "http://127.0.0.1/callback"
ROLES: Final = {"catalogue.read": ["items:read"], "catalogue.write": ["items:write"]}
_FORM: Final = re.compile(r'action="([^"]+)"')


class Provider:
    """The running provider."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.issuer = self._ready_issuer()

    def _ready_issuer(self) -> str:
        """Return the issuer once new keys sign; the provider writes notices between."""
        assert self._process.stdout is not None
        line = next((line for line in self._process.stdout if line.startswith("ready ")), "")
        assert line, "the provider has ended"
        return line.removeprefix("ready ").strip()

    def rotate_keys(self) -> None:
        """Have new keys sign from now on; the ones before stay listed."""
        assert self._process.stdin is not None
        self._process.stdin.write("rotate\n")
        self._process.stdin.flush()
        assert self._ready_issuer() == self.issuer

    def client_credentials(self, *, resource: str, scope: str) -> str:
        """Return an access token of a program."""
        form = {"grant_type": "client_credentials", "resource": resource, "scope": scope}
        return self._tokens("job", form)["access_token"]

    def code_flow(self, person: str, *, scope: str) -> dict[str, str]:
        """Return the tokens of a person, who signs in and agrees on the provider's own pages."""
        browser = requests.Session()
        query = {"client_id": "page", "response_type": "code", "redirect_uri": CALLBACK, "scope": f"openid {scope}"}
        page = browser.get(f"{self.issuer}/auth", params={**query, "resource": ES256}, timeout=CALL_SECONDS)
        page = submit(browser, page, {"prompt": "login", "login": person, "password": "any"})
        redirect = submit(browser, page, {"prompt": "consent"}, follows=False)
        while not redirect.headers["location"].startswith(CALLBACK):
            redirect = browser.get(redirect.headers["location"], allow_redirects=False, timeout=CALL_SECONDS)
        code = parse_qs(urlsplit(redirect.headers["location"]).query)["code"][0]
        return self._tokens("page", {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK})

    def _tokens(self, client: str, form: dict[str, str]) -> dict[str, str]:
        answer = requests.post(f"{self.issuer}/token", data=form, auth=(client, SECRET), timeout=CALL_SECONDS)
        assert answer.ok, answer.text
        tokens: dict[str, str] = answer.json()
        return tokens


def submit(
    browser: requests.Session, page: requests.Response, form: dict[str, str], *, follows: bool = True
) -> requests.Response:
    """Send the form of one of the provider's pages."""
    action = _FORM.search(page.text)
    assert action is not None, page.text
    return browser.post(action[1], data=form, allow_redirects=follows, timeout=CALL_SECONDS)


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    if not (FOLDER / "node_modules").is_dir():
        leave_out("oidc-provider", f"npm ci --ignore-scripts --prefix {FOLDER.relative_to(Path.cwd())}")
    process = subprocess.Popen(
        [node(), "server.mjs"],
        cwd=FOLDER,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        yield Provider(process)
    finally:
        process.kill()
        process.communicate()


@pytest.fixture(scope="module")
def service(provider: Provider, database_url: str) -> Iterator[TrustingService]:
    entry = {
        "issuer": provider.issuer,
        "audiences": [ES256, RS256],
        "roles": ROLES,
        "allow_private_addresses": True,
    }
    with trusting(database_url, entry) as service:
        yield service


@pytest.mark.parametrize(("resource", "algorithm"), [(ES256, "ES256"), (RS256, "RS256")])
def test_scopes_of_a_program_allow_what_they_are_mapped_to(
    provider: Provider, service: TrustingService, resource: str, algorithm: str
) -> None:
    full = provider.client_credentials(resource=resource, scope="catalogue.read catalogue.write")
    assert jwt.get_unverified_header(full)["alg"] == algorithm
    assert service.statuses(full) == (200, 201)
    narrow = provider.client_credentials(resource=resource, scope="catalogue.read")
    assert service.statuses(narrow) == (200, 403)


def test_a_token_for_another_service_is_refused(provider: Provider, service: TrustingService) -> None:
    other = provider.client_credentials(resource="https://other.example", scope="catalogue.read")
    assert service.code(other) == "invalid_access_token"


def test_a_person_reads_and_writes_and_the_id_token_does_not(provider: Provider, service: TrustingService) -> None:
    tokens = provider.code_flow("ada", scope="catalogue.read catalogue.write")
    assert service.statuses(tokens["access_token"]) == (200, 201)
    assert service.code(tokens["id_token"]) == "invalid_access_token"
    assert "ada" in {user["subject"] for user in service.users(provider.issuer)}


def test_rotated_keys_are_found_and_tokens_of_those_before_stay_valid(
    provider: Provider, service: TrustingService
) -> None:
    before = provider.client_credentials(resource=RS256, scope="catalogue.read")
    assert service.list_items(before).status_code == 200
    provider.rotate_keys()
    after = [provider.client_credentials(resource=each, scope="catalogue.read") for each in (ES256, RS256)]
    assert jwt.get_unverified_header(after[1])["kid"] != jwt.get_unverified_header(before)["kid"]
    assert [service.list_items(token).status_code for token in (*after, before)] == [200, 200, 200]
