"""Route policies and the table that finds the route of a request."""

from collections.abc import Callable
from typing import Annotated, Any
from uuid import UUID

import pytest
from fastapi import Depends, Request
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute, Mount

from doorward.api.caller import CurrentAnyCaller, CurrentCaller, CurrentOwner, OptionalCaller
from doorward.api.policy import (
    ACCOUNT,
    MAXIMUM_BODY_BYTES,
    NEEDS_CLIENT,
    OPTIONAL_ACCOUNT,
    PUBLIC,
    UNMATCHED,
    Access,
    Cache,
    ErrorFormat,
    InBrowser,
    NeedsRegistrationToken,
    NeedsScope,
    RoutePolicy,
)
from doorward.api.routing import Call, PolicyRoute, PrefixedRouteTable, RouteError, RouteTable
from doorward.domain.auth.scopes import ResourceScope


async def answer() -> None:
    pass


def _route(method: str, path: str, policy: RoutePolicy) -> PolicyRoute:
    return PolicyRoute(Call(method, path, answer, policy))


def _scope(method: str, path: str) -> dict[str, Any]:
    return {"method": method, "path": path}


TABLE = RouteTable(
    [
        _route("GET", "/films", RoutePolicy(ACCOUNT, cache=Cache.PRIVATE, is_compressed=True)),
        _route("POST", "/films", RoutePolicy(ACCOUNT, cache=Cache.PRIVATE)),
        _route("GET", "/films/search", RoutePolicy(PUBLIC)),
        _route("GET", "/films/{film_id:uuid}", RoutePolicy(ACCOUNT)),
        _route("POST", "/token", RoutePolicy(PUBLIC, errors=ErrorFormat.OAUTH, body_limit=10**9)),
    ]
)


@pytest.mark.parametrize("route", [APIRoute("/films", answer), Mount("/films", routes=[])])
def test_a_route_without_a_policy_prevents_startup(route: BaseRoute) -> None:
    with pytest.raises(RouteError, match="has no policy"):
        RouteTable([_route("GET", "/ok", RoutePolicy(PUBLIC)), route])


def test_a_call_that_is_declared_twice_prevents_startup() -> None:
    with pytest.raises(RouteError, match="declared twice"):
        RouteTable([_route("GET", "/films", RoutePolicy(PUBLIC)), _route("GET", "/films", RoutePolicy(ACCOUNT))])


def test_a_direct_call_that_takes_more_than_the_request_prevents_startup() -> None:
    async def with_parameter(request: Request, page: int) -> None:
        pass

    with pytest.raises(RouteError, match="takes more than the request"):
        PolicyRoute(Call("GET", "/films", with_parameter, RoutePolicy(PUBLIC), is_direct=True))


async def with_caller(caller: CurrentCaller) -> None:
    pass


async def with_any_caller(caller: CurrentAnyCaller) -> None:
    pass


async def with_owner(owner_id: CurrentOwner) -> None:
    pass


async def with_caller_in_a_dependency(_: Annotated[None, Depends(with_caller)]) -> None:
    pass


WITHOUT_A_SCOPE = [PUBLIC, OPTIONAL_ACCOUNT, NEEDS_CLIENT, InBrowser(ACCOUNT), NeedsRegistrationToken()]


@pytest.mark.parametrize("access", WITHOUT_A_SCOPE)
@pytest.mark.parametrize("endpoint", [with_caller, with_any_caller, with_owner, with_caller_in_a_dependency])
def test_a_call_without_a_scope_that_takes_the_caller_prevents_startup(
    endpoint: Callable[..., Any], access: Access
) -> None:
    with pytest.raises(RouteError, match="/films needs no scope"):
        PolicyRoute(Call("GET", "/films", endpoint, RoutePolicy(access)))
    PolicyRoute(Call("GET", "/films", endpoint, RoutePolicy(ACCOUNT)))


async def with_optional_caller(caller: OptionalCaller) -> None:
    pass


UNPAIRED = [(with_optional_caller, PUBLIC), (with_optional_caller, ACCOUNT), (answer, OPTIONAL_ACCOUNT)]


def test_a_call_may_take_an_optional_caller_if_its_scope_is_optional() -> None:
    PolicyRoute(Call("GET", "/films", with_optional_caller, RoutePolicy(OPTIONAL_ACCOUNT)))


@pytest.mark.parametrize(("endpoint", "access"), UNPAIRED)
def test_an_optional_caller_and_an_optional_scope_without_each_other_prevent_startup(
    endpoint: Callable[..., Any], access: Access
) -> None:
    with pytest.raises(RouteError, match="not both"):
        PolicyRoute(Call("GET", "/films", endpoint, RoutePolicy(access)))


@pytest.mark.parametrize("endpoint", [with_caller, with_caller_in_a_dependency])
def test_a_call_for_all_callers_that_takes_a_user_in_a_session_prevents_startup(endpoint: Callable[..., Any]) -> None:
    for_all = RoutePolicy(NeedsScope(ResourceScope.ITEMS_READ))
    with pytest.raises(RouteError, match="takes CurrentAnyCaller"):
        PolicyRoute(Call("GET", "/films", endpoint, for_all))
    PolicyRoute(Call("GET", "/films", with_any_caller, for_all))
    PolicyRoute(Call("GET", "/films", with_owner, for_all))


