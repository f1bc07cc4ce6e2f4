"""What is recorded when sessions of applications and browsers end, and that a cookie ends its own session alone."""

from dataclasses import replace

from doorward.wiring.auth import create_browser_codec
from tests.integration.oauth.browsers import Application, Browser, is_signed_in, signed_in
from tests.integration.oauth.provider import Provider

ENDED = """
    SELECT user_id::text AS user_id, session_id::text AS session_id, data->>'reason' AS reason,
           personal->>'client' AS address
    FROM audit_events
    WHERE type = 'session.ended' AND user_id = %s
"""
STORED = "SELECT id::text AS id FROM sessions WHERE client_id = %s AND user_id = %s"


def the_end_of(provider: Provider, user_id: str) -> tuple[str, str]:
    """Return which session of a user is recorded to have ended, and why; an address is recorded with it."""
    (end,) = provider.sql(ENDED, user_id)
    assert (end["user_id"], end["address"] is None) == (user_id, False)
    return end["session_id"], end["reason"]


async def test_without_its_consent_an_application_has_no_session_and_each_end_is_recorded(
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


async def test_the_end_of_a_session_whose_code_came_again_is_recorded(
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
