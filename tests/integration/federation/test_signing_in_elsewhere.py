"""Signing in with another OpenID provider: whose account is used, and which invalid responses are refused."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from doorward.domain.federation.exceptions import (
    InvalidProviderAnswerError,
    LongLoginRequestError,
    ProviderDeclinedError,
    UnknownIdentityError,
)
from tests.integration.accounts.own_account import Owner
from tests.integration.federation.issuer import METADATA, document
from tests.integration.federation.login_issuer import CLIENT, SECRET
from tests.integration.federation.visitors import Visitors, signed_in_name
from tests.integration.mfa.protected import Protected
from tests.integration.oauth.browsers import SIGN_IN, answer_of, application, forms_of, forwarded
from tests.integration.service import Logs, events, facts
from tests.unit.client_library.signing import elliptic_key

REFUSED = InvalidProviderAnswerError.detail


def offers_sign_in(page: httpx.Response) -> bool:
    return any(action.endswith("/sign-in") for action, _ in forms_of(page))


async def test_a_linked_identity_signs_its_user_in(visitors: Visitors) -> None:
    browser, person = visitors.browser(), await visitors.person()
    asked = await visitors.go(browser)
    assert asked["code_challenge_method"] == "S256"
    assert asked["scope"] == "openid"
    answer = await visitors.back(browser, asked)
    assert answer.status_code == 200
    assert await signed_in_name(browser) == person.username
    (session,) = visitors.provider.sql("SELECT amr, acr FROM browser_sessions WHERE user_id = %s", person.id)
    assert (session["amr"], session["acr"]) == (["fed"], 1)


async def test_after_the_sign_in_the_user_continues_to_the_application(visitors: Visitors) -> None:
    app = await application(visitors.provider, is_first_party=True)
    browser, _ = visitors.browser(), await visitors.person()
    page = await browser.get(app.address())
    sent = await visitors.press(browser, page, "with-acme")
    answer = await visitors.back(browser, visitors.acme.asked_at(forwarded(sent)))
    assert answer.status_code == 303
    code = await browser.get(answer.headers["location"])
    assert "code" in answer_of(code.headers["location"])


async def test_an_email_address_of_the_provider_neither_finds_nor_creates_an_account(visitors: Visitors) -> None:
    person = await visitors.service.register()
    visitors.provider.sql("UPDATE users SET email_verified_at = created_at WHERE id = %s", person.id)
    visitors.acme.claims = {"sub": "a stranger", "email": person.email, "email_verified": True}
    users = visitors.provider.sql("SELECT count(*) FROM users")
    browser = visitors.browser()
    answer = await visitors.sign_in(browser)
    assert answer.status_code == 422
    assert UnknownIdentityError.detail in answer.text
    assert await signed_in_name(browser) == ""
    assert visitors.provider.sql("SELECT count(*) FROM users") == users


WRONG_CLAIMS: dict[str, dict[str, Any]] = {
    "another issuer": {"iss": "https://other.example"},
    "another audience": {"aud": "another client"},
    "several audiences without azp": {"aud": [CLIENT, "another client"]},
    "another party": {"azp": "another client"},
    "another nonce": {"nonce": "of another login"},
    "no nonce": {"nonce": None},
    "a nonce with a lone surrogate": {"nonce": "\ud800"},
    "no subject": {"sub": None},
    "a subject that is too long": {"sub": "s" * 256},
    "expired": {"exp": 1_000_000_000},
    "issued in the future": {"iat": 4_000_000_000},
    "no time": {"exp": None},
    "an invalid time": {"auth_time": "yesterday"},
}


@pytest.mark.parametrize("claims", WRONG_CLAIMS.values(), ids=WRONG_CLAIMS)
async def test_an_id_token_with_a_wrong_claim_is_refused(visitors: Visitors, claims: dict[str, Any]) -> None:
    browser, _ = visitors.browser(), await visitors.person()
    visitors.acme.claims |= claims
    answer = await visitors.sign_in(browser)
    assert answer.status_code == 422
    assert REFUSED in answer.text
    assert await signed_in_name(browser) == ""


async def test_an_id_token_with_another_key_and_a_malformed_token_response_are_refused(visitors: Visitors) -> None:
    browser, _ = visitors.browser(), await visitors.person()
    visitors.acme.sign = elliptic_key("first of another").sign
    assert REFUSED in (await visitors.sign_in(browser)).text
    visitors.acme.sign = lambda claims: visitors.acme.key.sign(claims, alg="none")
    assert REFUSED in (await visitors.sign_in(browser)).text
    visitors.acme.token_body = b'{"id_token": 5}'
    assert REFUSED in (await visitors.sign_in(browser)).text
    visitors.acme.token_body = b"[]"
    assert REFUSED in (await visitors.sign_in(browser)).text
    assert await signed_in_name(browser) == ""


async def test_a_response_is_accepted_only_from_the_browser_that_was_redirected(visitors: Visitors) -> None:
    """Login CSRF: an attacker's response must not sign another person in as the attacker."""
    await visitors.person()
    attacker, victim = visitors.browser(), visitors.browser()
    asked = await visitors.go(attacker)
    await victim.get(SIGN_IN)
    answer = await visitors.back(victim, asked)
    assert REFUSED in answer.text
    assert await signed_in_name(victim) == ""
    fresh = visitors.browser()
    assert REFUSED in (await visitors.back(fresh, asked)).text
    assert not visitors.acme.exchanged


