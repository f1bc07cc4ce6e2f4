"""Attacks on the code flow from RFC 9700 section 4."""

import httpx
import pytest

from development.client import PASSWORD
from doorward.domain.oauth.pkce import challenge_of
from tests.integration.oauth.browsers import (
    AUTHORIZE,
    OWN_SITE,
    SIGN_IN,
    VERIFIER,
    Application,
    Browser,
    answer_of,
    application,
    forms_of,
    forwarded,
)
from tests.integration.oauth.provider import ISSUER, Provider, is_oauth_error
from tests.integration.service import claims_of

ATTACKERS_VERIFIER = "the-verifier-of-the-attacker" * 2
SCRIPT = '"><script>alert(1)</script><a href="'


async def test_a_stolen_code_injected_into_another_browser_is_refused(
    lasting_provider: Provider, app: Application, browser: Browser
) -> None:
    """Section 4.5: the attacker sends the victim's code to the application."""
    stolen = await app.code(browser, await lasting_provider.service.register())
    assert is_oauth_error(await app.exchange(stolen, code_verifier=ATTACKERS_VERIFIER), "invalid_grant")
    assert is_oauth_error(await app.exchange(stolen), "invalid_grant")


async def test_a_code_of_the_attacker_planted_in_another_browser_is_refused(
    lasting_provider: Provider, app: Application
) -> None:
    """Section 4.7: the victim's browser sends a code of the attacker from another request."""
    attacker = Browser(lasting_provider)
    planted = await app.code(
        attacker, await lasting_provider.service.register(), code_challenge=challenge_of(ATTACKERS_VERIFIER)
    )
    assert is_oauth_error(await app.exchange(planted, code_verifier=VERIFIER), "invalid_grant")


async def test_the_id_token_of_a_code_contains_the_nonce_of_its_own_request(
    lasting_provider: Provider, app: Application, browser: Browser
) -> None:
    """Section 4.5.3: an application that checks the nonce detects a code of another of its requests."""
    person = await lasting_provider.service.register()
    codes = {nonce: await app.code(browser, person, nonce=nonce) for nonce in ("one", "two")}
    for nonce, code in codes.items():
        assert claims_of((await app.exchange(code)).json()["id_token"])["nonce"] == nonce


async def test_a_code_and_a_refresh_token_are_refused_for_another_client(
    lasting_provider: Provider, app: Application, browser: Browser
) -> None:
    """Sections 4.6 and 4.10: tokens moved between clients, also when both have the same redirect URI."""
    person = await lasting_provider.service.register()
    for auth_method in ("client_secret_basic", "client_secret_post", "none"):
        other = await application(lasting_provider, auth_method=auth_method)
        assert is_oauth_error(await other.exchange(await app.code(browser, person)), "invalid_grant")
        tokens = await app.tokens(browser, person)
        form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
        if auth_method == "none":
            answer = await lasting_provider.post("/oauth/token", {**form, "client_id": other.id})
        else:
            answer = await other.refresh(tokens["refresh_token"])
        assert is_oauth_error(answer, "invalid_grant")


@pytest.mark.parametrize("mode", ["query", "form_post"])
async def test_every_response_contains_the_issuer_against_mix_up(
    lasting_provider: Provider, app: Application, browser: Browser, mode: str
) -> None:
    """Section 4.4 and RFC 9207: codes and errors, in both response modes."""

    def answer(page: httpx.Response) -> dict[str, str]:
        if mode == "form_post":
            return forms_of(page)[0][1]
        return answer_of(page.headers.get("location") or forwarded(page))

    refused = await browser.get(app.address(response_mode=mode, prompt="none"))
    assert (answer(refused)["error"], answer(refused)["iss"]) == ("login_required", ISSUER)
    consent = await browser.sign_in(
        await browser.get(app.address(response_mode=mode)), await lasting_provider.service.register()
    )
    declined = await browser.send(consent, decision="deny")
    assert (answer(declined)["error"], answer(declined)["iss"]) == ("access_denied", ISSUER)
    allowed = await browser.send(consent, decision="allow")
    assert answer(allowed)["iss"] == ISSUER


@pytest.mark.parametrize("mode", ["query", "form_post"])
@pytest.mark.parametrize("state", [SCRIPT, "a\r\nSet-Cookie: x=y\r\n\r\n<p>", "</form>'\u2028&code=x#y"])
async def test_a_state_is_returned_unchanged_and_cannot_inject_headers_or_markup(
    lasting_provider: Provider, app: Application, browser: Browser, mode: str, state: str
) -> None:
    page = await browser.get(app.address(response_mode=mode, state=state))
    consent = await browser.sign_in(page, await lasting_provider.service.register())
    done = await browser.send(consent, decision="allow")
    for each in (page, consent, done):
        assert "<script>alert" not in each.text
        assert "x=y" not in str(each.headers.get_list("set-cookie"))
    if mode == "form_post":
        ((_, fields),) = forms_of(done)
        assert fields["state"] == state
    else:
        answer = answer_of(forwarded(done))
        assert (answer["state"], answer["code"][:4]) == (state, "dwa_")


async def test_no_redirect_sends_a_password_again_rfc_9700_section_4_12(
    lasting_provider: Provider, app: Application, browser: Browser
) -> None:
    """With 307 and 308 a browser sends the form, and so the password, to the redirect's address."""
    person = await lasting_provider.service.register()
    page = await browser.get(app.address())
    answers = [
        await browser.send(page, username=person.username, password="wrong", stay=""),
        await browser.send(page, username=person.username, password=PASSWORD, stay=""),
        await browser.http.post(AUTHORIZE, data=app.parameters(), headers=OWN_SITE),
    ]
    assert [each.status_code for each in answers] == [422, 200, 303]
    assert PASSWORD not in "".join(each.text + str(each.headers) for each in answers)


async def test_a_victim_is_not_signed_in_as_the_attacker(
    lasting_provider: Provider, app: Application, browser: Browser
) -> None:
    """Login CSRF: a page of the attacker submits the attacker's own valid password from the victim's browser."""
    attacker = Browser(lasting_provider)
    account = await lasting_provider.service.register()
    _, own = forms_of(await attacker.get(SIGN_IN))[-1]
    form = {**own, "username": account.username, "password": PASSWORD, "stay": ""}
    for headers in (
        {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"},
        {"Origin": "null"},
        {},
        OWN_SITE,
    ):
        answer = await browser.http.post(SIGN_IN, data=form, headers=headers)
        # 403 for a request from another site, 422 for a form that was not issued to this browser.
        assert answer.status_code in {403, 422}
        assert "doorward_session" not in browser.http.cookies
    assert "login_required" in (await browser.get(app.address(prompt="none"))).headers["location"]
