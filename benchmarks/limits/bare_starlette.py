"""L4: a Starlette route that answers a constant."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route


async def hello(_: Request) -> JSONResponse:
    """Answer a constant."""
    return JSONResponse({"status": "ok"})


app = Starlette(routes=[Route("/", hello)])
