"""Second factors and passkeys on the pages, and the authentication strength that applications request."""

import json
from html import unescape
from typing import Any

import httpx
import pytest

from development.authenticator import Authenticator
from development.client import AUTH, PASSWORD, Pair
from doorward.domain.auth.exceptions import InvalidCredentialsError, PasswordChangeRequiredError
from tests.integration.accounts.own_account import Owner
from tests.integration.mfa.protected import STEP, Protected
from tests.integration.oauth.browsers import (
    SIGN_IN,
    Application,
    Browser,
    answer_of,
    application,
    attribute,
    forms_of,
    forwarded,
    is_signed_in,
)
from tests.integration.oauth.provider import ISSUER, Provider
from tests.integration.passkeys.keyring import Keyring
from tests.integration.service import MakeService, claims_of

WRONG = "000000"


@pytest.fixture
async def provider(make_service: MakeService) -> Provider:
    """Return a service without mails, which would lock the rows of users that a test changes."""
    return Provider(await make_service(public_url=ISSUER, remembered_device_days=30))


@pytest.fixture
async def app(provider: Provider) -> Application:
    return await application(provider, is_first_party=True)


@pytest.fixture
def browser(provider: Provider) -> Browser:
    return Browser(provider)


async def verified(provider: Provider) -> tuple[Any, Pair]:
    person, pair = await provider.service.register_and_log_in()
    provider.sql("UPDATE users SET email_verified_at = created_at WHERE id = %s", person.id)
    return person, pair


async def protected(provider: Provider) -> Protected:
    return await Protected.enrolled(Owner(provider.service, *await verified(provider)))


async def keyring(provider: Provider) -> Keyring:
    made = Keyring(provider.service, *await verified(provider), Authenticator(ISSUER))
    await made.add_passkey()
    return made


async def typed(browser: Browser, page: httpx.Response, person: Any) -> httpx.Response:
    """Submit username and password; return the next page."""
    return await browser.send(page, username=person.username, password=PASSWORD, stay="")


def options_of(page: httpx.Response) -> dict[str, Any]:
    """Return the passkey options for the page's script."""
    options: dict[str, Any] = json.loads(unescape(attribute(page.text, "data-get")))
    return options


async def show_passkey(browser: Browser, page: httpx.Response, ring: Keyring) -> httpx.Response:
    """Submit a signed passkey response like the page's script, in its first form."""
    action, hidden = forms_of(page)[0]
    signed = json.dumps(ring.authenticator.get(options_of(page)))
    return await browser.http.post(
        str(page.url.join(action)), data={**hidden, "credential": signed}, headers={"Sec-Fetch-Site": "same-origin"}
    )


class TestCodes:
    async def test_a_code_completes_the_sign_in(self, provider: Provider, app: Application, browser: Browser) -> None:
        user = await protected(provider)
        page = await typed(browser, await browser.get(app.address()), user.person)
        assert "Second step" in page.text
        assert not await is_signed_in(browser, app)
        refused = await browser.send(page, code=WRONG)
        assert (refused.status_code, 'role="alert"' in refused.text) == (422, True)
        done = await browser.send(refused, code=user.code())
        code = answer_of((await browser.get(forwarded(done))).headers["location"])["code"]
        claims = claims_of((await app.exchange(code)).json()["id_token"])
        assert (claims["acr"], claims["amr"]) == ("2", ["pwd", "otp", "mfa"])

    async def test_a_recovery_code_completes_one_sign_in(
        self, provider: Provider, app: Application, browser: Browser
    ) -> None:
        user = await protected(provider)
        for expected in (200, 422):
            page = await typed(browser, await browser.get(SIGN_IN), user.person)
            assert (await browser.send(page, code=user.codes[0])).status_code == expected
        assert await is_signed_in(browser, app)

    async def test_a_login_begun_in_the_api_cannot_be_completed_on_a_page_nor_vice_versa(
        self, provider: Provider, app: Application, browser: Browser
    ) -> None:
        user = await protected(provider)
        page = await typed(browser, await browser.get(SIGN_IN), user.person)
        of_page = forms_of(page)[-1][1]["mfa_token"]
        answer = await user.post_code(of_page, user.code())
        assert answer.json()["code"] == "invalid_mfa_token"
        assert (await browser.send(page, mfa_token=await user.mfa_token(), code=user.code())).status_code == 422
        assert not await is_signed_in(browser, app)
        assert (await browser.send(page, code=user.code())).status_code == 200

    async def test_an_expired_sign_in_starts_again(
        self, provider: Provider, app: Application, browser: Browser
    ) -> None:
        user = await protected(provider)
        page = await typed(browser, await browser.get(SIGN_IN), user.person)
        provider.clock.advance(20 * STEP)
        again = await browser.send(page, code=user.code())
        assert again.status_code == 422
        assert "Sign in" in again.text
        assert not await is_signed_in(browser, app)

    async def test_a_form_of_another_site_does_not_complete_the_sign_in(
        self, provider: Provider, app: Application, browser: Browser
    ) -> None:
        user = await protected(provider)
        page = await typed(browser, await browser.get(SIGN_IN), user.person)
        form = {**forms_of(page)[-1][1], "code": user.code()}
        answer = await browser.http.post("/account/second-factor", data=form, headers={"Sec-Fetch-Site": "cross-site"})
        assert answer.status_code == 403
        assert not await is_signed_in(browser, app)


