"""Traces for OpenTelemetry: a span for each request and one for each SQL statement. Needs the extra ``otel``.

Loaded only when traces are sent somewhere. A span holds names that are in the code: no path, no query, no value of a
statement, no message of an error.
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

KNOWN_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
OTHER_METHOD: Final = "_OTHER"
"""OpenTelemetry's semantic conventions for HTTP spans."""

TRACE_PARENT: Final = "traceparent"
_OURS: Final = "doorward."
_propagator: Final = TraceContextTextMapPropagator()


class Tracing:
    """The spans of one application."""

    def __init__(self, processor: SpanProcessor) -> None:
        # OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES win.
        service = Resource({"service.name": "doorward", "service.version": __version__})
        self._provider = TracerProvider(resource=service.merge(OTELResourceDetector().detect()), shutdown_on_exit=False)
        self._provider.add_span_processor(processor)
        self.tracer: Tracer = self._provider.get_tracer("doorward", __version__)
        self.cursor_factory = _traced_cursor(self.tracer)

    def around(self, answer: ASGIApp) -> ASGIApp:
        """Return what answers HTTP requests with a server span around each."""
        return TracingMiddleware(answer, self.tracer)

    async def close(self) -> None:
        """Send what is left; that may take as long as the collector does."""
        await asyncio.to_thread(self._provider.shutdown)


def tracing_to(url: str) -> Tracing:
    """Return the tracing that sends spans in batches, from a thread of its own, as the ``OTEL_*`` variables say."""
    return Tracing(BatchSpanProcessor(OTLPSpanExporter(endpoint=url)))


class TracingMiddleware:
    """A server span around each HTTP request, the child of the caller's. The outermost of all."""

    def __init__(self, app: ASGIApp, tracer: Tracer) -> None:
        self._app = app
        self._tracer = tracer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
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
    """Return the scope with the span as its traceparent: log and correlation id take the trace from there."""
    carrier: dict[str, str] = {}
    _propagator.inject(carrier)
    others = [header for header in scope["headers"] if header[0] != TRACE_PARENT.encode()]
    own = [(name.encode(), value.encode()) for name, value in carrier.items() if name == TRACE_PARENT]
    return {**scope, "headers": [*others, *own]} if span.get_span_context().is_valid else scope


def _name(span: Span, method: str, scope: Scope, status: int) -> None:
    """Name the span by its route's template: a path holds what clients typed."""
    route = getattr(scope.get("route"), "path", None)
    if route is not None:
        span.update_name(f"{method} {route}")
        span.set_attribute("http.route", route)
    span.set_attribute("http.response.status_code", status)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        span.set_status(StatusCode.ERROR)


def _traced_cursor(tracer: Tracer) -> type[AsyncCursor[Any]]:
    """Return a cursor that has a span for each statement, named after the function that runs it."""

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
            # Its message holds values: "Key (email)=(...) already exists".
            span.set_attribute("error.type", error.sqlstate or type(error).__name__)
            span.set_status(StatusCode.ERROR)
            raise


def _statement_name() -> str:
    """Return ``rotations.rotate_sessions``: the function of ours nearest to the driver, and where it is."""
    frame = sys._getframe(1)  # noqa: SLF001 - CPython's, and what the standard library's logging uses
    while frame.f_back is not None:
        frame = frame.f_back
        module = str(frame.f_globals.get("__name__", ""))
        if module.startswith(_OURS) and module != __name__:
            *_, folder, last = module.split(".")
            return f"{folder if last == 'repository' else last}.{frame.f_code.co_name}"
    return "statement"
