"""The ASGI application: all routes, the request pass that serves them, the OpenAPI document, the lifespan."""

from collections.abc import Sequence
from functools import cache, partial
from typing import Any, Final

from fastapi import FastAPI
from fastapi.telemetry import TelemetryConfig
from starlette.types import ASGIApp, Receive, Scope, Send

from doorward import __version__
from doorward.api import development_mails, documentation, front_page, health, oauth, security_contact, v1
from doorward.api.middleware.cross_origin import CrossOrigin
from doorward.api.middleware.request_pass import EdgeSettings, RequestPass
from doorward.api.openapi import openapi_document
from doorward.api.policy import Origins
from doorward.api.problem_page import ShowProblem
from doorward.api.routing import Call, PolicyRoute, PrefixedRouteTable, RouteTable
from doorward.api.services import Services
from doorward.settings.browsers import BrowserSettings
from doorward.settings.deployment import DeploymentSettings
from doorward.settings.web_addresses import ANY_ORIGIN

_NO_TELEMETRY: Final[TelemetryConfig] = {
    "tracing": False,
    "metrics": False,
    "logs": False,
    "operation_spans": False,
    "auto_configure": False,
}
"""FastAPI's own telemetry would send paths, query strings and error messages, which can contain passwords."""


class Application(FastAPI):
    """A FastAPI application whose HTTP requests are answered by ``RequestPass``.

    FastAPI's own middleware would wrap each request in five more coroutines. ``RequestPass`` does its work for HTTP: it
    turns exceptions into responses and limits the size of bodies.
    """

    answer: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request; leave the lifespan to FastAPI."""
        if scope["type"] != "http":
            await super().__call__(scope, receive, send)
            return
        scope["app"] = self
        await self.answer(scope, receive, send)


def create_app(
    deployment: DeploymentSettings,
    browsers: BrowserSettings,
    services: Services,
    pages: Sequence[Call] = (),
    show_problem: ShowProblem | None = None,
) -> Application:
    """Return the ASGI application with the API and the given pages. May be called many times in one process.

    ``show_problem`` renders refusals as HTML in the style of the pages. Raises ``RouteError`` for a route without a
    policy.
    """
    prefix = browsers.path_prefix
    others = [*_calls_by_settings(deployment, browsers, services), *pages]
    routes = [*_routes_of_v1(), *map(PolicyRoute, others)]
    app = Application(
        title="doorward",
        version=__version__,
        lifespan=services.lifespan,
        routes=list(routes),
        openapi_url=None,
        telemetry=_NO_TELEMETRY,
    )
    app.state.services = services
    app.openapi = lambda: _openapi(app, routes, prefix)  # type: ignore[method-assign] # FastAPI's documented way to extend it
    app.answer = RequestPass(
        routes=PrefixedRouteTable(app.routes, prefix) if prefix else RouteTable(app.routes),
        services=services,
        settings=_edge_settings(browsers),
        http_hints=v1.HTTP_HINTS,
        show_problem=show_problem,
    )
    return app


@cache
def _routes_of_v1() -> Sequence[PolicyRoute]:
    """Return the routes that depend on no setting. Building them takes most of the time of ``create_app``."""
    return tuple(map(PolicyRoute, v1.calls()))


def _calls_by_settings(deployment: DeploymentSettings, browsers: BrowserSettings, services: Services) -> Sequence[Call]:
    prefix = browsers.path_prefix
    return [
        *health.calls(),
        *security_contact.calls(deployment.security_contact, browsers.public_url),
        *oauth.calls(services, prefix),
        *front_page.calls(prefix, has_documentation=browsers.docs_enabled),
        *(documentation.calls() if browsers.docs_enabled else ()),
        *(development_mails.calls(services.development_mails) if services.development_mails else ()),
    ]


def _edge_settings(browsers: BrowserSettings) -> EdgeSettings:
    configured = partial(CrossOrigin, origins=browsers.cors_allow_origins, headers=browsers.cors_allow_headers)
    return EdgeSettings(
        is_https=(browsers.public_url or "").startswith("https://"),
        allowed_hosts=browsers.allowed_hosts,
        cross_origin={
            Origins.SETTINGS: configured(allow_credentials=browsers.cors_allow_credentials),
            Origins.CLIENTS: configured(has_dynamic_origins=True),
            Origins.ALL: CrossOrigin(origins=(ANY_ORIGIN,)),
            Origins.NONE: CrossOrigin(origins=()),
        },
    )


def _openapi(app: FastAPI, routes: list[PolicyRoute], prefix: str) -> dict[str, Any]:
    if app.openapi_schema is None:
        app.openapi_schema = openapi_document(routes, v1.HTTP_HINTS, prefix)
    return app.openapi_schema
