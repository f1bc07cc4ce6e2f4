"""/: the name of the service and links to its documentation, as HTML or JSON."""

from collections.abc import Sequence
from typing import Final

from fastapi import Request, Response
from fastapi.responses import HTMLResponse, JSONResponse

from doorward import __version__
from doorward.api.bodies import JSON
from doorward.api.policy import PUBLIC, Cache, RoutePolicy
from doorward.api.routing import Call

FRONT_PAGE: Final = RoutePolicy(PUBLIC, cache=Cache.UNSPECIFIED)
_SUMMARY: Final = "doorward, an authentication service: accounts, passwords, access tokens and refresh tokens."
_HTML: Final = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>doorward</title></head>
<body>
<main>
<h1>doorward {version}</h1>
<p>{summary}</p>
<ul>
{links}
</ul>
</main>
</body>
</html>
"""


def calls(prefix: str = "", *, has_documentation: bool) -> Sequence[Call]:
    """Return the route. Its response lists addresses below the prefix, and the documentation where it is enabled."""
    paths = {"readiness": "/health/readiness"}
    if has_documentation:
        paths = {"documentation": "/docs", "reference": "/redoc", "openapi": "/openapi.json", **paths}
    addresses = {name: f"{prefix}{path}" for name, path in paths.items()}
    links = "\n".join(f'<li><a href="{address}">{name}</a></li>' for name, address in addresses.items())
    page = _HTML.format(version=__version__, summary=_SUMMARY, links=links)
    facts = {"service": "doorward", "version": __version__, "summary": _SUMMARY, **addresses}

    async def front_page(request: Request) -> Response:
        """Describe the service in HTML or JSON."""
        response = HTMLResponse(page) if prefers_html(request.headers.get("accept", "")) else JSONResponse(facts)
        response.headers["Vary"] = "Accept"
        return response

    return [Call("GET", "/", front_page, FRONT_PAGE)]


def prefers_html(accept: str) -> bool:
    """Return whether Accept lists text/html with a higher weight than JSON (RFC 9110 section 12.5.1).

    Browsers list text/html; other clients do not.
    """
    weights = dict(_weight(each) for each in accept.lower().split(","))
    return weights.get("text/html", 0) > weights.get(JSON, 0)


def _weight(media_range: str) -> tuple[str, float]:
    name, *parameters = (part.strip() for part in media_range.split(";"))
    for parameter in parameters:
        if parameter.startswith("q="):
            try:
                return name, float(parameter[2:])
            except ValueError:
                return name, 0
    return name, 1
