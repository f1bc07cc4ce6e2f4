"""FastAPI dependencies, and refusals as problems (RFC 9457) with the challenge of RFC 6750, RFC 9449 and RFC 9470."""

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
    """An answer other than the route's. Register a handler of this class to give it another form.

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
    """Return the dependency that has the caller's token verified. ``scopes`` are shown in the OpenAPI document.

    ``challenges`` returns what refusals say at that moment. Proofs of keys are for addresses below ``public_url``.
    """

    # The parameter shows the scheme in the OpenAPI document. It reads Bearer alone, so the headers are read below.
    async def caller(
        request: Request, _shown: Annotated[HTTPAuthorizationCredentials | None, Security(_BEARER)]
    ) -> CurrentUser:
        _answer_refusals_as_problems(request)
        challenged = challenges()
        try:
            credentials = read_credentials(request.scope, public_url)
            if credentials is None:
                raise Refusal(refused_without_token(challenged))
            challenged = challenged.answering(credentials)
            return await verify(credentials)
        except DoorwardClientError as error:
            raise Refusal(refused_call(error, challenged)) from error

    return Security(caller, scopes=scopes)  # type: ignore[no-any-return] # FastAPI declares it as Any


def metadata_router(resource: ProtectedResource) -> APIRouter:
    """Return the route at which clients find the description of the service (RFC 9728)."""
    router, document = APIRouter(), resource.document()

    async def describe_resource() -> JSONResponse:
        headers = {"Cache-Control": "public, max-age=300", "Access-Control-Allow-Origin": "*"}
        return JSONResponse(document, headers=headers)

    router.add_api_route(resource.path, describe_resource, methods=["GET"], include_in_schema=False)
    return router


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
    return JSONResponse(refusal.refused.problem(), refusal.status_code, refusal.headers)
