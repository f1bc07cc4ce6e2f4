"""An administrator of webhooks."""

from dataclasses import dataclass
from typing import Any

import httpx

from tests.integration.service import Service

ADMIN = "/api/v1/admin"
LIST = f"{ADMIN}/webhooks"
URL = "http://127.0.0.1:9/hook"


@dataclass(frozen=True, slots=True)
class Admin:
    """A signed-in user with a role."""

    service: Service
    access: str

    async def call(self, method: str, path: str, **options: Any) -> httpx.Response:
        return await self.service.authorized(method, path, self.access, **options)

    async def create(self, url: str = URL, **members: Any) -> dict[str, Any]:
        answer = await self.call("POST", LIST, json={"url": url, **members})
        assert answer.status_code == 201, answer.text
        body: dict[str, Any] = answer.json()
        return body


async def signed_in(service: Service, *roles: str) -> Admin:
    person, pair = await service.register_and_log_in()
    service.sql("UPDATE users SET roles = %s WHERE id = %s", list(roles), person.id)
    return Admin(service, pair.access)
