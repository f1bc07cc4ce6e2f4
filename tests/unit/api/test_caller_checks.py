"""Checks of callers that routes make themselves: each route has one, and no response but a refusal precedes it."""

from collections.abc import Callable
from typing import Annotated, Any

import pytest
from fastapi import Depends, Request, Response
from starlette.types import Message

from doorward.api.caller_checks import AccessCheck, UncheckedCallerError, note_checked
from doorward.api.policy import (
    ACCOUNT,
    NEEDS_CLIENT,
    PUBLIC,
    Access,
    InBrowser,
    NeedsClient,
    NeedsRegistrationToken,
    RoutePolicy,
)
from doorward.api.routing import Call, PolicyRoute, RouteError


async def without_a_check() -> None:
    pass


class ClientCheckOfAForm(AccessCheck):
    access = NeedsClient

    async def __call__(self) -> str:
        return "client"


class TokenCheck(AccessCheck):
    access = NeedsRegistrationToken

    async def __call__(self) -> str:
        return "token"


async def with_client(client: Annotated[str, Depends(ClientCheckOfAForm())]) -> None:
    pass


async def with_client_in_a_dependency(_: Annotated[None, Depends(with_client)]) -> None:
    pass


async def with_token(token: Annotated[str, Depends(TokenCheck())]) -> None:
    pass


CHECKED_BY_ROUTES = [NEEDS_CLIENT, InBrowser(ACCOUNT), NeedsRegistrationToken()]


@pytest.mark.parametrize("access", CHECKED_BY_ROUTES)
def test_a_call_that_neither_takes_a_check_of_its_caller_nor_is_guarded_prevents_startup(access: Access) -> None:
    with pytest.raises(RouteError, match="/films has an AccessCheck or is guarded"):
        PolicyRoute(Call("GET", "/films", without_a_check, RoutePolicy(access)))
    PolicyRoute(Call("GET", "/films", without_a_check, RoutePolicy(access), is_guarded=True))


@pytest.mark.parametrize("endpoint", [with_client, with_client_in_a_dependency])
def test_a_call_that_takes_the_check_of_another_access_prevents_startup(endpoint: Callable[..., Any]) -> None:
    PolicyRoute(Call("GET", "/films", endpoint, RoutePolicy(NEEDS_CLIENT)))
    PolicyRoute(Call("GET", "/films", with_token, RoutePolicy(NeedsRegistrationToken())))
    for access in (InBrowser(ACCOUNT), NeedsRegistrationToken()):
        with pytest.raises(RouteError, match="/films has an AccessCheck or is guarded"):
            PolicyRoute(Call("GET", "/films", endpoint, RoutePolicy(access)))


@pytest.mark.parametrize("access", [PUBLIC, ACCOUNT])
def test_a_guarded_call_whose_caller_admission_checks_prevents_startup(access: Access) -> None:
    with pytest.raises(RouteError, match="/films has an AccessCheck or is guarded"):
        PolicyRoute(Call("GET", "/films", without_a_check, RoutePolicy(access), is_guarded=True))


async def _sent_by_a_guarded_route(status: int, *, is_checked: bool, is_direct: bool) -> list[int]:
    """Return the statuses that reach the client."""

    async def endpoint(request: Request) -> Response:
        if is_checked:
            note_checked(request.scope)
        return Response(status_code=status)

    sent: list[int] = []

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        sent.extend([message["status"]] if message["type"] == "http.response.start" else [])

    call = Call("GET", "/films", endpoint, RoutePolicy(NEEDS_CLIENT), is_direct=is_direct, is_guarded=True)
    scope = {"type": "http", "method": "GET", "path": "/films", "query_string": b"", "headers": [], "path_params": {}}
    await PolicyRoute(call).app(scope, receive, send)
    return sent


@pytest.mark.parametrize("is_direct", [True, False])
@pytest.mark.parametrize("status", [200, 204, 303])
async def test_a_guarded_route_succeeds_only_after_the_check_of_its_caller(status: int, *, is_direct: bool) -> None:
    assert await _sent_by_a_guarded_route(status, is_checked=True, is_direct=is_direct) == [status]
    with pytest.raises(UncheckedCallerError):
        await _sent_by_a_guarded_route(status, is_checked=False, is_direct=is_direct)


@pytest.mark.parametrize("status", [400, 401, 503])
async def test_a_guarded_route_may_refuse_before_the_check_of_its_caller(status: int) -> None:
    assert await _sent_by_a_guarded_route(status, is_checked=False, is_direct=True) == [status]
