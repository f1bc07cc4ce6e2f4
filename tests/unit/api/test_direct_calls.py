"""Which routes may be answered past FastAPI: those that ask for nothing that only FastAPI would give."""

import pytest
from fastapi import APIRouter, Depends, Request, Response

from doorward.api.direct_calls import direct_routes


async def call(request: Request) -> Response:
    return Response(request.url.path)


async def call_with_parameter(request: Request, page: int) -> Response:
    return Response(f"{request.url.path}?page={page}")


def refuse() -> None:
    raise PermissionError


def test_the_routes_of_the_named_endpoints_are_found_in_all_routers() -> None:
    routers = [APIRouter(prefix="/one"), APIRouter(prefix="/two")]
    for router in routers:
        router.add_api_route("/call", call)
        router.add_api_route("/other", call_with_parameter)
    assert [route.path for route in direct_routes(routers, {call})] == ["/one/call", "/two/call"]


def test_a_dependency_is_never_passed_over() -> None:
    router = APIRouter()
    router.add_api_route("/call", call, dependencies=[Depends(refuse)])
    with pytest.raises(ValueError, match="/call takes more than the request"):
        direct_routes([router], {call})


def test_a_dependency_of_the_router_is_never_passed_over() -> None:
    router = APIRouter(dependencies=[Depends(refuse)])
    router.add_api_route("/call", call)
    with pytest.raises(ValueError, match="/call takes more than the request"):
        direct_routes([router], {call})


def test_a_parameter_of_the_path_is_never_passed_over() -> None:
    router = APIRouter()
    router.add_api_route("/call/{item_id}", call)
    with pytest.raises(ValueError, match="takes more than the request"):
        direct_routes([router], {call})


def test_a_parameter_of_the_endpoint_is_never_passed_over() -> None:
    router = APIRouter()
    router.add_api_route("/call", call_with_parameter)
    with pytest.raises(ValueError, match="/call takes more than the request"):
        direct_routes([router], {call_with_parameter})
