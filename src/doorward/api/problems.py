"""Errors as application/problem+json (RFC 9457), and the only mapping of error kinds to statuses."""

import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response

from doorward.api.exceptions import InternalError, InvalidRequestError, MalformedBodyError, RequestRefusedError
from doorward.api.key_proofs import ALGORITHMS
from doorward.api.oauth_errors import oauth_error_response
from doorward.api.policy import ErrorFormat
from doorward.api.problem_page import ProblemPage
from doorward.api.schemas.health import CheckState
from doorward.api.schemas.problem import FieldError
from doorward.core.exceptions import DomainError, InputError, Kind
from doorward.domain.auth.exceptions import MissingAccessTokenError, ReauthenticationRequiredError
from doorward.domain.auth.tokens.key_proof_exceptions import BoundAccessTokenError, InvalidKeyProofError
from doorward.observability.request_context import current_correlation_id

MEDIA_TYPE: Final = "application/problem+json"
EXTRA_MEMBER: Final = "extra_forbidden"
"""pydantic's error type for a member that is not in the schema."""

MAXIMUM_ERRORS: Final = 100
"""Maximum errors in one response: a body of 64 KiB can have 8,000, whose list would be ten times as long."""

MAXIMUM_NAME_LENGTH: Final = 64
_UNSHOWN: Final = re.compile(r"[^A-Za-z0-9 _.$@:~/-]")
"""Characters of a caller's member name that a response replaces by a question mark."""

TITLE_OF_STATUS: Final[Mapping[int, str]] = {
    413: "Content Too Large",
    414: "URI Too Long",
    422: "Unprocessable Content",
}
"""Titles of RFC 9110 where older Python versions have those of earlier RFCs."""

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

HttpHints = Mapping[type[DomainError], str]
"""What an API client can do about a refusal of the domain, in terms of HTTP."""


def title_of(status: int) -> str:
    """Return the title of a status, the same in every Python version."""
    return TITLE_OF_STATUS.get(status) or HTTPStatus(status).phrase


def problem_body(
    status: int,
    code: str,
    detail: str,
    *,
    error_format: ErrorFormat = ErrorFormat.PROBLEM,
    oauth_error: str | None = None,
    errors: Sequence[FieldError] = (),
    checks: Mapping[str, CheckState] | None = None,
) -> dict[str, Any]:
    """Return the members of one problem, without those that do not apply."""
    body: dict[str, Any] = {
        "type": f"urn:doorward:problem:{code}",
        "title": title_of(status),
        "status": status,
        "detail": detail,
        "code": code,
        "correlation_id": current_correlation_id(),
    }
    if errors:
        body["errors"] = [error.model_dump() for error in errors]
    if checks is not None:
        body["checks"] = checks
    if error_format in {ErrorFormat.OAUTH, ErrorFormat.OAUTH_ENDPOINT}:
        body["error"] = oauth_error or ("temporarily_unavailable" if status in {429, 503} else "invalid_request")
        body["error_description"] = detail
    return body


def refusal_response(
    error: RequestRefusedError, error_format: ErrorFormat, headers: Mapping[str, str] | None = None
) -> Response:
    """Return the response to a request that the HTTP layer refuses."""
    body = problem_body(
        error.status,
        error.code,
        error.explanation,
        error_format=error_format,
        oauth_error=error.oauth_error,
        errors=error.errors,
    )
    return _response(body, error.status, {**error.headers, **(headers or {})}, error_format)


def problem_of(error: Exception, error_format: ErrorFormat, http_hints: HttpHints) -> Response | None:
    """Return the response to a refusal; None for any other exception, which is a defect."""
    if isinstance(error, DomainError):
        return domain_response(error, error_format, http_hints)
    if isinstance(error, RequestValidationError):
        return refusal_response(_refused_by_schema(error), error_format)
    return refusal_response(error, error_format) if isinstance(error, RequestRefusedError) else None


