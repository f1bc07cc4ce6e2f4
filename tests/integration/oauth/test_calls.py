"""The administration of clients and resources over HTTP."""

import asyncio
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from doorward.domain.oauth.client_secret import hash_of, new_client_id
from tests.integration.accounts.own_account import Owner
from tests.integration.administration.administrator import signed_in_with
from tests.integration.oauth.clients import ORDERS
from tests.integration.service import Logs, MakeService, Service, is_problem
from tests.plain_ids import plain_id

ADMIN = "/api/v1/admin"
CLIENTS = f"{ADMIN}/clients"
RESOURCES = f"{ADMIN}/resources"
OF_LOGINS: dict[str, Any] = {"identifier": "doorward", "introspection_client_id": "dwc_made-up"}


@pytest.fixture
async def admin(service: Service) -> Owner:
    return await signed_in_with(service, "admin")


async def created(admin: Owner, **members: Any) -> dict[str, Any]:
    answer = await admin.call("POST", CLIENTS, json={"name": "Nightly", **members})
    assert answer.status_code == 201, answer.text
    assert answer.headers["location"] == f"{CLIENTS}/{answer.json()['client_id']}"
    assert answer.headers["etag"] == '"1"'
    body: dict[str, Any] = answer.json()
    return body


async def test_a_client_is_added_read_changed_and_removed(admin: Owner, service: Service) -> None:
    resource = f"https://{uuid4()}.example"
    await admin.call("POST", RESOURCES, json={"identifier": resource, "scopes": ["orders:read"]})
    made = await created(admin, scopes=["orders:read", "items:read"], resources=[resource])
    secret = made.pop("client_secret")
    assert (made["scopes"], made["resources"]) == (["items:read", "orders:read"], [resource])
    path = f"{CLIENTS}/{made['client_id']}"
    read = await admin.call("GET", path)
    (live,) = read.json()["live_secrets"]
    assert (read.json(), read.headers["etag"]) == (made | {"live_secrets": [live]}, '"1"')
    assert live == {"created_at": made["created_at"], "expires_at": None}
    assert made in (await admin.call("GET", CLIENTS)).json()["clients"]
    assert (await admin.call("GET", path, headers={"If-None-Match": '"1"'})).status_code == 304
    changes = {"name": "Report", "auth_method": "client_secret_post", "grant_types": [], "scopes": [], "resources": []}
    changed = await admin.call("PATCH", path, json=changes, headers={"If-Match": '"1"'})
    assert changed.status_code == 200, changed.text
    assert changed.json() == made | changes | {"version": 2, "updated_at": changed.json()["updated_at"]}
    disabled = (await admin.call("POST", f"{path}/disable")).json()
    assert (disabled["is_enabled"], disabled["version"]) == (False, 3)
    enabled = (await admin.call("POST", f"{path}/enable")).json()
    assert (enabled["is_enabled"], enabled["disabled_at"], enabled["version"]) == (True, None, 4)
    assert enabled["not_before"] > made["not_before"]
    rotated = await admin.call("POST", f"{path}/rotate-secret", headers={"If-Match": '"4"'})
    assert (rotated.json()["client_secret"] == secret, rotated.headers["etag"]) == (False, '"5"')
    assert (await admin.call("DELETE", path, headers={"If-Match": '"5"'})).status_code == 204
    assert is_problem(await admin.call("GET", path), 404, "client_not_found")
    assert not service.sql("SELECT 1 FROM oauth_client_secrets WHERE client_id = %s", made["client_id"])
    entries = service.sql(
        "SELECT type, actor FROM audit_events WHERE data->>'client_id' = %s ORDER BY id", made["client_id"]
    )
    words = ["created", "changed", "disabled", "enabled", "secret_rotated", "removed"]
    assert [entry["type"] for entry in entries] == [f"client.{word}" for word in words]
    assert {entry["actor"] for entry in entries} == {str(admin.person.id)}


