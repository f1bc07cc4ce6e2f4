"""The single pass over a request: ids, headers, host, origin, budgets, body, admission, the route, errors, the log."""

import time
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from fastapi import Request
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from doorward.api.admission import admit
from doorward.api.exceptions import MethodNotAllowedError, NotFoundError, RateLimitExceededError
from doorward.api.middleware.answer_headers import policy_headers
from doorward.api.middleware.cross_origin import CrossOrigin, is_preflight
from doorward.api.middleware.exchange import FIRST_REFUSAL, Exchange
from doorward.api.middleware.request_head import (
    Fields,
    check_host,
    check_length,
    correlation_id,
    read_fields,
    trace_id,
)
from doorward.api.oauth_errors import error_format_of
from doorward.api.policy import ErrorFormat, Origins
from doorward.api.problem_page import ProblemPage, ShowProblem
from doorward.api.problems import HttpHints, internal_error_response, problem_of
from doorward.api.routing import RouteTable, Target
from doorward.api.services import Services
from doorward.core.frozen import frozen
from doorward.domain.auth.exceptions import LoginThrottledError
from doorward.observability.events import HttpRequest, HttpRequestCrashed, HttpRequestDisconnected
from doorward.observability.logging import report
from doorward.observability.request_context import begin_request


@frozen
class EdgeSettings:
    """The settings of the request pass. ``is_https`` refers to the public URL, even if a proxy terminates TLS."""

    is_https: bool
    allowed_hosts: tuple[str, ...]
    cross_origin: Mapping[Origins, CrossOrigin]


class RequestPass:
    """Answers every HTTP request by its route, according to the route's policy."""

    def __init__(
        self,
        *,
        routes: RouteTable,
        services: Services,
        settings: EdgeSettings,
        http_hints: HttpHints,
        show_problem: ShowProblem | None = None,
    ) -> None:
        """Build the headers of all responses. ``show_problem`` renders refusals as HTML; None without pages."""
        self._routes = routes
        self._services = services
        self._settings = settings
        self._http_hints = http_hints
        self._show_problem = show_problem
        self._headers: Final = {
            target: (
                policy_headers(target.policy, is_https=settings.is_https, is_refusal=False),
                policy_headers(target.policy, is_https=settings.is_https, is_refusal=True),
            )
            for target in routes.targets()
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        started = time.perf_counter()
        fields = read_fields(scope["headers"])
        trace = trace_id(fields)
        request_id = correlation_id(fields, trace)
        client = self._services.edge.client_of(scope)
        begin_request(correlation_id=request_id, client=client, **({"trace_id": trace} if trace else {}))
        target = self._routes.find(scope)
        if target.route is not None:
            scope["route"] = target.route
        exchange = Exchange(
            receive,
            send,
            limit=target.policy.body_limit,
            has_body=scope["method"] != "HEAD",
            policy_headers=self._headers[target],
            drain=self._services.edge.drain,
        )
        exchange.extra_headers = ((b"x-correlation-id", request_id.encode()),)
        try:
            await self._answer(scope, exchange, target, fields, client)
        finally:
            _log_request(scope, target, exchange.status, time.perf_counter() - started)

    async def _cross_origin_of(self, target: Target, fields: Fields) -> CrossOrigin:
        """Return the CORS rules of the request. Only an origin that the settings do not list is looked up."""
        cross_origin, provider = self._settings.cross_origin[target.policy.origins], self._services.provider
        origin = cross_origin.origin_to_look_up(fields)
        if origin is None or provider is None or not await provider.registered_origins.contains(origin):
            return cross_origin
        return cross_origin.for_origin(origin)

    async def _answer(
        self,
        scope: Scope,
        exchange: Exchange,
        target: Target,
        fields: Fields,
        client: str,
    ) -> None:
        """Answer every request. An exception that is not a refusal is a defect, logged but not shown to the client."""
        try:
            cross_origin = await self._cross_origin_of(target, fields)
            exchange.extra_headers = (*cross_origin.answer_headers(fields), *exchange.extra_headers)
            if is_preflight(scope["method"], fields):
                await cross_origin.preflight(fields)(scope, exchange.receive, exchange.send)
            elif target.policy.is_probe:
                await self._serve(scope, exchange, target, fields)
            else:
                self._services.edge.calls.begin(client)
                try:
                    if self._settings.allowed_hosts:
                        check_host(fields, self._settings.allowed_hosts)
                    await self._serve(scope, exchange, target, fields)
                finally:
                    self._services.edge.calls.end(scope, client)
        except ClientDisconnect:
            report(HttpRequestDisconnected())
        except Exception as error:  # noqa: BLE001 - defects are reported with their traceback
            error_format = error_format_of(scope, target.policy)
            response = self._refusal(error, error_format)
            if response is None or exchange.status:
                report(HttpRequestCrashed())
            if not exchange.status:
                response = self._shown(scope, response or internal_error_response(error_format))
                await response(scope, exchange.receive, exchange.send)

    async def _serve(self, scope: Scope, exchange: Exchange, target: Target, fields: Fields) -> None:
        """Call the route. Raises refusals."""
        check_length(fields, target.policy.body_limit)
        if target.route is None:
            raise NotFoundError
        if target.allowed:
            raise MethodNotAllowedError(headers={"Allow": ", ".join(target.allowed)})
        await admit(Request(scope, exchange.receive), target.route, self._services)
        await target.route.app(scope, exchange.receive, exchange.send)

    def _shown(self, scope: Scope, response: Response) -> Response:
        """Return an HTML refusal rendered in the pages' style; any other response unchanged."""
        if self._show_problem is None or not isinstance(response, ProblemPage):
            return response
        return response.shown(Request(scope), self._show_problem)

    def _refusal(self, error: Exception, error_format: ErrorFormat) -> Response | None:
        response = problem_of(error, error_format, self._http_hints)
        if response is not None and response.status_code == HTTPStatus.TOO_MANY_REQUESTS:
            self._count_refusal(error)
        return response

    def _count_refusal(self, error: Exception) -> None:
        """Count a refusal by a budget for the log. Rate limits and login throttling write their own log lines."""
        if not isinstance(error, RateLimitExceededError | LoginThrottledError):
            self._services.edge.refusals.count(error.code)  # type: ignore[attr-defined] # all refusals have a code


def _log_request(scope: Scope, target: Target, status: int, seconds: float) -> None:
    """Log the request with the route's template instead of the path, which contains client input."""
    is_quiet = status < FIRST_REFUSAL and target.policy.is_probe
    event = HttpRequest(
        method=scope["method"],
        route=target.route.path if target.route is not None else None,
        status=status,
        duration_ms=round(seconds * 1000, 2),
    )
    report(event, level="debug" if is_quiet else "info")
