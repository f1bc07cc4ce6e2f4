"""The pages of OAuth clients."""

from typing import Any
from uuid import uuid4

import pytest

from development.pages import OWN_SITE
from tests.integration.service import Service
from tests.integration.web.admin.administrators import administrator, role_of
from tests.integration.web.admin.targets import new_client
from tests.integration.web.visitor import Shown, Visitor

CLIENTS = "/admin/clients"
CALLBACK = "https://films.example/callback"


def page_of(client_id: str) -> str:
    return f"/admin/client?id={client_id}"


def stored(office: Service, client_id: str) -> dict[str, Any]:
    rows = office.sql("SELECT * FROM oauth_clients WHERE client_id = %s", client_id)
    return rows[0] if rows else {}


async def works(office: Service, client_id: str, secret: str) -> bool:
    """Return whether a client gets a token for itself with a secret."""
    answer = await office.client.post(
        "/oauth/token", data={"grant_type": "client_credentials"}, auth=(client_id, secret)
    )
    return answer.status_code == 200


async def test_a_new_client_is_stored_and_its_secret_is_shown_once(office: Service) -> None:
    admin = await administrator(office, "admin", at=CLIENTS)
    typed = {
        "name": "Night <report>",
        "authorization_code": "",
        "client_credentials": "true",
        "scopes": "b:read a:read",
    }
    shown = await admin.fill_in("create-client", typed)
    assert len(shown.codes) == 2, shown.text
    client_id, secret = shown.codes
    assert (shown.status, shown.title) == (200, "Night <report>")
    assert ("The client was added" in shown.text, "shown this once" in shown.text) == (True, True)
    assert "no-store" in shown.answer.headers["cache-control"]
    assert await works(office, client_id, secret)
    row = stored(office, client_id)
    assert (row["grant_types"], row["scopes"]) == (["client_credentials"], ["a:read", "b:read"])
    for path in (page_of(client_id), CLIENTS):
        shown = await admin.open(path)
        assert ("Night <report>" in shown.text, secret in shown.answer.text) == (True, False)


async def test_an_application_for_users_is_stored_as_typed(office: Service) -> None:
    admin = await administrator(office, "admin", at=CLIENTS)
    shown = await admin.send(
        "create-client",
        name="Film list",
        auth_method="none",
        refresh_token="true",
        device_code="true",
        scopes="openid  profile",
        redirect_uris=f"{CALLBACK}\r\ncom.example.films:/back\r\n\r\n",
        post_logout_uris="https://films.example/bye",
        backchannel_logout_uri="https://films.example/ended",
        id_token_algorithm="ES256",
        requires_pushed_requests="true",
    )
    # It has no secret to show.
    assert (shown.title, "The client was added" in shown.text) == ("Film list", True)
    row = stored(office, shown.form("change-client").fields["client_id"])
    assert set(row["redirect_uris"]) == {CALLBACK, "com.example.films:/back"}
    assert row["grant_types"] == [
        "authorization_code",
        "refresh_token",
        "urn:ietf:params:oauth:grant-type:device_code",
    ]
    names = ("auth_method", "post_logout_uris", "backchannel_logout_uri", "id_token_algorithm")
    assert [row[name] for name in names] == [
        "none",
        ["https://films.example/bye"],
        "https://films.example/ended",
        "ES256",
    ]
    assert (row["scopes"], row["requires_pushed_requests"]) == (["openid", "profile"], True)
    assert "rotate-client-secret" not in shown.actions()
    # Sending the form unchanged changes nothing.
    shown = await admin.send("change-client", name="Films")
    kept = {name: value for name, value in row.items() if name not in {"name", "version", "updated_at"}}
    after = stored(office, row["client_id"])
    assert (after["name"], {name: after[name] for name in kept}) == ("Films", kept)


async def test_a_replaced_secret_is_shown_once(office: Service) -> None:
    client_id = await new_client(office)
    admin = await administrator(office, "admin", at=page_of(client_id))
    assert admin.page is not None
    stale = admin.page.form("rotate-client-secret").fields
    shown = await admin.send("rotate-client-secret")
    shown_id, secret = shown.codes
    assert (shown_id, "The client has another secret" in shown.text) == (client_id, True)
    assert await works(office, client_id, secret)
    # A reload sends the old version, and creates no further secret.
    answer = await admin.http.post("/admin/rotate-client-secret", data=stale, headers=OWN_SITE)
    assert (answer.status_code, "changed since you read it" in answer.text) == (422, True)
    shown = await admin.open(page_of(client_id))
    assert ("It works until" in shown.text, secret in shown.answer.text) == (True, False)


async def test_a_client_is_disabled_enabled_and_deleted(office: Service) -> None:
    client_id = await new_client(office)
    admin = await administrator(office, "admin", at=page_of(client_id))
    shown = await admin.send("disable-client")
    assert ("The client is disabled" in shown.text, "enable-client" in shown.actions()) == (True, True)
    assert stored(office, client_id)["disabled_at"] is not None
    shown = await admin.send("enable-client")
    assert ("The client is enabled" in shown.text, stored(office, client_id)["disabled_at"]) == (True, None)
    shown = await admin.send("delete-client")
    assert (shown.title, "was deleted" in shown.text, stored(office, client_id)) == ("Clients", True, {})