async def test_a_secret_is_shown_once_and_stored_as_its_hash(admin: Owner, service: Service, logs: Logs) -> None:
    made = await created(admin)
    path = f"{CLIENTS}/{made['client_id']}"
    rotated = (await admin.call("POST", f"{path}/rotate-secret")).json()
    chosen = await created(admin, client_secret="chosen-elsewhere-and-long-enough.~")
    assert chosen["client_secret"] == "chosen-elsewhere-and-long-enough.~"
    shown = (await admin.call("GET", path)).text + (await admin.call("GET", CLIENTS)).text
    audited = str(service.sql("SELECT data FROM audit_events"))
    for secret in (made["client_secret"], rotated["client_secret"], chosen["client_secret"]):
        assert secret not in shown + audited + logs.text()
        (stored,) = service.sql("SELECT client_id FROM oauth_client_secrets WHERE secret_hash = %s", hash_of(secret))
        assert stored["client_id"] in {made["client_id"], chosen["client_id"]}
    public = await created(admin, auth_method="none", grant_types=["refresh_token"])
    assert public["client_secret"] is None
    refused = await admin.call("POST", f"{CLIENTS}/{public['client_id']}/rotate-secret")
    assert is_problem(refused, 409, "client_without_secret")


async def test_a_stale_version_changes_nothing(admin: Owner) -> None:
    path = f"{CLIENTS}/{(await created(admin))['client_id']}"
    stale = {"headers": {"If-Match": '"7"'}}
    answers = [
        await admin.call("GET", path, **stale),
        await admin.call("PATCH", path, json={"name": "other"}, **stale),
        await admin.call("POST", f"{path}/rotate-secret", **stale),
        await admin.call("POST", f"{path}/disable", **stale),
        await admin.call("POST", f"{path}/enable", **stale),
        await admin.call("DELETE", path, **stale),
    ]
    assert all(is_problem(answer, 412, "stale_client") for answer in answers)
    read = (await admin.call("GET", path)).json()
    assert (read["version"], read["name"], len(read["live_secrets"])) == (1, "Nightly", 1)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"name": "  "}, "invalid_client_name"),
        ({"name": "two\nlines"}, "invalid_client_name"),
        ({"scopes": ["account"]}, "invalid_client_scopes"),
        ({"scopes": ["admin:users:read"]}, "invalid_client_scopes"),
        ({"scopes": ["admin:invented"]}, "invalid_client_scopes"),
        ({"scopes": ["openid"]}, "invalid_client_scopes"),
        ({"scopes": ["two words"]}, "invalid_client_scopes"),
        ({"resources": ["https://nowhere.example"]}, "unknown_resource"),
        ({"resources": ["nul\0"]}, "unknown_resource"),
        ({"grant_types": ["password"]}, "invalid_request"),
        ({"auth_method": "private_key_jwt"}, "invalid_request"),
        ({"is_enabled": False}, "invalid_request"),
    ],
    ids=plain_id,
)
async def test_an_invalid_client_is_refused_with_a_specific_code(admin: Owner, body: dict[str, Any], code: str) -> None:
    answer = await admin.call("POST", CLIENTS, json={"name": "Nightly", **body})
    assert is_problem(answer, 422, code), answer.text
    path = f"{CLIENTS}/{(await created(admin))['client_id']}"
    assert is_problem(await admin.call("PATCH", path, json=body), 422, code)
    assert (await admin.call("GET", path)).json()["version"] == 1


async def test_a_client_stays_public_or_confidential_and_only_the_latter_gets_client_credentials(admin: Owner) -> None:
    machine = f"{CLIENTS}/{(await created(admin))['client_id']}"
    public = f"{CLIENTS}/{(await created(admin, auth_method='none', grant_types=['refresh_token']))['client_id']}"
    for path, other in ((machine, "none"), (public, "client_secret_post")):
        assert is_problem(await admin.call("PATCH", path, json={"auth_method": other}), 422, "invalid_auth_method")
    refused = await admin.call("PATCH", public, json={"grant_types": ["client_credentials"]})
    assert is_problem(refused, 422, "invalid_grant_types")
    refused = await admin.call("POST", CLIENTS, json={"name": "Phone", "auth_method": "none"})
    assert is_problem(refused, 422, "invalid_grant_types")
    secret = {"client_secret": "x" * 40, "auth_method": "none", "grant_types": []}
    assert is_problem(await admin.call("POST", CLIENTS, json={"name": "P", **secret}), 409, "client_without_secret")
    short = {"name": "Moved", "client_secret": "x" * 31}
    assert is_problem(await admin.call("POST", CLIENTS, json=short), 422, "invalid_client_secret")


async def test_unknown_and_malformed_client_ids_are_not_found(admin: Owner) -> None:
    for client_id in (new_client_id(), "%00", "d" * 65, "dwc_%C3%A9", "a%20b"):
        path = f"{CLIENTS}/{client_id}"
        for method, part in (("GET", ""), ("DELETE", ""), ("POST", "/disable"), ("POST", "/rotate-secret")):
            assert is_problem(await admin.call(method, path + part), 404, "client_not_found"), path
        assert is_problem(await admin.call("PATCH", path, json={"name": "x"}), 404, "client_not_found")


