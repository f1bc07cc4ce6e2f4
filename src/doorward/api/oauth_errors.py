"""Refusals as error responses of RFC 6749 section 5.2, for clients that only know that standard."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from fastapi.responses import JSONResponse, Response
from starlette.types import Scope

from doorward.api.policy import ErrorFormat, RoutePolicy
from doorward.observability.request_context import current_correlation_id

INVALID_CLIENT: Final = "invalid_client"
INVALID_TOKEN: Final = "invalid_token"  # noqa: S105 - the name of an error
INVALID_PROOF: Final = "invalid_dpop_proof"
_ERROR_FORMAT: Final = "doorward.error_format"
_KEPT: Final = frozenset({404, 405, 408, 413, 414, 429, 503})
"""Statuses of HTTP itself or for a retry. All other refusals become 400, as that section requires."""


def oauth_error_response(body: Mapping[str, Any], status: int, headers: Mapping[str, str]) -> Response:
    """Return the OAuth error response for the members of a problem.

    An unknown client or token gets 401 with a WWW-Authenticate field (RFC 6750 section 3). A defect gets
    ``server_error``.
    """
    error = "server_error" if status == HTTPStatus.INTERNAL_SERVER_ERROR else body["error"]
    members = {
        "error": error,
        "error_description": _description(body),
        "correlation_id": body["correlation_id"],
    }
    others = {name: value for name, value in headers.items() if name != "WWW-Authenticate"}
    if error == INVALID_CLIENT:
        return JSONResponse(members, 401, {**others, "WWW-Authenticate": 'Basic realm="doorward"'})
    if error == INVALID_TOKEN:
        return JSONResponse(members, 401, headers)
    if error == INVALID_PROOF:
        # RFC 9449 section 5: 400, with the supported algorithms in WWW-Authenticate.
        return JSONResponse(members, HTTPStatus.BAD_REQUEST, headers)
    if status not in _KEPT and status != HTTPStatus.INTERNAL_SERVER_ERROR:
        status = HTTPStatus.BAD_REQUEST
    return JSONResponse(members, status, others)


def oauth_refusal(error: str, description: str) -> Response:
    """Return an OAuth error response with status 400 for an error code that is only known at run time."""
    body = {"error": error, "error_description": description, "correlation_id": current_correlation_id()}
    return oauth_error_response(body, HTTPStatus.BAD_REQUEST, {})


def _description(body: Mapping[str, Any]) -> str:
    """Return the errors of single parameters, or else the description, in the characters that section 5.2 allows."""
    wrong = [f"{each['pointer'].removeprefix('/body/')}: {each['detail']}" for each in body.get("errors", ())]
    text: str = "; ".join(wrong) or body["error_description"]
    return text.replace('"', "'").replace("\\", "/")


def override_error_format(scope: Scope, error_format: ErrorFormat) -> None:
    """Override the error format of the route's policy for this request, depending on its body."""
    scope[_ERROR_FORMAT] = error_format


def error_format_of(scope: Scope, policy: RoutePolicy) -> ErrorFormat:
    """Return the error format of a request."""
    error_format: ErrorFormat = scope.get(_ERROR_FORMAT, policy.errors)
    return error_format
