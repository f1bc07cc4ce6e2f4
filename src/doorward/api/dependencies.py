"""What routes ask for: use cases, who is asking, and bodies of the right kind."""

from typing import Annotated, Final
from urllib.parse import parse_qsl

from fastapi import Depends, Request
from fastapi.exceptions import RequestValidationError
from fastapi.security import OAuth2PasswordBearer
from pydantic import ValidationError

from doorward.api.exceptions import (
    CredentialsInQueryError,
    InvalidScopeError,
    MalformedBodyError,
    MalformedFormError,
    UnsupportedGrantTypeError,
    UnsupportedMediaTypeError,
)
from doorward.api.schemas.auth import TokenForm
from doorward.domain.auth.exceptions import InvalidAccessTokenError, MissingAccessTokenError
from doorward.domain.auth.login import Login
from doorward.domain.auth.models import User
from doorward.domain.auth.registration import Registration
from doorward.domain.auth.sessions import Sessions
from doorward.domain.auth.token_pair import ACCOUNT_SCOPE

JSON: Final = "application/json"
FORM: Final = "application/x-www-form-urlencoded"
MAXIMUM_FORM_FIELDS: Final = 10

_documented_scheme = OAuth2PasswordBearer(
    tokenUrl="/api/v1/auth/token",
    scheme_name="password",
    description="User name or e-mail address, and password.",
    auto_error=False,
)
"""Puts the Authorize button on /docs. What it reads is not used: ``bearer_token`` is stricter."""


async def _registration(request: Request) -> Registration:
    use_case: Registration = request.app.state.registration
    return use_case


async def _login(request: Request) -> Login:
    use_case: Login = request.app.state.login
    return use_case


async def _sessions(request: Request) -> Sessions:
    use_case: Sessions = request.app.state.sessions
    return use_case


RegistrationUseCase = Annotated[Registration, Depends(_registration)]
LoginUseCase = Annotated[Login, Depends(_login)]
SessionsUseCase = Annotated[Sessions, Depends(_sessions)]


async def json_body(request: Request) -> None:
    """Refuse any other content type (a browser sends text/plain across sites without asking)."""
    if _content_type(request) != JSON:
        raise UnsupportedMediaTypeError


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
        errors = [{**details, "loc": ("body", *details["loc"])} for details in error.errors(include_input=False)]
        raise RequestValidationError(errors) from error


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


def _content_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


async def bearer_token(request: Request, _: Annotated[str | None, Depends(_documented_scheme)]) -> str:
    """Return the token of the one Authorization header (RFC 6750 section 2.1); no other place is looked at.

    Raises ``MissingAccessTokenError`` or ``InvalidAccessTokenError``.
    """
    headers = request.headers.getlist("authorization")
    if not headers:
        raise MissingAccessTokenError
    scheme, _, token = headers[0].partition(" ")
    if scheme.lower() != "bearer":
        raise MissingAccessTokenError
    if len(headers) > 1 or not token:
        raise InvalidAccessTokenError
    return token


async def _current_user(sessions: SessionsUseCase, token: Annotated[str, Depends(bearer_token)]) -> User:
    return await sessions.authenticate(token)


CurrentUser = Annotated[User, Depends(_current_user)]
