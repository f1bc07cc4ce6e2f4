"""The audit events of ended application and browser sessions, and the session that a cookie can end."""

from dataclasses import replace

from development.client import PASSWORD
from doorward.domain.auth.repositories.browser_sessions import MAXIMUM_BROWSER_SESSIONS
from doorward.wiring.auth import create_browser_codec
from tests.integration.oauth.browsers import SIGN_IN, Application, Browser, is_signed_in, signed_in
from tests.integration.oauth.provider import Provider
from tests.integration.service import is_problem

ENDED = """
    SELECT user_id::text AS user_id, session_id::text AS session_id, data->>'reason' AS reason,
           personal->>'client' AS address
    FROM audit_events
    WHERE type = 'session.ended' AND user_id = %s
"""
OWN = "SELECT id::text AS id FROM browser_sessions WHERE user_id = %s"
STORED = "SELECT id::text AS id FROM sessions WHERE client_id = %s AND user_id = %s"


def the_end_of(provider: Provider, user_id: str) -> tuple[str, str]:
    """Return the id of the user's ended session and the recorded reason; assert that an address is recorded."""
    (end,) = provider.sql(ENDED, user_id)
    assert (end["user_id"], end["address"] is None) == (user_id, False)
    return end["session_id"], end["reason"]


async def test_a_withdrawn_consent_ends_the_applications_session_and_is_recorded(
    lasting_provider: Provider, app: Application, browser: Browser
) -> None:
    service = lasting_provider.service
    person = await service.register()
    await app.tokens(browser, person)
    (session,) = lasting_provider.sql(STORED, app.id, person.id)
    own = await service.log_in(person)
    path = f"/api/v1/account/applications/{app.id}"
    assert (await service.authorized("DELETE", path, own.access)).status_code == 204
    assert the_end_of(lasting_provider, person.id) == (session["id"], "owner")


async def test_the_end_of_a_session_after_a_reused_code_is_recorded(
    lasting_provider: Provider, app: Application, browser: Browser
) -> None:
    person = await lasting_provider.service.register()
    code = await app.code(browser, person)
    assert (await app.exchange(code)).status_code == 200
    (session,) = lasting_provider.sql(STORED, app.id, person.id)
    assert (await app.exchange(code)).status_code == 400
    assert the_end_of(lasting_provider, person.id) == (session["id"], "reuse")


async def test_a_cookie_with_another_secret_ends_no_session(
    lasting_provider: Provider, app: Application, browser: Browser
) -> None:
    await signed_in(browser, lasting_provider)
    settings = lasting_provider.service.settings
    codec = create_browser_codec(settings.keys)
    token = codec.decode(browser.http.cookies["doorward_session"])
    assert token is not None
    sessions = lasting_provider.service.app.state.services.provider.browser_sessions
    await sessions.end(codec.encode(replace(token, secret=bytes(16))))
    assert await is_signed_in(browser, app)
    await sessions.end(codec.encode(token))
    assert not await is_signed_in(browser, app)


async def test_the_end_of_an_expired_browser_session_is_not_recorded_that_of_its_application_is(
    lasting_provider: Provider, app: Application, browser: Browser
) -> None:
    person = await lasting_provider.service.register()
    await app.tokens(browser, person)
    (session,) = lasting_provider.sql(STORED, app.id, person.id)
    (own,) = lasting_provider.sql(OWN, person.id)
    lasting_provider.sql(
        "UPDATE browser_sessions SET expires_at = %s WHERE id = %s", lasting_provider.clock.now(), own["id"]
    )
    pair = await lasting_provider.service.log_in(person)
    path = f"/api/v1/account/sessions/{own['id']}"
    assert is_problem(await lasting_provider.service.authorized("DELETE", path, pair.access), 404, "session_not_found")
    assert lasting_provider.sql(ENDED, person.id) == []
    assert lasting_provider.sql(OWN, person.id) == [own]
    sessions = lasting_provider.service.app.state.services.provider.browser_sessions
    await sessions.end(browser.http.cookies["doorward_session"])
    (end,) = lasting_provider.sql(ENDED, person.id)
    assert (end["session_id"], end["reason"]) == (session["id"], "logout")
    assert lasting_provider.sql(OWN, person.id) == []


async def test_dead_browser_sessions_make_room_before_live_ones_and_without_a_record(
    lasting_provider: Provider, app: Application, browser: Browser
) -> None:
    person = await signed_in(browser, lasting_provider)
    lasting_provider.sql(
        "INSERT INTO browser_sessions SELECT gen_random_uuid(), user_id, epoch - number %% 2, secret_hash, amr, acr,"
        " authenticated_at, is_kept, user_agent, address, created_at, seen_at + interval '1 second',"
        " CASE number %% 2 WHEN 0 THEN seen_at ELSE expires_at END, ends_at"
        " FROM browser_sessions, generate_series(2, %s) AS number WHERE user_id = %s",
        MAXIMUM_BROWSER_SESSIONS,
        person.id,
    )
    other = Browser(lasting_provider)
    await other.send(await other.get(SIGN_IN), username=person.username, password=PASSWORD, stay="")
    assert len(lasting_provider.sql(OWN, person.id)) == MAXIMUM_BROWSER_SESSIONS
    assert lasting_provider.sql(ENDED, person.id) == []
    assert await is_signed_in(browser, app)
