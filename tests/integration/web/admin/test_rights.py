"""Rights by role: each page and form of administration, on a plain user and on one with more rights."""

from typing import Final
from uuid import UUID

import pytest

from development.pages import OWN_SITE
from doorward.api.routing import PolicyRoute
from doorward.domain.administration.exceptions import BeyondOwnScopesError
from doorward.domain.administration.models import Actor
from doorward.domain.auth.exceptions import InvalidAccessTokenError
from tests.integration.administration.administrator import give, stored, trail
from tests.integration.passkeys.keyring import ORIGIN
from tests.integration.service import MakeService, Service
from tests.integration.web.admin.administrators import (
    REFUSED,
    USERS,
    USERS_TITLE,
    administrator,
    open_user,
    role_of,
)
from tests.integration.web.admin.targets import TARGETS, shown_with, target_of
from tests.integration.web.visitor import AGAIN, LOGIN, OWN, Visitor, new_visitor, protected_visitor, verified

ACTORS: Final = ("none", "auditor", "support", "admin")
TABLE: Final = """
address                       none auditor support admin
GET  /admin/users              403     200     200   200
GET  /admin/user               403     200     200   200
POST /admin/create-user        403     403     403   303
POST /admin/change-user        403     403     403   303
POST /admin/delete-user        403     403     403   303
POST /admin/deactivate-user    403     403     403   303
POST /admin/activate-user      403     403     403   303
POST /admin/end-sessions-of-user   403 403     303   303
POST /admin/reset-password-of-user 403 403     303   303
POST /admin/reset-factors-of-user  403 403     303   303
POST /admin/unthrottle-user    403     403     303   303
GET  /admin/roles              403     200     200   200
GET  /admin/role               403     200     200   200
POST /admin/create-role        403     403     403   303
POST /admin/change-role        403     403     403   303
POST /admin/delete-role        403     403     403   303
GET  /admin/invitations        403     200     200   200
POST /admin/invite             403     403     403   303
POST /admin/revoke-invitation  403     403     403   303
GET  /admin/clients            403     403     403   200
GET  /admin/client             403     403     403   200
POST /admin/create-client      403     403     403   200
POST /admin/change-client      403     403     403   303
POST /admin/rotate-client-secret   403 403     403   200
POST /admin/disable-client     403     403     403   303
POST /admin/enable-client      403     403     403   303
POST /admin/delete-client      403     403     403   303
GET  /admin/webhooks           403     403     403   200
GET  /admin/webhook            403     403     403   200
POST /admin/create-webhook     403     403     403   200
POST /admin/change-webhook     403     403     403   303
POST /admin/rotate-webhook-secret  403 403     403   200
POST /admin/test-webhook       403     403     403   200
POST /admin/replay-webhook     403     403     403   303
POST /admin/delete-webhook     403     403     403   303
GET  /admin/dead-letters       403     403     403   200
POST /admin/retry-dead-letter  403     403     403   303
POST /admin/retry-dead-letters 403     403     403   303
GET  /admin/audit              403     200     403   200
"""
ROWS: Final = {
    (method, path): dict(zip(ACTORS, map(int, answers), strict=True))
    for method, path, *answers in (line.split() for line in TABLE.strip().splitlines()[1:])
}
ON_A_USER: Final = [path for method, path in ROWS if method == "POST" and path not in TARGETS]


def test_the_table_has_every_page_and_form(office: Service) -> None:
    routes = [route for route in office.app.routes if isinstance(route, PolicyRoute)]
    calls = {
        (method, route.path) for route in routes for method in route.methods or () if route.path.startswith("/admin/")
    }
    # A GET request to the URL of a form redirects to its page.
    opened = {("GET", path) for method, path in ROWS if method == "POST"}
    assert calls == ROWS.keys() | opened


async def actor(office: Service, role: str) -> Visitor:
    return await administrator(office, *(() if role == "none" else (role,)))


async def fields_of(visitor: Visitor, path: str) -> dict[str, str]:
    """Return the fields that the form of a page sends for a new object, with the form token of the shown page."""
    page, fields = await target_of(visitor.service, path)
    shown = await visitor.open(page)
    token = shown.form("sign-out").fields["form_token"] if "sign-out" in shown.actions() else ""
    return {"form_token": token, **fields}


@pytest.mark.parametrize("role", ACTORS)
async def test_each_role_can_use_the_pages_and_forms_in_the_table(office: Service, role: str) -> None:
    visitor = await actor(office, role)
    found = {}
    for method, path in ROWS:
        if method == "GET":
            address = await shown_with(office, path, visitor.person.id)
            found[method, path] = (await visitor.http.get(address)).status_code
            continue
        fields = await fields_of(visitor, path)
        answer = await visitor.http.post(path, data=fields, headers=OWN_SITE)
        found[method, path] = answer.status_code
        assert (answer.status_code == 403) == (REFUSED in answer.text), answer.text
    assert found == {row: answers[role] for row, answers in ROWS.items()}


