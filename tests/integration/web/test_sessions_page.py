"""The page of sessions lists the current browser first, and keeps its device."""

from __future__ import annotations

from datetime import timedelta

from tests.integration.service import Logs, Service, events
from tests.integration.web.visitor import Visitor, new_visitor

SESSIONS = "/account/sessions"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
SAFARI = "Mozilla/5.0 (Macintosh; Intel Mac OS X 14_5) AppleWebKit/605.1.15 (KHTML, like Gecko) Safari/605.1.15"


async def test_the_current_browser_is_listed_before_one_that_was_used_later(site: Service) -> None:
    someone = await new_visitor(site)
    other = Visitor(site, someone.person)
    other.http.headers["user-agent"] = SAFARI
    await other.sign_in()
    site.clock.advance(timedelta(minutes=2))
    await other.open(SESSIONS)
    shown = await someone.open(SESSIONS)
    assert 0 < shown.text.index("This browser") < shown.text.index("Safari")


async def test_a_browser_that_ends_all_others_stays_listed_by_its_device_without_a_warning(
    site: Service, logs: Logs
) -> None:
    someone = await new_visitor(site)
    someone.http.headers["user-agent"] = FIREFOX
    await someone.open(SESSIONS)
    shown = await someone.send("end-other-sessions")
    assert "Firefox" in shown.text
    assert [line["level"] for line in events(logs, "auth.session.all_revoked")] == ["info"]
