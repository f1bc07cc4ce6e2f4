"""Version 1 of the API: the list of all that it offers."""

from typing import Any

from fastapi import APIRouter, Depends
from slowapi import Limiter

from doorward.api.bodies import CSV, FORM, json_body, patch_body
from doorward.api.problems import documented_problems
from doorward.api.schemas.auth import TokenForm
from doorward.api.schemas.items import ItemResponse
from doorward.api.v1 import auth, items
from doorward.core.config import Settings


def create_router(settings: Settings, limiter: Limiter) -> APIRouter:
    """Return the routes, each with its limit for one client address and the statuses it can answer."""
    router = APIRouter()
    router.include_router(_auth_router(settings, limiter))
    router.include_router(_items_router())
    router.include_router(_item_router())
    return router


def _auth_router(settings: Settings, limiter: Limiter) -> APIRouter:
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


def _items_router() -> APIRouter:
    router = APIRouter(prefix="/api/v1/items", tags=["items"])
    router.add_api_route(
        "",
        items.create_item,
        methods=["POST"],
        status_code=201,
        dependencies=[Depends(json_body)],
        responses=documented_problems(401, 413, 415, 422, 503),
    )
    router.add_api_route("", items.list_items, methods=["GET"], responses=documented_problems(401, 413, 422, 503))
    router.add_api_route(
        "/search", items.search_items, methods=["GET"], responses=documented_problems(401, 413, 422, 503)
    )
    router.add_api_route(
        "/import",
        items.import_items,
        methods=["POST"],
        openapi_extra=_csv_body(),
        responses=documented_problems(401, 413, 415, 422, 503),
    )
    return router


def _item_router() -> APIRouter:
    router = APIRouter(prefix="/api/v1/items/{item_id}", tags=["items"])
    router.add_api_route(
        "",
        items.read_item,
        methods=["GET"],
        response_model=ItemResponse,
        responses={**documented_problems(401, 404, 413, 422, 503), 304: {"description": "Not Modified"}},
    )
    router.add_api_route(
        "",
        items.replace_item,
        methods=["PUT"],
        dependencies=[Depends(json_body)],
        responses=documented_problems(401, 403, 404, 412, 413, 415, 422, 503),
    )
    router.add_api_route(
        "",
        items.amend_item,
        methods=["PATCH"],
        dependencies=[Depends(patch_body)],
        responses=documented_problems(401, 403, 404, 412, 413, 415, 422, 503),
    )
    router.add_api_route(
        "",
        items.delete_item,
        methods=["DELETE"],
        status_code=204,
        responses=documented_problems(401, 403, 404, 412, 413, 422, 503),
    )
    return router


def _form_body() -> dict[str, Any]:
    return {"requestBody": {"required": True, "content": {FORM: {"schema": TokenForm.model_json_schema()}}}}


def _csv_body() -> dict[str, Any]:
    return {"requestBody": {"required": True, "content": {CSV: {"schema": {"type": "string"}}}}}
