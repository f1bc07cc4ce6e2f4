"""Linking an identity of another OpenID provider with a recent proof in a browser session, and unlinking it."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import httpx

from development.callers import caller_of
from development.client import ACCOUNT, Person
from doorward.domain.auth.exceptions import EmailNotVerifiedError
from doorward.domain.federation.exceptions import (
    IdentityTakenError,
    InvalidProviderAnswerError,
    LastWayInError,
    TooManyIdentitiesError,
)
from doorward.domain.federation.identities import MAXIMUM_IDENTITIES
from doorward.domain.federation.login_models import LinkingSession, VerifiedIdentity
from tests.integration.federation.visitors import IDENTITIES, Visitors, signed_in_name
from tests.integration.oauth.browsers import OWN_SITE, Browser, forms_of, forwarded
from tests.integration.service import is_problem

PATH = f"{ACCOUNT}/identities"
LINK = "/account/link-identity"
UNLINK = "/account/unlink-identity"


async def at_page(visitors: Visitors) -> tuple[Browser, Person, str]:
    """Return the browser of a new user who has just signed in, and the subject of the next sign-in at ``acme``."""
    browser, person, subject = visitors.browser(), await visitors.owner(), f"subject-{uuid4()}"
    visitors.acme.claims["sub"] = subject
    await visitors.signed_in(browser, person)
    return browser, person, subject


async def link(visitors: Visitors, browser: Browser) -> dict[str, str]:
    """Press the button for linking; return the parameters of the authorization request."""
    sent = await pressed(browser, LINK, provider="acme")
    return visitors.acme.asked_at(forwarded(sent))


async def pressed(browser: Browser, form: str, **fields: str) -> httpx.Response:
    page = await browser.http.get(IDENTITIES)
    token = forms_of(page)[-1][1]["form_token"]
    return await browser.http.post(form, data={"form_token": token, **fields}, headers=OWN_SITE)


async def come_back(visitors: Visitors, browser: Browser, asked: dict[str, str]) -> httpx.Response:
    """Return from the provider; return the page that is shown then."""
    answer = await visitors.back(browser, asked)
    return await browser.get(answer.headers["location"]) if answer.status_code == 303 else answer


async def unlink(browser: Browser, number: str) -> httpx.Response:
    answer = await pressed(browser, UNLINK, identity_id=number)
    return await browser.get(answer.headers["location"]) if answer.status_code == 303 else answer


def number_of(page: httpx.Response) -> str:
    return next(fields["identity_id"] for _, fields in forms_of(page) if "identity_id" in fields)


async def test_an_identity_is_linked_signs_in_and_is_unlinked(visitors: Visitors) -> None:
    browser, person, subject = await at_page(visitors)
    asked = await link(visitors, browser)
    page = await come_back(visitors, browser, asked)
    assert "The service is linked." in page.text
    assert visitors.linked(person) == [(visitors.acme.url, subject)]
    await visitors.back(browser, asked)
    assert len(visitors.linked(person)) == 1

    elsewhere = visitors.browser()
    await visitors.sign_in(elsewhere)
    assert await signed_in_name(elsewhere) == person.username

    gone = await unlink(browser, number_of(page))
    assert "The service is unlinked." in gone.text
    assert visitors.linked(person) == []
    assert (await visitors.sign_in(visitors.browser())).status_code == 422
    kinds = visitors.provider.sql(
        "SELECT type, data FROM audit_events WHERE user_id = %s AND type LIKE 'identity.%%' ORDER BY occurred_at, type",
        person.id,
    )
    assert [row["type"] for row in kinds] == ["identity.linked", "identity.unlinked"]
    assert all(row["data"] == {"issuer": visitors.acme.url} for row in kinds)


async def test_an_account_with_an_unverified_address_links_nothing(visitors: Visitors) -> None:
    """Another person can have registered the address; that person must keep no way to sign in."""
    browser, person, _ = await at_page(visitors)
    asked = await link(visitors, browser)
    visitors.provider.sql("UPDATE users SET email_verified_at = NULL WHERE id = %s", person.id)
    returned = await visitors.back(browser, asked)
    pressed_then = await pressed(browser, LINK, provider="acme")
    for answer in (returned, pressed_then):
        assert answer.status_code == 422
        assert EmailNotVerifiedError.detail in answer.text
    assert visitors.linked(person) == []
    visitors.verify(person)
    await come_back(visitors, browser, await link(visitors, browser))
    assert len(visitors.linked(person)) == 1


async def test_linking_requires_a_fresh_proof(visitors: Visitors) -> None:
    browser, person, _ = await at_page(visitors)
    visitors.acme.clock.advance(timedelta(minutes=5, seconds=1))
    answer = await pressed(browser, LINK, provider="acme")
    assert answer.status_code == 303
    assert "proof=1" in answer.headers["location"]
    sign_in = await browser.get(answer.headers["location"])
    sent = await visitors.press(browser, sign_in, "with-acme")
    assert visitors.acme.asked_at(forwarded(sent))["prompt"] == "login"
    assert visitors.linked(person) == []


async def test_unlinking_requires_a_fresh_proof(visitors: Visitors) -> None:
    browser, person, _ = await at_page(visitors)
    page = await come_back(visitors, browser, await link(visitors, browser))
    visitors.acme.clock.advance(timedelta(minutes=5, seconds=1))
    answer = await pressed(browser, UNLINK, identity_id=number_of(page))
    assert "proof=1" in answer.headers["location"]
    assert len(visitors.linked(person)) == 1


async def test_only_the_session_that_started_the_linking_can_complete_it(visitors: Visitors) -> None:
    """An attacker's response in a victim's browser, or after another user's sign-in, links nothing."""
    browser, person, _ = await at_page(visitors)
    asked = await link(visitors, browser)
    another = await visitors.service.register()
    await visitors.signed_in(browser, another)
    answer = await visitors.back(browser, asked)
    assert InvalidProviderAnswerError.detail in answer.text
    victim, of_victim, _ = await at_page(visitors)
    answer = await visitors.back(victim, asked)
    assert InvalidProviderAnswerError.detail in answer.text
    for each in (person, another, of_victim):
        assert visitors.linked(each) == []


