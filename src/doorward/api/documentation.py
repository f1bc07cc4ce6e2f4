"""/docs and /redoc, with scripts of our own: a page where passwords are typed loads nothing from other hosts."""

from importlib import resources
from typing import Final

from fastapi import APIRouter, Response
from fastapi.openapi.docs import get_redoc_html, get_swagger_ui_html
from fastapi.responses import HTMLResponse

_ASSETS: Final = resources.files("fastapi_offline") / "static"
_KEEP: Final = {"Cache-Control": "public, max-age=86400"}

router = APIRouter(include_in_schema=False)


@router.get("/docs")
async def swagger_ui() -> HTMLResponse:
    """Show the API with an Authorize button."""
    return get_swagger_ui_html(
        openapi_url="/openapi.json",
        title="doorward",
        swagger_js_url="/docs/assets/swagger-ui-bundle.js",
        swagger_css_url="/docs/assets/swagger-ui.css",
        swagger_favicon_url="data:,",
    )


@router.get("/redoc")
async def redoc() -> HTMLResponse:
    """Show the API as one page to read."""
    return get_redoc_html(
        openapi_url="/openapi.json",
        title="doorward",
        redoc_js_url="/docs/assets/redoc.standalone.js",
        redoc_favicon_url="data:,",
        with_google_fonts=False,
    )


# Plain functions: FastAPI runs them in a thread, so reading a file holds nobody up.
@router.get("/docs/assets/swagger-ui-bundle.js")
def _swagger_script() -> Response:
    return Response((_ASSETS / "swagger-ui-bundle.js").read_bytes(), headers=_KEEP, media_type="text/javascript")


@router.get("/docs/assets/swagger-ui.css")
def _swagger_style() -> Response:
    return Response((_ASSETS / "swagger-ui.css").read_bytes(), headers=_KEEP, media_type="text/css")


@router.get("/docs/assets/redoc.standalone.js")
def _redoc_script() -> Response:
    return Response((_ASSETS / "redoc.standalone.js").read_bytes(), headers=_KEEP, media_type="text/javascript")
