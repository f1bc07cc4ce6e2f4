"""Request bodies: each route declares its kind and model once, and the OpenAPI document takes the schema from there."""

import re
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any, Final, Generic, TypeVar
from urllib.parse import parse_qsl

from fastapi import Depends, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError
from starlette.requests import ClientDisconnect

from doorward.api.exceptions import (
    CredentialsInQueryError,
    MalformedBodyError,
    MalformedFormError,
    UnsupportedMediaTypeError,
)
from doorward.api.problems import MAXIMUM_ERRORS

JSON: Final = "application/json"
BYTES: Final = "application/octet-stream"
FORM: Final = "application/x-www-form-urlencoded"
MERGE_PATCH: Final = "application/merge-patch+json"
MAXIMUM_FORM_FIELDS: Final = 40
"""Maximum number of fields in a form. The form of a role has one for each scope of administration."""

SCHEMAS: Final = "#/components/schemas/"
"""Prefix of references to the named schemas of an OpenAPI document."""

ModelT = TypeVar("ModelT", bound=BaseModel)

_LANGUAGE_ALONE: Final = re.compile(rb"ui_locales=[A-Za-z-]{2,20}")
"""The only query string that a form's address may have: the language, which pages pass on."""


class BodyReader(ABC):
    """Reads the body of a request. Subclasses are FastAPI dependencies."""

    media_type: str
    other_media_types: tuple[str, ...] = ()
    """Further media types in the OpenAPI document."""

    @abstractmethod
    def schema(self) -> dict[str, Any]:
        """Return the JSON schema of the body."""

    def schemas(self) -> dict[str, dict[str, Any]]:
        """Return the schema of the body by media type, ``media_type`` first."""
        return {media_type: self.schema() for media_type in (self.media_type, *self.other_media_types)}


class JsonReader(BodyReader, Generic[ModelT]):
    """Reads a JSON body (RFC 8259): UTF-8 without a byte order mark. Of members with the same name, the last counts."""

    media_type = JSON

    def __init__(self, model: type[ModelT], *also: str) -> None:
        """Set the model, and the media types that are accepted like application/json."""
        self._model = model
        self._media_types = (JSON, *also)

    async def __call__(self, request: Request) -> ModelT:
        """Return the body. Raises ``RequestValidationError`` or ``UnsupportedMediaTypeError``.

        The media type is checked because a browser sends text/plain to other origins without a preflight.
        """
        check_content_type(request, *self._media_types)
        try:
            return self._model.model_validate_json(await body_of(request))
        except ValidationError as error:
            raise _of_body(error) from error

    def schema(self) -> dict[str, Any]:
        """Return the model's schema. Its ``$defs`` are to be moved to the document's named schemas."""
        return self._model.model_json_schema(ref_template=f"{SCHEMAS}{{model}}")


class FormReader(BodyReader, Generic[ModelT]):
    """Reads a form (RFC 6749 section 3.2).

    A repeated parameter or one in the query string is refused. Unknown and empty parameters are ignored.
    """

    media_type = FORM

    def __init__(self, model: type[ModelT]) -> None:
        self._model = model

    async def __call__(self, request: Request) -> ModelT:
        """Return the form. Raises ``RequestValidationError`` and ``RequestRefusedError`` classes."""
        return self.of_fields(await form_fields(request))

    def of_fields(self, fields: dict[str, str]) -> ModelT:
        """Return the form with these parameters. Raises ``RequestValidationError`` and what the model raises."""
        try:
            return self._model.model_validate(fields)
        except ValidationError as error:
            raise _of_body(error) from error

    def schema(self) -> dict[str, Any]:
        """Return the model's schema. It allows additional string parameters up to ``MAXIMUM_FORM_FIELDS`` in all."""
        others = {"additionalProperties": {"type": "string"}, "maxProperties": MAXIMUM_FORM_FIELDS}
        return {**self._model.model_json_schema(), **others}


if TYPE_CHECKING:
    # For mypy, each of these is the model itself.
    JsonBody = Annotated[ModelT, "application/json"]
    MergePatchBody = Annotated[ModelT, "application/merge-patch+json"]
    FormBody = Annotated[ModelT, "application/x-www-form-urlencoded"]
else:

    class _Body:
        """Turns ``body: JsonBody[Model]`` in a signature into the dependency that reads a ``Model``."""

        def __init__(self, reader: Callable[[type[ModelT]], BodyReader]) -> None:
            self._reader = reader

        def __getitem__(self, model: type[ModelT]) -> object:
            """Return the annotation."""
            return Annotated[model, Depends(self._reader(model))]

    JsonBody = _Body(JsonReader)
    MergePatchBody = _Body(lambda model: JsonReader(model, MERGE_PATCH))
    FormBody = _Body(FormReader)


def check_content_type(request: Request, *media_types: str) -> None:
    """Raise ``UnsupportedMediaTypeError`` unless the Content-Type is one of these.

    A missing Content-Type counts as application/octet-stream (RFC 9110 section 8.3): browsers send none for files of
    an unknown type.
    """
    if (content_type(request) or BYTES) not in media_types:
        raise UnsupportedMediaTypeError


def content_type(request: Request) -> str:
    """Return the media type of the Content-Type field without its parameters; empty if the field is missing."""
    announced = next((value for name, value in request.scope["headers"] if name == b"content-type"), b"")
    media_type: str = announced.partition(b";")[0].strip().lower().decode("latin-1")
    return media_type


async def body_of(request: Request) -> bytes:
    """Read and return the whole body. Call it once per request.

    Used instead of ``Request.body``, whose generator takes several times as long. Raises ``ClientDisconnect``, and
    ``BodyTooLargeError`` from the request pass.
    """
    chunks = []
    while True:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        chunks.append(message.get("body", b""))
        if not message.get("more_body", False):
            return chunks[0] if len(chunks) == 1 else b"".join(chunks)


async def form_fields(request: Request) -> dict[str, str]:
    """Return the parameters of a form. Raises ``RequestRefusedError`` classes."""
    check_content_type(request, FORM)
    query: bytes = request.scope["query_string"]
    if query and not _LANGUAGE_ALONE.fullmatch(query):
        raise CredentialsInQueryError
    return _form_fields(await body_of(request))


def _of_body(error: ValidationError) -> RequestValidationError:
    """Return the first ``MAXIMUM_ERRORS`` errors as FastAPI would raise them for a body parameter."""
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
        raise MalformedFormError({name for name, number in Counter(name for name, _ in pairs).items() if number > 1})
    return {name: value for name, value in fields.items() if value}
