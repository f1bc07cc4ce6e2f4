"""Clients call this service with their own tokens: within their current scopes, and never as a user."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from doorward.api.policy import NeedsScope
from doorward.api.routing import PolicyRoute
from doorward.core.versions import any_version
from doorward.domain.auth.scopes import RESOURCE_SCOPES
from doorward.domain.oauth.models import ResourceContent
from tests.integration.oauth.clients import OPERATOR
from tests.integration.oauth.provider import ISSUER, ORDERS, Machine, Provider
from tests.integration.service import Logs, MakeService, claims_of, events, is_problem, mark

ITEMS = "/api/v1/items"
BOTH = ("items:read", "items:write")


async def call(provider: Provider, method: str, path: str, token: str, **options: Any) -> httpx.Response:
    return await provider.service.authorized(method, path, token, **options)


async def shared_item(provider: Provider, title: str) -> str:
    """Return the path of an item that all users may read."""
    _, pair = await provider.service.register_and_log_in()
    body = {"title": title, "visibility": "shared"}
    made = await call(provider, "POST", ITEMS, pair.access, json=body)
    return f"{ITEMS}/{made.json()['id']}"


async def private_item(provider: Provider) -> str:
    _, pair = await provider.service.register_and_log_in()
    made = await call(provider, "POST", ITEMS, pair.access, json={"title": mark()})
    return f"{ITEMS}/{made.json()['id']}"


async def test_a_client_reads_shared_items_only(lasting_provider: Provider) -> None:
    title = mark()
    shared, private = await shared_item(lasting_provider, title), await private_item(lasting_provider)
    token = await (await lasting_provider.machine()).token()
    assert (await call(lasting_provider, "GET", shared, token)).json()["title"] == title
    assert is_problem(await call(lasting_provider, "GET", private, token), 404, "item_not_found")
    found = await call(lasting_provider, "GET", f"{ITEMS}/search", token, params={"q": title})
    assert [item["title"] for item in found.json()["items"]] == [title]
    listed = await call(lasting_provider, "GET", ITEMS, token, params={"title": title})
    assert [item["title"] for item in listed.json()["items"]] == [title]
    by_cursor = await call(lasting_provider, "GET", ITEMS, token, params={"title": title, "after": ""})
    assert [item["title"] for item in by_cursor.json()["items"]] == [title]


async def test_a_client_cannot_write_items_because_it_owns_none(lasting_provider: Provider) -> None:
    item = await shared_item(lasting_provider, mark())
    token = await (await lasting_provider.machine(scopes=BOTH)).token()
    csv = {"content": b"title\nM\n", "headers": {"Content-Type": "text/csv"}}
    calls: list[tuple[str, str, dict[str, Any]]] = [
        ("POST", ITEMS, {"json": {"title": "M"}}),
        ("PUT", item, {"json": {"title": "M"}}),
        ("PATCH", item, {"json": {"title": "M"}}),
        ("DELETE", item, {}),
        ("POST", f"{ITEMS}/import", csv),
        ("POST", ITEMS, {"content": b"{"}),
    ]
    for method, path, options in calls:
        answer = await call(lasting_provider, method, path, token, **options)
        assert is_problem(answer, 403, "owner_required"), (method, path, answer.text)
    assert (await call(lasting_provider, "GET", item, token)).status_code == 200


async def test_each_item_call_needs_its_scope(lasting_provider: Provider) -> None:
    item = await shared_item(lasting_provider, mark())
    reading = await (await lasting_provider.machine(scopes=("items:read",))).token()
    writing = await (await lasting_provider.machine(scopes=("items:write",))).token()
    other = await (await lasting_provider.machine(scopes=("reports:read",))).token()
    for path in (ITEMS, item, f"{ITEMS}/search?q=m"):
        assert (await call(lasting_provider, "GET", path, reading)).status_code == 200
        for token in (writing, other):
            assert is_problem(await call(lasting_provider, "GET", path, token), 403, "insufficient_scope")
    for method, path in (
        ("POST", ITEMS),
        ("POST", f"{ITEMS}/import"),
        *((m, item) for m in ("PUT", "PATCH", "DELETE")),
    ):
        for token in (reading, other):
            assert is_problem(await call(lasting_provider, method, path, token), 403, "insufficient_scope")


async def test_all_other_routes_refuse_tokens_of_clients(lasting_provider: Provider) -> None:
    token = await (await lasting_provider.machine(scopes=BOTH)).token()
    routes = [each for each in lasting_provider.service.app.routes if isinstance(each, PolicyRoute)]
    asked = 0
    for route in routes:
        access = route.policy.access
        if isinstance(access, NeedsScope) and access.scope not in RESOURCE_SCOPES:
            path = route.path_format.format(
                **{"message_id": 1, **{n: uuid4() for n in route.param_convertors if n != "message_id"}}
            )
            answer = await call(lasting_provider, route.call.method, path, token)
            assert is_problem(answer, 403, "insufficient_scope"), (route.path, answer.text)
            asked += 1
    assert asked > 30


@pytest.mark.parametrize("stored", ["{account}", "{admin:users:read,account,items:read}"])
async def test_clients_never_act_as_users_even_with_stored_user_scopes(lasting_provider: Provider, stored: str) -> None:
    machine = await lasting_provider.machine()
    lasting_provider.sql("UPDATE oauth_clients SET scopes = %s WHERE client_id = %s", stored, machine.id)
    token = await machine.token()
    assert "account" in claims_of(token)["scope"].split()
    for path in ("/api/v1/auth/me", "/api/v1/account", "/api/v1/admin/users", "/api/v1/account/sessions"):
        assert is_problem(await call(lasting_provider, "GET", path, token), 403, "insufficient_scope")
    reads_items = (await call(lasting_provider, "GET", ITEMS, token)).status_code == 200
    assert reads_items == ("items:read" in stored)


async def disable(provider: Provider, machine: Machine) -> None:
    await provider.clients.disable(OPERATOR, machine.id, any_version)


async def remove(provider: Provider, machine: Machine) -> None:
    await provider.clients.delete(OPERATOR, machine.id, any_version)


async def take_scopes(provider: Provider, machine: Machine) -> None:
    await provider.clients.update(OPERATOR, machine.id, {"scopes": ("items:write",)}, any_version)


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        (disable, 401, "invalid_access_token"),
        (remove, 401, "invalid_access_token"),
        (take_scopes, 403, "insufficient_scope"),
    ],
)
async def test_a_change_of_the_client_applies_at_the_next_request(
    lasting_provider: Provider, change: Callable[[Provider, Machine], Awaitable[None]], status: int, code: str
) -> None:
    machine = await lasting_provider.machine()
    token = await machine.token()
    assert (await call(lasting_provider, "GET", ITEMS, token)).status_code == 200
    await change(lasting_provider, machine)
    assert is_problem(await call(lasting_provider, "GET", ITEMS, token), status, code)


async def test_a_scope_added_to_a_client_is_not_in_its_existing_tokens(lasting_provider: Provider) -> None:
    machine = await lasting_provider.machine(scopes=("reports:read",))
    token = await machine.token()
    await lasting_provider.clients.update(OPERATOR, machine.id, {"scopes": BOTH}, any_version)
    assert is_problem(await call(lasting_provider, "GET", ITEMS, token), 403, "insufficient_scope")


async def test_enabling_a_client_revives_no_token(provider: Provider) -> None:
    machine = await provider.machine()
    token = await machine.token()
    await disable(provider, machine)
    await provider.clients.enable(OPERATOR, machine.id, any_version)
    assert is_problem(await call(provider, "GET", ITEMS, token), 401, "invalid_access_token")
    provider.clock.advance(timedelta(seconds=1))
    assert is_problem(await call(provider, "GET", ITEMS, token), 401, "invalid_access_token")
    assert (await call(provider, "GET", ITEMS, await machine.token())).status_code == 200


async def test_a_disabled_client_cannot_enable_itself(lasting_provider: Provider) -> None:
    machine = await lasting_provider.machine(scopes=BOTH)
    token = await machine.token()
    await disable(lasting_provider, machine)
    for path in (f"/api/v1/admin/clients/{machine.id}/enable", f"/api/v1/admin/clients/{machine.id}"):
        for method in ("POST", "PATCH"):
            answer = await call(lasting_provider, method, path, token)
            assert answer.status_code in {401, 405}, answer.text
    assert (await machine.post_token()).status_code == 401
    assert (await call(lasting_provider, "GET", ITEMS, token)).status_code == 401


async def test_this_service_refuses_tokens_for_other_audiences(lasting_provider: Provider) -> None:
    identifier = f"{ORDERS}/{mark()}"
    await lasting_provider.resources.create(OPERATOR, ResourceContent(identifier, BOTH))
    machine = await lasting_provider.machine(scopes=BOTH, resources=(identifier, "doorward"))
    for audience in (identifier, "doorward"):
        token = await machine.token(resource=audience)
        assert is_problem(await call(lasting_provider, "GET", ITEMS, token), 401, "invalid_access_token")


async def test_a_token_expires_after_ten_minutes(provider: Provider) -> None:
    token = await (await provider.machine()).token()
    provider.clock.advance(timedelta(minutes=10))
    assert is_problem(await call(provider, "GET", ITEMS, token), 401, "invalid_access_token")


async def test_concurrent_calls_in_one_batch_get_their_own_results(lasting_provider: Provider) -> None:
    machines = [await lasting_provider.machine() for _ in range(4)]
    tokens = [await machine.token() for machine in machines]
    await disable(lasting_provider, machines[1])
    answers = await asyncio.gather(*(call(lasting_provider, "GET", ITEMS, token) for token in tokens * 5))
    assert [each.status_code for each in answers] == [200, 401, 200, 200] * 5


async def test_log_lines_contain_the_client_id(lasting_provider: Provider, logs: Logs) -> None:
    machine = await lasting_provider.machine()
    await call(lasting_provider, "GET", ITEMS, await machine.token())
    assert [line["client_id"] for line in events(logs, "http.request")] == [machine.id] * 2


async def test_each_client_has_its_own_limit_of_concurrent_calls(make_service: MakeService) -> None:
    provider = Provider(await make_service(public_url=ISSUER, calls_per_user=1))
    machine, other = await provider.machine(), await provider.machine()
    token, other_token = await machine.token(), await other.token()
    provider.sql("SELECT 1")
    answers = await asyncio.gather(*(call(provider, "GET", ITEMS, each) for each in (token, token, other_token)))
    assert sorted(each.status_code for each in answers) == [200, 200, 429]
    assert answers[2].status_code == 200
