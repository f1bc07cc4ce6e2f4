"""Forms that pages of other sites send, and what is typed into our own to do harm."""

from __future__ import annotations

import pytest

from doorward.api.routing import PolicyRoute
from tests.integration.passkeys.keyring import ORIGIN
from tests.integration.service import Service
from tests.integration.web.visitor import Visitor, new_visitor, token_of


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site", "Origin": ORIGIN}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "https://auth.example.com.evil.example"}, 403),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "null"}, 200),
        ({"Sec-Fetch-Site": "none"}, 200),
        ({"Origin": ORIGIN}, 200),
        ({"Origin": "null"}, 200),
        ({}, 200),
    ],
)
async def test_a_form_of_another_site_is_refused_before_anything_is_read(
    site: Service, headers: dict[str, str], status: int
) -> None:
    someone = Visitor(site, await site.register())
    await someone.open()
    asked = site.connections_asked_for()
    name, password = someone.person.username, someone.person.password
    shown = await someone.send("second-factors", headers=headers, username=name, password=password)
    assert shown.status == status
    if status == 403:
        assert "another site has sent this form" in shown.text
        assert site.connections_asked_for() == asked
        assert site.sessions_of(someone.person) == []


async def test_all_forms_of_pages_refuse_other_sites_and_are_limited(site: Service) -> None:
    routes = [route for route in site.app.routes if isinstance(route, PolicyRoute)]
    forms = [route for route in routes if route.path.startswith("/account/") and route.methods == {"POST"}]
    assert len(forms) > 10
    for form in forms:
        answer = await site.client.post(form.path, data={}, headers={"Sec-Fetch-Site": "cross-site"})
        assert (answer.status_code, form.policy.limit_of_address is None) == (403, False), form.path


FIELDS = (
    *("username", "password", "code", "credential", "token", "mfa_token", "then", "totp", "passkey"),
    *("passkey_id", "name", "email", "new_password"),
)
NASTY = ("\0", "\ud7ff\uffff", "١٢٣٤٥٦", "{{'QX'*3}}", "<script>", "%00", "a" * 1000, "[" * 1000, '"><img src=x>')


@pytest.mark.parametrize("value", NASTY)
async def test_whatever_is_typed_is_refused_or_shown_as_text(site: Service, value: str) -> None:
    someone = await new_visitor(site)
    for route in site.app.routes:
        assert isinstance(route, PolicyRoute)
        if not route.path.startswith("/account/") or route.methods != {"POST"}:
            continue
        typed = dict.fromkeys(FIELDS, value)
        valid = {"then": "passkeys", "totp": "true", "passkey": "false"}
        for form in (typed, {**typed, **valid}, {**typed, **valid, "credential": ""}):
            given = {**form, "access_token": token_of(someone.page)}
            answer = await site.client.post(route.path, data=given)
            # A consent without the request that it is for is a bad one.
            assert answer.status_code in ({400} if route.path == "/account/consent" else {200, 422}), answer.text
            assert answer.headers["content-type"] == "text/html; charset=utf-8"
            assert "<script>" not in answer.text
            assert "<img src=x>" not in answer.text
            assert "QXQXQX" not in answer.text
        if route.path == "/account/sign-out":
            await someone.sign_in()
