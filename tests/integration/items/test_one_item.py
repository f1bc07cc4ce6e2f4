"""One item in all calls; the first test to copy for a new domain."""

from uuid import UUID

from tests.integration.service import Logs, Service, is_problem, mark

ITEMS = "/api/v1/items"


async def test_an_item_is_created_found_changed_and_deleted(service: Service) -> None:
    _, pair = await service.register_and_log_in()
    mine = {"Authorization": f"Bearer {pair.access}"}
    title = mark()
    created = await service.client.post(ITEMS, json={"title": title, "tags": ["drama"]}, headers=mine)
    assert created.status_code == 201, created.text
    address, first_version = created.headers["location"], created.headers["etag"]
    assert (await service.client.get(address, headers=mine)).json() == created.json()
    for query in ("?owner=me", "?owner=me&after=", f"/search?q={title[:-1]}"):
        listed = (await service.client.get(f"{ITEMS}{query}", headers=mine)).json()
        assert listed["items"] == [created.json()], query
    amended = await service.client.patch(address, json={"year": 1942}, headers={**mine, "If-Match": first_version})
    assert (amended.status_code, amended.json()["year"], amended.json()["version"]) == (200, 1942, 2)
    stale = await service.client.delete(address, headers={**mine, "If-Match": first_version})
    assert is_problem(stale, 412, "stale_item")
    assert (await service.client.delete(address, headers=mine)).status_code == 204
    assert is_problem(await service.client.get(address, headers=mine), 404, "item_not_found")


async def test_calls_are_logged_with_their_route_template(service: Service, logs: Logs) -> None:
    for path in ("", "/search", f"/{UUID(int=1)}"):
        await service.client.get(f"{ITEMS}{path}")
    routes = [line["route"] for line in logs.lines() if line["event"] == "http.request"]
    assert routes == [ITEMS, f"{ITEMS}/search", f"{ITEMS}/{{item_id:uuid}}"]


async def test_an_import_stores_all_items_or_none(service: Service) -> None:
    _, pair = await service.register_and_log_in()
    headers = {"Authorization": f"Bearer {pair.access}", "Content-Type": "text/csv"}
    good, bad = "title,year\nCasablanca,1942\nAlien,1979\n", "title,year\nCasablanca,1942\nAlien,never\n"
    refused = await service.client.post(f"{ITEMS}/import", content=bad, headers=headers)
    assert is_problem(refused, 422, "import_refused")
    imported = await service.client.post(f"{ITEMS}/import", content=good, headers=headers)
    assert (imported.json()["imported"], imported.json()["errors"]) == (2, [])
    listed = await service.client.get(f"{ITEMS}?owner=me", headers=headers)
    assert listed.json()["pagination"]["total_items"] == 2


async def test_a_private_item_of_another_user_is_not_found(service: Service) -> None:
    (_, owner), (_, stranger) = await service.register_and_log_in(), await service.register_and_log_in()
    created = await service.client.post(
        ITEMS, json={"title": "Casablanca"}, headers={"Authorization": f"Bearer {owner.access}"}
    )
    answer = await service.client.get(
        created.headers["location"], headers={"Authorization": f"Bearer {stranger.access}"}
    )
    assert is_problem(answer, 404, "item_not_found")
