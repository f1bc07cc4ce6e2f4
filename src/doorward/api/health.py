"""Whether the process lives, whether it can serve, whether it has started."""

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from doorward import __version__
from doorward.api.problems import documented_problems, problem_response
from doorward.api.schemas.health import CheckState, HealthResponse, ReadinessResponse
from doorward.core.exceptions import ServiceUnavailableError

router = APIRouter(prefix="/health", tags=["health"])


@router.get("/liveness", responses=documented_problems(413))
async def liveness() -> HealthResponse:
    """Tell that the process answers. Says nothing of PostgreSQL, so that its faults restart nobody."""
    return HealthResponse(version=__version__)


@router.get("/readiness", response_model=ReadinessResponse, responses=documented_problems(413, 503))
async def readiness(request: Request) -> ReadinessResponse | JSONResponse:
    """Tell whether requests can be served now, and if not, which dependency is in the way: its name, no more."""
    if request.app.state.drain.has_begun:
        return _not_ready(request, {"service": "draining"})
    checks: dict[str, CheckState] = await request.app.state.check_readiness()
    if set(checks.values()) != {"ok"}:
        return _not_ready(request, checks)
    return ReadinessResponse(version=__version__, checks=checks)


def _not_ready(request: Request, checks: dict[str, CheckState]) -> JSONResponse:
    error = ServiceUnavailableError()
    headers = {"Retry-After": str(error.retry_after_seconds)}
    return problem_response(503, error.code, error.detail, path=request.scope["path"], headers=headers, checks=checks)


@router.get("/startup", responses=documented_problems(413))
async def startup() -> HealthResponse:
    """Tell that the start is over: the server accepts no connection before."""
    return HealthResponse(version=__version__)
