"""FastAPI dependencies, and refusals as problems (RFC 9457) with the challenge of RFC 6750 and RFC 9470."""

from collections.abc import Awaitable, Callable, Sequence
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import HTTPException, Request, Security
from fastapi.exception_handlers import http_exception_handler
from fastapi.params import Depends
from fastapi.responses import JSONResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.exceptions import HTTPException as StarletteHTTPException

from doorward_client.current_user import CurrentUser
from doorward_client.exceptions import (
    DoorwardClientError,
    InsufficientAuthenticationError,
    InsufficientScopeError,
    InvalidTokenError,
    UnavailableError,
)

MEDIA_TYPE: Final = "application/problem+json"
AUTHORIZATION: Final = "Authorization"

_BEARER: Final = HTTPBearer(
    scheme_name="doorward", bearerFormat="JWT", description="An access token of doorward.", auto_error=False
)
_HANDLERS: Final = "starlette.exception_handlers"


class Refusal(HTTPException):
    """An answer other than the route's. Register a handler of this class to give it another form.

    Without any handler FastAPI would answer with ``detail`` alone.
    """

    def __init__(self, status: HTTPStatus, code: str, detail: str, headers: dict[str, str]) -> None:
        super().__init__(status, detail, {"Content-Type": MEDIA_TYPE, "Cache-Control": "no-store", **headers})
        self.code = code
        self.title = status.phrase


def caller_dependency(verify: Callable[[str], Awaitable[CurrentUser]], scopes: Sequence[str]) -> Depends:
    """Return the dependency that has the caller's token verified. ``scopes`` are shown in the OpenAPI document."""

    async def caller(
        request: Request, bearer: Annotated[HTTPAuthorizationCredentials | None, Security(_BEARER)]
    ) -> CurrentUser:
        _answer_refusals_as_problems(request)
        if bearer is None:
            raise _refusal(HTTPStatus.UNAUTHORIZED, "missing_access_token", "No access token was sent.")
        try:
            if len(request.headers.getlist(AUTHORIZATION)) > 1:
                raise InvalidTokenError("There are several Authorization headers.")
            return await verify(bearer.credentials)
        except DoorwardClientError as error:
            raise refusal_of(error) from error

    return Security(caller, scopes=scopes)  # type: ignore[no-any-return] # FastAPI declares it as Any


def refusal_of(error: DoorwardClientError) -> Refusal:
    """Return the answer to a caller whose token was not accepted. It does not say which check failed."""
    if isinstance(error, InsufficientScopeError):
        return _refusal(
            HTTPStatus.FORBIDDEN,
            "insufficient_scope",
            "The access token does not allow this call. Get one with the scope that WWW-Authenticate names.",
            error="insufficient_scope",
            scope=" ".join(error.scopes),
        )
    if isinstance(error, InsufficientAuthenticationError):
        return _refusal(
            HTTPStatus.UNAUTHORIZED,
            "reauthentication_required",
            "This call needs a stronger or more recent sign-in. WWW-Authenticate says which.",
            error="insufficient_user_authentication",
            acr_values=error.acr,
            **({} if error.max_age is None else {"max_age": str(error.max_age)}),
        )
    if isinstance(error, UnavailableError):
        detail = "Access tokens cannot be checked at the moment. Try again later."
        headers = {"Retry-After": str(error.retry_after_seconds)}
        return Refusal(HTTPStatus.SERVICE_UNAVAILABLE, "authentication_unavailable", detail, headers)
    return _refusal(
        HTTPStatus.UNAUTHORIZED,
        "invalid_access_token",
        "The access token is not valid, or no longer. Refresh it or log in again.",
        error="invalid_token",
    )


def _refusal(status: HTTPStatus, code: str, detail: str, **challenge: str) -> Refusal:
    """Return a refusal with a challenge. RFC 6750 section 3.1: no error code where no token was sent."""
    described = {"error": challenge["error"], "error_description": detail, **challenge} if challenge else {}
    parameters = {"realm": "doorward", **described}
    challenged = ", ".join(f'{name}="{value}"' for name, value in parameters.items())
    return Refusal(status, code, detail, {"WWW-Authenticate": f"Bearer {challenged}"})


def _answer_refusals_as_problems(request: Request) -> None:
    """Register the handler of refusals, unless the application has one of its own for them or for their class.

    Starlette reads this entry of the scope when a route raises. Where a version has it no more, FastAPI's handler
    answers: the same status and headers, with ``detail`` alone.
    """
    handlers: dict[Any, Any] = request.scope.get(_HANDLERS, ({}, {}))[0]
    if Refusal in handlers or HTTPException in handlers:
        return
    if handlers.get(StarletteHTTPException) is http_exception_handler:
        handlers[Refusal] = _problem


async def _problem(_request: Request, refusal: Refusal) -> JSONResponse:
    body = {
        "type": f"urn:doorward:problem:{refusal.code}",
        "title": refusal.title,
        "status": refusal.status_code,
        "detail": refusal.detail,
        "code": refusal.code,
    }
    return JSONResponse(body, refusal.status_code, refusal.headers)