async def test_a_response_of_one_provider_is_refused_at_the_callback_of_another(visitors: Visitors) -> None:
    await visitors.person()
    browser = visitors.browser()
    asked = await visitors.go(browser)
    mixed = await visitors.back(browser, asked, "other")
    assert REFUSED in mixed.text
    for issuer in (visitors.other.url, None, ""):
        assert REFUSED in (await visitors.back(browser, asked, iss=issuer)).text
    assert not visitors.acme.exchanged
    assert not visitors.other.exchanged
    assert await signed_in_name(browser) == ""


async def test_an_expired_or_altered_state_is_refused(visitors: Visitors) -> None:
    await visitors.person()
    browser = visitors.browser()
    asked = await visitors.go(browser)
    for state in (asked["state"][:-2], "x" + asked["state"], "", "é", "a" * 9000):
        assert REFUSED in (await visitors.back(browser, asked, state=state)).text
    doubled = await browser.http.get("/account/back-from-acme", params=[("state", asked["state"]), ("state", "x")])
    assert doubled.status_code == 422
    visitors.acme.clock.advance(timedelta(minutes=10))
    assert REFUSED in (await visitors.back(browser, asked)).text
    assert not visitors.acme.exchanged


async def test_after_a_cancelled_sign_in_at_the_provider_the_local_sign_in_page_is_offered(visitors: Visitors) -> None:
    browser = visitors.browser()
    answer = await visitors.back(browser, await visitors.go(browser), code=None, error="access_denied")
    assert ProviderDeclinedError.detail in answer.text
    assert offers_sign_in(answer)


async def test_a_code_that_the_provider_refuses_is_refused(visitors: Visitors) -> None:
    browser, _ = visitors.browser(), await visitors.person()
    for code in ("another", None):
        assert REFUSED in (await visitors.back(browser, await visitors.go(browser), code=code)).text
    assert await signed_in_name(browser) == ""


@pytest.mark.parametrize(
    "answer",
    [
        document(b"{}", status="500 Internal Server Error"),
        document(b"{}", status="429 Too Many Requests"),
        b"no HTTP at all\r\n\r\n",
        document(b"x" * 300_000),
    ],
    ids=["500", "429", "malformed", "too large"],
)
async def test_a_provider_error_is_answered_with_503(visitors: Visitors, answer: bytes) -> None:
    browser, _ = visitors.browser(), await visitors.person()
    asked = await visitors.go(browser)
    visitors.acme.answers["/token"] = answer
    refused = await visitors.back(browser, asked)
    assert refused.status_code == 503
    assert refused.headers["retry-after"] == "5"


async def test_a_form_of_another_site_does_not_redirect_to_the_provider(visitors: Visitors) -> None:
    browser = visitors.browser()
    await browser.get(SIGN_IN)
    for form in ({"next": ""}, {"form_token": "f" * 64}):
        answer = await browser.http.post("/account/with-acme", data=form, headers={"Sec-Fetch-Site": "same-origin"})
        assert answer.status_code == 422
        assert visitors.acme.url not in answer.text


async def test_an_unknown_provider_is_not_found(visitors: Visitors) -> None:
    browser = visitors.browser()
    for path in ("/account/with-unknown", "/account/back-from-unknown"):
        assert (await browser.http.get(path)).status_code == 404
    assert (await browser.http.post("/account/with-unknown", data={"form_token": "x"})).status_code == 404
    assert offers_sign_in(await browser.get("/account/with-acme"))


async def test_a_deactivated_user_is_not_signed_in(visitors: Visitors) -> None:
    browser, person = visitors.browser(), await visitors.person()
    visitors.service.set_active(person, active=False)
    assert REFUSED in (await visitors.sign_in(browser)).text
    visitors.service.set_active(person, active=True)
    visitors.provider.sql("UPDATE users SET must_change_password = true WHERE id = %s", person.id)
    assert (await visitors.sign_in(browser)).status_code == 422
    assert await signed_in_name(browser) == ""


