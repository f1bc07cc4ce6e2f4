"""Error responses in the format of RFC 6749 section 5.2."""

import json

import pytest

from doorward.api.exceptions import (
    BodyTooLargeError,
    InsufficientScopeError,
    InvalidRequestError,
    MethodNotAllowedError,
    RateLimitExceededError,
    RequestRefusedError,
    UnsupportedMediaTypeError,
)
from doorward.api.policy import ErrorFormat
from doorward.api.problems import internal_error_response, problem_of
from doorward.api.schemas.problem import FieldError
from doorward.core.exceptions import DomainError, Kind, ServiceUnavailableError
from doorward.domain.auth.exceptions import InvalidRefreshTokenError, ScopeNotGrantedError

ERROR_FORMAT = ErrorFormat.OAUTH_ENDPOINT


class UnknownClientError(DomainError):
    """The error for a client that cannot be authenticated."""

    kind = Kind.UNAUTHENTICATED
    code = "unknown_client"
    detail = 'The client is "unknown" or has \\ another secret.'
    oauth_error = "invalid_client"


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (InvalidRefreshTokenError(), 400, "invalid_grant"),
        (ScopeNotGrantedError(), 400, "invalid_scope"),
        (InvalidRequestError(), 400, "invalid_request"),
        (UnsupportedMediaTypeError(), 400, "invalid_request"),
        (InsufficientScopeError("account"), 400, "insufficient_scope"),
        (UnknownClientError(), 401, "invalid_client"),
        (MethodNotAllowedError(headers={"Allow": "POST"}), 405, "invalid_request"),
        (BodyTooLargeError(), 413, "invalid_request"),
        (RateLimitExceededError(30), 429, "temporarily_unavailable"),
        (ServiceUnavailableError(2), 503, "temporarily_unavailable"),
    ],
)
def test_an_error_response_has_the_status_and_the_code_of_the_standard(
    error: RequestRefusedError | DomainError, status: int, code: str
) -> None:
    response = problem_of(error, ERROR_FORMAT, {})
    assert response is not None
    body = json.loads(bytes(response.body))
    assert (response.status_code, response.media_type) == (status, "application/json")
    assert list(body) == ["error", "error_description", "correlation_id"]
    assert body["error"] == code
    assert not set(body["error_description"]) & {'"', "\\"}


def test_only_an_unknown_client_gets_an_authentication_challenge() -> None:
    challenges = {
        type(error): response.headers.get("www-authenticate")
        for error in (UnknownClientError(), InvalidRefreshTokenError(), InsufficientScopeError("account"))
        if (response := problem_of(error, ERROR_FORMAT, {})) is not None
    }
    assert challenges == {
        UnknownClientError: 'Basic realm="doorward"',
        InvalidRefreshTokenError: None,
        InsufficientScopeError: None,
    }


@pytest.mark.parametrize("error", [RateLimitExceededError(30), ServiceUnavailableError(30)])
def test_a_temporary_refusal_has_a_retry_after_header(error: RequestRefusedError | DomainError) -> None:
    response = problem_of(error, ERROR_FORMAT, {})
    assert response is not None
    assert response.headers["retry-after"] == "30"


def test_other_headers_of_a_refusal_are_kept() -> None:
    response = problem_of(MethodNotAllowedError(headers={"Allow": "POST"}), ERROR_FORMAT, {})
    assert response is not None
    assert response.headers["allow"] == "POST"


def test_invalid_parameters_are_reported_without_their_values() -> None:
    errors = [FieldError(pointer=f"/body/{name}", code="missing", detail="Field required") for name in ("a", "b")]
    response = problem_of(InvalidRequestError(errors=errors), ERROR_FORMAT, {})
    assert response is not None
    assert json.loads(bytes(response.body))["error_description"] == "a: Field required; b: Field required"


def test_an_internal_error_is_reported_as_server_error() -> None:
    response = internal_error_response(ERROR_FORMAT)
    assert (response.status_code, json.loads(bytes(response.body))["error"]) == (500, "server_error")
