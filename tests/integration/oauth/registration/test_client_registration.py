"""Dynamic client registration (RFC 7591), and its management by the client (RFC 7592)."""

import asyncio
from typing import Any

import psycopg
import pytest

from doorward.core.versions import any_version
from doorward.domain.oauth.registration_exceptions import SelfRegisteredClientError
from tests.integration.oauth.browsers import CALLBACK, Browser, answer_of, forwarded
from tests.integration.oauth.clients import OPERATOR, ORDERS
from tests.integration.oauth.provider import ISSUER, Provider, is_oauth_error
from tests.integration.oauth.registering import (
    REGISTER,
    SCOPES,
    application,
    call,
    changed,
    client_metadata,
    initial,
    own,
    registered,
    stored_uses,
)
from tests.integration.service import claims_of


async def test_a_client_registers_itself_and_signs_a_user_in(provider: Provider) -> None:
    body = await registered(provider, scope="openid profile orders:read orders:write", token_endpoint_auth_method=None)
    assert body["client_id"].startswith("dwcr_")
    assert body["client_secret"].startswith("dws_")
    assert body["client_secret_expires_at"] == 0
    assert body["token_endpoint_auth_method"] == "client_secret_basic"
    assert body["scope"] == "openid orders:read profile", "scopes outside the initial token are omitted"
    assert body["registration_client_uri"] == f"{ISSUER}{REGISTER}/{body['client_id']}"
    app, browser, person = await application(provider, body), Browser(provider), await provider.service.register()
    consent = await browser.sign_in(await browser.get(app.address(scope=None, resource=ORDERS)), person)
    assert "registered itself." in consent.text
    code = answer_of(forwarded(await browser.send(consent, decision="allow")))["code"]
    tokens = (await app.exchange(code)).json()
    assert claims_of(tokens["access_token"])["aud"] == ORDERS
    stored = app.machine.client
    assert (stored.is_first_party, stored.requires_pkce, stored.resources) == (False, True, [ORDERS])


async def test_a_public_client_gets_no_secret(provider: Provider) -> None:
    body = await registered(provider)
    assert not {"client_secret", "client_secret_expires_at"} & body.keys()


async def test_a_client_reads_changes_and_deletes_its_registration(provider: Provider) -> None:
    body = await registered(provider)
    path, token = own(body)
    read = await call(provider, "GET", path, token)
    assert (read.status_code, read.headers["cache-control"]) == (200, "no-store")
    assert read.json() == body
    renamed = await call(provider, "PUT", path, token, **changed(body, client_name="Renamed", scope="openid"))
    assert renamed.status_code == 200, renamed.text
    assert (renamed.json()["client_name"], renamed.json()["scope"]) == ("Renamed", "openid")
    assert (await call(provider, "DELETE", path, token)).status_code == 204
    for method in ("GET", "DELETE"):
        assert (await call(provider, method, path, token)).status_code == 401
    assert provider.sql("SELECT client_id FROM oauth_clients WHERE client_id = %s", body["client_id"]) == []


async def test_the_secret_of_a_confidential_client_is_returned_once_and_kept(provider: Provider) -> None:
    body = await registered(provider, token_endpoint_auth_method="client_secret_post")
    path, token = own(body)
    assert "client_secret" not in (await call(provider, "GET", path, token)).json()
    moved = changed(body, token_endpoint_auth_method="client_secret_basic", client_name="Moved")
    assert "client_secret" not in (await call(provider, "PUT", path, token, **moved)).json()
    app = await application(provider, body)
    assert is_oauth_error(await app.refresh("dwr_x"), "invalid_grant"), "the client is authenticated"


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"redirect_uris": None}, "invalid_redirect_uri"),
        ({"redirect_uris": ["http://app.example/callback"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["https://app.example/*"]}, "invalid_redirect_uri"),
        ({"redirect_uris": "https://app.example/"}, "invalid_client_metadata"),
        ({"grant_types": ["client_credentials"]}, "invalid_client_metadata"),
        ({"grant_types": ["password"]}, "invalid_client_metadata"),
        ({"response_types": ["token"]}, "invalid_client_metadata"),
        ({"token_endpoint_auth_method": "private_key_jwt"}, "invalid_client_metadata"),
        ({"token_endpoint_auth_method": ["none"]}, "invalid_client_metadata"),
        ({"client_name": "\u202e"}, "invalid_client_metadata"),
        ({"client_name": "\ud800"}, "invalid_request"),
        ({"scope": 1}, "invalid_client_metadata"),
        ({"id_token_signed_response_alg": "none"}, "invalid_client_metadata"),
    ],
)
async def test_an_invalid_registration_is_refused_and_does_not_count_as_a_use(
    provider: Provider, changes: dict[str, Any], error: str
) -> None:
    token = await initial(provider)
    uses = stored_uses(provider)
    assert is_oauth_error(await call(provider, "POST", REGISTER, token, **client_metadata(**changes)), error)
    assert stored_uses(provider) == uses
    body = (await call(provider, "POST", REGISTER, token, **client_metadata())).json()
    path, own_token = own(body)
    assert is_oauth_error(await call(provider, "PUT", path, own_token, **changed(body, **changes)), error)


