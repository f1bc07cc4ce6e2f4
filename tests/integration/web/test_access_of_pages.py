"""Every page and form that requires a signed-in user redirects to the sign-in without a session."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from development.client import new_person
from development.pages import OWN_SITE
from doorward.api.policy import FRESH_ACCOUNT, InBrowser, NeedsScope
from doorward.api.routing import Call, PolicyRoute
from tests.integration.service import Service
from tests.integration.web.visitor import SIGN_IN, Visitor, new_visitor

STALE: Final = timedelta(minutes=5, seconds=1)
FORM: Final = {"form_token": ""}


def calls_in_browsers(site: Service) -> Sequence[Call]:
    routes = [each for each in site.app.routes if isinstance(each, PolicyRoute)]
    return [each.call for each in routes if isinstance(each.policy.access, InBrowser)]


def needs_of(call: Call) -> NeedsScope:
    access = call.policy.access
    assert isinstance(access, InBrowser)
    return access.needs


async def test_without_a_session_each_page_leads_to_the_sign_in(site: Service) -> None:
    calls = calls_in_browsers(site)
    assert len(calls) > 60
    stranger = Visitor(site, new_person())
    led = {}
    for call in calls:
        answer = await stranger.http.request(call.method, call.path, data=FORM if call.method == "POST" else None)
        led[f"{call.method} {call.path}"] = (answer.status_code, answer.headers.get("location", "").split("?")[0])
    assert {call: where for call, where in led.items() if where != (303, SIGN_IN)} == {}


async def test_exactly_the_forms_that_declare_a_fresh_proof_require_one(site: Service) -> None:
    forms = [each for each in calls_in_browsers(site) if each.method == "POST" and each.path.startswith("/account/")]
    asked = {}
    for form in forms:
        someone = await new_visitor(site)
        page = await someone.open(form.path)
        token = next(each.fields["form_token"] for each in page.forms if "form_token" in each.fields)
        site.clock.advance(STALE)
        answer = await someone.http.post(form.path, data={"form_token": token}, headers=OWN_SITE)
        asked[form.path] = "proof=1" in answer.headers.get("location", "")
    assert asked == {each.path: needs_of(each) == FRESH_ACCOUNT for each in forms}
    assert set(asked.values()) == {True, False}
