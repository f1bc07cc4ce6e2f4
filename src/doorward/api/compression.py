"""Compressed responses for routes whose policy enables them: lists, never responses with tokens or secrets."""

import re
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

MINIMUM_COMPRESSED_BYTES: Final = 1024
COMPRESSION_LEVEL: Final = 6
_REFUSED_GZIP: Final = re.compile(r"\s*gzip\s*;\s*q=0(?:\.0{0,3})?\s*", re.IGNORECASE)


def compressed(app: ASGIApp) -> ASGIApp:
    """Return the application wrapped so that its responses are compressed for clients that accept gzip."""
    compressing_app = GZipMiddleware(app, minimum_size=MINIMUM_COMPRESSED_BYTES, compresslevel=COMPRESSION_LEVEL)

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        _forget_refused_gzip(scope)
        await compressing_app(scope, receive, send)

    return answer


def _forget_refused_gzip(scope: Scope) -> None:
    """Remove Accept-Encoding if it refuses gzip by a weight of 0 (RFC 9110 section 12.4.2).

    Starlette only looks for the word ``gzip`` and ignores the weight.
    """
    codings = Headers(scope=scope).get("accept-encoding", "").split(",")
    if any(_REFUSED_GZIP.fullmatch(coding) for coding in codings):
        del MutableHeaders(scope=scope)["Accept-Encoding"]
