"""Hostile input to administration gets an error message, causes no server error and is never shown as HTML."""

from typing import Final
from urllib.parse import quote, urlencode

from development.pages import OWN_SITE
from doorward.web.admin import NAVIGATION
from tests.integration.service import Service
from tests.integration.web.admin.administrators import administrator
from tests.integration.web.admin.targets import shown_with, target_of

MARK: Final = "<b id=hostile>"
HOSTILE: Final = (f"{MARK}'; --{{{{ 7 * 7 }}}}\U0010ffff", "\0\x1b[31m\u202e", "9" * 40)
NO_TEXT: Final = "%ff%fe"
READ: Final = {
    "/admin/users": ("q", "status", "role", "after"),
    "/admin/user": ("id",),
    "/admin/roles": (),
    "/admin/role": ("name",),
    "/admin/invitations": ("after",),
    "/admin/clients": (),
    "/admin/client": ("id",),
    "/admin/webhooks": (),
    "/admin/webhook": ("id",),
    "/admin/dead-letters": ("webhook_id", "after"),
    "/admin/audit": ("user_id", "type", "actor", "since", "until", "after"),
}
"""The query parameters of each page."""
FORM: Final = {"content-type": "application/x-www-form-urlencoded"}


async def test_hostile_form_fields_show_an_error_message(office: Service) -> None:
    admin, sent = await administrator(office, "admin"), 0
    for entry in NAVIGATION:
        for form in entry.forms:
            path = f"/admin/{form.name}"
            page, fields = await target_of(office, path)
            token = (await admin.open(page)).form("sign-out").fields["form_token"]
            for name in fields:
                bodies = [urlencode({**fields, "form_token": token, name: value}) for value in HOSTILE]
                others = urlencode({key: value for key, value in fields.items() if key != name})
                for body in (*bodies, f"{others}&{name}={NO_TEXT}"):
                    answer = await admin.http.post(path, content=body, headers={**OWN_SITE, **FORM})
                    assert answer.status_code < 500, (path, name, body, answer.text)
                    assert MARK not in answer.text, (path, name)
                    sent += 1
    assert sent > 200


async def test_hostile_query_strings_show_an_error_message(office: Service) -> None:
    admin = await administrator(office, "admin")
    for entry in NAVIGATION:
        for page in (entry.front, *entry.pages):
            address = await shown_with(office, page.path, admin.person.id)
            assert (await admin.http.get(address)).status_code == 200, address
            for name in READ[page.path]:
                for value in (*map(quote, HOSTILE), NO_TEXT):
                    answer = await admin.http.get(f"{page.path}?{name}={value}")
                    assert answer.status_code < 500, (page.path, name, value, answer.text)
                    assert MARK not in answer.text, (page.path, name)
