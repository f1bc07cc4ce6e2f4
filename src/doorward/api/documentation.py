"""/docs, /redoc and /openapi.json. They load nothing from other hosts, because users type passwords into them."""

from collections.abc import Sequence
from importlib import resources
from typing import Final

from fastapi import Request, Response
from fastapi.openapi.docs import get_redoc_html, get_swagger_ui_html
from fastapi.responses import HTMLResponse, JSONResponse

from doorward.api.links import own_address
from doorward.api.policy import PUBLIC, Cache, ContentPolicy, RoutePolicy
from doorward.api.routing import Call

PAGE: Final = RoutePolicy(PUBLIC, cache=Cache.UNSPECIFIED, content=ContentPolicy.DOCUMENTATION)
ASSET: Final = RoutePolicy(PUBLIC, cache=Cache.PUBLIC_DAY, content=ContentPolicy.DOCUMENTATION)
DESCRIPTION: Final = RoutePolicy(PUBLIC, cache=Cache.UNSPECIFIED)
OPENAPI: Final = "/openapi.json"
FOREIGN_LOGO: Final = b"https://cdn.redoc.ly/redoc/logo-mini.svg"
"""An image that ReDoc's script loads from its vendor's host."""

_ASSETS: Final = resources.files("fastapi_offline") / "static"


def calls() -> Sequence[Call]:
    """Return the routes."""
    return [
        Call("GET", OPENAPI, openapi, DESCRIPTION),
        Call("GET", "/docs", swagger_ui, PAGE),
        Call("GET", "/redoc", redoc, PAGE),
        Call("GET", "/docs/assets/swagger-ui-bundle.js", swagger_script, ASSET),
        Call("GET", "/docs/assets/swagger-ui.css", swagger_style, ASSET),
        Call("GET", "/docs/assets/redoc.standalone.js", redoc_script, ASSET),
    ]


async def openapi(request: Request) -> Response:
    """Return the OpenAPI document."""
    return JSONResponse(request.app.openapi())


async def swagger_ui(request: Request) -> Response:
    """Show the API with an Authorize button."""
    return get_swagger_ui_html(
        openapi_url=own_address(request, OPENAPI),
        title="doorward",
        swagger_js_url=own_address(request, "/docs/assets/swagger-ui-bundle.js"),
        swagger_css_url=own_address(request, "/docs/assets/swagger-ui.css"),
        swagger_favicon_url="data:,",
    )


async def redoc(request: Request) -> HTMLResponse:
    """Show the API as one page to read."""
    return get_redoc_html(
        openapi_url=own_address(request, OPENAPI),
        title="doorward",
        redoc_js_url=own_address(request, "/docs/assets/redoc.standalone.js"),
        redoc_favicon_url="data:,",
        with_google_fonts=False,
    )


# Not async: FastAPI runs them in a thread, so that reading a file does not block the event loop.
def swagger_script() -> Response:
    """Return the script of /docs."""
    return Response((_ASSETS / "swagger-ui-bundle.js").read_bytes(), media_type="text/javascript")


def swagger_style() -> Response:
    """Return the style sheet of /docs."""
    return Response((_ASSETS / "swagger-ui.css").read_bytes(), media_type="text/css")


def redoc_script() -> Response:
    """Return the script of /redoc with its logo replaced by an empty image, which the script then hides."""
    script = (_ASSETS / "redoc.standalone.js").read_bytes().replace(FOREIGN_LOGO, b"data:,")
    return Response(script, media_type="text/javascript")
