"""Hostile values in responses of a provider and in forms are refused with a page that escapes them."""

import pytest

from tests.integration.federation.visitors import Visitors, signed_in_name
from tests.integration.oauth.browsers import OWN_SITE, SIGN_IN, forms_of

HOSTILE = ("\0", "\ud7ff\uffff", "١٢٣", "{{'QX'*3}}", "<script>", "%00", "a" * 5000, '"><img src=x>', "//evil.example")


@pytest.mark.parametrize("value", HOSTILE)
async def test_hostile_parameters_are_refused_and_shown_as_text(visitors: Visitors, value: str) -> None:
    browser = visitors.browser()
    asked = await visitors.go(browser)
    page = await browser.get(SIGN_IN)
    token = next(fields for action, fields in forms_of(page) if action.endswith("/with-acme"))["form_token"]
    answers = [
        await browser.http.get("/account/back-from-acme", params={**asked, "iss": visitors.acme.url, name: value})
        for name in ("state", "code", "iss", "error")
    ]
    answers += [
        await browser.http.post("/account/with-acme", data={"form_token": token, name: value}, headers=OWN_SITE)
        for name in ("form_token", "next", "stay", "proof")
    ]
    for answer in answers:
        assert answer.status_code in {200, 400, 413, 422}, answer.text
        assert answer.headers["content-type"].startswith("text/html")
        for shown in ("<script>", "<img src=x>", "QXQXQX"):
            assert shown not in answer.text
    assert await signed_in_name(browser) == ""