async def test_a_registered_client_is_never_first_party_and_gets_only_scopes_of_its_token(provider: Provider) -> None:
    body = await registered(
        provider, first_party=True, is_first_party=True, requires_pkce=False, scope="openid account admin:users:read"
    )
    stored = (await provider.clients.get(body["client_id"], any_version)).client
    assert (stored.is_first_party, stored.requires_pkce, stored.scopes) == (False, True, ["openid"])


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"[" * 60_000, b"7"])
async def test_a_body_that_is_not_a_json_object_is_refused(provider: Provider, body: bytes) -> None:
    headers = {"Authorization": f"Bearer {await initial(provider)}", "Content-Type": "application/json"}
    answer = await provider.service.client.post(REGISTER, headers=headers, content=body)
    assert is_oauth_error(answer, "invalid_request")


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": None},
        {"client_id": "dwcr_another"},
        {"registration_access_token": "x"},
        {"registration_client_uri": "x"},
        {"client_secret_expires_at": 0},
        {"client_id_issued_at": 0},
        {"token_endpoint_auth_method": "client_secret_basic"},
    ],
)
async def test_a_change_of_members_that_the_service_assigns_is_refused(
    provider: Provider, changes: dict[str, Any]
) -> None:
    body = await registered(provider)
    path, token = own(body)
    answer = await call(provider, "PUT", path, token, **client_metadata(**{"client_id": body["client_id"], **changes}))
    assert is_oauth_error(answer, "invalid_client_metadata")


async def test_a_disabled_client_cannot_enable_itself_cve_2026_9705(provider: Provider) -> None:
    body = await registered(provider)
    path, token = own(body)
    await provider.clients.disable(OPERATOR, body["client_id"], any_version)
    for method in ("GET", "PUT", "DELETE"):
        answer = await call(provider, method, path, token, **changed(body))
        assert answer.status_code == 401, method
    assert not (await provider.clients.get(body["client_id"], any_version)).client.is_enabled


async def test_a_client_does_not_undo_what_the_operator_has_set(provider: Provider) -> None:
    posted = {"token_endpoint_auth_method": "client_secret_post"}
    body = await registered(provider, **posted)
    path, token = own(body)
    device, logout = "urn:ietf:params:oauth:grant-type:device_code", "https://app.example/logout"
    settings = {
        "scopes": ("openid", "orders:read"),
        "resources": (),
        "grant_types": (*body["grant_types"], device),
        "requires_pkce": False,
        "requires_pushed_requests": True,
        "backchannel_logout_uri": logout,
    }
    await provider.clients.update(OPERATOR, body["client_id"], settings, any_version)
    # Without `scope` the client asks for all that it may have.
    for members in ({}, {"scope": "openid"}, {"scope": " ".join(SCOPES)}):
        answer = await call(provider, "PUT", path, token, **changed(body, **posted, **members))
        assert answer.status_code == 200, answer.text
    client = (await provider.clients.get(body["client_id"], any_version)).client
    assert (client.scopes, client.resources) == (["openid", "orders:read"], [])
    assert set(client.grant_types) == {"authorization_code", "refresh_token", device}
    assert (client.requires_pkce, client.requires_pushed_requests) == (False, True)
    assert client.backchannel_logout_uri == logout


