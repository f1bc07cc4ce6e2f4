"""Readers for the bodies of the first-party token endpoints, which also accept the standard forms.

Libraries for RFC 6749 use one address for login and refresh, and the form of RFC 7009 for logout. These forms get the
error responses of those standards; all other requests to these endpoints keep the usual error format.
"""

from typing import Annotated, Any, Final

from fastapi import Depends, Request

from doorward.api.admission import count_call
from doorward.api.bodies import (
    FORM,
    JSON,
    MAXIMUM_FORM_FIELDS,
    BodyReader,
    FormReader,
    JsonReader,
    content_type,
    form_fields,
)
from doorward.api.exceptions import InvalidRequestError, RateLimitExceededError, RequestRefusedError
from doorward.api.oauth_errors import override_error_format
from doorward.api.policy import ErrorFormat
from doorward.api.routing import Refusal, route_of
from doorward.api.schemas.auth import PASSWORD_GRANT, RefreshTokenRequest, TokenForm
from doorward.api.schemas.problem import FieldError
from doorward.api.schemas.standard_forms import REFRESH_GRANT, RefreshForm, RevocationForm
from doorward.api.services import services_of
from doorward.core.exceptions import ServiceUnavailableError
from doorward.core.ports import LimitedCall
from doorward.domain.auth.exceptions import InvalidRefreshTokenError, ScopeNotGrantedError


def missing(parameter: str) -> InvalidRequestError:
    """Return the error for a form without a required parameter."""
    error = FieldError(pointer=f"/body/{parameter}", code="missing", detail="Field required")
    return InvalidRequestError(errors=[error])


_SCOPE: Final = (
    "For a login: absent, empty or `account`; with `resource`: scopes of that service. For a refresh: a subset of the "
    "session's scopes, for the access token."
)
REFUSALS_OF_REFRESH_FORM: Final[tuple[Refusal, ...]] = (
    InvalidRefreshTokenError,
    ScopeNotGrantedError,
    missing("refresh_token"),
    RateLimitExceededError(30),
    ServiceUnavailableError,
)
REFUSALS_OF_REVOCATION_FORM: Final[tuple[Refusal, ...]] = (missing("token"), ServiceUnavailableError)


class _TokenRequestReader(BodyReader):
    """Reads the form of a login or of a refresh.

    The grant type determines the rate limit, so the form is read before the call is counted. A form that cannot be
    read counts as a login.
    """

    media_type = FORM

    def __init__(self) -> None:
        self._login = FormReader(TokenForm)
        self._refresh = FormReader(RefreshForm)

    async def __call__(self, request: Request) -> TokenForm | RefreshForm:
        """Return the form. Raises ``RequestValidationError`` and ``RequestRefusedError`` classes."""
        policy = route_of(request).policy
        try:
            fields = await form_fields(request)
        except RequestRefusedError:
            await _count(policy.limit_of_address, request)
            raise
        if fields.get("grant_type") != REFRESH_GRANT:
            await _count(policy.limit_of_address, request)
            return self._login.of_fields(fields)
        override_error_format(request.scope, ErrorFormat.OAUTH_ENDPOINT)
        await _count(policy.limit_of_refresh, request)
        return self._refresh.of_fields(fields)

    def schema(self) -> dict[str, Any]:
        """Return one schema for both forms, so that tools show one form and generate one type."""
        login, refresh = self._login.schema(), self._refresh.schema()
        grant = {**login["properties"]["grant_type"], "enum": [PASSWORD_GRANT, REFRESH_GRANT]}
        scope = {"title": "Scope", "type": "string", "description": _SCOPE}
        properties = {**login["properties"], "refresh_token": refresh["properties"]["refresh_token"]}
        return {
            "title": TokenForm.__name__,
            "description": "The password form of OAuth 2.0, as the first-party login, or its refresh form.",
            "type": "object",
            "properties": {**properties, "grant_type": grant, "scope": scope},
            "if": {"properties": {"grant_type": {"const": REFRESH_GRANT}}, "required": ["grant_type"]},
            "then": {"required": refresh["required"]},
            "else": {"required": login["required"]},
            "additionalProperties": {"type": "string"},
            "maxProperties": MAXIMUM_FORM_FIELDS,
        }


class _RevocationReader(BodyReader):
    """Reads a refresh token from JSON, or a refresh token or access token from a form."""

    media_type = JSON

    def __init__(self) -> None:
        self._json = JsonReader(RefreshTokenRequest)
        self._form = FormReader(RevocationForm)

    async def __call__(self, request: Request) -> RefreshTokenRequest | RevocationForm:
        """Return the body. Raises ``RequestValidationError`` and ``RequestRefusedError`` classes."""
        if content_type(request) != FORM:
            return await self._json(request)
        override_error_format(request.scope, ErrorFormat.OAUTH_ENDPOINT)
        return await self._form(request)

    def schema(self) -> dict[str, Any]:
        """Return the schema of the JSON body."""
        return self._json.schema()

    def schemas(self) -> dict[str, dict[str, Any]]:
        """Return the schemas of the JSON body and of the form."""
        return {self.media_type: self.schema(), FORM: self._form.schema()}


async def _count(limit: LimitedCall | None, request: Request) -> None:
    if limit is not None:
        route = route_of(request)
        await count_call(limit, route, services_of(request).edge)


TokenRequest = Annotated[TokenForm | RefreshForm, Depends(_TokenRequestReader())]
RevocationRequest = Annotated[RefreshTokenRequest | RevocationForm, Depends(_RevocationReader())]
