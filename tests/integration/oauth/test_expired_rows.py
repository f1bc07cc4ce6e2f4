"""Expired codes and browser sessions are removed by the housekeeping."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from development.client import PASSWORD, Person
from doorward.domain.auth.repositories.browser_sessions import MAXIMUM_BROWSER_SESSIONS
from doorward.domain.auth.sessions.browser_session import OF_STAY, OF_VISIT
from doorward.domain.auth.tokens.expiry import TokenExpiry
from doorward.domain.oauth.code_models import CODE_LIFETIME
from doorward.domain.oauth.expiry import CodeExpiry
from tests.integration.oauth.browsers import SIGN_IN, Browser, application, is_signed_in, signed_in
from tests.integration.oauth.provider import ISSUER, Provider
from tests.integration.service import MakeService


@pytest.fixture
async def provider(make_service: MakeService) -> Provider:
    return Provider(await make_service(public_url=ISSUER))


def parts(provider: Provider, **more: Any) -> dict[str, Any]:
    return {"database": provider.service.database, "clock": provider.clock, **more}


def count(provider: Provider, table: str, *people: Person) -> int:
    """Return the number of rows of these people in a table."""
    query = f"SELECT count(*) FROM {table} WHERE user_id = ANY(%s::uuid[])"
    return int(provider.sql(query, [person.id for person in people])[0]["count"])


async def test_unredeemed_codes_are_removed_after_they_expire(provider: Provider) -> None:
    app, browser = await application(provider), Browser(provider)
    person = await signed_in(browser, provider)
    for _ in range(3):
        await app.code(browser, person)
    provider.clock.advance(CODE_LIFETIME)
    late = await app.code(browser, person)
    assert await CodeExpiry(**parts(provider, rows_per_batch=2)).prune() >= 3
    assert count(provider, "oauth_codes", person) == 1
    assert (await app.exchange(late)).status_code == 200


async def test_expired_browser_sessions_are_removed(provider: Provider) -> None:
    expiry = TokenExpiry(**parts(provider, rows_per_batch=1))
    app, staying = await application(provider), Browser(provider)
    people = [await signed_in(staying, provider, stay="on")]
    people += [await signed_in(Browser(provider), provider) for _ in range(3)]
    provider.sql("UPDATE users SET session_epoch = session_epoch + 1 WHERE id = %s", people[1].id)
    await expiry.prune()
    assert count(provider, "browser_sessions", *people) == 3
    provider.clock.advance(OF_VISIT.idle)
    await expiry.prune()
    assert count(provider, "browser_sessions", *people) == 1
    assert await is_signed_in(staying, app)
    provider.clock.advance(OF_STAY.absolute)
    await expiry.prune()
    assert count(provider, "browser_sessions", *people) == 0


async def test_the_export_contains_browser_sessions_and_consents_without_secrets(provider: Provider) -> None:
    app, browser = await application(provider), Browser(provider)
    person = await signed_in(browser, provider)
    await app.tokens(browser, person)
    own = await provider.service.log_in(person)
    exported = (await provider.service.authorized("POST", "/api/v1/account/export", own.access)).json()
    (session,), (consent,) = exported["browser_sessions"], exported["consents"]
    assert (session["amr"], session["is_kept"], session["address"]) == (["pwd"], False, "203.0.113.7")
    assert (consent["client_id"], consent["name"]) == (app.id, "The App")
    hidden: Callable[[Any], str] = json.dumps
    assert browser.http.cookies["doorward_session"][4:] not in hidden(exported)
    assert "secret" not in hidden([session, consent])


async def test_the_use_of_a_browser_session_is_stored_once_a_minute(provider: Provider) -> None:
    app, browser = await application(provider), Browser(provider)
    person = await signed_in(browser, provider)
    stored = "SELECT seen_at, expires_at FROM browser_sessions WHERE user_id = %s"
    (before,) = provider.sql(stored, person.id)
    provider.clock.advance(timedelta(seconds=59))
    assert await is_signed_in(browser, app)
    assert provider.sql(stored, person.id) == [before]
    provider.clock.advance(timedelta(seconds=1))
    assert await is_signed_in(browser, app)
    (after,) = provider.sql(stored, person.id)
    assert after["expires_at"] - before["expires_at"] == timedelta(minutes=1)


def fill_up_to_the_limit(provider: Provider, person: Person) -> None:
    """Copy the person's browser session, each copy used later, up to the maximum number."""
    provider.sql(
        "INSERT INTO browser_sessions SELECT gen_random_uuid(), user_id, epoch, secret_hash, amr, acr,"
        " authenticated_at, is_kept, user_agent, address, created_at, seen_at + interval '1 second', expires_at,"
        " ends_at FROM browser_sessions, generate_series(2, %s) WHERE user_id = %s",
        MAXIMUM_BROWSER_SESSIONS,
        person.id,
    )


async def test_the_start_of_a_browser_session_and_the_end_of_a_displaced_one_are_recorded(provider: Provider) -> None:
    first, browser = Browser(provider), Browser(provider)
    person = await signed_in(first, provider)
    ids = "SELECT id FROM browser_sessions WHERE user_id = %s ORDER BY seen_at"
    (displaced,) = provider.sql(ids, person.id)
    fill_up_to_the_limit(provider, person)
    before = {row["id"] for row in provider.sql(ids, person.id)}
    provider.clock.advance(timedelta(minutes=1))
    page = await browser.get(SIGN_IN)
    await browser.send(page, username=person.username, password=PASSWORD, stay="")
    (begun,) = {row["id"] for row in provider.sql(ids, person.id)} - before
    recorded = "SELECT type, session_id, personal FROM audit_events WHERE user_id = %s ORDER BY id DESC LIMIT 2"
    here = {"client": "203.0.113.7"}
    assert provider.sql(recorded, person.id) == [
        {"type": "session.ended", "session_id": displaced["id"], "personal": here},
        {"type": "session.begun", "session_id": begun, "personal": here},
    ]


async def test_at_the_limit_of_browser_sessions_the_least_recently_used_one_ends(provider: Provider) -> None:
    app, first, browser = await application(provider), Browser(provider), Browser(provider)
    person = await signed_in(first, provider)
    online = await app.tokens(first, person)
    offline = await app.tokens(first, person, scope="openid offline_access")
    fill_up_to_the_limit(provider, person)
    assert await is_signed_in(first, app)
    page = await browser.get(SIGN_IN)
    await browser.send(page, username=person.username, password=PASSWORD, stay="")
    assert await is_signed_in(browser, app)
    assert not await is_signed_in(first, app)
    assert count(provider, "browser_sessions", person) == MAXIMUM_BROWSER_SESSIONS
    assert (await app.refresh(online["refresh_token"])).status_code == 400
    assert (await app.refresh(offline["refresh_token"])).status_code == 200
    ended = {row["end_reason"] for row in provider.service.sessions_of(person) if row["ended_at"]}
    assert ended == {"displaced"}