async def test_a_change_of_the_operator_during_the_call_of_the_client_lasts(provider: Provider) -> None:
    body = await registered(provider)
    path, token = own(body)
    async with await psycopg.AsyncConnection.connect(provider.service.database_url) as holder:
        await holder.execute("SELECT FROM oauth_clients WHERE client_id = %s FOR UPDATE", [body["client_id"]])
        narrow = "UPDATE oauth_registered_clients SET scopes = '{openid}' WHERE client_id = %s"
        await holder.execute(narrow, [body["client_id"]])
        calling = asyncio.create_task(call(provider, "PUT", path, token, **changed(body)))
        await provider.service.locks_are_waited_for(1)
    assert (await calling).json()["scope"] == "openid"


async def test_a_change_of_other_fields_leaves_a_client_what_it_may_request(provider: Provider) -> None:
    body = await registered(provider, scope="openid")
    path, token = own(body)
    await provider.clients.update(OPERATOR, body["client_id"], {"name": "Renamed"}, any_version)
    answer = await call(provider, "PUT", path, token, **changed(body))
    assert (answer.json()["client_name"], set(answer.json()["scope"].split())) == ("Tool", set(SCOPES))


async def test_a_client_that_registered_itself_is_never_the_operators_own(provider: Provider) -> None:
    """Otherwise it could get codes for all users without their consent, at redirect URIs that it sets itself."""
    body = await registered(provider)
    with pytest.raises(SelfRegisteredClientError):
        await provider.clients.update(OPERATOR, body["client_id"], {"is_first_party": True}, any_version)


async def test_changed_redirect_uris_delete_the_consents_of_users(provider: Provider) -> None:
    body = await registered(provider)
    path, token = own(body)
    app, browser, person = await application(provider, body), Browser(provider), await provider.service.register()
    await app.tokens(browser, person, scope=None)
    await call(provider, "PUT", path, token, **changed(body, client_name="Renamed"))
    assert "code" in answer_of((await browser.get(app.address(prompt="none"))).headers["location"])
    await call(provider, "PUT", path, token, **changed(body, redirect_uris=[CALLBACK, "https://moved.example/"]))
    asked = await browser.get(app.address(prompt="none"))
    assert answer_of(asked.headers["location"])["error"] == "consent_required"


async def test_the_deletion_of_a_client_ends_its_sessions(provider: Provider) -> None:
    body = await registered(provider)
    path, token = own(body)
    app, person = await application(provider, body), await provider.service.register()
    tokens = await app.tokens(Browser(provider), person, scope=None)
    assert (await call(provider, "DELETE", path, token)).status_code == 204
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert (await provider.service.client.get("/oauth/userinfo", headers=headers)).status_code == 401


async def test_at_the_limit_of_registered_clients_the_operator_can_still_add_clients(provider: Provider) -> None:
    token, others = await initial(provider), "SELECT 'dwcr_many' || number FROM generate_series(1, 250) AS number"
    provider.sql(
        "INSERT INTO oauth_clients (client_id, name, auth_method, grant_types, scopes, resources, created_at,"
        " updated_at, not_before) SELECT id, 'Many', 'none', '{}', '{}', '{}', now(), now(), now()"
        f" FROM ({others}) AS many (id)"
    )
    provider.sql(
        "INSERT INTO oauth_registered_clients (id, client_id, secret_hash, scopes, resources)"
        f" SELECT gen_random_uuid(), id, sha256(''), '{{}}', '{{}}' FROM ({others}) AS many (id)"
    )
    try:
        answer = await call(provider, "POST", REGISTER, token, **client_metadata())
        assert is_oauth_error(answer, "invalid_request")
        await provider.machine()
    finally:
        provider.sql("DELETE FROM oauth_clients WHERE client_id LIKE 'dwcr_many%%'")
    assert (await call(provider, "POST", REGISTER, token, **client_metadata())).status_code == 201


async def test_the_metadata_contain_the_registration_endpoint_only_if_it_exists(
    provider: Provider, lasting_provider: Provider
) -> None:
    path = "/.well-known/oauth-authorization-server"
    assert (await provider.service.client.get(path)).json()["registration_endpoint"] == f"{ISSUER}{REGISTER}"
    without = lasting_provider.service.client
    assert "registration_endpoint" not in (await without.get(path)).json()
    assert (await without.post(REGISTER, json=client_metadata())).status_code == 404
