"""A FastAPI service that doorward-client protects, and calls to it without a network."""

from collections.abc import Mapping
from typing import Annotated, Any

import httpx2
from fastapi import FastAPI

from doorward_client import CurrentUser, Doorward
from doorward_client.exceptions import FetchError
from doorward_client.key_sets import FetchedKeys
from doorward_client.transports import ClientCredentials
from tests.unit.client_library.signing import AUDIENCE, ISSUER


class Unreachable:
    """An issuer that is down."""

    async def get(self, address: str) -> FetchedKeys:
        raise FetchError(address)

    async def post(self, address: str, _form: Mapping[str, str], _credentials: ClientCredentials) -> bytes:
        raise FetchError(address)


auth = Doorward(ISSUER, AUDIENCE, client_id="dwc_orders", client_secret="dws_secret")
User = Annotated[CurrentUser, auth.user()]


def application() -> FastAPI:
    app = FastAPI()

    @app.get("/orders")
    async def list_orders(user: User) -> dict[str, Any]:
        return {"sub": user.sub, "scopes": sorted(user.scopes)}

    @app.post("/orders")
    async def add_order(user: Annotated[CurrentUser, auth.require_scope("orders:read", "orders:write")]) -> str:
        return user.sub

    @app.delete("/orders", dependencies=[auth.require_acr("2", max_age=300)])
    async def remove_orders() -> None:
        """Require a sign-in with two factors at most five minutes ago."""

    @app.put("/orders")
    async def replace_orders(user: Annotated[CurrentUser, auth.user(live=True)]) -> str:
        return user.sub

    return app


async def call(app: FastAPI, method: str, token: str | None, **headers: bytes) -> httpx2.Response:
    sent = [(name.encode(), value) for name, value in headers.items()]
    if token is not None:
        sent.append((b"Authorization", f"Bearer {token}".encode()))
    transport = httpx2.ASGITransport(app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://orders.example") as client:
        return await client.request(method, "/orders", headers=sent)
