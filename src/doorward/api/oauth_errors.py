"""Refusals in the words of RFC 6749 section 5.2: for clients that know that standard and nothing of this service."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from fastapi.responses import JSONResponse, Response
from starlette.types import Scope

from doorward.api.policy import ErrorDialect, RoutePolicy
from doorward.observability.request_context import current_correlation_id

INVALID_CLIENT: Final = "invalid_client"
INVALID_TOKEN: Final = "invalid_token"  # noqa: S105 - the name of an error
INVALID_PROOF: Final = "invalid_dpop_proof"
_DIALECT: Final = "doorward.dialect"
_KEPT: Final = frozenset({404, 405, 408, 413, 414, 429, 503})
"""Statuses that are HTTP's own or tell clients to come again. All other refusals are 400, as that section says."""


def oauth_error_response(body: Mapping[str, Any], status: int, headers: Mapping[str, str]) -> Response:
    """Return the answer that says what this problem says.

    An unknown client is 401, and is told how it can authenticate, as is an unknown token (RFC 6750 section 3). A defect
    is ``server_error``.
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
        # RFC 9449 section 5: 400, and the header tells the algorithms.
        return JSONResponse(members, HTTPStatus.BAD_REQUEST, headers)
    if status not in _KEPT and status != HTTPStatus.INTERNAL_SERVER_ERROR:
        status = HTTPStatus.BAD_REQUEST
    return JSONResponse(members, status, others)


def oauth_refusal(error: str, description: str) -> Response:
    """Return a refusal whose code is only known when it happens: what an application is told about a request."""
    body = {"error": error, "error_description": description, "correlation_id": current_correlation_id()}
    return oauth_error_response(body, HTTPStatus.BAD_REQUEST, {})


def _description(body: Mapping[str, Any]) -> str:
    """Return the text, or what is wrong with single parameters, in the characters that section 5.2 allows."""
    wrong = [f"{each['pointer'].removeprefix('/body/')}: {each['detail']}" for each in body.get("errors", ())]
    text: str = "; ".join(wrong) or body["error_description"]
    return text.replace('"', "'").replace("\\", "/")


def answer_in(scope: Scope, dialect: ErrorDialect) -> None:
    """Set the form of refusals of this request, which replaces that of the route's policy, because of its body."""
    scope[_DIALECT] = dialect


def dialect_of(scope: Scope, policy: RoutePolicy) -> ErrorDialect:
    """Return the form of refusals of a request."""
    dialect: ErrorDialect = scope.get(_DIALECT, policy.errors)
    return dialect
