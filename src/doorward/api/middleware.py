"""Pure ASGI middleware: correlation id and access log, catch-all, security headers, body limit."""

import logging
import re
import time
from collections.abc import Callable
from http import HTTPStatus
from typing import Final
from uuid import uuid4

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from doorward.api.exceptions import BodyTooLargeError
from doorward.api.problems import internal_error_response, problem_response
from doorward.observability.logging import get_logger
from doorward.observability.request_context import begin_request

MAXIMUM_BODY_BYTES: Final = 64 * 1024
MAXIMUM_IMPORT_BYTES: Final = 32 * 1024 * 1024
MAXIMUM_LENGTH_DIGITS: Final = 20
"""Of a Content-Length, as h11 counts them; Python refuses to read numbers of thousands of digits."""

_CORRELATION_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
_IMPORT_PATH: Final = re.compile(r"/api/v1/[a-z-]+/import")
_TRACE_PARENT: Final = re.compile(
    r"(?!ff)(?P<version>[0-9a-f]{2})-(?!0{32})(?P<trace_id>[0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?P<more>-.*)?"
)
"""W3C Trace Context section 3.2. A later version may have more to say; this one may not."""

_QUIET_PATHS: Final = "/health/"
"""Asked for every few seconds: only what fails is for everybody's eyes."""

_HEADERS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
_STRICT_TRANSPORT: Final = (b"strict-transport-security", b"max-age=31536000")
"""RFC 6797: a year, for this host. What is below the host may have other owners."""

_CONTENT_POLICY: Final = b"default-src 'none'; frame-ancestors 'none'"
_DOCUMENTATION_POLICY: Final = (
    b"default-src 'none'; connect-src 'self'; img-src 'self' data:; font-src 'self' data:; worker-src blob:; "
    b"script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'"
)
_DOCUMENTATION_PATHS: Final = ("/docs", "/redoc")
_UNSTORED_PATHS: Final = "/api/v1/auth"
"""Answers hold tokens."""

_UNSTORED: Final = ((b"cache-control", b"no-store"), (b"pragma", b"no-cache"))

_PERSONAL_PATHS: Final = "/api/v1/"
"""Answers differ from user to user: a browser may keep them and must ask whether they still hold."""

_PERSONAL: Final = ((b"cache-control", b"private, no-cache"),)

ClientOf = Callable[[Scope], str]
logger = get_logger()


def security_headers(*, is_https: bool) -> tuple[tuple[bytes, bytes], ...]:
    """Return the security headers of answers that are no documentation page."""
    headers = (*_HEADERS, _STRICT_TRANSPORT) if is_https else _HEADERS
    return (*headers, (b"content-security-policy", _CONTENT_POLICY))


class CorrelationIdMiddleware:
    """Gives each request an id, on its answer and on its log lines, and logs the request."""

    def __init__(self, app: ASGIApp, client_of: ClientOf) -> None:
        """Wrap the application; ``client_of`` tells a client's canonical address."""
        self._app = app
        self._client_of = client_of

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        trace = _trace_id(headers)
        correlation_id = _given_correlation_id(headers) or trace.get("trace_id") or uuid4().hex
        begin_request(correlation_id=correlation_id, client=self._client_of(scope), **trace)
        started = time.perf_counter()
        status = 0

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (b"x-correlation-id", correlation_id.encode())]
            await send(message)

        try:
            await self._app(scope, receive, send_with_id)
        finally:
            _log_request(scope, status, time.perf_counter() - started)


def _given_correlation_id(headers: Headers) -> str | None:
    values = headers.getlist("x-correlation-id")
    return values[0] if len(values) == 1 and _CORRELATION_ID.fullmatch(values[0]) else None


def _trace_id(headers: Headers) -> dict[str, str]:
    """Return the trace id of the one well-formed traceparent, by its name in the log."""
    values = headers.getlist("traceparent")
    match = _TRACE_PARENT.fullmatch(values[0]) if len(values) == 1 else None
    if match is None or (match["version"] == "00" and match["more"]):
        return {}
    return {"trace_id": match["trace_id"]}


def _log_request(scope: Scope, status: int, seconds: float) -> None:
    """Write one line. The route's template, not the path: paths hold what clients typed."""
    route = getattr(scope.get("route"), "path", None)
    is_quiet = status < HTTPStatus.BAD_REQUEST and route is not None and route.startswith(_QUIET_PATHS)
    logger.log(
        logging.DEBUG if is_quiet else logging.INFO,
        "http.request",
        method=scope["method"],
        route=route,
        status=status,
        duration_ms=round(seconds * 1000, 2),
    )


class CatchAllMiddleware:
    """Ends what nobody caught: the client gets a problem that shows nothing, and the log the cause."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap the application."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        has_begun = False

        async def send_and_note(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        try:
            await self._app(scope, receive, send_and_note)
        except ClientDisconnect:
            logger.info("http.request.disconnected")
        except Exception:  # whatever it is: it is logged with its cause, and the client is shown none of it
            logger.exception("http.request.crashed")
            if not has_begun:
                await internal_error_response(scope["path"])(scope, receive, send)


class SecurityHeadersMiddleware:
    """Puts the headers on every answer that keep browsers from misusing it."""

    def __init__(self, app: ASGIApp, *, is_https: bool, has_documentation: bool) -> None:
        """Wrap the application. ``is_https`` is what clients see, also where a proxy ends the encryption."""
        self._app = app
        self._documentation_paths = _DOCUMENTATION_PATHS if has_documentation else ()
        headers = (*_HEADERS, _STRICT_TRANSPORT) if is_https else _HEADERS
        self._documentation = (*headers, (b"content-security-policy", _DOCUMENTATION_POLICY))
        self._other = security_headers(is_https=is_https)
        self._unstored = (*self._other, *_UNSTORED)
        self._personal = (*self._other, *_PERSONAL)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        added = self._headers_for(scope["path"])

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *added]
                if added is self._personal:
                    MutableHeaders(scope=message).add_vary_header("Authorization")
            await send(message)

        await self._app(scope, receive, send_with_headers)

    def _headers_for(self, path: str) -> tuple[tuple[bytes, bytes], ...]:
        if path.startswith(_UNSTORED_PATHS):
            return self._unstored
        if path.startswith(_PERSONAL_PATHS):
            return self._personal
        return self._documentation if path.startswith(self._documentation_paths) else self._other


class BodyLimitMiddleware:
    """Refuses bodies above 64 KiB: announced ones before a byte is read, chunked ones at the byte too many.

    An import is streamed to a file and never held, so it may be larger.
    """

    def __init__(self, app: ASGIApp) -> None:
        """Wrap the application."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = MAXIMUM_IMPORT_BYTES if _IMPORT_PATH.fullmatch(scope["path"]) else MAXIMUM_BODY_BYTES
        announced = Headers(scope=scope).get("content-length", "0")
        if not announced.isdecimal() or len(announced) > MAXIMUM_LENGTH_DIGITS or int(announced) > limit:
            error = BodyTooLargeError()
            refusal = problem_response(
                error.status, error.code, error.explanation, path=scope["path"], headers=error.answer_headers
            )
            await refusal(scope, receive, send)
            return
        received = 0

        async def receive_within_limit() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > limit:
                raise BodyTooLargeError
            return message

        await self._app(scope, receive_within_limit, send)