def internal_error_response(error_format: ErrorFormat) -> Response:
    """Return the response to a defect. It shows nothing of the cause."""
    return refusal_response(InternalError(), error_format)


def domain_response(
    error: DomainError, error_format: ErrorFormat, http_hints: HttpHints, checks: Mapping[str, CheckState] | None = None
) -> Response:
    """Return the response to a refusal of the domain, with what the client can do about it."""
    status = STATUS_OF_KIND[error.kind]
    body = problem_body(
        status,
        error.code,
        detail_of(type(error), http_hints),
        error_format=error_format,
        oauth_error=error.oauth_error,
        errors=[field_error(each) for each in error.input_errors],
        checks=checks,
    )
    body.update(error.members)
    headers: dict[str, str] = {}
    if error.retry_after_seconds is not None:
        headers["Retry-After"] = str(error.retry_after_seconds)
    if status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = _challenge(error)
    return _response(body, status, headers, error_format)


def field_error(error: InputError) -> FieldError:
    """Return an error in one part of the body, as responses list it."""
    return FieldError(pointer=f"/body/{error.place}", code=error.code, detail=error.detail)


def _response(body: dict[str, Any], status: int, headers: Mapping[str, str], error_format: ErrorFormat) -> Response:
    if error_format is ErrorFormat.PAGE:
        return ProblemPage(body, status, headers)
    if error_format is ErrorFormat.OAUTH_ENDPOINT:
        return oauth_error_response(body, status, headers)
    return JSONResponse(body, status, headers, media_type=MEDIA_TYPE)


def detail_of(error: type[DomainError], http_hints: HttpHints) -> str:
    """Return the detail of a refusal: the domain's sentence, and the HTTP hint if there is one."""
    return f"{error.detail} {http_hints[error]}" if error in http_hints else error.detail


def _challenge(error: DomainError) -> str:
    """Return the WWW-Authenticate challenge (RFC 6750 section 3, RFC 9449, RFC 9470).

    It has no error code if no token was sent.
    """
    if isinstance(error, ReauthenticationRequiredError):
        acr = "" if error.acr is None else f', acr_values="{error.acr}"'
        max_age = "" if error.max_age_seconds is None else f", max_age={error.max_age_seconds}"
        return (
            f'Bearer realm="doorward", error="insufficient_user_authentication", '
            f'error_description="{error.detail}"{acr}{max_age}'
        )
    if isinstance(error, InvalidKeyProofError | BoundAccessTokenError):
        algorithms = " ".join(ALGORITHMS)
        return f'DPoP realm="doorward", error="{error.oauth_error}", algs="{algorithms}"'
    if isinstance(error, MissingAccessTokenError) or error.oauth_error != "invalid_token":
        return 'Bearer realm="doorward"'
    return f'Bearer realm="doorward", error="invalid_token", error_description="{error.detail}"'


def _refused_by_schema(error: RequestValidationError) -> RequestRefusedError:
    details = error.errors()[:MAXIMUM_ERRORS]
    if any(each["type"] == "json_invalid" for each in details):
        return MalformedBodyError()
    return InvalidRequestError(errors=[_field_error(each["type"], each["loc"], each["msg"]) for each in details])


def _field_error(code: str, location: Sequence[str | int], message: str) -> FieldError:
    """Return an error. It repeats nothing of the caller's input except the name of an unknown member."""
    if code == EXTRA_MEMBER:
        return FieldError(pointer=json_pointer(*location), code=code, detail="Unknown members are refused")
    return FieldError(pointer=json_pointer(*location[:2]), code=code, detail=message)


def json_pointer(*parts: str | int) -> str:
    """Return a JSON pointer. Names are truncated, unusual characters replaced, and ``~`` and ``/`` escaped."""
    return "".join(f"/{safe_name(str(part)).replace('~', '~0').replace('/', '~1')}" for part in parts)


def safe_name(name: str) -> str:
    """Return a caller's name truncated and cleaned, so that a response may repeat it."""
    return _UNSHOWN.sub("?", name[:MAXIMUM_NAME_LENGTH])