async def test_an_account_with_a_second_factor_must_show_it(visitors: Visitors) -> None:
    person, pair = await visitors.service.register_and_log_in()
    visitors.provider.sql("UPDATE users SET email_verified_at = created_at WHERE id = %s", person.id)
    protected = await Protected.enrolled(Owner(visitors.service, person, pair))
    visitors.link(person)
    browser = visitors.browser()
    page = await visitors.sign_in(browser)
    assert page.status_code == 200
    assert await signed_in_name(browser) == ""
    wrong = await browser.send(page, code="000000", stay="", remember="")
    assert wrong.status_code == 422
    await browser.send(wrong, code=protected.code(), stay="", remember="")
    assert await signed_in_name(browser) == person.username
    (session,) = visitors.provider.sql("SELECT amr, acr FROM browser_sessions WHERE user_id = %s", person.id)
    assert (session["amr"], session["acr"]) == (["fed", "otp", "mfa"], 2)


async def test_an_identity_unlinked_before_the_response_is_refused(visitors: Visitors) -> None:
    browser, person = visitors.browser(), await visitors.person()
    asked = await visitors.go(browser)
    visitors.provider.sql("DELETE FROM federated_identities WHERE user_id = %s", person.id)
    assert UnknownIdentityError.detail in (await visitors.back(browser, asked)).text


async def test_a_too_long_authorization_request_is_reported(visitors: Visitors) -> None:
    app = await application(visitors.provider, is_first_party=True)
    browser = visitors.browser()
    page = await browser.get(SIGN_IN, next=app.address(state="s" * 4000))
    refused = await visitors.press(browser, page, "with-acme")
    assert LongLoginRequestError.detail in refused.text
    assert offers_sign_in(refused)


async def test_no_secret_is_logged(visitors: Visitors, logs: Logs) -> None:
    browser, _ = visitors.browser(), await visitors.person()
    asked = await visitors.go(browser)
    await visitors.back(browser, asked)
    await visitors.back(browser, asked, code="another")
    (form, _) = visitors.acme.exchanged
    assert facts(events(logs, "federation.login.refused")[-1], "provider", "reason") == ("acme", "code")
    assert facts(events(logs, "federation.login.proven")[-1], "provider") == ("acme",)
    for secret in (SECRET, asked["state"], asked["nonce"], form["code_verifier"], visitors.acme.claims["sub"]):
        assert secret not in logs.text()


async def test_the_time_of_the_proof_is_taken_from_auth_time_but_never_in_the_future(visitors: Visitors) -> None:
    browser, person = visitors.browser(), await visitors.person()
    now = visitors.acme.clock.now()
    for claimed, expected in ((now - timedelta(hours=1), now - timedelta(hours=1)), (now + timedelta(hours=1), now)):
        visitors.acme.claims["auth_time"] = claimed.timestamp()
        assert (await visitors.sign_in(browser)).status_code == 200
        rows = visitors.provider.sql("SELECT authenticated_at FROM browser_sessions WHERE user_id = %s", person.id)
        assert [row["authenticated_at"] for row in rows] == [expected]


async def test_an_applications_request_for_a_recent_sign_in_is_passed_to_the_provider(visitors: Visitors) -> None:
    app = await application(visitors.provider, is_first_party=True)
    browser = visitors.browser()
    for changes, expected in (({}, None), ({"prompt": "login"}, "login"), ({"max_age": "60"}, "login")):
        asked = await visitors.go(browser, app.address(**changes))
        assert asked.get("prompt") == expected
    assert METADATA in visitors.acme.asked


async def test_a_requested_new_sign_in_requires_a_recent_auth_time(visitors: Visitors) -> None:
    """Otherwise a provider that remembers the person would count as a recent proof in any open browser."""
    browser, person = visitors.browser(), await visitors.person()
    now = visitors.acme.clock.now()
    for auth_time, expected in ((None, 422), (now - timedelta(minutes=2), 422), (now - timedelta(seconds=30), 303)):
        page = await browser.get(SIGN_IN, next="/account/identities", proof="1")
        asked = visitors.acme.asked_at(forwarded(await visitors.press(browser, page, "with-acme")))
        assert (asked["prompt"], asked["max_age"]) == ("login", "0")
        visitors.acme.claims["auth_time"] = None if auth_time is None else auth_time.timestamp()
        answer = await visitors.back(browser, asked)
        assert answer.status_code == expected, auth_time
        assert await signed_in_name(browser) == (person.username if expected == 303 else "")
