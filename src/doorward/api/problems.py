"""Every error as application/problem+json (RFC 9457), and the only table from kinds to statuses."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.routing import Match

from doorward.api.exceptions import MalformedBodyError, RateLimitExceededError, RequestRefusedError
from doorward.api.schemas.health import CheckState
from doorward.api.schemas.problem import FieldError, Problem
from doorward.core.exceptions import DomainError, Kind
from doorward.domain.auth.exceptions import MissingAccessTokenError
from doorward.observability.logging import get_logger
from doorward.observability.request_context import current_correlation_id

logger = get_logger()

MEDIA_TYPE: Final = "application/problem+json"
SCHEMAS: Final = "#/components/schemas/"
"""Where an OpenAPI document has what its parts refer to."""

TOKEN_ENDPOINTS: Final = frozenset({"/api/v1/auth/token", "/api/v1/auth/refresh", "/api/v1/auth/revoke"})
"""Where RFC 6749 clients look for ``error`` and ``error_description``."""

METHODS: Final = ("DELETE", "GET", "HEAD", "PATCH", "POST", "PUT")
EXTRA_MEMBER: Final = "extra_forbidden"
"""pydantic's name for a member that the schema does not have."""

MAXIMUM_ERRORS: Final = 100
"""Listed in one answer: a body of 64 KiB can have 8,000 wrong members, whose list would be ten times as long."""

TITLE_OF_STATUS: Final[Mapping[int, str]] = {
    413: "Content Too Large",
    414: "URI Too Long",
    422: "Unprocessable Content",
}
"""RFC 9110's titles where older Pythons still have those of the RFCs before it."""

STATUS_OF_KIND: Final[Mapping[Kind, int]] = {
    Kind.INVALID: 422,
    Kind.UNAUTHENTICATED: 401,
    Kind.FORBIDDEN: 403,
    Kind.NOT_FOUND: 404,
    Kind.CONFLICT: 409,
    Kind.STALE: 412,
    Kind.EXHAUSTED: 429,
    Kind.UNAVAILABLE: 503,
}

DETAIL_OF_STATUS: Final[Mapping[int, tuple[str, str]]] = {
    404: ("not_found", "There is nothing at this address. The description of the API lists the calls."),
    405: ("method_not_allowed", "This address does not take the method. The Allow header lists those it takes."),
    422: ("invalid_request", "The request does not fit the call. Correct the parts that errors lists."),
    500: ("internal_error", "Something broke on our side. Report the correlation_id to the operator."),
}


def title_of(status: int) -> str:
    """Return the status's name, the same on every Python."""
    return TITLE_OF_STATUS.get(status) or HTTPStatus(status).phrase


def problem_response(
    status: int,
    code: str,
    detail: str,
    *,
    path: str,
    oauth_error: str | None = None,
    errors: list[FieldError] | None = None,
    headers: Mapping[str, str] | None = None,
    checks: Mapping[str, CheckState] | None = None,
) -> JSONResponse:
    """Return one problem. At the token endpoints it has RFC 6749's members, too."""
    body: dict[str, Any] = {
        "type": f"urn:doorward:problem:{code}",
        "title": title_of(status),
        "status": status,
        "detail": detail,
        "code": code,
        "correlation_id": current_correlation_id(),
    }
    if errors is not None:
        body["errors"] = [error.model_dump() for error in errors]
    if checks is not None:
        body["checks"] = checks
    if path in TOKEN_ENDPOINTS:
        body["error"] = oauth_error or _oauth_error_of_status(status)
        body["error_description"] = detail
    return JSONResponse(body, status, headers, media_type=MEDIA_TYPE)


def internal_error_response(path: str) -> JSONResponse:
    """Return the catch-all, which shows nothing of the cause."""
    code, detail = DETAIL_OF_STATUS[500]
    return problem_response(500, code, detail, path=path)