def test_a_response_with_secrets_cannot_be_compressed() -> None:
    with pytest.raises(ValueError, match="must not be compressed"):
        RoutePolicy(ACCOUNT, is_compressed=True)


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/films"), ("POST", "/films"), ("GET", "/films/search"), ("POST", "/token")],
)
def test_a_request_finds_its_route(method: str, path: str) -> None:
    target = TABLE.find(_scope(method, path))
    assert target.route is not None
    assert (target.route.call.method, target.route.path, target.allowed) == (method, path, ())
    assert target.policy is target.route.policy


def test_head_finds_the_route_of_get() -> None:
    for path in ("/films", "/films/search", f"/films/{UUID(int=1)}"):
        assert TABLE.find(_scope("HEAD", path)) is TABLE.find(_scope("GET", path))


def test_parameters_of_the_path_are_converted() -> None:
    scope = _scope("GET", f"/films/{UUID(int=7)}")
    target = TABLE.find(scope)
    assert target.route is not None
    assert (target.route.path, scope["path_params"]) == ("/films/{film_id:uuid}", {"film_id": UUID(int=7)})


CLIENTS = RouteTable(
    [
        _route("GET", "/clients/{client_id}", RoutePolicy(ACCOUNT)),
        _route("POST", "/clients/{client_id}/disable", RoutePolicy(ACCOUNT)),
    ]
)


@pytest.mark.parametrize("client_id", ["dwc_1", "https://app.example/id", "https://app.example/a/b"])
def test_a_client_id_with_slashes_leaves_the_rest_of_the_path_to_the_route(client_id: str) -> None:
    scope = _scope("POST", f"/clients/{client_id}/disable")
    target = CLIENTS.find(scope)
    assert target.route is not None
    assert (target.route.path, scope["path_params"]) == ("/clients/{client_id}/disable", {"client_id": client_id})
    refused = CLIENTS.find(_scope("PUT", f"/clients/{client_id}/disable"))
    assert refused.allowed == (("POST",) if client_id == "dwc_1" else ("GET", "HEAD"))


@pytest.mark.parametrize(
    "path", ["/", "", "/films/", "/FILMS", "/films/1", "/films/search/more", "/token\n", "//films"]
)
def test_a_path_without_a_route_has_the_strictest_policy(path: str) -> None:
    target = TABLE.find(_scope("GET", path))
    assert (target.route, target.policy) == (None, UNMATCHED)
    assert RoutePolicy(PUBLIC, Cache.NO_STORE, ErrorFormat.PROBLEM, MAXIMUM_BODY_BYTES) == UNMATCHED


def test_a_wrong_method_has_the_error_format_of_its_route_and_the_default_body_limit() -> None:
    target = TABLE.find(_scope("PUT", "/token"))
    assert (target.allowed, target.policy.errors) == (("POST",), ErrorFormat.OAUTH)
    assert target.policy.body_limit == MAXIMUM_BODY_BYTES
    assert TABLE.find(_scope("DELETE", "/films")).allowed == ("GET", "HEAD", "POST")


def test_every_target_is_listed() -> None:
    listed = set(TABLE.targets())
    found = {
        TABLE.find(_scope(method, path))
        for method in ("GET", "HEAD", "POST", "PUT")
        for path in ("/films", "/films/search", f"/films/{UUID(int=1)}", "/token", "/nowhere")
    }
    assert found <= listed


BELOW = PrefixedRouteTable(
    [
        _route("GET", "/", RoutePolicy(PUBLIC)),
        _route("GET", "/api/films/{film_id:uuid}", RoutePolicy(ACCOUNT)),
        _route("GET", "/films", RoutePolicy(ACCOUNT)),
    ],
    "/api",
)
"""A table with a prefix that is also the beginning of some of its paths."""


@pytest.mark.parametrize(
    ("path", "route", "seen_by_clients"),
    [
        ("/films", "/films", "/api/films"),
        ("/api/films", "/films", "/api/films"),
        (f"/api/films/{UUID(int=7)}", "/api/films/{film_id:uuid}", f"/api/api/films/{UUID(int=7)}"),
        (f"/api/api/films/{UUID(int=7)}", "/api/films/{film_id:uuid}", f"/api/api/films/{UUID(int=7)}"),
        ("/", "/", "/api/"),
        ("/api/", "/", "/api/"),
        ("/api", "/", "/api/"),
    ],
)
def test_a_proxy_may_remove_or_forward_the_prefix(path: str, route: str, seen_by_clients: str) -> None:
    scope = _scope("GET", path)
    target = BELOW.find(scope)
    assert target.route is not None
    assert target.route.path == route
    assert (scope["root_path"], scope["path"]) == ("/api", seen_by_clients)


@pytest.mark.parametrize("path", ["/apifilms", "/api//films", "/api/api/films", "/API/films", "/other/films"])
def test_a_path_that_only_resembles_the_prefix_has_no_route(path: str) -> None:
    assert BELOW.find(_scope("GET", path)).route is None
