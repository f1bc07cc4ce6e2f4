"""The pages of webhooks and of dead letters."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from development.pages import OWN_SITE
from tests.integration.administration.administrator import give
from tests.integration.passkeys.keyring import ORIGIN
from tests.integration.service import MakeService, Service
from tests.integration.web.admin.administrators import administrator
from tests.integration.web.admin.targets import NOT_THERE, new_dead_letter, new_webhook
from tests.integration.web.visitor import new_visitor
from tests.integration.webhook_receiver import Receiver, answer_of, receiving

WEBHOOKS = "/admin/webhooks"
LETTERS = "/admin/dead-letters"


def page_of(webhook_id: str) -> str:
    return f"/admin/webhook?id={webhook_id}"


def stored(office: Service, webhook_id: str) -> dict[str, Any]:
    rows = office.sql("SELECT * FROM webhook_endpoints WHERE id = %s", webhook_id)
    return rows[0] if rows else {}


async def test_a_webhook_is_added_and_its_secrets_are_shown_once(office: Service) -> None:
    admin = await administrator(office, "admin", at=WEBHOOKS)
    typed = {
        "url": NOT_THERE,
        "description": "The <shop>",
        "types": "user.registered\r\nuser.deleted",
        "is_enabled": "",
    }
    shown = await admin.fill_in("create-webhook", typed)
    assert (shown.status, "The webhook was added" in shown.text, "shown this once" in shown.text) == (200, True, True)
    webhook_id, secret = shown.codes
    assert secret.startswith("whsec_")
    row = stored(office, webhook_id)
    assert (row["description"], row["types"]) == ("The <shop>", ["user.deleted", "user.registered"])
    assert row["disabled_reason"] == "operator"
    shown = await admin.open(page_of(webhook_id))
    assert ("Disabled by an administrator" in shown.text, secret in shown.answer.text) == (True, False)
    stale = shown.form("rotate-webhook-secret").fields
    another = (await admin.send("rotate-webhook-secret")).codes[1]
    assert (another.startswith("whsec_"), another == secret) == (True, False)
    answer = await admin.http.post("/admin/rotate-webhook-secret", data=stale, headers=OWN_SITE)
    assert (answer.status_code, "changed since you read it" in answer.text) == (422, True)


async def test_a_webhook_is_changed_and_deleted(office: Service) -> None:
    webhook_id = await new_webhook(office, description="Before")
    admin = await administrator(office, "admin", at=page_of(webhook_id))
    other = await administrator(office, "admin", at=page_of(webhook_id))
    # Sending the form unchanged changes nothing.
    shown = await admin.send("change-webhook", description="After")
    assert ("The webhook was changed" in shown.text, "user.deleted" in shown.text) == (True, True)
    row = stored(office, webhook_id)
    assert (row["url"], row["description"], row["types"], row["disabled_at"]) == (
        NOT_THERE,
        "After",
        ["user.deleted"],
        None,
    )
    for form in ("change-webhook", "delete-webhook"):
        assert other.page is not None
        fields = other.page.form(form).fields | {"version": "1"}
        answer = await other.http.post(f"/admin/{form}", data=fields, headers=OWN_SITE)
        assert (answer.status_code, "changed since you read it" in answer.text) == (422, True)
    shown = await admin.send("change-webhook", types="")
    assert ("Types of events All" in shown.text, stored(office, webhook_id)["types"]) == (True, None)
    shown = await admin.send("delete-webhook")
    assert (shown.title, "was deleted" in shown.text, stored(office, webhook_id)) == ("Webhooks", True, {})


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"url": "ftp://shop.example/"}, "must have the scheme"),
        ({"url": "https://10.0.0.1/"}, "go to public addresses"),
        ({"types": "user.invented"}, "must be types of events"),
        ({"description": "x" * 201}, "at most 200 characters"),
    ],
)
async def test_invalid_webhook_settings_show_an_error_message(
    office: Service, typed: dict[str, str], words: str
) -> None:
    webhook_id = await new_webhook(office)
    admin = await administrator(office, "admin", at=WEBHOOKS)
    shown = await admin.fill_in("create-webhook", {"url": NOT_THERE, **typed})
    assert (shown.status, words in shown.text) == (422, True)
    await admin.open(page_of(webhook_id))
    shown = await admin.fill_in("change-webhook", typed)
    assert (shown.status, words in shown.text, stored(office, webhook_id)["version"]) == (422, True, 1)


async def test_the_result_of_a_test_message_is_shown(office: Service) -> None:
    receiver = Receiver(answer_of(204), answer_of(500))
    async with receiving(receiver) as port:
        webhook_id = await new_webhook(office, f"http://127.0.0.1:{port}/")
        admin = await administrator(office, "admin", at=page_of(webhook_id))
        shown = await admin.send("test-webhook")
        assert ("took the message" in shown.text, "204" in shown.text, shown.codes) == (True, True, [])
        await admin.open(page_of(webhook_id))
        shown = await admin.send("test-webhook")
        assert ("did not accept the message" in shown.text, shown.codes) == (True, ["status_500"])
    await admin.open(page_of(webhook_id))
    shown = await admin.send("test-webhook")
    assert ("There was no answer" in shown.text, shown.codes) == (True, ["connection"])


async def test_past_events_are_sent_again(office: Service) -> None:
    webhook_id = await new_webhook(office)
    admin = await administrator(office, "admin", at=page_of(webhook_id))
    office.sql("UPDATE webhook_endpoints SET types = NULL WHERE id = %s", webhook_id)
    now = office.sql("SELECT max(occurred_at) AS moment FROM audit_events")[0]["moment"]
    day = timedelta(days=1)
    times = {"since": f"{now - day:%Y-%m-%dT%H:%M}", "until": f"{now + day:%Y-%m-%dT%H:%M}"}
    shown = await admin.fill_in("replay-webhook", times)
    assert "The events are sent again" in shown.text
    assert office.sql("SELECT 1 FROM outbox WHERE endpoint = %s LIMIT 1", webhook_id) != []
    shown = await admin.send("replay-webhook", since="2001-01-01T00:00", until="2001-01-02T00:00")
    assert "there were no events" in shown.text
    for since, until in (("2001-01-02T00:00", "2001-01-01T00:00"), ("", ""), ("x", "2001-01-01T00:00"), ("1", "2")):
        shown = await admin.send("replay-webhook", since=since, until=until)
        assert (shown.status, "must begin before it ends" in shown.text) == (422, True)


async def test_dead_letters_are_listed_and_retried(office: Service) -> None:
    webhook_id = await new_webhook(office)
    erased, *kept = [new_dead_letter(office, webhook_id, content) for content in (b"", *[b"{}"] * 21)]
    admin = await administrator(office, "admin", at=page_of(webhook_id))
    first = await admin.open(f"{LETTERS}?webhook_id={webhook_id}")
    assert first.actions().count("retry-dead-letter") == 20
    shown = await admin.send("retry-dead-letter", message_id=str(kept[0]))
    assert "The message is tried again" in shown.text
    alive = "SELECT id FROM outbox WHERE endpoint = %s AND dead_reason IS NULL ORDER BY id"
    assert [row["id"] for row in office.sql(alive, webhook_id)] == [kept[0]]
    await admin.open(f"{LETTERS}?webhook_id={webhook_id}")
    for number in ("", str(kept[0]), str(erased), "9" * 18):
        shown = await admin.send("retry-dead-letter", message_id=number)
        assert (shown.status, "no such dead letter" in shown.text) == (422, True)
    await admin.open(f"{LETTERS}?webhook_id={webhook_id}")
    assert "messages of the webhook are tried again" in (await admin.send("retry-dead-letters")).text
    assert [row["id"] for row in office.sql(alive, webhook_id)] == kept
    (following,) = [line for line in first.answer.text.split('"') if "after=" in line]
    rest = await admin.open(str(first.answer.url.join(following.replace("&amp;", "&"))))
    # The remaining one has no content, and cannot be retried.
    assert (rest.text.count("status_500"), "retry-dead-letter" in rest.actions()) == (1, False)


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("webhook_id=x", "filters cannot be used"),
        ("after=0", "filters cannot be used"),
        ("after=%00", "cannot be used"),
    ],
)
async def test_an_invalid_search_shows_an_error_message(office: Service, query: str, words: str) -> None:
    admin = await administrator(office, "admin", at=LETTERS)
    assert words in (await admin.open(f"{LETTERS}?{query}")).text
    for webhook_id in ("", "x", str(uuid4())):
        assert admin.page is not None
        fields = {"form_token": admin.page.form("sign-out").fields["form_token"], "webhook_id": webhook_id}
        answer = await admin.http.post("/admin/retry-dead-letters", data=fields, headers=OWN_SITE)
        assert (answer.status_code, "no such webhook" in answer.text) == (422, True)


async def test_an_unknown_webhook_id_is_not_found(office: Service) -> None:
    admin = await administrator(office, "admin", at=WEBHOOKS)
    assert admin.page is not None
    for name in ("", "x", "\0", str(uuid4()), "<script>"):
        answer = await admin.http.get("/admin/webhook", params={"id": name})
        assert (answer.status_code, "<script>" in answer.text) == (404, False)
        for form in ("change-webhook", "delete-webhook", "rotate-webhook-secret"):
            token = admin.page.form("sign-out").fields["form_token"]
            fields = {"form_token": token, "webhook_id": name, "url": NOT_THERE}
            answer = await admin.http.post(f"/admin/{form}", data=fields, headers=OWN_SITE)
            assert answer.status_code == 404, (form, name)


async def test_without_webhooks_the_navigation_does_not_link_to_their_page(make_service: MakeService) -> None:
    plain = await make_service(public_url=ORIGIN)
    visitor = await new_visitor(plain)
    await give(plain, visitor.person, "admin")
    shown = await visitor.open("/admin/users")
    assert ("dead-letters" in shown.answer.text, "admin/webhooks" in shown.answer.text) == (True, False)
    shown = await visitor.open(WEBHOOKS)
    assert (shown.status, "Its operator has to set WEBHOOKS_ENABLED" in shown.text) == (403, True)
