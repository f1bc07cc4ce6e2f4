"""The routes of static files that the pages load."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from fastapi import Response

from doorward.api.policy import PUBLIC, Cache, ContentPolicy, RoutePolicy
from doorward.api.routing import Call
from doorward.web.rendering import Pages, static_file

_POLICY: Final = RoutePolicy(PUBLIC, cache=Cache.PUBLIC_DAY, content=ContentPolicy.PAGE)


def calls(pages: Pages) -> Sequence[Call]:
    """Return the routes of the files that all pages load."""
    logo = pages.brand.logo
    shown = [] if logo is None else [_asset("logo", logo.content, logo.media_type)]
    return [_asset("pages.css", pages.style_sheet(), "text/css"), script("fragment.js"), *shown]


def script(name: str) -> Call:
    """Return the route of a script that only some pages load."""
    return _asset(name, static_file(name), "text/javascript")


def _asset(name: str, content: bytes, media_type: str) -> Call:
    return Call("GET", f"/account/static/{name}", _sends(content, media_type), _POLICY)


def _sends(content: bytes, media_type: str) -> Callable[[], Awaitable[Response]]:
    async def asset() -> Response:
        """Return a file that the pages load."""
        return Response(content, media_type=media_type)

    return asset
