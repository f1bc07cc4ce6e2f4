"""POST /oauth/token (RFC 6749 section 3.2): tokens for clients."""

from collections.abc import Sequence
from typing import Final

from fastapi import Request, Response

from doorward.api.bodies import JSON, FormReader
from doorward.api.exceptions import MalformedFormError, UnknownGrantError
from doorward.api.oauth.client_forms import REFUSALS_OF_AUTHENTICATION, TAG, authenticated_client, policy_of
from doorward.api.routing import Call
from doorward.api.schemas.oauth import AccessTokenResponse, TokenRequestForm
from doorward.api.services import ProviderServices
from doorward.core.ports import LimitedCall
from doorward.domain.oauth.exceptions import GrantNotAllowedError, InvalidTargetError, ScopesNotAllowedError
from doorward.domain.oauth.policy import CLIENT_CREDENTIALS

PATH: Final = "/oauth/token"
_FORM: Final = FormReader(TokenRequestForm)
_RESOURCE: Final = "resource"
_REFUSALS: Final = (
    *REFUSALS_OF_AUTHENTICATION,
    UnknownGrantError,
    GrantNotAllowedError,
    ScopesNotAllowedError,
    InvalidTargetError,
)


def calls(provider: ProviderServices) -> Sequence[Call]:
    """Return the call."""

    async def issue_client_token(request: Request) -> Response:
        """Issue an access token to a client (RFC 6749).

        `client_credentials`: for the client itself.
        """
        form = await _form(request)
        if form.grant_type != CLIENT_CREDENTIALS:
            raise UnknownGrantError
        client, resource = await authenticated_client(request, form, form.resource)
        token = provider.client_credentials.issue(client, scope=form.scope, identifier=form.resource, resource=resource)
        return Response(AccessTokenResponse.of(token).model_dump_json(), media_type=JSON)

    return [
        Call(
            "POST",
            PATH,
            issue_client_token,
            policy_of(LimitedCall.OAUTH_TOKEN),
            tag=TAG,
            is_direct=True,
            body=_FORM,
            answer=AccessTokenResponse,
            refusals=_REFUSALS,
        )
    ]


async def _form(request: Request) -> TokenRequestForm:
    """Return the form. A second ``resource`` is allowed by RFC 8707, and no token has two audiences here."""
    try:
        return await _FORM(request)
    except MalformedFormError as error:
        if error.repeated == {_RESOURCE}:
            raise InvalidTargetError from error
        raise
