"""The application: routers, middleware, problem handlers, lifespan."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from dataclasses import dataclass, fields
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from fastapi.telemetry import TelemetryConfig

from doorward import __version__
from doorward.api import documentation, health, v1
from doorward.api.bodies import name_body_schemas
from doorward.api.browsers import CrossOriginMiddleware, HostMiddleware, ListCompressionMiddleware
from doorward.api.budgets import CallsInFlight, CallsInFlightMiddleware, RefusalLog
from doorward.api.direct_calls import DirectCallsMiddleware, direct_routes
from doorward.api.draining import Drain, DrainMiddleware
from doorward.api.middleware import (
    BodyLimitMiddleware,
    CatchAllMiddleware,
    ClientOf,
    CorrelationIdMiddleware,
    SecurityHeadersMiddleware,
)
from doorward.api.problems import install_problem_handlers, name_problem_schemas
from doorward.api.schemas.health import CheckState
from doorward.core.ports import RateLimiter
from doorward.domain.auth.login import Login
from doorward.domain.auth.registration import Registration
from doorward.domain.auth.sessions import Sessions
from doorward.domain.items.importing import ItemImport
from doorward.domain.items.service import Items
from doorward.settings.config import Settings

_DESCRIPTION = """
Accounts, passwords, access tokens, and refresh-token families with theft detection.

1. `POST /api/v1/auth/register` makes an account.
2. **Authorize** (above) logs in with it.
3. `GET /api/v1/auth/me` tells who you are.
"""


_NO_TELEMETRY: Final[TelemetryConfig] = {
    "tracing": False,
    "metrics": False,
    "logs": False,
    "operation_spans": False,
    "auto_configure": False,
}
"""FastAPI's own would send paths, query strings and the messages of errors, passwords among them."""


@dataclass(frozen=True, slots=True)
class Services:
    """What the application serves with, wired by ``wiring``. Requests find each as ``app.state`` by its name."""

    registration: Registration
    login: Login
    sessions: Sessions
    items: Items
    item_import: ItemImport
    bulk_place: Callable[[], AbstractContextManager[None]]
    calls: CallsInFlight
    refusals: RefusalLog
    upload_idle_seconds: int
    limiter: RateLimiter
    client_of: ClientOf
    check_readiness: Callable[[], Awaitable[dict[str, CheckState]]]
    drain: Drain
    lifespan: Callable[[FastAPI], AbstractAsyncContextManager[None]]


def create_app(settings: Settings, services: Services) -> FastAPI:
    """Return the ASGI application. May be called many times in one process."""
    app = FastAPI(
        title="doorward",
        version=__version__,
        description=_DESCRIPTION,
        lifespan=services.lifespan,
        redirect_slashes=False,
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json" if settings.docs_enabled else None,
        telemetry=_NO_TELEMETRY,
    )
    for each in fields(services):
        setattr(app.state, each.name, getattr(services, each.name))
    routers = v1.create_routers()
    for router in routers:
        app.include_router(router)
    app.include_router(health.router)
    if settings.docs_enabled:
        app.include_router(documentation.router)
    install_problem_handlers(app)
    _add_middleware(app, settings, services, direct_routes(routers, v1.DIRECT_CALLS))
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign] # FastAPI's documented way to extend it
    return app


def _add_middleware(app: FastAPI, settings: Settings, services: Services, direct: Sequence[APIRoute]) -> None:
    """Wrap the application, from the inside out: the last one added is the outermost."""
    app.add_middleware(DirectCallsMiddleware, routes=direct, error_handlers=app.exception_handlers)
    app.add_middleware(ListCompressionMiddleware)
    app.add_middleware(BodyLimitMiddleware)
    if settings.allowed_hosts:
        app.add_middleware(HostMiddleware, allowed_hosts=settings.allowed_hosts)
    app.add_middleware(CallsInFlightMiddleware, calls=services.calls, refusals=services.refusals)
    app.add_middleware(CatchAllMiddleware)
    # Around all that refuses, so that a page of an allowed origin can read every refusal.
    if settings.cors_allow_origins:
        app.add_middleware(CrossOriginMiddleware, settings=settings)
    app.add_middleware(CorrelationIdMiddleware, client_of=services.client_of)
    app.add_middleware(
        SecurityHeadersMiddleware,
        is_https=(settings.public_url or "").startswith("https://"),
        has_documentation=settings.docs_enabled,
    )
    app.add_middleware(DrainMiddleware, drain=services.drain)


def _openapi(app: FastAPI) -> dict[str, Any]:
    if app.openapi_schema is None:
        document = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
        name_problem_schemas(document)
        name_body_schemas(document)
        app.openapi_schema = document
    return app.openapi_schema