async def test_an_ended_session_links_nothing(visitors: Visitors) -> None:
    browser, person, _ = await at_page(visitors)
    asked = await link(visitors, browser)
    visitors.provider.sql("UPDATE users SET session_epoch = session_epoch + 1 WHERE id = %s", person.id)
    answer = await visitors.back(browser, asked)
    assert answer.status_code == 303
    assert visitors.linked(person) == []


async def test_an_identity_of_another_account_is_refused(visitors: Visitors) -> None:
    owner = await visitors.person()
    browser, person, _ = await at_page(visitors)
    visitors.acme.claims["sub"] = visitors.linked(owner)[0][1]
    answer = await visitors.back(browser, await link(visitors, browser))
    assert answer.status_code == 422
    assert IdentityTakenError.detail in answer.text
    assert visitors.linked(person) == []
    assert len(visitors.linked(owner)) == 1


async def test_one_of_several_accounts_that_link_an_identity_concurrently_gets_it(visitors: Visitors) -> None:
    identity, callers, people = VerifiedIdentity(visitors.acme.url, f"subject-{uuid4()}", None), [], []
    for _ in range(4):
        person = await visitors.owner()
        pair = await visitors.service.log_in(person)
        people.append(person)
        callers.append(await caller_of(visitors.services.authentication, pair.access))
    identities = visitors.services.own_account.identities
    outcomes = await asyncio.gather(
        *(identities.link(by, "acme", identity, LinkingSession(by.user_id, by.session_id)) for by in callers),
        return_exceptions=True,
    )
    assert [type(each) for each in outcomes if each is not None] == [IdentityTakenError] * 3
    assert sorted(len(visitors.linked(person)) for person in people) == [0, 0, 0, 1]


