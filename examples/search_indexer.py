"""Feed a search index of users by doorward's events, to copy. It builds on rabbitmq_consumer.py.

Events have ids only: what is indexed is read from the API. The number of the event is the document's version, so an
older event that comes later changes nothing. A search returns ids; read them from the API, which decides who sees what.
"""

import asyncio
import json
import os
from collections.abc import Awaitable, Callable
from typing import Any, Final

import httpx

from examples.rabbitmq_consumer import Connection, Handle, consume

INDEX: Final = "users"
CONFLICT: Final = 409
NOT_FOUND: Final = 404
FIELDS: Final = ("username", "email", "created_at")

ReadUser = Callable[[str], Awaitable[dict[str, Any] | None]]
"""Returns a user of the API by the id, None for one that is gone."""


def bulk_lines(event: dict[str, Any], user: dict[str, Any] | None) -> str:
    """Return one entry of the bulk API: the document, or its removal when the user is gone."""
    where = {
        "_index": INDEX,
        "_id": event["data"]["user_id"],
        "version": event["sequence"],
        "version_type": "external",
    }
    if user is None:
        return json.dumps({"delete": where}) + "\n"
    document = {name: user[name] for name in FIELDS}
    return f"{json.dumps({'index': where})}\n{json.dumps(document)}\n"


def indexing(search: httpx.AsyncClient, read_user: ReadUser) -> Handle:
    """Return what indexes the user of an event."""

    async def index(_: Connection, event: dict[str, Any]) -> None:
        user = None if event["type"] == "user.deleted" else await read_user(event["data"]["user_id"])
        answer = await search.post(
            "/_bulk", content=bulk_lines(event, user), headers={"Content-Type": "application/x-ndjson"}
        )
        answer.raise_for_status()
        for item in answer.json()["items"]:
            (result,) = item.values()
            # A conflict: the index has a later version. Nothing to remove: it was removed before.
            if result["status"] >= httpx.codes.BAD_REQUEST and result["status"] not in {CONFLICT, NOT_FOUND}:
                raise RuntimeError(f"the index answered {result['status']}")

    return index


async def main() -> None:
    """Index until an error ends it."""
    token = {"Authorization": f"Bearer {os.environ['DOORWARD_TOKEN']}"}
    async with (
        httpx.AsyncClient(base_url=os.environ["DOORWARD_URL"], headers=token) as api,
        httpx.AsyncClient(base_url=os.environ["OPENSEARCH_URL"]) as search,
    ):

        async def read_user(user_id: str) -> dict[str, Any] | None:
            answer = await api.get(f"/api/v1/admin/users/{user_id}")
            if answer.status_code == NOT_FOUND:
                return None
            user: dict[str, Any] = answer.raise_for_status().json()
            return user

        await consume(
            os.environ["RABBITMQ_URL"],
            os.environ["DATABASE_URL"],
            name="search",
            types=["user.*"],
            handle=indexing(search, read_user),
        )


if __name__ == "__main__":
    asyncio.run(main())
