"""Published faults of other providers, each tested here over HTTP; docs/faults-of-others.md lists them all."""

from datetime import timedelta
from urllib.parse import urlencode

import pytest

from doorward.domain.oauth.exceptions import InvalidRedirectUriError
from doorward.domain.oauth.models import ResourceContent
from tests.integration.oauth.browsers import AUTHORIZE, CALLBACK, Application, Browser, application
from tests.integration.oauth.clients import OPERATOR, ORDERS
from tests.integration.oauth.provider import Provider, is_oauth_error
from tests.integration.service import claims_of, mark

LOOPBACK = "http://127.0.0.1/callback?tenant=1"


async def is_not_redirected(browser: Browser, app: Application, redirect_uri: str, **changes: str | None) -> bool:
    """Return whether the browser gets an error page instead of a redirect, also with further errors in the request."""
    answers = [
        await browser.get(app.address(redirect_uri=redirect_uri, **{**more, **changes}))
        for more in ({}, {"prompt": "none"}, {"response_type": "token"}, {"scope": "unknown"}, {"request": "x"})
    ]
    return all(each.status_code == 400 and "location" not in each.headers for each in answers)


async def cannot_be_registered(provider: Provider, redirect_uri: str) -> bool:
    try:
        await application(provider, redirect_uris=(redirect_uri,))
    except InvalidRedirectUriError:
        return True
    return False


@pytest.mark.parametrize("asked", ["https://appXexample/callback", f"{CALLBACK}s", f"{CALLBACK}/", CALLBACK[:-1]])
async def test_authentik_cve_2024_52289_regex_characters_match_literally(
    lasting_provider: Provider, browser: Browser, asked: str
) -> None:
    app = await application(lasting_provider, redirect_uris=(CALLBACK, "https://app.example/.allback"))
    assert await is_not_redirected(browser, app, asked)
    assert not await is_not_redirected(browser, app, CALLBACK)


async def test_keycloak_cve_2026_3872_path_parameters_are_never_redirected_to(
    lasting_provider: Provider, browser: Browser
) -> None:
    app = await application(lasting_provider)
    for path in ("/callback/..;/evil", "/callback;/../evil", "/%2e%2e/callback", "/x/..%2fcallback", "/./callback"):
        assert await is_not_redirected(browser, app, f"https://app.example{path}")
        assert await cannot_be_registered(lasting_provider, f"https://app.example{path}")


async def test_keycloak_cve_2026_18211_a_host_that_begins_with_localhost_is_not_loopback(
    lasting_provider: Provider, browser: Browser
) -> None:
    app = await application(lasting_provider, redirect_uris=("http://localhost/callback", LOOPBACK))
    for host in (
        "localhost.evil",
        "127.0.0.1.evil",
        "localhost@evil.example",
        "localhost:80@evil.example",
        "0",
        "[::1]",
    ):
        assert await is_not_redirected(browser, app, f"http://{host}/callback")


async def test_fosite_cve_2020_15233_loopback_query_must_equal(lasting_provider: Provider, browser: Browser) -> None:
    app = await application(lasting_provider, redirect_uris=(LOOPBACK,))
    for rest in ("/callback", "/callback?tenant=2", "/callback?tenant=1&x=y", "/callback?TENANT=1", "/other?tenant=1"):
        assert await is_not_redirected(browser, app, f"http://127.0.0.1:49152{rest}")
    assert not await is_not_redirected(browser, app, "http://127.0.0.1:49152/callback?tenant=1")


@pytest.mark.parametrize("scheme", ["javascript", "JaVaScRiPt", "data", "vbscript"])
async def test_keycloak_cve_2026_9086_schemes_that_browsers_execute_are_refused(
    lasting_provider: Provider, browser: Browser, scheme: str
) -> None:
    assert await cannot_be_registered(lasting_provider, f"{scheme}:alert(1)")
    assert await is_not_redirected(browser, await application(lasting_provider), f"{scheme}:alert(1)")


