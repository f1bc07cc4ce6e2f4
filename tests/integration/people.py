"""People who use the service, through its API."""

import secrets
from dataclasses import dataclass
from typing import Any

import httpx

AUTH = "/api/v1/auth"


@dataclass(frozen=True)
class Person:
    """Somebody with an account."""

    username: str
    email: str
    password: str


def new_person() -> Person:
    name = f"p{secrets.token_hex(6)}"
    return Person(username=name, email=f"{name}@example.com", password=secrets.token_urlsafe(12))


async def register(client: httpx.AsyncClient, person: Person | None = None) -> Person:
    person = person or new_person()
    body = {"email": person.email, "username": person.username, "password": person.password}
    response = await client.post(f"{AUTH}/register", json=body)
    assert response.status_code == 201, response.text
    return person


async def log_in(client: httpx.AsyncClient, person: Person) -> dict[str, Any]:
    response = await client.post(f"{AUTH}/token", data={"username": person.username, "password": person.password})
    assert response.status_code == 200, response.text
    pair: dict[str, Any] = response.json()
    return pair


async def refresh(client: httpx.AsyncClient, refresh_token: str) -> httpx.Response:
    return await client.post(f"{AUTH}/refresh", json={"refresh_token": refresh_token})


async def revoke(client: httpx.AsyncClient, refresh_token: str) -> httpx.Response:
    return await client.post(f"{AUTH}/revoke", json={"refresh_token": refresh_token})


async def me(client: httpx.AsyncClient, access_token: str) -> httpx.Response:
    return await client.get(f"{AUTH}/me", headers={"Authorization": f"Bearer {access_token}"})
