"""Secrets that administration shows once are in no log, no row and no later page."""

from tests.integration.service import Logs, Service
from tests.integration.web.admin.administrators import administrator
from tests.integration.web.admin.targets import NOT_THERE, new_webhook

TABLES = ("audit_events", "outbox", "oauth_clients", "oauth_client_secrets", "webhook_endpoints", "browser_sessions")


async def test_secrets_are_only_in_the_response_to_their_form(office: Service, logs: Logs) -> None:
    # This webhook receives events of all following changes.
    office.sql("UPDATE webhook_endpoints SET types = NULL WHERE id = %s", await new_webhook(office))
    admin = await administrator(office, "admin", at="/admin/clients")
    shown = await admin.send("create-client", name="Film list", authorization_code="", client_credentials="true")
    client_id, secret = shown.codes
    secrets = {secret}
    await admin.open(f"/admin/client?id={client_id}")
    secrets.add((await admin.send("rotate-client-secret")).codes[1])
    await admin.open("/admin/webhooks")
    webhook_id, secret = (await admin.send("create-webhook", url=NOT_THERE)).codes
    secrets.add(secret)
    await admin.open(f"/admin/webhook?id={webhook_id}")
    secrets.add((await admin.send("rotate-webhook-secret")).codes[1])
    assert len(secrets) == 4
    later = [
        (await admin.open(path)).answer.text
        for path in (f"/admin/client?id={client_id}", f"/admin/webhook?id={webhook_id}", "/admin/audit")
    ]
    rows = [str(office.sql(f"SELECT {table}::text AS row FROM {table}")) for table in TABLES]
    written = "\n".join([logs.text(), *rows, *later])
    assert ("client.secret_rotated" in written, "webhook.changed" in written) == (True, True)
    forms = {form for each in secrets for form in (each, each.partition("_")[2], each.encode().hex())}
    assert {form for form in forms if form in written} == set()