def documented_problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the refusals of a route for its OpenAPI description, which ``name_problem_schemas`` completes."""
    return {
        status: {
            "description": title_of(status),
            "headers": _documented_headers(status),
            "content": {MEDIA_TYPE: {"schema": {"$ref": f"{SCHEMAS}{Problem.__name__}"}}},
        }
        for status in statuses
    }


def _documented_headers(status: int) -> dict[str, Any]:
    names = {401: ["WWW-Authenticate"], 429: ["Retry-After"], 503: ["Retry-After"]}.get(status, [])
    return {name: {"required": True, "schema": {"type": "string"}} for name in names}


def name_problem_schemas(document: dict[str, Any]) -> None:
    """Add what ``documented_problems`` refers to: FastAPI would build a model for each refusal of each call."""
    schema = Problem.model_json_schema(ref_template=f"{SCHEMAS}{{model}}", mode="serialization")
    document["components"]["schemas"] |= {**schema.pop("$defs"), Problem.__name__: schema}


def install_problem_handlers(app: FastAPI) -> None:
    """Have every error of the application leave as a problem."""
    app.add_exception_handler(DomainError, _domain_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(HTTPException, _http_exception)


def _oauth_error_of_status(status: int) -> str:
    return "temporarily_unavailable" if status in {429, 500, 503} else "invalid_request"


async def _domain_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, DomainError)  # noqa: S101 - narrows what Starlette's handler type leaves open
    status = STATUS_OF_KIND[error.kind]
    headers: dict[str, str] = {}
    if error.kind is Kind.EXHAUSTED:
        request.app.state.refusals.note(error.code)
    if error.retry_after_seconds is not None:
        headers["Retry-After"] = str(error.retry_after_seconds)
    if status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = _challenge(error)
    return problem_response(
        status,
        error.code,
        error.detail,
        path=request.scope["path"],
        oauth_error=error.oauth_error,
        errors=[FieldError(pointer=f"/body/{flaw.place}", code=flaw.code, detail=flaw.detail) for flaw in error.flaws]
        or None,
        headers=headers,
    )


def _challenge(error: DomainError) -> str:
    """RFC 6750 section 3: the code is left out when no token was sent."""
    if isinstance(error, MissingAccessTokenError) or error.oauth_error != "invalid_token":
        return 'Bearer realm="doorward"'
    return f'Bearer realm="doorward", error="invalid_token", error_description="{error.detail}"'


async def _validation_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - narrows what Starlette's handler type leaves open
    details = error.errors()[:MAXIMUM_ERRORS]
    if any(each["type"] == "json_invalid" for each in details):
        return await _http_exception(request, MalformedBodyError())
    errors = [FieldError(pointer=_pointer(each), code=each["type"], detail=_explanation(each)) for each in details]
    code, detail = DETAIL_OF_STATUS[422]
    return problem_response(422, code, detail, path=request.scope["path"], errors=errors)


def _pointer(details: Mapping[str, Any]) -> str:
    """RFC 6901, of the parts that we named: the name of a member that the caller invented is input, too."""
    named = details["loc"][: 1 if details["type"] == EXTRA_MEMBER else 2]
    return "".join(f"/{part}" for part in named)


def _explanation(details: Mapping[str, Any]) -> str:
    return "Unknown members are refused" if details["type"] == EXTRA_MEMBER else str(details["msg"])


async def _http_exception(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101 - narrows what Starlette's handler type leaves open
    path = request.scope["path"]
    if error.status_code == HTTPStatus.BAD_REQUEST:
        # FastAPI's answer to a body that it cannot read.
        error = MalformedBodyError()
    if isinstance(error, RequestRefusedError):
        if error.status_code == HTTPStatus.TOO_MANY_REQUESTS and not isinstance(error, RateLimitExceededError):
            request.app.state.refusals.note(error.code)
        return problem_response(
            error.status_code,
            error.code,
            error.explanation,
            path=path,
            oauth_error=error.oauth_error,
            headers=error.headers,
        )
    code, detail = DETAIL_OF_STATUS[error.status_code]
    is_wrong_method = error.status_code == HTTPStatus.METHOD_NOT_ALLOWED
    headers = {"Allow": ", ".join(_allowed_methods(request))} if is_wrong_method else error.headers
    return problem_response(error.status_code, code, detail, path=path, headers=headers)


def _allowed_methods(request: Request) -> list[str]:
    """Return all methods of the address (RFC 9110 section 10.2.1): Starlette names those of one route only."""
    return [
        method
        for method in METHODS
        if any(route.matches({**request.scope, "method": method})[0] is Match.FULL for route in request.app.routes)
    ]
