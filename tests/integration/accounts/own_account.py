"""A signed-in user, and the calls of the user's own account."""

from dataclasses import dataclass
from typing import Any, Final

import httpx

from development.client import Pair, Person, pair
from tests.integration.service import Service

ACCOUNT: Final = "/api/v1/account"
PASSWORD_CALL: Final = f"{ACCOUNT}/password"
REAUTHENTICATE: Final = f"{ACCOUNT}/reauthenticate"
SESSIONS: Final = f"{ACCOUNT}/sessions"
END: Final = f"{SESSIONS}/end"
NEW_PASSWORD: Final = "three red kites circling"


@dataclass
class Owner:
    """A signed-in user, with the token pair of the session that makes the calls."""

    service: Service
    person: Person
    pair: Pair

    async def call(
        self, method: str, path: str, *, headers: dict[str, str] | None = None, **options: Any
    ) -> httpx.Response:
        given = {"Authorization": f"Bearer {self.pair.access}", **(headers or {})}
        return await self.service.client.request(method, path, headers=given, **options)

    async def account(self) -> dict[str, Any]:
        answer = await self.call("GET", ACCOUNT)
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body

    async def sessions(self) -> list[dict[str, Any]]:
        answer = await self.call("GET", SESSIONS)
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["sessions"]
        return found

    async def rename(self, username: object, etag: str | None = None) -> httpx.Response:
        headers = {} if etag is None else {"If-Match": etag}
        return await self.call("PATCH", ACCOUNT, json={"username": username}, headers=headers)

    async def post_password(self, current: str | None = None, new: str = NEW_PASSWORD) -> httpx.Response:
        body = {"current_password": current or self.person.password, "new_password": new}
        return await self.call("POST", PASSWORD_CALL, json=body)

    async def change_password(self) -> Pair:
        return pair(await self.post_password())

    async def post_reauthenticate(self, password: str | None = None) -> httpx.Response:
        return await self.call("POST", REAUTHENTICATE, json={"password": password or self.person.password})

    async def reauthenticate(self) -> Pair:
        return pair(await self.post_reauthenticate())

    async def end(self, which: str) -> httpx.Response:
        return await self.call("POST", END, json={"which": which})


async def signed_in(service: Service) -> Owner:
    person, first = await service.register_and_log_in()
    return Owner(service, person, first)


async def is_dead(service: Service, tokens: Pair) -> bool:
    """Return whether neither token of a pair works. This uses up the refresh token."""
    me, refreshed = await service.get_me(tokens.access), await service.post_refresh(tokens.refresh)
    return (me.status_code, refreshed.status_code) == (401, 401)


async def is_alive(service: Service, tokens: Pair) -> bool:
    """Return whether both tokens of a pair work. This uses up the refresh token."""
    me, refreshed = await service.get_me(tokens.access), await service.post_refresh(tokens.refresh)
    return (me.status_code, refreshed.status_code) == (200, 200)


def remove_address(service: Service, person: Person) -> None:
    """Make a person a user without address and password, like those that the token of a trusted issuer creates."""
    columns = "email = NULL, email_key = NULL, email_verified_at = NULL, password_hash = NULL"
    service.sql(f"UPDATE users SET {columns} WHERE id = %s", person.id)


def link_identities(service: Service, person: Person, count: int = 1) -> None:
    service.sql(
        "INSERT INTO federated_identities (issuer, subject, user_id, created_at)"
        " SELECT 'https://acme.example', %s || n, %s, now() FROM generate_series(1, %s) AS n",
        *(person.id, person.id, count),
    )


def count_identities(service: Service, person: Person) -> int:
    return len(service.sql("SELECT subject FROM federated_identities WHERE user_id = %s", person.id))