async def test_the_number_of_identities_of_an_account_is_limited(visitors: Visitors) -> None:
    browser, person, _ = await at_page(visitors)
    visitors.provider.sql(
        "INSERT INTO federated_identities (issuer, subject, user_id, created_at)"
        " SELECT 'https://many.example', %s || n, %s, now() FROM generate_series(1, %s) AS n",
        person.id,
        person.id,
        MAXIMUM_IDENTITIES,
    )
    answer = await visitors.back(browser, await link(visitors, browser))
    assert TooManyIdentitiesError.detail in answer.text
    assert len(visitors.linked(person)) == MAXIMUM_IDENTITIES


async def test_the_api_lists_and_unlinks_identities(visitors: Visitors) -> None:
    person, pair = await visitors.service.register_and_log_in()
    subject = visitors.link(person)
    headers = {"Authorization": f"Bearer {pair.access}"}
    client = visitors.service.client
    (listed,) = (await client.get(PATH, headers=headers)).json()["identities"]
    assert (listed["issuer"], listed["subject"]) == (visitors.acme.url, subject)
    other, other_pair = await visitors.service.register_and_log_in()
    foreign = await client.delete(f"{PATH}/{listed['id']}", headers={"Authorization": f"Bearer {other_pair.access}"})
    assert is_problem(foreign, 404, "identity_not_found")
    visitors.acme.clock.advance(timedelta(minutes=5, seconds=1))
    stale = await client.delete(f"{PATH}/{listed['id']}", headers=headers)
    assert is_problem(stale, 401, "reauthentication_required")
    assert len(visitors.linked(person)) == 1
    visitors.acme.clock.advance(timedelta(minutes=-5, seconds=-1))
    assert (await client.delete(f"{PATH}/{listed['id']}", headers=headers)).status_code == 204
    assert visitors.linked(person) == []
    assert (await client.get(PATH, headers=headers)).json() == {"identities": []}
    assert other.id != person.id


async def test_the_only_credential_of_an_account_is_not_unlinked(visitors: Visitors) -> None:
    person, pair = await visitors.service.register_and_log_in()
    visitors.link(person)
    headers, client = {"Authorization": f"Bearer {pair.access}"}, visitors.service.client
    (listed,) = (await client.get(PATH, headers=headers)).json()["identities"]
    visitors.provider.sql("UPDATE users SET password_hash = NULL WHERE id = %s", person.id)
    assert is_problem(await client.delete(f"{PATH}/{listed['id']}", headers=headers), 409, LastWayInError.code)
    visitors.link(person)
    both = await asyncio.gather(
        *(
            client.delete(f"{PATH}/{each['id']}", headers=headers)
            for each in (await client.get(PATH, headers=headers)).json()["identities"]
        )
    )
    assert sorted(answer.status_code for answer in both) == [204, 409]
    assert len(visitors.linked(person)) == 1
    # An identity of a provider that is not configured for sign-in is no credential.
    visitors.provider.sql(
        "INSERT INTO federated_identities (issuer, subject, user_id, created_at)"
        " VALUES ('https://elsewhere.example', %s, %s, now())",
        str(uuid4()),
        person.id,
    )
    numbers = {each["issuer"]: each["id"] for each in (await client.get(PATH, headers=headers)).json()["identities"]}
    refused = await client.delete(f"{PATH}/{numbers[visitors.acme.url]}", headers=headers)
    assert is_problem(refused, 409, LastWayInError.code)


async def test_a_form_with_an_invalid_token_or_value_changes_nothing(visitors: Visitors) -> None:
    browser, person, _ = await at_page(visitors)
    page = await come_back(visitors, browser, await link(visitors, browser))
    for token in ("", "f" * 64):
        form = {"form_token": token, "identity_id": number_of(page)}
        assert (await browser.http.post(UNLINK, data=form, headers=OWN_SITE)).status_code == 422
    for address, field, value in (
        (UNLINK, "identity_id", "nothing"),
        (UNLINK, "identity_id", str(uuid4())),
        (LINK, "provider", "unknown"),
    ):
        assert (await pressed(browser, address, **{field: value})).status_code == 422
    assert len(visitors.linked(person)) == 1
    assert (await visitors.browser().http.get(IDENTITIES)).status_code == 303
