"""Calls that go from the request to the response in one function, past FastAPI's own work for each request.

Its matching of routes, solving of dependencies and check of the answer take longer than all the rest of a small call.
It still describes these calls, and would answer the same: it has the same function.
"""

from collections.abc import Awaitable, Callable, Container, Iterable, Mapping
from inspect import signature
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.types import ASGIApp, Receive, Scope, Send

ErrorHandler = Callable[[Request, Exception], Awaitable[Response]]


def model_response(model: BaseModel) -> Response:
    """Return the model as the JSON body of a success."""
    return Response(model.model_dump_json(), media_type="application/json")


def direct_routes(routers: Iterable[APIRouter], endpoints: Container[Callable[..., Any]]) -> list[APIRoute]:
    """Return the routes of these endpoints.

    Raises ``ValueError`` for one with parameters or dependencies: they would be passed over.
    """
    routes = [
        route
        for router in routers
        for route in router.routes
        if isinstance(route, APIRoute) and route.endpoint in endpoints
    ]
    for route in routes:
        if route.dependencies or route.param_convertors or list(signature(route.endpoint).parameters) != ["request"]:
            raise ValueError(f"{route.path} takes more than the request")
    return routes


class DirectCallsMiddleware:
    """Answers its routes by their endpoints, which take nothing but the request; all else goes on to FastAPI."""

    def __init__(
        self, app: ASGIApp, *, routes: Iterable[APIRoute], error_handlers: Mapping[Any, Callable[..., Any]]
    ) -> None:
        """Wrap the application; ``routes`` as ``direct_routes`` returns them."""
        self._app = app
        self._route_of = {(method, route.path): route for route in routes for method in route.methods or ()}
        self._error_handlers = error_handlers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        route = self._route_of.get((scope["method"], scope["path"])) if scope["type"] == "http" else None
        if route is None:
            await self._app(scope, receive, send)
            return
        scope["route"] = route
        request = Request(scope, receive, send)
        try:
            response: Response = await route.endpoint(request)
        except Exception as error:  # noqa: BLE001 - what has no handler is raised again
            response = await self._handler_of(error)(request, error)
        await response(scope, receive, send)

    def _handler_of(self, error: Exception) -> ErrorHandler:
        for kind in type(error).__mro__:
            if kind in self._error_handlers:
                return self._error_handlers[kind]
        raise error
