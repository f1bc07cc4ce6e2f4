"""Forms sent by pages of other sites, and hostile input in the service's own forms."""

from __future__ import annotations

import pytest

from development.pages import OWN_SITE
from doorward.api.routing import PolicyRoute
from tests.integration.passkeys.keyring import ORIGIN
from tests.integration.service import Service
from tests.integration.web.visitor import OWN, new_visitor


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Sec-Fetch-Site": "none"}, 422),
        ({}, 422),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "null"}, 200),
        ({"Origin": ORIGIN}, 200),
    ],
)
async def test_a_form_of_another_site_is_refused_before_it_is_read(
    site: Service, headers: dict[str, str], status: int
) -> None:
    """A request without the origin headers gets the form again."""
    someone = await new_visitor(site)
    await someone.open("/account/overview")
    asked = site.connections_asked_for()
    shown = await someone.send("change-username", headers=headers, username=f"{someone.person.username[:20]}-new")
    assert shown.status == status
    if status == 403:
        assert "another site has sent this form" in shown.text
        assert site.connections_asked_for() == asked
    (row,) = site.sql("SELECT username FROM users WHERE id = %s", someone.person.id)
    name = row["username"]
    assert name.endswith("-new") is (status == 200)


async def test_all_forms_of_pages_refuse_other_sites_and_are_rate_limited(site: Service) -> None:
    routes = [route for route in site.app.routes if isinstance(route, PolicyRoute)]
    forms = [route for route in routes if route.path.startswith("/account/") and route.methods == {"POST"}]
    assert len(forms) > 20
    for form in forms:
        answer = await site.client.post(form.path, data={}, headers={"Sec-Fetch-Site": "cross-site"})
        assert form.policy.limit_of_address is not None, form.path
        assert answer.status_code == 403, form.path


FIELDS = (
    *("username", "password", "code", "credential", "token", "mfa_token", "next", "totp", "stay"),
    *("passkey_id", "name", "email", "new_password", "current_password", "new_email", "session_id", "client_id"),
    *("query", "decision", "proof", "remember"),
)
NASTY = ("\0", "\ud7ff\uffff", "١٢٣٤٥٦", "{{'QX'*3}}", "<script>", "%00", "a" * 1000, "[" * 1000, '"><img src=x>')


@pytest.mark.parametrize("value", NASTY)
async def test_hostile_input_is_refused_or_shown_as_text(site: Service, value: str) -> None:
    someone = await new_visitor(site)
    for route in site.app.routes:
        assert isinstance(route, PolicyRoute)
        if not route.path.startswith("/account/") or route.methods != {"POST"}:
            continue
        if (await someone.open()).title != OWN and (await someone.sign_in()).title != OWN:
            someone = await new_visitor(site)
        assert someone.page is not None
        token = someone.page.form("set-up-application").fields["form_token"]
        for form in ({"form_token": value}, {"form_token": token, "credential": ""}):
            given = {**dict.fromkeys(FIELDS, value), **form}
            answer = await someone.http.post(route.path, data=given, headers=OWN_SITE)
            assert answer.status_code in {200, 303, 400, 413, 422}, (route.path, answer.text)
            if answer.status_code == 303:
                answer = await someone.http.get(answer.headers["location"])
            assert answer.headers["content-type"].startswith(("text/html", "application/json"))
            assert "<script>" not in answer.text
            assert "<img src=x>" not in answer.text
            assert "QXQXQX" not in answer.text
