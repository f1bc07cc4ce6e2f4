"""Pushed authorization requests (RFC 9126): each is validated, bound to one browser, and used once."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from development.client import PASSWORD
from doorward.domain.oauth.expiry import CodeExpiry
from doorward.domain.oauth.pushed_requests import LIFETIME, LIFETIME_IN_BROWSER
from tests.integration.oauth.browsers import (
    AUTHORIZE,
    CALLBACK,
    Application,
    Browser,
    answer_of,
    application,
    forwarded,
    signed_in,
)
from tests.integration.oauth.clients import ORDERS
from tests.integration.oauth.provider import ISSUER, Provider, is_oauth_error
from tests.integration.service import Logs, MakeService, events

PAR = "/oauth/par"
OVER = "This request to sign in is over."


async def push(app: Application, **changes: str | None) -> httpx.Response:
    """Push a valid request with these changes; None omits a parameter."""
    form = app.parameters(**changes)
    if app.machine.secret:
        return await app.machine.post(PAR, **form)
    return await app.provider.post(PAR, form)


async def pushed(app: Application, **changes: str | None) -> str:
    """Return the authorization URL of a pushed request."""
    answer = await push(app, **changes)
    assert answer.status_code == 201, answer.text
    return f"{AUTHORIZE}?{urlencode({'client_id': app.id, 'request_uri': answer.json()['request_uri']})}"


async def test_a_user_signs_in_with_a_pushed_request(
    lasting_provider: Provider, app: Application, browser: Browser, logs: Logs
) -> None:
    answer = await push(app)
    assert answer.status_code == 201
    assert answer.headers["cache-control"] == "no-store"
    assert set(answer.json()) == {"request_uri", "expires_in"}
    assert answer.json()["expires_in"] == 60
    request_uri = answer.json()["request_uri"]
    assert request_uri.startswith("urn:ietf:params:oauth:request_uri:dwp_")
    person = await lasting_provider.service.register()
    page = await browser.get(AUTHORIZE, client_id=app.id, request_uri=request_uri)
    page = await browser.sign_in(page, person)
    back = forwarded(await browser.send(page, decision="allow"))
    assert back.startswith(CALLBACK)
    assert answer_of(back)["state"] == "the state"
    tokens = await app.exchange(answer_of(back)["code"])
    assert tokens.status_code == 200
    assert tokens.json()["scope"] == "email openid profile"
    assert [line["client_id"] for line in events(logs, "authorization.pushed")] == [app.id]


async def test_parameters_beside_a_pushed_request_are_ignored(
    lasting_provider: Provider, app: Application, browser: Browser
) -> None:
    await signed_in(browser, lasting_provider)
    address = await pushed(app, prompt="none", state="pushed")
    more = urlencode({"redirect_uri": CALLBACK, "state": "another", "prompt": "login"})
    back = (await browser.get(f"{address}&{more}")).headers["location"]
    assert answer_of(back)["error"] == "consent_required"
    assert answer_of(back)["state"] == "pushed"


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"redirect_uri": "https://evil.example/"}, "invalid_request"),
        ({"redirect_uri": None}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": None}, "invalid_request"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"scope": "unknown"}, "invalid_scope"),
        ({"resource": ORDERS}, "invalid_target"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"max_age": "soon"}, "invalid_request"),
        ({"acr_values": "9"}, "unmet_authentication_requirements"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"state": "s" * 3000}, "invalid_request"),
        ({"nonce": "a\0b"}, "invalid_request"),
        ({"request": "eyJ"}, "request_not_supported"),
        ({"registration": "{}"}, "registration_not_supported"),
        ({"request_uri": "urn:ietf:params:oauth:request_uri:dwp_x"}, "invalid_request"),
        ({"request_uri": "https://app.example/request"}, "invalid_request"),
        ({"client_id": "dwc_another"}, "invalid_request"),
    ],
)
async def test_an_invalid_request_is_refused_when_it_is_pushed(
    lasting_provider: Provider, app: Application, changes: dict[str, str | None], error: str
) -> None:
    assert is_oauth_error(await push(app, **changes), error)
    assert lasting_provider.sql("SELECT id FROM oauth_pushed_requests WHERE client_id = %s", app.id) == []


async def test_repeated_parameters_and_parameters_in_the_query_are_refused(app: Application) -> None:
    form = urlencode([*app.parameters().items(), ("scope", "openid")])
    options: dict[str, Any] = {"auth": (app.id, app.machine.secret)}
    client, headers = app.provider.service.client, {"Content-Type": "application/x-www-form-urlencoded"}
    assert is_oauth_error(await client.post(PAR, content=form, headers=headers, **options), "invalid_request")
    answer = await client.post(f"{PAR}?a=b", data=app.parameters(), **options)
    assert is_oauth_error(answer, "invalid_request")


async def test_unknown_clients_and_clients_without_the_grant_cannot_push(lasting_provider: Provider) -> None:
    machine = await lasting_provider.machine(redirect_uris=(CALLBACK,))
    assert is_oauth_error(await push(Application(lasting_provider, machine)), "unauthorized_client")
    stranger = await lasting_provider.post(PAR, {"client_id": "dwc_unknown"})
    assert is_oauth_error(stranger, "invalid_client", 401)


async def test_a_public_client_pushes_with_its_id(lasting_provider: Provider) -> None:
    app, browser = await application(lasting_provider, auth_method="none"), Browser(lasting_provider)
    await signed_in(browser, lasting_provider)
    page = await browser.get(await pushed(app))
    assert (await app.exchange(answer_of(forwarded(await browser.send(page, decision="allow")))["code"])).is_success


async def test_a_pushed_request_is_refused_for_another_browser_another_client_or_an_edited_uri(
    lasting_provider: Provider, app: Application, browser: Browser
) -> None:
    address = await pushed(app)
    other = await application(lasting_provider)
    for wrong in (
        address.replace(app.id, other.id),
        address[:-1],
        address[:-2] + ("AA" if address[-2:] != "AA" else "BB"),
        address.replace("dwp_", "dwa_"),
        address + "&client_id=" + other.id,
        address + "&" + address.split("?")[1],
        f"{AUTHORIZE}?" + address.split("&")[1],
    ):
        answer = await browser.get(wrong)
        assert answer.status_code == 400, wrong
    assert "/sign-in" in str((await browser.get(address)).url)
    stranger = await Browser(lasting_provider).get(address)
    assert stranger.status_code == 400
    assert OVER in stranger.text
    assert "/sign-in" in str((await browser.get(address)).url)


async def test_an_expired_request_is_reported_to_a_registered_redirect_uri_only(
    app: Application, browser: Browser
) -> None:
    uri = "urn:ietf:params:oauth:request_uri:dwp_over"
    back = await browser.get(AUTHORIZE, client_id=app.id, request_uri=uri, redirect_uri=CALLBACK, state="s")
    assert answer_of(back.headers["location"])["error"] == "invalid_request_uri"
    page = await browser.get(AUTHORIZE, client_id=app.id, request_uri=uri, redirect_uri="https://evil.example/")
    assert page.status_code == 400
    back = await browser.get(AUTHORIZE, client_id=app.id, request_uri="https://a.example/r", redirect_uri=CALLBACK)
    assert answer_of(back.headers["location"])["error"] == "request_uri_not_supported"


async def test_the_code_consumes_the_request(lasting_provider: Provider, app: Application, browser: Browser) -> None:
    await signed_in(browser, lasting_provider)
    address = await pushed(app)
    page = await browser.get(address)
    assert "code" in answer_of(forwarded(await browser.send(page, decision="allow")))
    assert OVER in (await browser.get(address)).text
    assert OVER in (await browser.send(page, decision="allow")).text
    stored = lasting_provider.sql("SELECT id FROM oauth_codes WHERE client_id = %s", app.id)
    assert len(stored) == 1


async def test_one_of_several_concurrent_consents_in_different_tabs_gets_a_code(
    lasting_provider: Provider, app: Application, browser: Browser
) -> None:
    await signed_in(browser, lasting_provider)
    address = await pushed(app)
    pages = await asyncio.gather(*(browser.get(address) for _ in range(5)))
    answers = await asyncio.gather(*(browser.send(page, decision="allow") for page in pages))
    assert sorted(answer.status_code for answer in answers) == [200, 400, 400, 400, 400]
    assert len(lasting_provider.sql("SELECT id FROM oauth_codes WHERE client_id = %s", app.id)) == 1


async def test_one_of_many_concurrent_browsers_opens_the_request(lasting_provider: Provider, app: Application) -> None:
    address = await pushed(app)
    browsers = [Browser(lasting_provider) for _ in range(8)]
    answers = await asyncio.gather(*(each.http.get(address) for each in browsers))
    assert sorted(answer.status_code for answer in answers) == [303] + [400] * 7


async def test_a_request_is_valid_for_60_seconds_and_once_opened_for_30_minutes(make_service: MakeService) -> None:
    provider = Provider(await make_service(public_url=ISSUER))
    app, browser = await application(provider), Browser(provider)
    late, visited = await pushed(app), await pushed(app)
    provider.clock.advance(LIFETIME - timedelta(seconds=1))
    page = await browser.get(visited)
    assert "/sign-in" in str(page.url)
    provider.clock.advance(timedelta(seconds=1))
    assert OVER in (await browser.get(late)).text
    provider.clock.advance(LIFETIME_IN_BROWSER - timedelta(seconds=2))
    person = await provider.service.register()
    page = await browser.sign_in(page, person)
    assert page.status_code == 200
    provider.clock.advance(timedelta(seconds=1))
    assert OVER in (await browser.send(page, decision="allow")).text
    expiry = CodeExpiry(database=provider.service.database, clock=provider.clock, rows_per_batch=1)
    left = "SELECT id FROM oauth_pushed_requests WHERE client_id = %s"
    assert len(provider.sql(left, app.id)) == 2
    await expiry.prune()
    assert provider.sql(left, app.id) == []


async def test_a_client_that_must_push_is_refused_without_a_pushed_request(
    lasting_provider: Provider, browser: Browser
) -> None:
    app = await application(lasting_provider, requires_pushed_requests=True)
    back = (await browser.get(app.address())).headers["location"]
    assert answer_of(back)["error"] == "invalid_request"
    assert "/sign-in" in str((await browser.get(await pushed(app))).url)


async def test_the_sign_in_page_shows_the_pushed_login_hint(app: Application, browser: Browser) -> None:
    page = await browser.get(await pushed(app, login_hint="ada@example.com"))
    assert 'value="ada@example.com"' in page.text


async def test_prompt_login_is_satisfied_by_one_sign_in(
    lasting_provider: Provider, app: Application, browser: Browser
) -> None:
    person = await signed_in(browser, lasting_provider)
    page = await browser.get(await pushed(app, prompt="login"))
    page = await browser.sign_in(page, person, password=PASSWORD)
    assert "code" in answer_of(forwarded(await browser.send(page, decision="allow")))


async def test_the_stored_request_contains_no_secret(
    lasting_provider: Provider, app: Application, browser: Browser
) -> None:
    address = await pushed(app)
    await browser.get(address)
    (row,) = lasting_provider.sql("SELECT * FROM oauth_pushed_requests WHERE client_id = %s", app.id)
    hidden: Callable[[object], str] = str
    assert app.machine.secret not in hidden(row)
    assert browser.http.cookies["doorward_browser"] not in hidden(row)
    assert address[-20:] not in hidden(row)


async def test_a_push_takes_two_statements_and_a_visit_of_a_signed_in_browser_four(
    lasting_provider: Provider,
) -> None:
    app, browser = await application(lasting_provider, is_first_party=True), Browser(lasting_provider)
    await signed_in(browser, lasting_provider)
    asked = lasting_provider.service.connections_asked_for
    before = asked()
    address = await pushed(app)
    assert asked() - before == 2
    before = asked()
    assert "code" in answer_of((await browser.get(address)).headers["location"])
    assert asked() - before == 4