async def test_a_client_with_a_document_is_only_disabled_enabled_and_deleted(office: Service) -> None:
    made, address = await new_client(office, "none"), f"https://tools.example/{uuid4()}.json"
    office.sql("UPDATE oauth_clients SET client_id = %s WHERE client_id = %s", address, made)
    admin = await administrator(office, "admin", at=page_of(address))
    assert admin.page is not None
    assert "The document at its address says what this client is." in admin.page.text
    assert {"disable-client", "delete-client"} <= set(admin.page.actions())
    assert "change-client" not in admin.page.actions()
    fields = admin.page.form("disable-client").fields | {"name": "Other", "authorization_code": "true"}
    fields |= {"redirect_uris": CALLBACK}
    refused = Shown(await admin.http.post("/admin/change-client", data=fields, headers=OWN_SITE))
    assert (refused.status, "The document of a client says all about it" in refused.text) == (422, True)
    assert stored(office, address)["name"] == "Nightly report"
    await admin.send("disable-client")
    assert stored(office, address)["disabled_at"] is not None


async def test_a_page_of_an_old_version_changes_nothing(office: Service) -> None:
    client_id = await new_client(office)
    first, second = [await administrator(office, "admin", at=page_of(client_id)) for _ in range(2)]
    await first.send("change-client", name="The first")
    for form in ("change-client", "rotate-client-secret", "disable-client", "delete-client"):
        shown = await refused_by_version(second, form)
        assert (shown.status, "changed since you read it" in shown.text) == (422, True)
    assert [stored(office, client_id)[name] for name in ("name", "disabled_at")] == ["The first", None]
    assert len(office.sql("SELECT 1 FROM oauth_client_secrets WHERE client_id = %s", client_id)) == 1


async def refused_by_version(visitor: Visitor, form: str) -> Shown:
    assert visitor.page is not None
    fields = visitor.page.form(form).fields | {"version": "1"}
    return Shown(await visitor.http.post(f"/admin/{form}", data=fields, headers=OWN_SITE))


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"name": ""}, "A client's name is one line"),
        ({"client_credentials": "", "authorization_code": "true"}, "needs a redirect URI"),
        ({"redirect_uris": "http://films.example/"}, "At most 20 addresses"),
        ({"backchannel_logout_uri": "http://films.example/"}, "told of ended sessions"),
        ({"scopes": "admin:users:read"}, "No scopes of administration."),
        ({"resources": "no-uri"}, "There are no such resources"),
    ],
)
async def test_invalid_client_settings_show_an_error_and_store_nothing(
    office: Service, typed: dict[str, str], words: str
) -> None:
    client_id, names = await new_client(office), "SELECT count(*) AS number FROM oauth_clients"
    admin, (before,) = await administrator(office, "admin", at=CLIENTS), office.sql(names)
    given = {"name": "Report", "authorization_code": "", "client_credentials": "true", **typed}
    shown = await admin.fill_in("create-client", given)
    assert (shown.status, words in shown.text, office.sql(names)) == (422, True, [before])
    await admin.open(page_of(client_id))
    shown = await admin.fill_in("change-client", given)
    assert (shown.status, words in shown.text, stored(office, client_id)["version"]) == (422, True, 1)


async def test_only_scopes_and_resources_of_the_built_in_client_can_be_changed(office: Service) -> None:
    before, scope = stored(office, "doorward"), f"s{uuid4().hex[:12]}:read"
    admin = await administrator(office, "admin", at=page_of("doorward"))
    shown = await admin.send("change-client", scopes=" ".join([*before["scopes"], scope]), name="Mine")
    assert "The client was changed" in shown.text
    after = stored(office, "doorward")
    assert (after["name"], set(after["scopes"])) == (before["name"], {*before["scopes"], scope})
    assert set(shown.actions()) == {"sign-out", "change-client"}
    fields = {**shown.form("change-client").fields}
    for form in ("disable-client", "delete-client"):
        answer = await admin.http.post(f"/admin/{form}", data=fields, headers=OWN_SITE)
        assert (answer.status_code, "Of the built-in client only" in answer.text) == (422, True)
    await admin.send("change-client", scopes=" ".join(before["scopes"]))
    assert stored(office, "doorward")["scopes"] == before["scopes"]


async def test_the_redirect_uris_of_a_first_party_client_cannot_be_changed(office: Service) -> None:
    client_id = await new_client(office, "none", "Own")
    office.sql("UPDATE oauth_clients SET is_first_party = true WHERE client_id = %s", client_id)
    admin = await administrator(office, "admin", at=page_of(client_id))
    shown = await admin.send("change-client", redirect_uris="https://evil.example/")
    assert (shown.status, "changed by the operator alone" in shown.text) == (422, True)
    assert stored(office, client_id)["redirect_uris"] == [CALLBACK]


@pytest.mark.parametrize("name", ["", "\0", "no-such-client", "<script>", "https://x.example/{{'QX'*3}}"])
async def test_an_unknown_client_id_is_not_found(office: Service, name: str) -> None:
    admin = await administrator(office, role_of(office, "admin:clients:write"), at=page_of("doorward"))
    assert admin.page is not None
    token = admin.page.form("sign-out").fields["form_token"]
    answer = await admin.http.get("/admin/client", params={"id": name})
    assert (answer.status_code, "<script>" in answer.text, "QXQXQX" in answer.text) == (404, False, False)
    for form in ("change-client", "rotate-client-secret", "delete-client"):
        fields = {"form_token": token, "client_id": name}
        assert (await admin.http.post(f"/admin/{form}", data=fields, headers=OWN_SITE)).status_code == 404, form
