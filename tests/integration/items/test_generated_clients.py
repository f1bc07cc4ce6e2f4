"""Clients generated from /openapi.json send the default of a member that the caller omits."""

from typing import Any

import pytest

from tests.integration.items.catalogue import ITEMS, Owner, item_of

FULL: dict[str, Any] = {
    "title": "Casablanca",
    "description": "Rick's",
    "tags": ["drama"],
    "year": 1942,
    "visibility": "shared",
}


async def generated_body(owner: Owner, method: str, path: str, **given: Any) -> dict[str, Any]:
    """Return the body that a generated client sends for these members."""
    document = (await owner.get("/openapi.json")).json()
    ((_, content),) = document["paths"][path][method]["requestBody"]["content"].items()
    schema = document["components"]["schemas"][content["schema"]["$ref"].rpartition("/")[2]]
    defaults = {name: member["default"] for name, member in schema["properties"].items() if "default" in member}
    return {**defaults, **given}


@pytest.mark.parametrize("given", [{name: value} for name, value in FULL.items()], ids=list(FULL))
async def test_a_patch_of_one_member_does_not_change_the_others(owner: Owner, given: dict[str, Any]) -> None:
    item = await owner.create(**FULL)
    body = await generated_body(owner, "patch", f"{ITEMS}/{{item_id}}", **given)
    changed = item_of(await owner.change("PATCH", item, body))
    assert {name: changed[name] for name in FULL} == FULL


async def test_a_new_item_with_only_a_title_is_private_and_empty(owner: Owner) -> None:
    body = await generated_body(owner, "post", ITEMS, title="Casablanca")
    made = item_of(await owner.post(body))
    expected: dict[str, Any] = {
        "title": "Casablanca",
        "description": "",
        "tags": [],
        "year": None,
        "visibility": "private",
    }
    assert {name: made[name] for name in FULL} == expected
