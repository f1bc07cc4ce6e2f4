"""Whether the process lives, whether it can serve, whether it has started."""

from fastapi import APIRouter, Request

from doorward import __version__
from doorward.api.problems import documented_problems
from doorward.api.schemas.health import HealthResponse
from doorward.core.exceptions import ServiceUnavailableError

router = APIRouter(prefix="/health", tags=["health"])


@router.get("/liveness", responses=documented_problems(413))
async def liveness() -> HealthResponse:
    """Tell that the process answers. Says nothing of PostgreSQL, so that its faults restart nobody."""
    return HealthResponse(version=__version__)


@router.get("/readiness", responses=documented_problems(413, 503))
async def readiness(request: Request) -> HealthResponse:
    """Tell whether requests can be served now: PostgreSQL answers and its schema is current."""
    if request.app.state.drain.has_begun or not await request.app.state.is_schema_current():
        raise ServiceUnavailableError
    return HealthResponse(version=__version__)


@router.get("/startup", responses=documented_problems(413))
async def startup() -> HealthResponse:
    """Tell that the start is over: the server accepts no connection before."""
    return HealthResponse(version=__version__)
