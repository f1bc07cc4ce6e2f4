"""Health probes: liveness, readiness and startup."""

from collections.abc import Sequence
from typing import Final

from fastapi.responses import Response

from doorward import __version__
from doorward.api.policy import PUBLIC, Cache, ErrorFormat, RoutePolicy
from doorward.api.problems import domain_response
from doorward.api.routing import Call
from doorward.api.schemas.health import CheckState, HealthResponse, ReadinessResponse
from doorward.api.services import CurrentServices
from doorward.api.v1 import HTTP_HINTS
from doorward.core.exceptions import ServiceUnavailableError

TAG: Final = "health"
PROBE: Final = RoutePolicy(PUBLIC, cache=Cache.UNSPECIFIED, is_probe=True)


def calls() -> Sequence[Call]:
    """Return the routes."""
    unready = (ServiceUnavailableError,)
    return [
        Call("GET", "/health/liveness", liveness, PROBE, tag=TAG),
        Call("GET", "/health/readiness", readiness, PROBE, tag=TAG, answer=ReadinessResponse, refusals=unready),
        Call("GET", "/health/startup", startup, PROBE, tag=TAG),
    ]


async def liveness() -> HealthResponse:
    """Confirm that the process answers. PostgreSQL is not checked: its failures must not restart the service."""
    return HealthResponse(version=__version__)


async def readiness(services: CurrentServices) -> ReadinessResponse | Response:
    """Report whether requests can be served now. If not, only the name of the failing dependency is shown."""
    if services.edge.drain.has_begun:
        return _not_ready({"service": "draining"})
    checks = await services.check_readiness()
    if set(checks.values()) != {"ok"}:
        return _not_ready(checks)
    return ReadinessResponse(version=__version__, checks=checks)


def _not_ready(checks: dict[str, CheckState]) -> Response:
    return domain_response(ServiceUnavailableError(), ErrorFormat.PROBLEM, HTTP_HINTS, checks)


async def startup() -> HealthResponse:
    """Confirm that startup is complete: the server accepts no connections before."""
    return HealthResponse(version=__version__)