async def test_disabling_or_enabling_a_second_time_changes_nothing(admin: Owner, service: Service) -> None:
    """Enabling an enabled client must not refuse the tokens that it has."""
    made = await created(admin)
    path = f"{CLIENTS}/{made['client_id']}"
    enabled = (await admin.call("POST", f"{path}/enable")).json()
    assert (enabled["not_before"], enabled["version"]) == (made["not_before"], 1)
    once, again = [(await admin.call("POST", f"{path}/disable")).json() for _ in range(2)]
    assert once == again
    types = service.sql("SELECT type FROM audit_events WHERE data->>'client_id' = %s", made["client_id"])
    assert [entry["type"] for entry in types] == ["client.created", "client.disabled"]


async def test_only_scopes_and_resources_of_the_built_in_client_can_be_changed(
    make_service: MakeService, own_database: str
) -> None:
    admin = await signed_in_with(await make_service(database_url=own_database), "admin")
    await admin.call("POST", RESOURCES, json={"identifier": ORDERS})
    path = f"{CLIENTS}/doorward"
    changed = await admin.call("PATCH", path, json={"scopes": ["orders:read"], "resources": [ORDERS]})
    assert (changed.json()["scopes"], changed.json()["resources"]) == (["account", "orders:read"], [ORDERS])
    cleared = await admin.call("PATCH", path, json={"scopes": [], "resources": []})
    assert cleared.json()["scopes"] == ["account"]
    for scope in ("admin:users:read", "openid"):
        refused = await admin.call("PATCH", path, json={"scopes": [scope]})
        assert is_problem(refused, 422, "invalid_client_scopes")
    for members in ({"name": "other"}, {"grant_types": ["client_credentials"]}, {"auth_method": "client_secret_post"}):
        assert is_problem(await admin.call("PATCH", path, json=members), 409, "client_built_in")
    for method, part in (("DELETE", ""), ("POST", "/disable"), ("POST", "/enable")):
        assert is_problem(await admin.call(method, path + part), 409, "client_built_in")
    assert is_problem(await admin.call("POST", f"{path}/rotate-secret"), 409, "client_without_secret")
    assert (await admin.call("GET", path)).json()["live_secrets"] == []


async def test_the_limits_are_250_clients_and_200_resources(make_service: MakeService, own_database: str) -> None:
    service = await make_service(database_url=own_database)
    admin = await signed_in_with(service, "admin")
    service.sql(
        "INSERT INTO oauth_clients (client_id, name, auth_method, grant_types, scopes, resources, created_at,"
        " updated_at, not_before) SELECT 'dwc_' || n, '', 'none', '{}', '{}', '{}', now(), now(), now()"
        " FROM generate_series(1, 248) AS n"
    )
    service.sql(
        "INSERT INTO oauth_resources (id, identifier, scopes, algorithm, created_at)"
        " SELECT gen_random_uuid(), 'urn:' || n, '{}', 'ES256', now() FROM generate_series(1, 199) AS n"
    )
    await created(admin)
    assert is_problem(await admin.call("POST", CLIENTS, json={"name": "Nightly"}), 409, "too_many_clients")
    assert (await admin.call("POST", RESOURCES, json={"identifier": ORDERS})).status_code == 201
    refused = await admin.call("POST", RESOURCES, json={"identifier": f"{ORDERS}/2"})
    assert is_problem(refused, 409, "too_many_resources")


async def test_resources_are_added_listed_and_removed(admin: Owner, service: Service) -> None:
    asking = (await created(admin, grant_types=[]))["client_id"]
    identifier = f"https://{uuid4()}.example/api?v=1"
    body = {"identifier": identifier, "scopes": ["b", "a"], "algorithm": "RS256", "introspection_client_id": asking}
    answer = await admin.call("POST", RESOURCES, json=body)
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert made == body | {"scopes": ["a", "b"], "id": made["id"], "created_at": made["created_at"]}
    listed = (await admin.call("GET", RESOURCES)).json()
    assert made in listed["resources"]
    assert listed["built_in"] == ["doorward"]
    assert is_problem(await admin.call("POST", RESOURCES, json=body), 409, "resource_exists")
    # The resource stays when its client is removed.
    assert (await admin.call("DELETE", f"{CLIENTS}/{asking}")).status_code == 204
    listed = (await admin.call("GET", RESOURCES)).json()
    assert made | {"introspection_client_id": None} in listed["resources"]
    path = f"{RESOURCES}/{made['id']}"
    assert (await admin.call("DELETE", path)).status_code == 204
    assert is_problem(await admin.call("DELETE", path), 404, "resource_not_found")
    entries = service.sql(
        "SELECT data->>'change' AS change, actor FROM audit_events WHERE data->>'resource_id' = %s ORDER BY id",
        made["id"],
    )
    assert entries == [{"change": change, "actor": str(admin.person.id)} for change in ("created", "removed")]


