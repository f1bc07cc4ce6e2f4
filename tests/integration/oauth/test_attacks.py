"""Attacks on the code flow that RFC 9700 section 4 describes, tried as an attacker would."""

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
from tests.integration.oauth.provider import ISSUER, Provider, claims_of, is_oauth_error

OF_THE_ATTACKER = "the-verifier-of-the-attacker" * 2
SCRIPT = '"><script>alert(1)</script><a href="'


async def test_a_stolen_code_injected_into_another_browser_is_refused(
    lasting_provider: Provider, app: Application, browser: Browser
) -> None:
    """Section 4.5: the attacker brings the victim's code to the application."""
    stolen = await app.code(browser, await lasting_provider.service.register())
    assert is_oauth_error(await app.exchange(stolen, code_verifier=OF_THE_ATTACKER), "invalid_grant")
    assert is_oauth_error(await app.exchange(stolen), "invalid_grant")


async def test_a_code_of_an_attacker_planted_in_another_browser_is_refused(
    lasting_provider: Provider, app: Application
) -> None:
    """Section 4.7: the victim's browser brings a code of the attacker, of another request."""
    attacker = Browser(lasting_provider)
    planted = await app.code(
        attacker, await lasting_provider.service.register(), code_challenge=challenge_of(OF_THE_ATTACKER)
    )
    assert is_oauth_error(await app.exchange(planted, code_verifier=VERIFIER), "invalid_grant")


async def test_the_id_token_of_a_code_says_the_nonce_of_its_own_request(
    lasting_provider: Provider, app: Application, browser: Browser
) -> None:
    """Section 4.5.3: where an application checks the nonce, a code of another of its requests is noticed."""
    person = await lasting_provider.service.register()
    codes = {nonce: await app.code(browser, person, nonce=nonce) for nonce in ("one", "two")}
    for nonce, code in codes.items():
        assert claims_of((await app.exchange(code)).json()["id_token"])["nonce"] == nonce


async def test_a_code_and_a_refresh_token_are_worth_nothing_to_another_client(
    lasting_provider: Provider, app: Application, browser: Browser
) -> None:
    """Section 4.6 and 4.10: cut and paste between clients, also when both have the same redirect URI."""
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
async def test_every_answer_names_the_issuer_against_mix_up(
    lasting_provider: Provider, app: Application, browser: Browser, mode: str
) -> None:
    """Section 4.4 and RFC 9207: success and refusal, in both ways in which an answer comes."""

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
async def test_a_state_changes_neither_headers_nor_pages_nor_the_answer(
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


async def test_no_page_has_the_browser_send_a_password_on_rfc_9700_section_4_12(
    lasting_provider: Provider, app: Application, browser: Browser
) -> None:
    """307 and 308 have a browser send the form, with the password, to where it is redirected."""
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
    """Login CSRF: a page of the attacker sends the attacker's own, right password with the victim's browser."""
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
        # 403 where another site sends it, 422 where the form is not one that this browser was shown.
        assert answer.status_code in {403, 422}
        assert "doorward_session" not in browser.http.cookies
    assert "login_required" in (await browser.get(app.address(prompt="none"))).headers["location"]
