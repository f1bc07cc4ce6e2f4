"""Traces for OpenTelemetry: a span for each request and one for each SQL statement. Needs the extra ``otel``.

Imported only if traces are enabled. A span contains only names from the code: no path, no query string, no parameter of
a statement, no error message.
"""

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any, Final

import psycopg
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span, SpanKind, StatusCode, Tracer
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from psycopg import AsyncCursor
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from doorward import __version__
from doorward.observability.http_methods import KNOWN_METHODS

OTHER_METHOD: Final = "_OTHER"
"""The value for unknown methods in OpenTelemetry's semantic conventions for HTTP spans."""

TRACE_PARENT: Final = "traceparent"
_PACKAGE_PREFIX: Final = "doorward."
_propagator: Final = TraceContextTextMapPropagator()


class Tracing:
    """The spans of one application."""

    def __init__(self, processor: SpanProcessor) -> None:
        # OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES override these attributes.
        service = Resource({"service.name": "doorward", "service.version": __version__})
        self._provider = TracerProvider(resource=service.merge(OTELResourceDetector().detect()), shutdown_on_exit=False)
        self._provider.add_span_processor(processor)
        self.tracer: Tracer = self._provider.get_tracer("doorward", __version__)
        self.cursor_factory = _traced_cursor(self.tracer)

    def wrap(self, answer: ASGIApp) -> ASGIApp:
        """Return the application wrapped in a server span for each HTTP request."""
        return TracingMiddleware(answer, self.tracer)

    async def close(self) -> None:
        """Send the remaining spans, which may take as long as the collector needs to respond."""
        await asyncio.to_thread(self._provider.shutdown)


def tracing_to(url: str) -> Tracing:
    """Return the tracing that sends spans in batches from a separate thread, configured by the ``OTEL_*`` variables."""
    return Tracing(BatchSpanProcessor(OTLPSpanExporter(endpoint=url)))


class TracingMiddleware:
    """The outermost middleware. It wraps each HTTP request in a server span, a child of the caller's span."""

    def __init__(self, app: ASGIApp, tracer: Tracer) -> None:
        self._app = app
        self._tracer = tracer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        method = scope["method"] if scope["method"] in KNOWN_METHODS else OTHER_METHOD
        given = Headers(scope=scope).getlist(TRACE_PARENT)
        with self._tracer.start_as_current_span(
            method,
            context=_propagator.extract({TRACE_PARENT: given[0]} if len(given) == 1 else {}),
            kind=SpanKind.SERVER,
            attributes={"http.request.method": method},
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            inner = _with_own_trace(scope, span)

            async def send_and_note(message: Message) -> None:
                if message["type"] == "http.response.start":
                    _name(span, method, inner, message["status"])
                await send(message)

            await self._app(inner, receive, send_and_note)


def _with_own_trace(scope: Scope, span: Span) -> Scope:
    """Return the scope with the span as traceparent, from which the log and the correlation id take the trace id."""
    carrier: dict[str, str] = {}
    _propagator.inject(carrier)
    others = [header for header in scope["headers"] if header[0] != TRACE_PARENT.encode()]
    own = [(name.encode(), value.encode()) for name, value in carrier.items() if name == TRACE_PARENT]
    return {**scope, "headers": [*others, *own]} if span.get_span_context().is_valid else scope


def _name(span: Span, method: str, scope: Scope, status: int) -> None:
    """Name the span after the route's path template, because a path contains data of clients."""
    route = getattr(scope.get("route"), "path", None)
    if route is not None:
        span.update_name(f"{method} {route}")
        span.set_attribute("http.route", route)
    span.set_attribute("http.response.status_code", status)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        span.set_status(StatusCode.ERROR)


def _traced_cursor(tracer: Tracer) -> type[AsyncCursor[Any]]:
    """Return a cursor class that creates a span for each statement, named after the function that runs it."""

    class TracedCursor(AsyncCursor[Any]):
        async def execute(self, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - as psycopg's, in all its forms
            with _statement_span(tracer):
                return await super().execute(*arguments, **options)

        async def executemany(self, *arguments: Any, **options: Any) -> None:  # noqa: ANN401 - as above
            with _statement_span(tracer):
                await super().executemany(*arguments, **options)

    return TracedCursor


@contextmanager
def _statement_span(tracer: Tracer) -> Iterator[None]:
    name = _statement_name()
    with tracer.start_as_current_span(
        name,
        kind=SpanKind.CLIENT,
        attributes={"db.system.name": "postgresql", "db.query.summary": name},
        record_exception=False,
        set_status_on_exception=False,
    ) as span:
        try:
            yield
        except psycopg.Error as error:
            # The message is omitted, because it contains values: "Key (email)=(...) already exists".
            span.set_attribute("error.type", error.sqlstate or type(error).__name__)
            span.set_status(StatusCode.ERROR)
            raise


def _statement_name() -> str:
    """Return the name of this project's function nearest to the driver, as in ``rotations.rotate_sessions``."""
    frame = sys._getframe(1)  # noqa: SLF001 - CPython's, and what the standard library's logging uses
    while frame.f_back is not None:
        frame = frame.f_back
        module = str(frame.f_globals.get("__name__", ""))
        if module.startswith(_PACKAGE_PREFIX) and module != __name__:
            *_, folder, last = module.split(".")
            return f"{folder if last == 'repository' else last}.{frame.f_code.co_name}"
    return "statement"
