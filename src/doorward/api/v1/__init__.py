"""Version 1 of the API: the list of all that it offers."""

from typing import Any

from fastapi import APIRouter, Depends
from slowapi import Limiter

from doorward.api.dependencies import FORM, json_body
from doorward.api.problems import documented_problems
from doorward.api.schemas.auth import TokenForm
from doorward.api.v1 import auth
from doorward.core.config import Settings


def create_router(settings: Settings, limiter: Limiter) -> APIRouter:
    """Return the routes, each with its limit for one client address and the statuses it can answer."""
    router = APIRouter(prefix="/api/v1/auth", tags=["auth"])
    router.add_api_route(
        "/register",
        limiter.limit(settings.rate_limit_register)(auth.register),
        methods=["POST"],
        status_code=201,
        dependencies=[Depends(json_body)],
        responses=documented_problems(409, 413, 415, 422, 429, 503),
    )
    router.add_api_route(
        "/token",
        limiter.limit(settings.rate_limit_token)(auth.issue_token),
        methods=["POST"],
        openapi_extra=_form_body(),
        responses=documented_problems(401, 413, 415, 422, 429, 503),
    )
    router.add_api_route("/me", auth.read_me, methods=["GET"], responses=documented_problems(401, 413, 503))
    router.add_api_route(
        "/refresh",
        limiter.limit(settings.rate_limit_refresh)(auth.refresh_token),
        methods=["POST"],
        dependencies=[Depends(json_body)],
        responses=documented_problems(401, 413, 415, 422, 429, 503),
    )
    router.add_api_route(
        "/revoke",
        auth.revoke_token,
        methods=["POST"],
        status_code=204,
        dependencies=[Depends(json_body)],
        responses=documented_problems(413, 415, 422, 503),
    )
    return router


def _form_body() -> dict[str, Any]:
    return {"requestBody": {"required": True, "content": {FORM: {"schema": TokenForm.model_json_schema()}}}}
