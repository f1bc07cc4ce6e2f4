"""An OpenTelemetry collector on loopback that stores the received spans."""

import gzip
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


class SentSpan(NamedTuple):
    """A span as it was sent."""

    name: str
    trace_id: str
    span_id: str
    parent_id: str
    kind: int
    is_error: bool
    attributes: dict[str, Any]
    service: str


class Collector(ThreadingHTTPServer):
    """A receiver of OTLP over HTTP."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.bodies: list[bytes] = []
        self.url = f"http://127.0.0.1:{self.server_address[1]}"

    def spans(self) -> list[SentSpan]:
        return [span for body in self.bodies for span in _spans_of(body)]

    def named(self, name: str) -> SentSpan:
        (span,) = [span for span in self.spans() if span.name == name]
        return span


class _Handler(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        assert self.path == "/v1/traces"
        self.server.bodies.append(gzip.decompress(body) if self.headers["Content-Encoding"] == "gzip" else body)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Suppress the request log."""


def _set_value(value: Any) -> Any:
    """Return the one field that is set in a protobuf message."""
    ((_, content),) = value.ListFields()
    return content


def _spans_of(body: bytes) -> Iterator[SentSpan]:
    request = ExportTraceServiceRequest.FromString(body)
    for resource in request.resource_spans:
        of_service = {each.key: each.value.string_value for each in resource.resource.attributes}
        for scope in resource.scope_spans:
            for span in scope.spans:
                yield SentSpan(
                    name=span.name,
                    trace_id=span.trace_id.hex(),
                    span_id=span.span_id.hex(),
                    parent_id=span.parent_span_id.hex(),
                    kind=span.kind,
                    is_error=span.status.code == 2,
                    attributes={each.key: _set_value(each.value) for each in span.attributes},
                    service=of_service["service.name"],
                )


@contextmanager
def running_collector() -> Iterator[Collector]:
    with Collector() as collector:
        threading.Thread(target=collector.serve_forever, daemon=True).start()
        yield collector
        collector.shutdown()
