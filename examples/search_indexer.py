"""Example to copy: a search index of users, updated by doorward's events.

It uses rabbitmq_consumer.py and session_client.py.

    INDEX=users-1 python -m examples.search_indexer         # until it is stopped
    INDEX=users-1 python -m examples.search_indexer fill    # once, at the same time

Events contain ids only; the users are read from the API. The event's number is the document's version, so that an older
event that arrives later changes nothing. `fill` adds existing users as version 0, then moves the alias to the index.
Search by the alias, which returns ids, and read these from the API, which checks permissions.

Reading users needs an administrator, who has a second factor in production: DOORWARD_TOTP_SECRET is the secret of the
authenticator application.
"""

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Final

import httpx
import pyotp

from examples.rabbitmq_consumer import Connection, Handle, TryLaterError, consume
from examples.session_client import DoorwardClient, SecondFactorRefusedError, SessionEndedError

ALIAS: Final = "users"
USERS: Final = "/api/v1/admin/users"
PAGE_SIZE: Final = 100
CODE_SECONDS: Final = 30
"""How long an authenticator application shows a code."""

BEFORE_ALL_EVENTS: Final = 0
"""The version of users that were read without an event."""

MAPPING: Final = {
    "dynamic": "strict",
    "properties": {
        "username": {"type": "text"},
        "email": {"type": "text", "fields": {"exact": {"type": "keyword", "normalizer": "lowercase"}}},
        "created_at": {"type": "date"},
    },
}
CONFLICT: Final = 409
"""The index has a later version."""

ReadUser = Callable[[str], Awaitable[dict[str, Any] | None]]
"""Returns a user of the API by id, None for a deleted one."""

Sleep = Callable[[float], Awaitable[object]]
"""The function that waits."""


class SearchIndex:
    """One index of users."""

    def __init__(self, http: httpx.AsyncClient, name: str) -> None:
        """Take a client of OpenSearch, and the index's name: the alias, a hyphen and a number."""
        self._http = http
        self.name = name

    async def create(self) -> None:
        """Create the index unless it exists."""
        answer = await self._http.put(f"/{self.name}", json={"mappings": MAPPING})
        if answer.is_error and "resource_already_exists_exception" not in answer.text:
            answer.raise_for_status()

    async def require(self) -> None:
        """Raise ``httpx.HTTPStatusError`` unless the index exists: a write would create one without this mapping."""
        (await self._http.head(f"/{self.name}")).raise_for_status()

    async def write(self, *entries: str) -> None:
        """Write entries of the bulk API. Entries with an older version than the index's are skipped."""
        answer = await self._http.post(
            "/_bulk", content="".join(entries), headers={"Content-Type": "application/x-ndjson"}
        )
        answer.raise_for_status()
        for item in answer.json()["items"]:
            (result,) = item.values()
            # Removing a missing document is answered 404 without an error.
            if "error" not in result or result["status"] == CONFLICT:
                continue
            if (
                result["status"] == httpx.codes.TOO_MANY_REQUESTS
                or result["status"] >= httpx.codes.INTERNAL_SERVER_ERROR
            ):
                raise TryLaterError(result["error"]["type"])
            raise RuntimeError(f"{result['status']} {result['error']['type']}")

    async def take_the_alias(self) -> None:
        """Move the alias to this index from its present one, in one step."""
        remove = {"index": f"{ALIAS}-*", "alias": ALIAS, "must_exist": False}
        add = {"index": self.name, "alias": ALIAS}
        answer = await self._http.post("/_aliases", json={"actions": [{"remove": remove}, {"add": add}]})
        answer.raise_for_status()


def entry(index: str, user_id: str, version: int, user: dict[str, Any] | None) -> str:
    """Return one entry of the bulk API: the document, or its removal if the user was deleted."""
    where = {"_index": index, "_id": user_id, "version": version, "version_type": "external"}
    if user is None:
        return json.dumps({"delete": where}) + "\n"
    document = {name: user[name] for name in MAPPING["properties"]}
    return f"{json.dumps({'index': where})}\n{json.dumps(document)}\n"


async def read_user(doorward: DoorwardClient, user_id: str) -> dict[str, Any] | None:
    """Return a user of the API, None for a deleted one."""
    answer = await doorward.call("GET", f"{USERS}/{user_id}")
    if answer.status_code == httpx.codes.NOT_FOUND:
        return None
    user: dict[str, Any] = answer.raise_for_status().json()
    return user


def indexing(read: ReadUser, index: SearchIndex) -> Handle:
    """Return a handler that indexes the user of an event."""

    async def index_user(_: Connection, event: dict[str, Any]) -> None:
        user_id = event["data"]["user_id"]
        if user_id is None:  # an action that concerns no single user, such as an export
            return
        try:
            user = None if event["type"] == "user.deleted" else await read(user_id)
            await index.write(entry(index.name, user_id, event["sequence"], user))
        except (httpx.HTTPError, SessionEndedError) as error:
            # One of the two is down or refuses all requests. The next start logs in again.
            raise TryLaterError from error

    return index_user


async def log_in(doorward: DoorwardClient, code: Callable[[], str] | None, sleep: Sleep = asyncio.sleep) -> None:
    """Begin a session. Each code works once: if another process has used it, wait for the next one."""
    name, password = os.environ["DOORWARD_USERNAME"], os.environ["DOORWARD_PASSWORD"]
    if code is None:
        await doorward.log_in(name, password)
        return
    try:
        await doorward.log_in(name, password, code())
    except SecondFactorRefusedError:
        await sleep(CODE_SECONDS)
        await doorward.log_in(name, password, code())


async def fill(doorward: DoorwardClient, index: SearchIndex) -> None:
    """Add the users from before the first event, and move the alias. Can be repeated.

    A user who is changed or deleted meanwhile keeps the state of the event. OpenSearch keeps the version of a removed
    document for 60 seconds (`index.gc_deletes`); each page is written within that time.
    """
    await index.require()
    after: str | None = ""
    while after is not None:
        answer = await doorward.call("GET", USERS, params={"page_size": PAGE_SIZE, "after": after})
        page = answer.raise_for_status().json()
        await index.write(*(entry(index.name, user["id"], BEFORE_ALL_EVENTS, user) for user in page["users"]))
        after = page["pagination"]["next_cursor"]
    await index.take_the_alias()


async def main(*, fills: bool) -> None:
    """Index until an error; a service manager should restart the program then."""
    async with (
        httpx.AsyncClient(base_url=os.environ["DOORWARD_URL"]) as http,
        httpx.AsyncClient(base_url=os.environ["OPENSEARCH_URL"]) as search,
    ):
        doorward = DoorwardClient(http)
        secret = os.environ.get("DOORWARD_TOTP_SECRET")
        await log_in(doorward, pyotp.TOTP(secret).now if secret else None)
        index = SearchIndex(search, os.environ["INDEX"])
        if fills:
            await fill(doorward, index)
            return
        await index.create()
        await consume(
            os.environ["RABBITMQ_URL"],
            os.environ["DATABASE_URL"],
            name=f"search.{index.name}",
            types=["user.*"],
            handle=indexing(partial(read_user, doorward), index),
        )


if __name__ == "__main__":
    asyncio.run(main(fills=sys.argv[1:] == ["fill"]))