class TestStrength:
    async def test_a_remembered_device_does_not_satisfy_a_request_for_two_factors(
        self, provider: Provider, app: Application, browser: Browser
    ) -> None:
        user = await protected(provider)
        page = await typed(browser, await browser.get(SIGN_IN), user.person)
        assert (await browser.send(page, code=user.code(), remember="on")).status_code == 200
        user.next_step()
        await typed(browser, await browser.get(SIGN_IN), user.person)
        weak = await app.exchange(answer_of((await browser.get(app.address())).headers["location"])["code"])
        assert claims_of(weak.json()["id_token"])["acr"] == "1"
        page = await browser.get(app.address(acr_values="2"))
        assert "Sign in again to go on" in page.text
        page = await typed(browser, page, user.person)
        assert "Second step" in page.text
        done = await browser.get(forwarded(await browser.send(page, code=user.code())))
        strong = await app.exchange(answer_of(done.headers["location"])["code"])
        assert claims_of(strong.json()["id_token"])["acr"] == "2"

    async def test_a_user_without_a_second_factor_gets_an_error_instead_of_a_redirect_loop(
        self, provider: Provider, app: Application, browser: Browser
    ) -> None:
        person = await provider.service.register()
        done = await browser.sign_in(await browser.get(app.address(acr_values="2")), person)
        assert answer_of(done.headers["location"])["error"] == "unmet_authentication_requirements"


class TestPasskeys:
    async def test_a_passkey_signs_in(self, provider: Provider, app: Application, browser: Browser) -> None:
        ring = await keyring(provider)
        done = await show_passkey(browser, await browser.get(app.address(acr_values="phr")), ring)
        code = answer_of((await browser.get(forwarded(done))).headers["location"])["code"]
        pair = (await app.exchange(code)).json()
        # A service that requires "phr" challenges with it (RFC 9470), so its access tokens must reach it.
        for token in ("id_token", "access_token"):
            assert claims_of(pair[token])["acr"] == "phr"

    async def test_a_passkey_is_a_second_factor(self, provider: Provider, app: Application, browser: Browser) -> None:
        ring = await keyring(provider)
        page = await typed(browser, await browser.get(app.address()), ring.person)
        assert "Use your passkey" in page.text
        done = await show_passkey(browser, page, ring)
        code = answer_of((await browser.get(forwarded(done))).headers["location"])["code"]
        assert claims_of((await app.exchange(code)).json()["id_token"])["acr"] == "phr"

    @pytest.mark.parametrize("credential", ["x", "{}", "null", "[" * 500])
    async def test_an_invalid_passkey_response_is_refused(
        self, provider: Provider, app: Application, browser: Browser, credential: str
    ) -> None:
        ring = await keyring(provider)
        page = await browser.get(SIGN_IN)
        assert (await browser.send(page, credential=credential)).status_code == 422
        page = await typed(browser, page, ring.person)
        assert (await browser.send(page, credential=credential)).status_code == 422
        assert not await is_signed_in(browser, app)


async def test_the_page_shows_a_required_password_change_only_after_the_correct_password(
    make_service: MakeService,
) -> None:
    provider = Provider(await make_service(public_url=ISSUER))
    browser, person = Browser(provider), await provider.service.register()
    provider.sql("UPDATE users SET must_change_password = true WHERE id = %s", person.id)
    page = await browser.get(SIGN_IN)
    wrong = await browser.send(page, username=person.username, password="wrong")
    right = await typed(browser, page, person)
    assert (wrong.status_code, right.status_code) == (422, 422)
    assert InvalidCredentialsError.detail in unescape(wrong.text)
    assert PasswordChangeRequiredError.detail in unescape(right.text)
    assert AUTH not in right.text
