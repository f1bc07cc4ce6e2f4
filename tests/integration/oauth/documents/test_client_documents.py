"""Clients with a metadata document: they are not registered, and the document's URL is their id."""

import asyncio
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from development.client import Person
from tests.integration.oauth.browsers import CALLBACK, Browser, answer_of, forms_of, forwarded
from tests.integration.oauth.client_documents import NOTES, DescribedApplication, DocumentHost, described
from tests.integration.oauth.provider import ISSUER, Provider, is_oauth_error
from tests.integration.service import Logs, claims_of, events


async def test_a_client_with_a_metadata_document_signs_a_user_in(
    provider: Provider, host: DocumentHost, path: str, browser: Browser, person: Person
) -> None:
    app = described(provider, host, path)
    consent = await browser.sign_in(await browser.get(app.address()), person)
    assert "registered itself" in consent.text
    assert host.authority in consent.text
    assert "app.example" in consent.text
    assert app.rows() == 0, "a request stores no client"
    code = answer_of(forwarded(await browser.send(consent, decision="allow")))["code"]
    body = (await app.exchange(code)).json()
    assert claims_of(body["id_token"])["aud"] == app.id
    access = claims_of(body["access_token"])
    assert (access["client_id"], access["aud"], access["scope"]) == (app.id, ISSUER, "openid profile")
    refreshed = (await app.refresh(body["refresh_token"])).json()
    info = await provider.service.client.get(
        "/oauth/userinfo", headers={"Authorization": f"Bearer {refreshed['access_token']}"}
    )
    assert info.json()["sub"] == person.id
    assert (await app.machine.post("/oauth/revoke", token=refreshed["refresh_token"])).status_code == 200
    assert is_oauth_error(await app.refresh(refreshed["refresh_token"]), "invalid_grant")
    stored = await app.stored()
    assert (stored.name, stored.auth_method, stored.is_first_party) == ("Notebook", "none", False)
    assert host.asked.count(path) == 1


async def test_a_client_with_a_document_gets_tokens_only_for_the_configured_resources(
    provider: Provider, host: DocumentHost, path: str, browser: Browser, person: Person
) -> None:
    app = described(provider, host, path)
    body = await app.tokens(browser, person, scope="notes:read notes:write", resource=NOTES)
    access = claims_of(body["access_token"])
    assert (access["aud"], access["scope"]) == (NOTES, "notes:read"), "clients with documents may not get notes:write"
    answer = await browser.get(app.address(resource="https://other.example"))
    assert answer_of(answer.headers["location"])["error"] == "invalid_target"
    twice = await browser.http.get(f"{app.address(resource=NOTES)}&resource={quote(ISSUER)}")
    assert answer_of(twice.headers["location"])["error"] == "invalid_target"


async def test_a_denied_consent_stores_no_client(
    provider: Provider, host: DocumentHost, path: str, browser: Browser, person: Person
) -> None:
    app = described(provider, host, path)
    consent = await browser.sign_in(await browser.get(app.address()), person)
    declined = answer_of(forwarded(await browser.send(consent, decision="deny")))
    assert declined["error"] == "access_denied"
    assert app.rows() == 0


@pytest.mark.parametrize(
    "document",
    [
        {"client_id": "https://127.0.0.1/another.json"},
        {"client_id": None},
        {"client_secret": "a secret that all can read"},
        {"client_secret_expires_at": 0},
        {"token_endpoint_auth_method": "client_secret_basic"},
        {"token_endpoint_auth_method": "client_secret_post"},
        {"redirect_uris": None},
        {"redirect_uris": []},
        {"redirect_uris": CALLBACK},
        {"redirect_uris": [7]},
        {"redirect_uris": [CALLBACK, "http://app.example/callback"]},
        {"redirect_uris": [CALLBACK, "JaVaScRiPt:alert(1)"]},
        {"grant_types": ["client_credentials"]},
        {"grant_types": ["implicit"], "response_types": ["token"]},
        {"response_types": ["token"]},
        {"client_name": 7},
        {"client_name": "two\nlines"},
        {"client_name": "\ud800"},
        {"client_name": "n" * 101},
        {"scope": ["openid"]},
        {"scope": "admin:users:read"},
        {"id_token_signed_response_alg": "none"},
        {"headers": "Content-Type: text/html\r\n"},
        {"headers": ""},
        {"status": "404 Not Found"},
        {"status": "302 Found", "headers": "Location: https://127.0.0.1/\r\nContent-Type: application/json\r\n"},
        {"padding": "x" * 17_000},
    ],
)
async def test_an_invalid_document_is_refused_and_not_cached(
    provider: Provider, host: DocumentHost, path: str, browser: Browser, document: dict[str, Any]
) -> None:
    app = described(provider, host, path, **document)
    answer = await browser.get(app.address())
    if document.get("scope") == "admin:users:read":
        assert answer_of(answer.headers["location"])["error"] == "invalid_scope"
        return
    assert answer.status_code == 400
    assert "location" not in answer.headers
    assert "description that it publishes" in answer.text
    host.describe(path)
    assert "Sign in" in (await browser.get(app.address())).text


