"""Pure ASGI middleware for browsers: which pages may call, by which name, and which answers are compressed."""

import re
from http import HTTPStatus
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from doorward.api.exceptions import CrossOriginRefusedError, RequestRefusedError, UnknownHostError
from doorward.api.problems import problem_response
from doorward.settings.config import Settings
from doorward.settings.web_addresses import is_served_as

CALLED_METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
SENT_HEADERS: Final = ("Authorization", "If-Match", "If-None-Match", "Traceparent", "Tracestate", "X-Correlation-ID")
"""What pages may send beside the headers that browsers allow everybody."""

READ_HEADERS: Final = ("X-Correlation-ID", "Retry-After", "ETag", "Link", "Location", "WWW-Authenticate")
"""What pages may read beside the headers that browsers show everybody."""

COMPRESSED_CALLS: Final = frozenset({"/api/v1/items", "/api/v1/items/search"})
"""GET calls that answer lists. Never one whose answer holds a token or a secret (BREACH): so each is named here."""

MINIMUM_COMPRESSED_BYTES: Final = 1024
COMPRESSION_LEVEL: Final = 6
_REFUSED_GZIP: Final = re.compile(r"\s*gzip\s*;\s*q=0(?:\.0{0,3})?\s*", re.IGNORECASE)
_HEALTH_CALLS: Final = "/health/"


class CrossOriginMiddleware(CORSMiddleware):
    """Starlette's, whose refused preflights are problems like all other errors."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        """Wrap the application for the pages of the origins that the settings name."""
        super().__init__(
            app,
            allow_origins=settings.cors_allow_origins,
            allow_credentials=settings.cors_allow_credentials,
            allow_methods=CALLED_METHODS,
            allow_headers=SENT_HEADERS,
            expose_headers=READ_HEADERS,
        )

    def preflight_response(self, request_headers: Headers) -> Response:
        """Answer the question that a browser asks before a call across origins."""
        answer = super().preflight_response(request_headers)
        if answer.status_code == HTTPStatus.OK:
            return answer
        kept = {name: value for name, value in answer.headers.items() if not name.startswith("content-")}
        return _refusal(CrossOriginRefusedError(), path="", headers=kept)


class HostMiddleware:
    """Refuses calls by a name that is not the service's. Health calls come by any: probes use addresses."""

    def __init__(self, app: ASGIApp, allowed_hosts: tuple[str, ...]) -> None:
        """Wrap the application; ``allowed_hosts`` is as the settings have it."""
        self._app = app
        self._allowed_hosts = allowed_hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        is_checked = scope["type"] == "http" and not scope["path"].startswith(_HEALTH_CALLS)
        if is_checked and not is_served_as(_host_of(Headers(scope=scope)), self._allowed_hosts):
            await _refusal(UnknownHostError(), path=scope["path"])(scope, receive, send)
            return
        await self._app(scope, receive, send)


class ListCompressionMiddleware:
    """Compresses the answers of ``COMPRESSED_CALLS``, and no others, for clients that take gzip."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap the application."""
        self._app = app
        self._compressing_app = GZipMiddleware(
            app, minimum_size=MINIMUM_COMPRESSED_BYTES, compresslevel=COMPRESSION_LEVEL
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or scope["method"] != "GET" or scope["path"] not in COMPRESSED_CALLS:
            await self._app(scope, receive, send)
            return
        _forget_refused_gzip(scope)
        await self._compressing_app(scope, receive, send)


def _refusal(error: RequestRefusedError, *, path: str, headers: dict[str, str] | None = None) -> Response:
    return problem_response(
        error.status, error.code, error.explanation, path=path, headers={**error.answer_headers, **(headers or {})}
    )


def _host_of(headers: Headers) -> str:
    """Return the name without port, in lower case; an empty text unless there is exactly one (RFC 9112 section 3.2)."""
    values = headers.getlist("host")
    if len(values) != 1:
        return ""
    name, colon, port = values[0].lower().rpartition(":")
    return name if colon and port.isdecimal() else values[0].lower()


def _forget_refused_gzip(scope: Scope) -> None:
    """RFC 9110 section 12.4.2: a weight of 0 refuses. Starlette looks for the word alone."""
    codings = Headers(scope=scope).get("accept-encoding", "").split(",")
    if any(_REFUSED_GZIP.fullmatch(coding) for coding in codings):
        del MutableHeaders(scope=scope)["Accept-Encoding"]
