"""The schemas of request bodies let no generated client overwrite stored values."""

import secrets
from typing import Any, Final

from doorward.settings.config import settings_from
from doorward.wiring.application import create_wired_app

SETTINGS: Final = {
    "environment": "development",
    "secret_key": secrets.token_urlsafe(48),
    # Nothing connects before the application's lifespan.
    "database_url": "postgresql://postgres@localhost/none",
}


def bodies() -> dict[str, dict[str, Any]]:
    """Return the schema of each request body by method and path."""
    document = create_wired_app(settings_from(SETTINGS)).openapi()
    return {
        f"{method.upper()} {path}": resolved(content["schema"], document)
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        for content in operation.get("requestBody", {"content": {}})["content"].values()
    }


def resolved(schema: dict[str, Any], document: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in schema:
        return schema
    found: dict[str, Any] = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return found


def test_no_member_of_a_body_has_a_default() -> None:
    found = bodies()
    assert {"POST /api/v1/items", "PATCH /api/v1/items/{item_id}", "POST /api/v1/auth/token"} <= set(found)
    defaults = {
        f"{call}: {name}"
        for call, schema in found.items()
        for name, member in schema.get("properties", {}).items()
        if "default" in member
    }
    assert not defaults


def test_no_member_of_a_patch_is_required() -> None:
    patches = {call: schema for call, schema in bodies().items() if call.startswith("PATCH ")}
    assert patches
    assert not {call for call, schema in patches.items() if schema.get("required")}
