"""Owners of items, and their calls."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import httpx

from development.client import Person
from tests.integration.service import FakeClock, Service, run_service, settings_of_the_ring

ITEMS = "/api/v1/items"
SEARCH = f"{ITEMS}/search"
IMPORT = f"{ITEMS}/import"
CSV = "text/csv"

Item = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Owner:
    """A signed-in person."""

    service: Service
    person: Person
    access: str

    @property
    def id(self) -> UUID:
        return UUID(self.person.id)

    async def call(self, method: str, path: str, **options: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.access}", **options.pop("headers", {})}
        return await self.service.client.request(method, path, headers=headers, **options)

    async def get(self, path: str = ITEMS, **parameters: Any) -> httpx.Response:
        # An empty ``params`` would remove the query of the path.
        return await self.call("GET", path, params=parameters or None)

    async def post(self, content: Mapping[str, Any]) -> httpx.Response:
        return await self.call("POST", ITEMS, json=content)

    async def create(self, title: str = "Rear Window", **content: Any) -> Item:
        answer = await self.post({"title": title, **content})
        assert answer.status_code == 201, answer.text
        return item_of(answer)

    async def create_all(self, *titles: str, **content: Any) -> list[Item]:
        return [await self.create(title, **content) for title in titles]

    async def listing(self, **parameters: Any) -> dict[str, Any]:
        return page_of(await self.get(**parameters))

    async def titles(self, **parameters: Any) -> list[str]:
        """Return the titles of a list, by default of the owner's own items."""
        return [item["title"] for item in (await self.listing(**{"owner": "me", **parameters}))["items"]]

    async def search(self, q: str, **parameters: Any) -> list[str]:
        return [item["title"] for item in page_of(await self.get(SEARCH, q=q, **parameters))["items"]]

    async def change(self, method: str, item: Item, content: object = None, etag: str | None = None) -> httpx.Response:
        """Send a PUT, PATCH or DELETE."""
        headers = {} if etag is None else {"If-Match": etag}
        return await self.call(method, path_of(item), json=content, headers=headers)

    async def import_csv(self, file: str | bytes | AsyncIterator[bytes], **parameters: Any) -> httpx.Response:
        content = file.encode() if isinstance(file, str) else file
        return await self.call("POST", IMPORT, content=content, params=parameters, headers={"Content-Type": CSV})

    def stored(self) -> int:
        """Return the number of the owner's items in the database."""
        (row,) = self.service.sql("SELECT count(*) FROM items WHERE owner_id = %s", self.id)
        return int(row["count"])


@asynccontextmanager
async def run_items_service(database_url: str, secret_key: str) -> AsyncIterator[Service]:
    """Run an application for many tests, with a separate clock."""
    async with run_service(settings_of_the_ring(database_url, secret_key, {}), FakeClock()) as service:
        yield service


async def sign_in(service: Service) -> Owner:
    """Register and sign in a new person."""
    person, pair = await service.register_and_log_in()
    return Owner(service, person, pair.access)


def item_of(answer: httpx.Response) -> Item:
    item: Item = answer.json()
    return item


def page_of(answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    page: dict[str, Any] = answer.json()
    return page


def path_of(item: Item) -> str:
    return f"{ITEMS}/{item['id']}"


def never_an_item() -> Item:
    """Return an item with an id that never existed."""
    return {"id": str(uuid4())}
