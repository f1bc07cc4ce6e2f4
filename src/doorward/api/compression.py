"""Compressed answers, for the routes whose policy asks for it: lists, never answers with tokens or secrets."""

import re
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

MINIMUM_COMPRESSED_BYTES: Final = 1024
COMPRESSION_LEVEL: Final = 6
_REFUSED_GZIP: Final = re.compile(r"\s*gzip\s*;\s*q=0(?:\.0{0,3})?\s*", re.IGNORECASE)


def compressed(app: ASGIApp) -> ASGIApp:
    """Return the application with its answers compressed for clients that take gzip."""
    compressing_app = GZipMiddleware(app, minimum_size=MINIMUM_COMPRESSED_BYTES, compresslevel=COMPRESSION_LEVEL)

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        _forget_refused_gzip(scope)
        await compressing_app(scope, receive, send)

    return answer


def _forget_refused_gzip(scope: Scope) -> None:
    """RFC 9110 section 12.4.2: a weight of 0 refuses. Starlette looks for the word alone."""
    codings = Headers(scope=scope).get("accept-encoding", "").split(",")
    if any(_REFUSED_GZIP.fullmatch(coding) for coding in codings):
        del MutableHeaders(scope=scope)["Accept-Encoding"]