@pytest.mark.parametrize("query", ["code=x", "a=1&STATE=x", "iss=x", "error=x", "%63ode=x"])
async def test_keycloak_cve_2026_18209_redirect_uris_with_response_parameters_are_refused(
    lasting_provider: Provider, browser: Browser, query: str
) -> None:
    assert await cannot_be_registered(lasting_provider, f"{CALLBACK}?{query}")
    assert await is_not_redirected(browser, await application(lasting_provider), f"{CALLBACK}?{query}")


async def test_authlib_cve_2026_41479_early_errors_never_redirect(lasting_provider: Provider, browser: Browser) -> None:
    app = await application(lasting_provider)
    assert await is_not_redirected(browser, app, "https://evil.example/")
    assert await is_not_redirected(browser, app, CALLBACK, client_id="dwc_unknown")
    right = urlencode(app.parameters())
    for evil in ("redirect_uri=https%3A%2F%2Fevil.example%2F", "client_id=dwc_unknown"):
        for query in (f"{right}&{evil}", f"{evil}&{right}"):
            twice = await browser.get(f"{AUTHORIZE}?{query}")
            assert (twice.status_code, "location" in twice.headers) == (400, False)


@pytest.mark.parametrize("requires_pkce", [True, False])
async def test_authentik_cve_2023_48228_a_missing_verifier_is_refused(
    lasting_provider: Provider, browser: Browser, *, requires_pkce: bool
) -> None:
    app = await application(lasting_provider, requires_pkce=requires_pkce)
    person = await lasting_provider.service.register()
    for verifier in (None, "x" * 43):
        code = await app.code(browser, person)
        assert is_oauth_error(await app.exchange(code, code_verifier=verifier), "invalid_grant")
        assert is_oauth_error(await app.exchange(code), "invalid_grant")


async def test_a_verifier_without_a_challenge_is_refused_rfc_9700_section_4_8(
    lasting_provider: Provider, browser: Browser
) -> None:
    app = await application(lasting_provider, requires_pkce=False)
    person = await lasting_provider.service.register()
    code = await app.code(browser, person, code_challenge=None, code_challenge_method=None)
    assert is_oauth_error(await app.exchange(code), "invalid_grant")


async def test_better_auth_8267_idpy_oidc_52_only_the_linked_resource_sees_an_active_token(
    lasting_provider: Provider, browser: Browser
) -> None:
    server, stranger = await lasting_provider.machine(grant_types=(), scopes=()), await lasting_provider.machine()
    identifier = f"{ORDERS}/{mark()}"
    await lasting_provider.resources.create(
        OPERATOR, ResourceContent(identifier, ("orders:read",), introspection_client_id=server.id)
    )
    app = await application(lasting_provider, scopes=("openid", "orders:read"), resources=(identifier,))
    person = await lasting_provider.service.register()
    token = (await app.tokens(browser, person, scope="openid orders:read", resource=identifier))["access_token"]
    seen = (await server.post("/oauth/introspect", token=token)).json()
    assert (seen["active"], seen["sub"], seen["aud"], seen["scope"]) == (True, person.id, identifier, "orders:read")
    assert (await stranger.post("/oauth/introspect", token=token)).json() == {"active": False}


async def test_rauthy_1654_a_refresh_keeps_auth_time_acr_and_amr(provider: Provider) -> None:
    app, browser = await application(provider), Browser(provider)
    tokens = await app.tokens(browser, await provider.service.register(), max_age="600")
    first = claims_of(tokens["id_token"]), claims_of(tokens["access_token"])
    for _ in range(3):
        provider.clock.advance(timedelta(hours=1))
        answer = await app.refresh(tokens["refresh_token"])
        assert answer.status_code == 200, answer.text
        tokens = answer.json()
        now = claims_of(tokens["id_token"]), claims_of(tokens["access_token"])
        for before, after in zip(first, now, strict=True):
            assert [after[name] for name in ("auth_time", "acr", "amr")] == [
                before[name] for name in ("auth_time", "acr", "amr")
            ]
            assert after["iat"] > before["iat"]
        assert "nonce" not in now[0]
