"""doorward-client with doorward itself: tokens of logins and of clients, and their introspection."""

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

import pytest

from development.client import REVOKE, TOKEN
from doorward.core.versions import any_version
from doorward.domain.oauth.models import ResourceContent
from doorward_client import (
    Doorward,
    InsufficientAuthenticationError,
    InsufficientScopeError,
    IntrospectionUnavailableError,
    InvalidTokenError,
)
from doorward_client.exceptions import FetchError
from doorward_client.key_sets import FetchedKeys
from doorward_client.transports import ClientCredentials
from tests.integration.oauth.clients import OPERATOR, ORDERS
from tests.integration.oauth.provider import ISSUER, Provider
from tests.integration.service import FakeClock, Service, mark, run_service, settings_of_the_ring

SCOPES: Final = ("orders:read", "orders:write")


class WithoutNetwork:
    """A transport that calls the application without a network."""

    def __init__(self, service: Service) -> None:
        self.service = service

    async def get(self, address: str) -> FetchedKeys:
        answer = await self.service.client.get(address)
        if answer.status_code != 200:
            raise FetchError(f"{answer.status_code}")
        return FetchedKeys(answer.content, answer.headers["cache-control"])

    async def post(self, address: str, form: Mapping[str, str], credentials: ClientCredentials) -> bytes:
        pair = (credentials.client_id, credentials.client_secret)
        answer = await self.service.client.post(address, data=dict(form), auth=pair)
        if answer.status_code != 200:
            raise FetchError(f"{answer.status_code}")
        return answer.content


class Orders:
    """A separate service that accepts tokens of this doorward."""

    def __init__(self, provider: Provider, audience: str, auth: Doorward) -> None:
        self.provider = provider
        self.audience = audience
        self.auth = auth


@pytest.fixture(scope="module")
async def provider(make_database: Any, secret_key: str) -> AsyncIterator[Provider]:
    """A doorward with the right time, because the library uses the host's clock."""
    settings = settings_of_the_ring(make_database(migrated=True), secret_key, {"public_url": ISSUER})
    clock = FakeClock()
    clock.present = datetime.now(UTC)
    async with run_service(settings, clock) as service:
        yield Provider(service)


@pytest.fixture(params=["ES256", "RS256"])
async def orders(provider: Provider, request: pytest.FixtureRequest) -> Orders:
    asking = await provider.machine(grant_types=(), scopes=())
    audience = f"{ORDERS}/{mark()}"
    resource = ResourceContent(audience, SCOPES, algorithm=request.param, introspection_client_id=asking.id)
    await provider.resources.create(OPERATOR, resource)
    auth = Doorward(ISSUER, audience, client_id=asking.id, client_secret=asking.secret)
    auth.use_transport(WithoutNetwork(provider.service))
    return Orders(provider, audience, auth)


async def test_a_client_gets_a_token_with_its_own_scopes(orders: Orders) -> None:
    machine = await orders.provider.machine(scopes=("orders:read",), resources=(orders.audience,))
    caller = await orders.auth.verify(await machine.token(resource=orders.audience), live=True)
    assert caller.is_client
    assert (caller.sub, caller.session_id) == (machine.id, None)
    caller.require_scopes(["orders:read"])
    with pytest.raises(InsufficientScopeError):
        caller.require_scopes(["orders:read", "orders:write"])


async def test_scopes_removed_from_a_client_are_missing_in_a_live_check(orders: Orders) -> None:
    machine = await orders.provider.machine(scopes=SCOPES, resources=(orders.audience,))
    token = await machine.token(resource=orders.audience)
    await orders.provider.clients.update(OPERATOR, machine.id, {"scopes": ("orders:read",)}, any_version)
    for _ in range(2):
        caller = await orders.auth.verify(token, live=True)
        assert caller.scopes == {"orders:read"}
        with pytest.raises(InsufficientScopeError):
            caller.require_scopes(["orders:write"])
    assert (await orders.auth.verify(token)).scopes == set(SCOPES)


async def test_a_token_for_another_service_is_refused(orders: Orders) -> None:
    other = f"{ORDERS}/{mark()}"
    await orders.provider.resources.create(OPERATOR, ResourceContent(other, SCOPES))
    machine = await orders.provider.machine(scopes=SCOPES, resources=(other, orders.audience))
    assert await orders.auth.verify(await machine.token(resource=orders.audience))
    with pytest.raises(InvalidTokenError, match="another service"):
        await orders.auth.verify(await machine.token(resource=other))


async def test_a_logout_takes_effect_in_a_live_check(orders: Orders) -> None:
    service = orders.provider.service
    given = {"scopes": ("account", *SCOPES), "resources": (orders.audience,)}
    await orders.provider.clients.update(OPERATOR, "doorward", given, any_version)
    person = await service.register()
    answer = await service.client.post(
        TOKEN,
        data={"username": person.username, "password": person.password, "resource": orders.audience},
    )
    tokens = answer.json()
    user = await orders.auth.verify(tokens["access_token"], live=True)
    assert not user.is_client
    assert (user.sub, user.client_id, user.scopes) == (person.id, "doorward", frozenset(SCOPES))
    assert user.session_id == str(service.sessions_of(person)[0]["id"])
    signed_in = service.clock.now()
    assert user.auth_time == signed_in.replace(microsecond=0)
    user.require_acr("1", 300, signed_in.timestamp())
    with pytest.raises(InsufficientAuthenticationError):
        user.require_acr("2", None, signed_in.timestamp())
    await service.client.post(REVOKE, json={"refresh_token": tokens["refresh_token"]})
    assert await orders.auth.verify(tokens["access_token"], live=True), "the result is cached for ten seconds"
    orders.auth.use_transport(WithoutNetwork(service))
    with pytest.raises(InvalidTokenError, match="no longer active"):
        await orders.auth.verify(tokens["access_token"], live=True)
    assert await orders.auth.verify(tokens["access_token"])


async def test_a_client_without_permission_does_not_learn_whether_a_token_is_active(orders: Orders) -> None:
    machine = await orders.provider.machine(scopes=SCOPES, resources=(orders.audience,))
    stranger = await orders.provider.machine()
    auth = Doorward(ISSUER, orders.audience, client_id=stranger.id, client_secret=stranger.secret)
    auth.use_transport(WithoutNetwork(orders.provider.service))
    token = await machine.token(resource=orders.audience)
    assert await auth.verify(token)
    with pytest.raises(InvalidTokenError):
        await auth.verify(token, live=True)


async def test_a_wrong_client_secret_is_an_outage_and_no_token_is_accepted(orders: Orders) -> None:
    machine = await orders.provider.machine(scopes=SCOPES, resources=(orders.audience,))
    auth = Doorward(ISSUER, orders.audience, client_id=machine.id, client_secret="dws_wrong")
    auth.use_transport(WithoutNetwork(orders.provider.service))
    with pytest.raises(IntrospectionUnavailableError):
        await auth.verify(await machine.token(resource=orders.audience), live=True)
