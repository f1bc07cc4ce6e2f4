"""What routes ask for: use cases, and who is asking."""

from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import OAuth2PasswordBearer

from doorward.domain.auth.exceptions import InvalidAccessTokenError, MissingAccessTokenError
from doorward.domain.auth.login import Login
from doorward.domain.auth.models import User
from doorward.domain.auth.registration import Registration
from doorward.domain.auth.sessions import Sessions
from doorward.domain.items.importing import ItemImport
from doorward.domain.items.service import Items

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


async def _items(request: Request) -> Items:
    use_case: Items = request.app.state.items
    return use_case


async def _item_import(request: Request) -> ItemImport:
    use_case: ItemImport = request.app.state.item_import
    return use_case


RegistrationUseCase = Annotated[Registration, Depends(_registration)]
LoginUseCase = Annotated[Login, Depends(_login)]
SessionsUseCase = Annotated[Sessions, Depends(_sessions)]
ItemsUseCase = Annotated[Items, Depends(_items)]
ItemImportUseCase = Annotated[ItemImport, Depends(_item_import)]


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