@pytest.mark.parametrize(
    ("body", "code", "status"),
    [
        ({"identifier": "doorward"}, "resource_built_in", 409),
        (OF_LOGINS, "unknown_introspection_client", 422),
        (OF_LOGINS | {"algorithm": "RS256"}, "resource_built_in", 409),
        (OF_LOGINS | {"scopes": ["orders:read"]}, "resource_built_in", 409),
        ({"identifier": "orders"}, "invalid_resource", 422),
        ({"identifier": "https://orders.example/#part"}, "invalid_resource", 422),
        ({"identifier": "https://ada:secret@orders.example"}, "invalid_resource", 422),
        ({"scopes": ["account"]}, "invalid_resource_scopes", 422),
        ({"scopes": ["admin:users:read"]}, "invalid_resource_scopes", 422),
        ({"scopes": ["openid"]}, "invalid_resource_scopes", 422),
        ({"introspection_client_id": "dwc_made-up"}, "unknown_introspection_client", 422),
        ({"introspection_client_id": "\0"}, "unknown_introspection_client", 422),
        ({"introspection_client_id": "doorward"}, "unknown_introspection_client", 422),
        ({"algorithm": "HS256"}, "invalid_request", 422),
    ],
    ids=plain_id,
)
async def test_an_invalid_resource_is_refused_with_a_specific_code(
    admin: Owner, body: dict[str, Any], code: str, status: int
) -> None:
    answer = await admin.call("POST", RESOURCES, json={"identifier": f"https://{uuid4()}.example", **body})
    assert is_problem(answer, status, code), answer.text


async def test_a_client_may_keep_a_removed_resource_but_not_add_an_unknown_one(admin: Owner) -> None:
    """The scopes of a resource are changed by removing and adding it; its clients keep their lists meanwhile."""
    identifier = f"https://{uuid4()}.example"
    resource = (await admin.call("POST", RESOURCES, json={"identifier": identifier})).json()
    path = f"{CLIENTS}/{(await created(admin, resources=[identifier, 'doorward']))['client_id']}"
    await admin.call("DELETE", f"{RESOURCES}/{resource['id']}")
    kept = await admin.call("PATCH", path, json={"name": "Report"})
    assert kept.json()["resources"] == sorted(["doorward", identifier])
    refused = await admin.call("PATCH", path, json={"resources": [identifier, f"{identifier}/other"]})
    assert is_problem(refused, 422, "unknown_resource")


async def test_a_role_removed_during_the_call_prevents_the_change(admin: Owner, service: Service) -> None:
    """The call is authorized and waits for the user's row: the role is checked again once the row is locked."""
    made = await created(admin)
    paths = [
        (f"{CLIENTS}/{made['client_id']}/disable", None),
        (RESOURCES, {"identifier": f"https://{uuid4()}.example"}),
    ]
    for path, body in paths:
        await admin_loses_role_during(admin, service, path, body)
    assert (await admin.call("GET", f"{CLIENTS}/{made['client_id']}")).status_code == 200


async def admin_loses_role_during(admin: Owner, service: Service, path: str, body: dict[str, str] | None) -> None:
    async with await psycopg.AsyncConnection.connect(service.database_url) as holder:
        await holder.execute("UPDATE users SET roles = '{}' WHERE id = %s", [admin.person.id])
        begun = asyncio.create_task(admin.call("POST", path, **({} if body is None else {"json": body})))
        waiting = asyncio.create_task(service.locks_are_waited_for(1))
        await asyncio.wait({begun, waiting}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
    answer = await begun
    assert is_problem(answer, 403, "beyond_own_scopes"), answer.text
    service.sql("UPDATE users SET roles = '{admin}' WHERE id = %s", admin.person.id)
