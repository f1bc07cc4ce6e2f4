"""doorward below a path of a site, behind nginx and haproxy: every URL that it returns works."""

import asyncio
import contextlib
import re
import secrets
import ssl
import time
from collections.abc import Iterator
from functools import partial
from urllib.parse import urljoin

import httpx
import pytest
from cryptography import x509

from development.client import PASSWORD, READINESS, Person, new_person
from development.ports import free_port
from development.proof.service import own_database, proof_settings, running_service
from doorward_client.key_sets import FetchedKeys
from doorward_client.metadata import Discovery
from tests.deployment.proxies import PROXY, Place, Prepare, client_at, haproxy, nginx, running
from tests.integration.mail_server import Certificates

HOST = "example.com"
PREFIX = "/auth"
ISSUER = f"https://{HOST}{PREFIX}"
DELIVERED_SECONDS = 60

PROXIES: dict[str, Prepare] = {
    "nginx keeps the prefix": partial(nginx, file="nginx-below-a-path.conf"),
    "nginx strips the prefix": partial(
        nginx,
        file="nginx-below-a-path.conf",
        changes={
            "location /auth/ {\n        proxy_pass http://doorward;": "location /auth/ {\n        proxy_pass http://doorward/;"
        },
    ),
    "haproxy strips the prefix": partial(haproxy, file="haproxy-below-a-path.cfg"),
    "haproxy keeps the prefix": partial(
        haproxy, file="haproxy-below-a-path.cfg", changes={"    http-request replace-path ^/auth/(.*) /\\1\n": ""}
    ),
}


@pytest.fixture(scope="module")
def service() -> Iterator[str]:
    """Run doorward below the path in development, where a page shows its mails; yield its host and port."""
    with own_database() as database_url:
        settings = proof_settings(database_url, PUBLIC_URL=ISSUER, TRUSTED_PROXIES=PROXY)
        with running_service(settings) as url:
            yield url.removeprefix("http://")


