"""CORS (Fetch standard): what pages of other origins may send and read. Pure."""

import re
from collections.abc import Sequence
from typing import Final

from starlette.responses import Response

from doorward.api.exceptions import CrossOriginRefusedError
from doorward.api.middleware.answer_headers import Headers
from doorward.api.middleware.request_head import Fields
from doorward.api.schemas.problem import FieldError
from doorward.settings.web_addresses import ANY_ORIGIN

CALLED_METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
SENT_HEADERS: Final = (
    "Accept",
    "Accept-Language",
    "Authorization",
    "Baggage",
    "Content-Language",
    "Content-Type",
    "DPoP",
    "Doorward-Device",
    "If-Match",
    "If-None-Match",
    "Sentry-Trace",
    "Traceparent",
    "Tracestate",
    "X-Correlation-ID",
    "X-Requested-With",
)
"""Request headers that pages of every allowed origin may send. CORS_ALLOW_HEADERS adds to them."""

READ_HEADERS: Final = (
    *("X-Correlation-ID", "Retry-After", "ETag", "Link", "Location", "WWW-Authenticate"),
    "Doorward-Device",
)
"""Response headers that pages may read beside those that browsers always expose."""

KEPT_SECONDS: Final = 600
MAXIMUM_NAMES_SHOWN: Final = 10
_HEADER_NAME: Final = re.compile(r"[a-z0-9!#$%&'*+.^_`|~-]{1,64}")


class CrossOrigin:
    """The CORS rules of the settings."""

    def __init__(
        self,
        *,
        origins: Sequence[str],
        headers: Sequence[str] = (),
        allow_credentials: bool = False,
        has_dynamic_origins: bool = False,
    ) -> None:
        """Set the origins (``*`` for all), the additional request headers, and whether cookies are allowed.

        ``has_dynamic_origins``: further origins, those of clients' redirect URIs, are looked up for each request.
        """
        self._is_open = ANY_ORIGIN in origins
        self._is_closed = not origins
        sent = sorted({name.lower(): name for name in (*headers, *SENT_HEADERS)}.values())
        self._sent = frozenset(name.lower() for name in sent)
        credentials = ((b"access-control-allow-credentials", b"true"),) if allow_credentials else ()
        self._allowed = {
            origin.encode(): ((b"access-control-allow-origin", origin.encode()), *credentials) for origin in origins
        }
        self._exposed = (b"access-control-expose-headers", ", ".join(READ_HEADERS).encode())
        self._headers = headers
        self._has_dynamic_origins = has_dynamic_origins
        is_constant = self._is_open or (self._is_closed and not has_dynamic_origins)
        self._varies: Headers = () if is_constant else ((b"vary", b"Origin"),)
        self._preflight: Headers = (
            (b"access-control-allow-methods", ", ".join(CALLED_METHODS).encode()),
            (b"access-control-allow-headers", ", ".join(sent).encode()),
            (b"access-control-max-age", str(KEPT_SECONDS).encode()),
        )

    def origin_to_look_up(self, fields: Fields) -> str | None:
        """Return the origin of a request if it must be looked up; None for all other requests."""
        origin = fields.get(b"origin")
        if not self._has_dynamic_origins or origin is None or self._allowed_for(origin):
            return None
        return origin.decode("latin-1")

    def for_origin(self, origin: str) -> "CrossOrigin":
        """Return the rules for a looked-up origin: the same headers, without cookies."""
        return CrossOrigin(origins=(origin,), headers=self._headers)

    def answer_headers(self, fields: Fields) -> Headers:
        """Return the CORS headers of every response to this request, refusals included."""
        allowed = self._allowed_for(fields.get(b"origin"))
        return (*allowed, self._exposed, *self._varies) if allowed else self._varies

    def preflight(self, fields: Fields) -> Response:
        """Answer a preflight request. Raises ``CrossOriginRefusedError`` with everything that is not allowed."""
        errors = [*self._origin_errors(fields), *self._method_errors(fields), *self._header_errors(fields)]
        if errors:
            raise CrossOriginRefusedError(errors=errors)
        response = Response("OK", media_type="text/plain")
        response.raw_headers += self._preflight
        return response

    def _allowed_for(self, origin: bytes | None) -> Headers:
        if origin is None or self._is_closed:
            return ()
        return self._allowed.get(ANY_ORIGIN.encode() if self._is_open else origin, ())

    def _origin_errors(self, fields: Fields) -> list[FieldError]:
        if self._allowed_for(fields.get(b"origin")):
            return []
        if self._has_dynamic_origins:
            detail = "The origin is neither one of a client's redirect URIs nor listed in CORS_ALLOW_ORIGINS."
            return [FieldError(pointer="/headers/Origin", code="origin_not_allowed", detail=detail)]
        detail = (
            "No other origin is allowed: CORS_ALLOW_ORIGINS is empty. The operator lists the page's origin there."
            if self._is_closed
            else "The origin is not listed in CORS_ALLOW_ORIGINS."
        )
        return [FieldError(pointer="/headers/Origin", code="origin_not_allowed", detail=detail)]

    def _method_errors(self, fields: Fields) -> list[FieldError]:
        if fields[b"access-control-request-method"].decode("latin-1") in CALLED_METHODS:
            return []
        name = "/headers/Access-Control-Request-Method"
        detail = f"No call has this method. Those that calls have: {', '.join(CALLED_METHODS)}."
        return [FieldError(pointer=name, code="method_not_allowed", detail=detail)]

    def _header_errors(self, fields: Fields) -> list[FieldError]:
        asked = fields.get(b"access-control-request-headers", b"").decode("latin-1").lower().split(",")
        missing = sorted({name.strip() for name in asked} - self._sent - {""})
        if not missing:
            return []
        shown = [name for name in missing if _HEADER_NAME.fullmatch(name)][:MAXIMUM_NAMES_SHOWN]
        named = f": {', '.join(shown)}" if shown else ""
        pointer = "/headers/Access-Control-Request-Headers"
        detail = f"Not among the usual headers and not listed in CORS_ALLOW_HEADERS{named}."
        return [FieldError(pointer=pointer, code="header_not_allowed", detail=detail)]


def is_preflight(method: str, fields: Fields) -> bool:
    """Return whether the request is a CORS preflight."""
    return method == "OPTIONS" and b"origin" in fields and b"access-control-request-method" in fields
