"""FastAPI dependencies. Refusals are problems (RFC 9457) with the challenges of RFC 6750, RFC 9449 and RFC 9470."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Any, Final

from fastapi import APIRouter, HTTPException, Request, Security
from fastapi.exception_handlers import http_exception_handler
from fastapi.params import Depends
from fastapi.responses import JSONResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.exceptions import HTTPException as StarletteHTTPException

from doorward_client.challenges import MEDIA_TYPE, Challenges, RefusedCall, refused_call, refused_without_token
from doorward_client.credentials import Credentials, read_credentials
from doorward_client.current_user import CurrentUser
from doorward_client.exceptions import DoorwardClientError
from doorward_client.protected_resource import ProtectedResource

_BEARER: Final = HTTPBearer(
    scheme_name="doorward", bearerFormat="JWT", description="An access token of doorward.", auto_error=False
)
_HANDLERS: Final = "starlette.exception_handlers"


class Refusal(HTTPException):
    """The response to a refused call. Register a handler of this class to change its format.

    Without any handler FastAPI would answer with ``detail`` alone.
    """

    def __init__(self, refused: RefusedCall) -> None:
        headers = {"Content-Type": MEDIA_TYPE, "Cache-Control": "no-store", **refused.headers}
        super().__init__(refused.status, refused.detail, headers)
        self.code = refused.code
        self.refused = refused


def caller_dependency(
    verify: Callable[[Credentials], Awaitable[CurrentUser]],
    scopes: Sequence[str],
    challenges: Callable[[], Challenges],
    public_url: str | None,
) -> Depends:
    """Return the dependency that verifies the caller's token. ``scopes`` are shown in the OpenAPI document.

    ``challenges`` returns the current parameters of challenges. Proofs of possession are for URLs below ``public_url``.
    """

    # The parameter is only for the OpenAPI document. It reads the scheme Bearer alone, so the headers are read below.
    async def caller(
        request: Request, _shown: Annotated[HTTPAuthorizationCredentials | None, Security(_BEARER)]
    ) -> CurrentUser:
        _answer_refusals_as_problems(request)
        challenged = challenges()
        try:
            credentials = read_credentials(request.scope, public_url)
            if credentials is None:
                raise Refusal(refused_without_token(challenged))
            challenged = challenged.for_credentials(credentials)
            return await verify(credentials)
        except DoorwardClientError as error:
            raise Refusal(refused_call(error, challenged)) from error

    return Security(caller, scopes=scopes)  # type: ignore[no-any-return] # FastAPI declares it as Any


def metadata_router(resource: ProtectedResource) -> APIRouter:
    """Return the router that serves the metadata of the service (RFC 9728)."""
    router, document = APIRouter(), resource.document()

    async def describe_resource() -> JSONResponse:
        headers = {"Cache-Control": "public, max-age=300", "Access-Control-Allow-Origin": "*"}
        return JSONResponse(document, headers=headers)

    router.add_api_route(resource.path, describe_resource, methods=["GET"], include_in_schema=False)
    return router


def _answer_refusals_as_problems(request: Request) -> None:
    """Register the handler of refusals, unless the application has its own for them or for their class.

    Starlette reads this entry of the scope when a route raises. If a version no longer has the entry, FastAPI's handler
    answers: the same status and headers, with ``detail`` alone.
    """
    handlers: dict[Any, Any] = request.scope.get(_HANDLERS, ({}, {}))[0]
    if Refusal in handlers or HTTPException in handlers:
        return
    if handlers.get(StarletteHTTPException) is http_exception_handler:
        handlers[Refusal] = _problem


async def _problem(_request: Request, refusal: Refusal) -> JSONResponse:
    return JSONResponse(refusal.refused.problem(), refusal.status_code, refusal.headers)