@pytest.fixture(scope="module", params=PROXIES)
def site(
    request: pytest.FixtureRequest, service: str, certificates: Certificates, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[httpx.Client]:
    """Yield a client of the site behind each proxy."""
    context: ssl.SSLContext = certificates.client_context()
    file = certificates.server_file(HOST, x509.DNSName(HOST))
    place = Place(tmp_path_factory.mktemp("proxy"), free_port(), service, file)
    with client_at(place.port, PROXY, context, f"https://{HOST}") as client:

        def is_ready() -> bool:
            with contextlib.suppress(httpx.TransportError):
                return client.get(f"{PREFIX}{READINESS}").is_success
            return False

        with running(PROXIES[request.param](place), place.folder, is_ready):
            yield client


@pytest.fixture(scope="module")
def signed_in(site: httpx.Client) -> tuple[Person, dict[str, str]]:
    """Register and log in at the URLs of the OpenAPI document; return the person and the token's header field."""
    document = site.get(f"{PREFIX}/openapi.json").json()
    base = urljoin(f"https://{HOST}", document["servers"][0]["url"])
    token_url = document["components"]["securitySchemes"]["password"]["flows"]["password"]["tokenUrl"]
    person = new_person()
    account = {"email": person.email, "username": person.username, "password": PASSWORD}
    register = next(path for path in document["paths"] if path.endswith("/register"))
    assert site.post(f"{base}{register}", json=account).status_code == 201
    login = site.post(urljoin(base, token_url), data={"username": person.username, "password": PASSWORD})
    assert login.status_code == 200
    return person, {"Authorization": f"Bearer {login.json()['access_token']}"}


def addresses_of(page: httpx.Response) -> set[str]:
    """Return the URLs that a page loads or links to, as a browser resolves them."""
    found = re.findall(r"""(?:href|src|action|url)\s*[=:]\s*["']([^"']*)["']""", page.text)
    return {urljoin(str(page.url), each) for each in found if not each.startswith(("data:", "#"))}


@pytest.mark.parametrize("path", ["/", "/docs", "/redoc", "/account/reset-password", "/development/mails"])
def test_every_url_on_a_page_works(site: httpx.Client, path: str) -> None:
    page = site.get(f"{PREFIX}{path}", headers={"Accept": "text/html"})
    assert page.status_code == 200
    addresses = addresses_of(page)
    assert addresses or path == "/development/mails"
    assert not {each for each in addresses if not each.startswith(f"{ISSUER}/")}
    assert {each: site.get(each).status_code for each in addresses} == dict.fromkeys(addresses, 200)


def test_the_location_of_a_created_item_works(site: httpx.Client, signed_in: tuple[Person, dict[str, str]]) -> None:
    headers = signed_in[1]
    created = site.post(f"{PREFIX}/api/v1/items", json={"title": "Casablanca"}, headers=headers)
    assert created.status_code == 201
    assert site.get(created.headers["location"], headers=headers).json()["title"] == "Casablanca"


def test_the_next_links_of_a_list_lead_through_all_pages(
    site: httpx.Client, signed_in: tuple[Person, dict[str, str]]
) -> None:
    headers = signed_in[1]
    for number in range(3):
        site.post(f"{PREFIX}/api/v1/items", json={"title": f"Film {number}"}, headers=headers)
    seen, address = 0, f"{PREFIX}/api/v1/items?page_size=2"
    while address:
        answer = site.get(address, headers=headers)
        assert answer.status_code == 200
        seen += len(answer.json()["items"])
        address = answer.links.get("next", {}).get("url", "")
    assert seen == answer.json()["pagination"]["total_items"] >= 3


def test_a_link_in_a_mail_leads_to_a_form_that_works(
    site: httpx.Client, signed_in: tuple[Person, dict[str, str]]
) -> None:
    person, _ = signed_in
    assert site.post(f"{PREFIX}/api/v1/auth/password/forgot", json={"email": person.email}).status_code == 202
    link = mailed_link(site, person.email, "reset-password")
    address, _, token = link.partition("#token=")
    assert address == f"{ISSUER}/account/reset-password"
    page = site.get(address)
    found = re.search(r'<form method="post" action="([^"]+)"', page.text)
    assert found is not None
    form = {"token": token, "new_password": f"another {secrets.token_hex(8)}"}
    answer = site.post(urljoin(str(page.url), found[1]), data=form)
    assert (answer.status_code, "Password changed" in answer.text) == (200, True)


def mailed_link(site: httpx.Client, email: str, page: str) -> str:
    """Return the link in the latest mail to an address, found like a person does: from the list to the mail."""
    deadline = time.monotonic() + DELIVERED_SECONDS
    while time.monotonic() < deadline:
        mails = site.get(f"{PREFIX}/development/mails")
        for row in re.findall(r"<li>(.*?)</li>", mails.text):
            href = re.search(r'href="([^"]+)"', row)
            if href and email in row:
                text = site.get(urljoin(str(mails.url), href[1])).text
                if link := re.search(rf'href="(https://[^"]+{page}#token=[^"]+)"', text):
                    return link[1]
        time.sleep(0.05)
    raise AssertionError("the mail did not come")


def test_clients_find_the_metadata_of_the_issuer_at_the_standard_url(site: httpx.Client) -> None:
    """RFC 8414 section 3.1: the well-known name precedes the issuer's path. Our client library requests that URL."""
    asked: list[str] = []
    fetch = partial(asyncio.to_thread, partial(fetched, site, asked))
    jwks_uri = asyncio.run(Discovery(ISSUER, fetch).locate_keys())
    assert asked == [f"https://{HOST}/.well-known/oauth-authorization-server{PREFIX}"]
    assert jwks_uri == f"{ISSUER}/oauth/jwks"
    assert site.get(jwks_uri).json()["keys"]
    document = site.get(asked[0]).json()
    addresses = {value for name, value in document.items() if name.endswith(("_endpoint", "_uri"))}
    answers = [site.post(each, data={}) for each in addresses]
    assert all("x-correlation-id" in answer.headers and answer.status_code != 404 for answer in answers)


def fetched(site: httpx.Client, asked: list[str], address: str) -> FetchedKeys:
    asked.append(address)
    answer = site.get(address)
    answer.raise_for_status()
    return FetchedKeys(answer.content)


def test_other_paths_of_the_site_do_not_reach_doorward(site: httpx.Client) -> None:
    for path in ("/", "/docs", "/api/v1/items", "/authentication", "/.well-known/oauth-authorization-server"):
        assert "x-correlation-id" not in site.get(path).headers