@pytest.mark.parametrize("path", ON_A_USER)
async def test_support_cannot_change_an_administrator(office: Service, path: str) -> None:
    visitor, target = await actor(office, "support"), await verified(office)
    await give(office, target, "admin")
    shown, before = await open_user(visitor, target), (stored(office, target), trail(office, target))
    fields = {"form_token": shown.form("sign-out").fields["form_token"], "user_id": target.id, "version": "1"}
    answer = await visitor.http.post(path, data=fields, headers=OWN_SITE)
    is_offered = path.removeprefix("/admin/") in shown.actions()
    assert (answer.status_code, "beyond your own rights" in answer.text) == (
        (422, True) if is_offered else (403, False)
    )
    assert (stored(office, target), trail(office, target)) == before


async def test_pages_offer_only_what_the_role_allows(office: Service) -> None:
    target = await verified(office)
    offered = {}
    for role in ("auditor", "support", "admin"):
        shown = await open_user(await actor(office, role), target)
        offered[role] = set(shown.actions()) - {"sign-out"}
    helping = {"end-sessions-of-user", "reset-password-of-user", "reset-factors-of-user", "unthrottle-user"}
    assert offered == {
        "auditor": set(),
        "support": helping,
        "admin": helping | {"change-user", "deactivate-user", "delete-user"},
    }


async def test_a_refusal_shows_no_user_data_to_a_role_without_read_access(office: Service) -> None:
    name = role_of(office, "admin:throttles:reset")
    visitor, target = await administrator(office, name), await verified(office)
    assert visitor.page is not None
    assert visitor.page.title == REFUSED
    for token in ("", "x"):
        fields = {"form_token": token, "user_id": target.id}
        answer = await visitor.http.post("/admin/unthrottle-user", data=fields, headers=OWN_SITE)
        assert (answer.status_code, target.email in answer.text) == (403, False)


async def test_removing_a_role_takes_effect_at_the_next_request(office: Service) -> None:
    visitor, target = await actor(office, "admin"), await verified(office)
    await open_user(visitor, target)
    await give(office, visitor.person)
    assert (await visitor.send("deactivate-user")).title == REFUSED
    assert stored(office, target)["is_active"]
    assert (await visitor.open(USERS)).title == REFUSED


async def test_an_ended_session_cannot_administer(office: Service) -> None:
    visitor, target = await actor(office, "admin"), await verified(office)
    await open_user(visitor, target)
    office.sql("UPDATE users SET session_epoch = session_epoch + 1 WHERE id = %s", visitor.person.id)
    assert (await visitor.send("deactivate-user")).title == "Sign in"
    assert stored(office, target)["is_active"]


async def test_a_form_token_of_the_account_pages_is_refused_by_administration(office: Service) -> None:
    visitor = await actor(office, "admin")
    shown = await visitor.open("/account/overview")
    token = shown.form("sign-out").fields["form_token"]
    target = await verified(office)
    fields = {"form_token": token, "user_id": target.id}
    answer = await visitor.http.post("/admin/deactivate-user", data=fields, headers=OWN_SITE)
    # The form token of another page is not valid on this one.
    assert (answer.status_code, "open for too long" in answer.text) == (422, True)
    assert stored(office, target)["is_active"]


async def test_all_forms_refuse_other_sites_and_are_rate_limited(office: Service) -> None:
    routes = [route for route in office.app.routes if isinstance(route, PolicyRoute)]
    forms = [route for route in routes if route.path.startswith("/admin/") and route.methods == {"POST"}]
    for form in forms:
        assert (form.policy.is_page_form, form.policy.limit_of_address is not None) == (True, True), form.path
        headers = {"Sec-Fetch-Site": "cross-site"}
        assert (await office.client.post(form.path, data={}, headers=headers)).status_code == 403, form.path


async def test_two_factors_are_required_where_the_settings_require_them(make_service: MakeService) -> None:
    strict = await make_service(public_url=ORIGIN, admin_requires_second_factor=True)
    plain = await new_visitor(strict)
    await give(strict, plain.person, "admin")
    shown = await plain.open(USERS)
    assert (shown.status, "needs a second factor" in shown.text) == (403, True)
    assert (await plain.open("/account/second-factors")).title == OWN
    protected, application, _ = await protected_visitor(strict)
    await give(strict, protected.person, "admin")
    assert (await protected.open(USERS)).title == USERS_TITLE
    await protected.sign_in(USERS)
    shown = await protected.send("second-factor", code=application.at(strict.clock.present))
    assert shown.title == USERS_TITLE
    strict.sql("UPDATE browser_sessions SET acr = 1 WHERE user_id = %s", protected.person.id)
    shown = await protected.open(USERS)
    assert (shown.title, AGAIN in shown.text) == (LOGIN, True)


@pytest.mark.parametrize("what", ["role", "session", "epoch"])
async def test_a_caller_whose_role_or_session_ends_meanwhile_changes_nothing(office: Service, what: str) -> None:
    visitor, target = await actor(office, "admin"), await verified(office)
    services = office.app.state.services
    caller = await services.provider.browser_sessions.find_administrator(visitor.cookie)
    if what == "role":
        await give(office, visitor.person)
    elif what == "session":
        office.sql("DELETE FROM browser_sessions WHERE user_id = %s", visitor.person.id)
    else:
        office.sql("UPDATE users SET session_epoch = session_epoch + 1 WHERE id = %s", visitor.person.id)
    refusal = BeyondOwnScopesError if what == "role" else InvalidAccessTokenError
    with pytest.raises(refusal):
        await services.administration.user_actions.deactivate(Actor(caller), UUID(target.id))
    assert stored(office, target)["is_active"]
