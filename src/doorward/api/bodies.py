"""Bodies of the right kind: each call takes one content type, and a body that is cut off is none."""

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator, Container
from typing import IO, Annotated, Any, Final, TypeVar
from urllib.parse import parse_qsl

from fastapi import Depends, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError

from doorward.api.dependencies import CurrentUser
from doorward.api.exceptions import (
    CredentialsInQueryError,
    InvalidScopeError,
    MalformedBodyError,
    MalformedFormError,
    TooManyImportsError,
    UnsupportedGrantTypeError,
    UnsupportedMediaTypeError,
    UploadTooSlowError,
)
from doorward.api.problems import MAXIMUM_ERRORS
from doorward.api.schemas.auth import TokenForm
from doorward.core.exceptions import ServiceUnavailableError
from doorward.core.ports import RateLimiter
from doorward.domain.auth.models import ACCOUNT_SCOPE, User
from doorward.observability.logging import get_logger

JSON: Final = "application/json"
FORM: Final = "application/x-www-form-urlencoded"
CSV: Final = "text/csv"
MERGE_PATCH: Final = "application/merge-patch+json"
MAXIMUM_FORM_FIELDS: Final = 10
HELD_IN_MEMORY_BYTES: Final = 1024 * 1024
"""Of an import, before it goes to a temporary file."""

ModelT = TypeVar("ModelT", bound=BaseModel)

UPLOAD_SECONDS: Final = 60
"""How long the body of an import may take to arrive: the longest one at 4.5 Mbit/s."""

MINIMUM_BYTES_PER_SECOND: Final = 16 * 1024
"""What the body of an import must bring: a slow mobile connection does."""

logger = get_logger()


async def csv_body(request: Request, user: CurrentUser) -> AsyncIterator[IO[bytes]]:
    """Yield the whole body as a file, of a signed-in user: nothing of it is used before all of it has arrived.

    From before the first byte on it holds a bulk place, and is the one import of its user in this process. Raises
    ``ImportUnderWayError``, ``ServiceUnavailableError`` when there is no place or the disk is full,
    ``TooManyImportsError`` and ``UploadTooSlowError``. A body that is cut off raises Starlette's ``ClientDisconnect``.
    """
    if _content_type(request) != CSV:
        raise UnsupportedMediaTypeError
    state = request.app.state
    with state.calls.importing(user.id), state.bulk_place():
        await _count_import(request, user)
        file = tempfile.SpooledTemporaryFile(max_size=HELD_IN_MEMORY_BYTES)  # noqa: SIM115 - closed below
        try:
            await _store_body(request, file, state.upload_idle_seconds)
            yield file
        finally:
            # Closing tries to write once more.
            with contextlib.suppress(OSError):
                file.close()


async def _count_import(request: Request, user: User) -> None:
    limiter: RateLimiter = request.app.state.limiter
    seconds = await limiter.count("import", f"user {user.id}")
    if seconds:
        raise TooManyImportsError(seconds)


async def _store_body(request: Request, file: IO[bytes], idle_seconds: float) -> None:
    """Write the body to the file: within a minute, and never less than the minimum rate for ``idle_seconds``."""
    now = asyncio.get_running_loop().time
    received = 0
    try:
        async with asyncio.timeout(UPLOAD_SECONDS), asyncio.timeout(idle_seconds) as idle:
            async for chunk in request.stream():
                file.write(chunk)
                received += len(chunk)
                if received >= idle_seconds * MINIMUM_BYTES_PER_SECOND:
                    received = 0
                    idle.reschedule(now() + idle_seconds)
        # Writes what is still in the buffer.
        file.seek(0)
    except TimeoutError as error:
        raise UploadTooSlowError from error
    except OSError as error:
        logger.warning("http.body.not_stored", error=type(error).__name__)
        raise ServiceUnavailableError from error


async def token_form(request: Request) -> TokenForm:
    """Read the login form (RFC 6749 sections 3.2 and 4.3.2): each parameter once, none in the query string."""
    if _content_type(request) != FORM:
        raise UnsupportedMediaTypeError
    if request.url.query:
        raise CredentialsInQueryError
    fields = _form_fields(await request.body())
    if fields.get("grant_type", "password") != "password":
        raise UnsupportedGrantTypeError
    if not set(fields.get("scope", "").split()) <= {ACCOUNT_SCOPE}:
        raise InvalidScopeError
    try:
        return TokenForm.model_validate(fields)
    except ValidationError as error:
        raise _of_body(error) from error


def json_body(model: type[ModelT], media_types: Container[str] = (JSON,)) -> object:
    """Return what asks for a body read by ``json_model``, to stand in ``Annotated`` behind its type."""

    async def body(request: Request) -> ModelT:
        return await json_model(request, model, media_types)

    return Depends(body)


async def json_model(request: Request, model: type[ModelT], media_types: Container[str] = (JSON,)) -> ModelT:
    """Read a JSON body (RFC 8259): UTF-8 without a byte order mark; the last one counts of members with one name.

    Raises ``RequestValidationError``, or ``UnsupportedMediaTypeError``: among the other media types is text/plain,
    which a browser sends across sites without asking.
    """
    if _content_type(request) not in media_types:
        raise UnsupportedMediaTypeError
    try:
        return model.model_validate_json(await request.body())
    except ValidationError as error:
        raise _of_body(error) from error


def _of_body(error: ValidationError) -> RequestValidationError:
    """Return the first errors as FastAPI would raise them for the parameter that is the body."""
    found = error.errors(include_url=False, include_context=False, include_input=False)[:MAXIMUM_ERRORS]
    return RequestValidationError([{**details, "loc": ("body", *details["loc"])} for details in found])


def _form_fields(body: bytes) -> dict[str, str]:
    try:
        text = body.decode()
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=MAXIMUM_FORM_FIELDS, errors="strict")
    except UnicodeDecodeError as error:
        raise MalformedBodyError from error
    except ValueError as error:
        raise MalformedFormError from error
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise MalformedFormError
    return fields


def documented_body(media_type: str, schema: dict[str, Any]) -> dict[str, Any]:
    """Return the required body of a route that reads it by itself, for its OpenAPI description."""
    return {"requestBody": {"required": True, "content": {media_type: {"schema": schema}}}}


def name_body_schemas(document: dict[str, Any]) -> None:
    """Move the bodies that routes read by themselves to an OpenAPI document's named schemas, where FastAPI's are."""
    for operations in document["paths"].values():
        for operation in operations.values():
            for content in operation.get("requestBody", {"content": {}})["content"].values():
                if name := content["schema"].get("title"):
                    document["components"]["schemas"][name] = content["schema"]
                    content["schema"] = {"$ref": f"#/components/schemas/{name}"}


def _content_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


# Its place is free again when the route returns, however slowly the client takes the answer.
CsvBody = Annotated[IO[bytes], Depends(csv_body, scope="function")]
