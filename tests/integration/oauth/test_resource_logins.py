"""Logins with the built-in client for another service: what they grant, and what ends them."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any, Literal

import httpx
import jwt
import pytest

from development.client import PASSWORD, Pair, Person, pair
from development.client import TOKEN as LOGIN
from doorward.core.versions import any_version
from doorward.domain.oauth.models import ResourceContent
from tests.integration.accounts.own_account import Owner
from tests.integration.mfa.protected import Protected
from tests.integration.oauth.clients import OPERATOR
from tests.integration.oauth.provider import ISSUER, ORDERS, TOKEN, Machine, Provider, is_oauth_error
from tests.integration.service import (
    FakeClock,
    MakeService,
    claims_of,
    is_problem,
    mark,
    run_service,
    settings_of_the_ring,
)

SCOPES = ("orders:read", "orders:write")


class Shop:
    """A resource for which users log in, and the client that may introspect its tokens."""

    def __init__(self, provider: Provider, identifier: str, server: Machine) -> None:
        self.provider = provider
        self.identifier = identifier
        self.server = server

    async def post_login(self, person: Person, **form: str) -> httpx.Response:
        """Log in for the resource."""
        fields = {"username": person.username, "password": person.password, "resource": self.identifier, **form}
        return await self.provider.service.client.post(LOGIN, data=fields)

    async def log_in(self, **form: str) -> tuple[Person, Pair]:
        """Return a new user with a pair for the resource."""
        person = await self.provider.service.register()
        return person, pair(await self.post_login(person, **form))

    async def refresh(self, token: str, **form: str) -> httpx.Response:
        fields = {"grant_type": "refresh_token", "client_id": "doorward", "refresh_token": token, **form}
        return await self.provider.post(TOKEN, fields)

    async def is_active(self, token: str) -> bool:
        """Return whether the token is active for the resource."""
        answer = await self.server.post("/oauth/introspect", token=token)
        return bool(answer.json()["active"])

    async def give(self, *, scopes: tuple[str, ...] = SCOPES, resources: tuple[str, ...] | None = None) -> None:
        """Set the scopes and resources that the operator allows for logins."""
        given = (self.identifier,) if resources is None else resources
        changes = {"scopes": ("account", *scopes), "resources": given}
        await self.provider.clients.update(OPERATOR, "doorward", changes, any_version)


@pytest.fixture(scope="module")
async def shop_provider(make_database: Any, secret_key: str) -> AsyncIterator[Provider]:
    """Yield a separate service: changes of the built-in client apply to all users of the database."""
    settings = settings_of_the_ring(make_database(migrated=True), secret_key, {"public_url": ISSUER})
    async with run_service(settings, FakeClock()) as service:
        yield Provider(service)


async def create_shop(provider: Provider, algorithm: Literal["ES256", "RS256"] = "ES256") -> Shop:
    server = await provider.machine(grant_types=(), scopes=())
    identifier = f"{ORDERS}/{mark()}"
    content = ResourceContent(identifier, SCOPES, algorithm, introspection_client_id=server.id)
    await provider.resources.create(OPERATOR, content)
    made = Shop(provider, identifier, server)
    await made.give()
    return made


@pytest.fixture
async def shop(shop_provider: Provider) -> Shop:
    return await create_shop(shop_provider)


async def test_a_login_for_a_resource_gets_a_token_for_it(shop: Shop) -> None:
    person = await shop.provider.service.register()
    answer = await shop.post_login(person)
    body = answer.json()
    assert set(body) == {"access_token", "refresh_token", "token_type", "expires_in", "scope"}
    assert (body["token_type"], body["expires_in"], body["scope"]) == ("bearer", 600, "orders:read orders:write")
    claims, header = claims_of(body["access_token"]), jwt.get_unverified_header(body["access_token"])
    assert (claims["iss"], claims["aud"], claims["sub"]) == (ISSUER, shop.identifier, person.id)
    assert (claims["client_id"], claims["scope"]) == ("doorward", body["scope"])
    assert claims["exp"] == claims["iat"] + 600
    assert "roles" not in claims
    now = int(shop.provider.service.clock.now().timestamp())
    assert (claims["auth_time"], claims["acr"], claims["amr"]) == (now, "1", ["pwd"])
    keys = (await shop.provider.service.client.get("/oauth/jwks")).json()["keys"]
    assert (header["alg"], header["kid"] in {key["kid"] for key in keys}) == ("ES256", True)
    (session,) = shop.provider.service.sessions_of(person)
    assert (session["resources"], session["scopes"]) == ([shop.identifier], ["orders:read", "orders:write"])


async def test_tokens_are_signed_with_the_algorithm_of_their_resource(shop_provider: Provider) -> None:
    shop = await create_shop(shop_provider, "RS256")
    _, first = await shop.log_in()
    second = await shop_provider.service.refresh(first.refresh)
    assert [jwt.get_unverified_header(each.access)["alg"] for each in (first, second)] == ["RS256", "RS256"]


async def test_a_login_with_two_factors_for_a_resource_is_visible_in_its_token(shop: Shop) -> None:
    """The request with the password is granted after the code, and a refresh keeps acr and amr."""
    service = shop.provider.service
    person = await service.register()
    service.sql("UPDATE users SET email_verified_at = now() WHERE id = %s", person.id)
    protected = await Protected.enrolled(Owner(service, person, await service.log_in(person)))
    asked = await shop.post_login(person)
    assert is_problem(asked, 403, "second_factor_required")
    answer = await protected.post_code(asked.json()["mfa_token"], protected.code())
    body, now = answer.json(), int(service.clock.now().timestamp())
    assert (body["scope"], body["expires_in"]) == ("orders:read orders:write", 600)
    claims = claims_of(body["access_token"])
    assert claims["aud"] == shop.identifier
    assert (claims["auth_time"], claims["acr"], claims["amr"]) == (now, "2", ["pwd", "otp", "mfa"])
    service.clock.advance(timedelta(minutes=1))
    refreshed = claims_of((await shop.refresh(body["refresh_token"])).json()["access_token"])
    assert (refreshed["auth_time"], refreshed["acr"], refreshed["amr"]) == (now, "2", ["pwd", "otp", "mfa"])


async def test_this_service_refuses_the_token_and_the_resource_sees_it_as_active(shop: Shop) -> None:
    person, tokens = await shop.log_in()
    for path in ("/api/v1/auth/me", "/api/v1/items", "/api/v1/account", "/api/v1/admin/users"):
        answer = await shop.provider.service.authorized("GET", path, tokens.access)
        assert is_problem(answer, 401, "invalid_access_token")
    answer = await shop.server.post("/oauth/introspect", token=tokens.access)
    assert answer.json() == {"active": True, "token_type": "Bearer", **claims_of(tokens.access)}
    assert answer.json()["sub"] == person.id
    stranger = await shop.provider.machine()
    assert (await stranger.post("/oauth/introspect", token=tokens.access)).json() == {"active": False}


async def test_scopes_and_resources_removed_by_the_operator_change_the_introspection(shop: Shop) -> None:
    _, tokens = await shop.log_in()
    await shop.give(scopes=("orders:read",))
    answer = await shop.server.post("/oauth/introspect", token=tokens.access)
    assert answer.json()["scope"] == "orders:read"
    await shop.give(scopes=())
    assert not await shop.is_active(tokens.access)
    await shop.give()
    assert await shop.is_active(tokens.access)
    await shop.give(resources=())
    assert not await shop.is_active(tokens.access)


async def test_a_login_can_request_fewer_scopes(shop: Shop) -> None:
    _, tokens = await shop.log_in(scope="orders:read")
    assert claims_of(tokens.access)["scope"] == "orders:read"
    refreshed = await shop.refresh(tokens.refresh)
    assert refreshed.json()["scope"] == "orders:read"
    assert is_oauth_error(await shop.refresh(refreshed.json()["refresh_token"], scope="orders:write"), "invalid_scope")


async def test_every_refresh_endpoint_keeps_the_audience(shop: Shop) -> None:
    _, tokens = await shop.log_in()
    service = shop.provider.service
    at_oauth = pair(await shop.refresh(tokens.refresh, resource=shop.identifier))
    by_json = await service.refresh(at_oauth.refresh)
    by_form = pair(await service.post_refresh_form(by_json.refresh, scope="orders:read"))
    for each, scope in (
        (at_oauth, "orders:read orders:write"),
        (by_json, "orders:read orders:write"),
        (by_form, "orders:read"),
    ):
        assert (claims_of(each.access)["aud"], claims_of(each.access)["scope"]) == (shop.identifier, scope)


async def test_a_refresh_keeps_the_time_of_the_sign_in(shop: Shop) -> None:
    _, tokens = await shop.log_in()
    first = claims_of(tokens.access)
    shop.provider.service.clock.advance(timedelta(minutes=10))
    refreshed = pair(await shop.refresh(tokens.refresh))
    claims = claims_of(refreshed.access)
    assert claims["iat"] == first["iat"] + 600
    assert (claims["auth_time"], claims["acr"], claims["amr"]) == (first["auth_time"], "1", ["pwd"])


@pytest.mark.parametrize("resource", [ORDERS, "doorward", ISSUER, "\0", "x"])
async def test_a_refresh_for_another_audience_is_refused_and_rotates_nothing(shop: Shop, resource: str) -> None:
    person, tokens = await shop.log_in()
    assert is_oauth_error(await shop.refresh(tokens.refresh, resource=resource), "invalid_target")
    assert shop.provider.service.sessions_of(person)[0]["generation"] == 0
    assert (await shop.refresh(tokens.refresh)).status_code == 200


async def test_scopes_removed_by_the_operator_are_missing_after_the_next_refresh(shop: Shop) -> None:
    _, tokens = await shop.log_in()
    await shop.give(scopes=("orders:read",))
    answer = await shop.refresh(tokens.refresh)
    assert answer.json()["scope"] == claims_of(answer.json()["access_token"])["scope"] == "orders:read"
    assert is_oauth_error(await shop.refresh(pair(answer).refresh, scope="orders:write"), "invalid_scope")
    await shop.give(scopes=())
    assert is_oauth_error(await shop.refresh(pair(answer).refresh), "invalid_grant")
    await shop.give()
    assert (await shop.refresh(pair(answer).refresh)).status_code == 200


@pytest.mark.parametrize("removed", ["of_client", "itself"])
async def test_a_removed_resource_gets_no_more_tokens(shop: Shop, removed: str) -> None:
    person, tokens = await shop.log_in()
    other = await shop.log_in()
    if removed == "of_client":
        await shop.give(resources=())
    else:
        await shop.provider.resources.delete_by_identifier(OPERATOR, shop.identifier)
    assert is_oauth_error(await shop.refresh(tokens.refresh), "invalid_grant")
    assert is_problem(await shop.provider.service.post_refresh(other[1].refresh), 401, "invalid_refresh_token")
    refused = await shop.post_login(person)
    assert is_problem(refused, 422, "invalid_target")
    assert refused.json()["error"] == "invalid_target"
    (session,) = shop.provider.service.sessions_of(person)
    assert (session["generation"], session["ended_at"]) == (0, None)


@pytest.mark.parametrize(
    "scope", ["account", "orders:read account", "items:read", "orders:delete", "\0", "admin:users:read"]
)
async def test_scopes_outside_the_resource_are_refused(shop: Shop, scope: str) -> None:
    person = await shop.provider.service.register()
    answer = await shop.post_login(person, scope=scope)
    assert (answer.status_code, answer.json()["error"]) == (422, "invalid_scope")
    assert shop.provider.service.sessions_of(person) == []


@pytest.mark.parametrize("resource", [ORDERS, ISSUER, "x", "\0", "a" * 2000])
async def test_a_resource_that_is_not_allowed_for_logins_is_an_invalid_target(shop: Shop, resource: str) -> None:
    person = await shop.provider.service.register()
    answer = await shop.post_login(person, resource=resource)
    assert is_problem(answer, 422, "invalid_target")
    assert shop.provider.service.sessions_of(person) == []


async def test_a_wrong_password_is_refused_with_the_usual_error(shop: Shop) -> None:
    person = await shop.provider.service.register()
    wrong = Person(person.id, person.email, person.username, f"not {PASSWORD}")
    assert is_problem(await shop.post_login(wrong), 401, "invalid_credentials")


async def test_a_login_without_a_resource_gets_the_usual_tokens(shop: Shop) -> None:
    person = await shop.provider.service.register()
    for form in ({}, {"resource": ""}, {"resource": "doorward"}, {"resource": "doorward", "scope": "account"}):
        answer = await shop.provider.service.client.post(
            LOGIN, data={"username": person.username, "password": person.password, **form}
        )
        assert list(answer.json()) == ["access_token", "refresh_token", "token_type", "expires_in"]
        assert claims_of(answer.json()["access_token"])["aud"] == "doorward"
        assert jwt.get_unverified_header(answer.json()["access_token"])["alg"] == "HS256"
    scoped = await shop.provider.service.client.post(
        LOGIN, data={"username": person.username, "password": person.password, "scope": "orders:read"}
    )
    assert is_problem(scoped, 422, "invalid_scope")


async def test_without_the_provider_a_resource_is_ignored(make_service: MakeService) -> None:
    service = await make_service()
    person = await service.register()
    login = {"username": person.username, "password": person.password, "resource": ORDERS}
    answer = await service.client.post(LOGIN, data=login)
    assert list(answer.json()) == ["access_token", "refresh_token", "token_type", "expires_in"]
    assert (await service.get_me(answer.json()["access_token"])).status_code == 200
    assert is_problem(await service.client.post(LOGIN, data={**login, "scope": "orders:read"}), 422, "invalid_scope")


async def end_by_logout(shop: Shop, tokens: Pair) -> None:
    await shop.provider.service.post_revoke(tokens.refresh)


async def end_by_access_token(shop: Shop, tokens: Pair) -> None:
    answer = await shop.provider.post("/oauth/revoke", {"client_id": "doorward", "token": tokens.access})
    assert answer.status_code == 200


async def deactivate(shop: Shop, tokens: Pair) -> None:
    shop.provider.sql("UPDATE users SET is_active = false WHERE id = %s", claims_of(tokens.access)["sub"])


async def reuse(shop: Shop, tokens: Pair) -> None:
    await shop.refresh(tokens.refresh)
    await shop.refresh(tokens.refresh)


@pytest.mark.parametrize("end", [end_by_logout, end_by_access_token, deactivate, reuse])
async def test_an_ended_session_is_inactive_at_the_next_introspection(shop: Shop, end: Any) -> None:
    _, tokens = await shop.log_in()
    assert await shop.is_active(tokens.access)
    await end(shop, tokens)
    assert not await shop.is_active(tokens.access)