@pytest.mark.parametrize("body", [b"", b"[]", b'"text"', b"{", b"[" * 16_000, b"\xff\xfe", b'{"client_id": NaN'])
async def test_a_document_that_is_not_a_json_object_is_refused(
    provider: Provider, host: DocumentHost, path: str, browser: Browser, body: bytes
) -> None:
    app = described(provider, host, path)
    host.answer(path, body)
    assert (await browser.get(app.address())).status_code == 400


@pytest.mark.parametrize(
    "address",
    [
        "https://127.0.0.1/client.json",
        "https://localhost/client.json",
        "https://apps.example/client.json",
        "http://{authority}/client.json",
        "https://{authority}",
        "https://{authority}/client.json?x=1",
        "https://{authority}/client.json#x",
        "https://{authority}/../client.json",
        "https://{authority}/%2e%2e/client.json",
        "https://{authority}/..;/client.json",
        "https://user@{authority}/client.json",
        "https://{authority}@evil.example/client.json",
        "HTTPS://{authority}/client.json",
        "https://{authority}.evil.example/client.json",
        "https://{authority}/" + "x" * 255,
    ],
)
async def test_documents_at_other_addresses_are_not_fetched(
    provider: Provider, host: DocumentHost, browser: Browser, address: str
) -> None:
    asked = len(host.asked)
    app = DescribedApplication(provider, address.format(authority=host.authority))
    answer = await browser.get(app.address())
    assert (answer.status_code, len(host.asked)) == (400, asked)
    assert "is not known" in answer.text


async def test_concurrent_calls_share_one_fetch_of_a_document_until_its_max_age_ends(
    provider: Provider, host: DocumentHost, path: str, browser: Browser
) -> None:
    app = described(provider, host, path, headers="Content-Type: application/json\r\nCache-Control: max-age=3600\r\n")
    host.hold = asyncio.Event()
    calls = [asyncio.create_task(browser.http.get(app.address())) for _ in range(20)]
    while path not in host.asked:  # noqa: ASYNC110 - another task is watched
        await asyncio.sleep(0.01)
    calls[0].cancel()
    await asyncio.gather(calls[0], return_exceptions=True)
    host.hold.set()
    answers = await asyncio.gather(*calls[1:])
    host.hold = None
    assert {answer.status_code for answer in answers} == {303}
    assert host.asked.count(path) == 1
    provider.clock.advance(timedelta(minutes=59))
    await browser.get(app.address())
    assert host.asked.count(path) == 1
    provider.clock.advance(timedelta(minutes=2))
    await browser.get(app.address())
    assert host.asked.count(path) == 2


async def test_a_slow_document_host_delays_a_limited_number_of_calls(
    provider: Provider, host: DocumentHost, browser: Browser, logs: Logs
) -> None:
    host.hold = asyncio.Event()
    apps = [described(provider, host, f"/held-{number}.json") for number in range(12)]
    answers = await asyncio.gather(*(browser.http.get(app.address()) for app in apps))
    host.hold.set()
    host.hold = None
    assert {answer.status_code for answer in answers} == {400}
    reasons = [line["reason"] for line in events(logs, "client.document_refused")]
    assert sorted(reasons) == ["busy"] * 4 + ["timeout"] * 8
    assert "Sign in" in (await browser.get(apps[0].address())).text


async def test_the_metadata_announce_support_for_client_documents(
    provider: Provider, lasting_provider: Provider
) -> None:
    path = "/.well-known/oauth-authorization-server"
    document = (await provider.service.client.get(path)).json()
    assert document["client_id_metadata_document_supported"] is True
    assert "none" in document["token_endpoint_auth_methods_supported"]
    without = (await lasting_provider.service.client.get(path)).json()
    assert "client_id_metadata_document_supported" not in without


async def test_client_documents_are_refused_unless_configured(
    lasting_provider: Provider, host: DocumentHost, path: str
) -> None:
    app = described(lasting_provider, host, path)
    answer = await Browser(lasting_provider).get(app.address())
    assert (answer.status_code, path in host.asked) == (400, False)


async def test_the_consent_page_escapes_the_client_name_of_the_document(
    provider: Provider, host: DocumentHost, path: str, browser: Browser, person: Person
) -> None:
    app = described(provider, host, path, client_name="<script>alert(1)</script>")
    consent: httpx.Response = await browser.sign_in(await browser.get(app.address()), person)
    assert "<script>" not in consent.text
    assert "&lt;script&gt;alert(1)" in consent.text
    assert len(forms_of(consent)) == 1
