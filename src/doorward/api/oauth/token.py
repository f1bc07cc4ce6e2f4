"""POST /oauth/token (RFC 6749 section 3.2): tokens for clients."""

from collections.abc import Sequence
from typing import Final

from fastapi import Request, Response

from doorward.api.admission import count_call
from doorward.api.bodies import JSON, FormReader
from doorward.api.exceptions import MalformedFormError, UnknownGrantError
from doorward.api.oauth.client_forms import REFUSALS_OF_AUTHENTICATION, TAG, authenticated_client, policy_of
from doorward.api.routing import Call
from doorward.api.schemas.oauth import AccessTokenResponse, TokenRequestForm
from doorward.api.services import ProviderServices, services_of
from doorward.api.standard_forms import missing
from doorward.core.ports import LimitedCall
from doorward.domain.auth.exceptions import InvalidRefreshTokenError, InvalidTargetError, ScopeNotGrantedError
from doorward.domain.oauth.exceptions import GrantNotAllowedError, ScopesNotAllowedError
from doorward.domain.oauth.policy import REFRESH_TOKEN

PATH: Final = "/oauth/token"
_FORM: Final = FormReader(TokenRequestForm)
_RESOURCE: Final = "resource"
_REFUSALS: Final = (
    *REFUSALS_OF_AUTHENTICATION,
    UnknownGrantError,
    GrantNotAllowedError,
    ScopesNotAllowedError,
    InvalidTargetError,
    InvalidRefreshTokenError,
    ScopeNotGrantedError,
)


def calls(provider: ProviderServices) -> Sequence[Call]:
    """Return the call."""

    async def issue_client_token(request: Request) -> Response:
        """Issue an access token to a client (RFC 6749).

        `client_credentials`: for the client itself. `refresh_token`: the next pair of a user's session. Each token
        works once, and a second use ends the session, as does a client with a secret that shows another client's.
        """
        form = await _form(request)
        match form.grant_type:
            case "client_credentials":
                answer = await _issue_for_client(request, form, provider)
            case "refresh_token":
                answer = await _refresh(request, form)
            case _:
                raise UnknownGrantError
        return Response(answer.model_dump_json(exclude_none=True), media_type=JSON)

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


async def _issue_for_client(
    request: Request, form: TokenRequestForm, provider: ProviderServices
) -> AccessTokenResponse:
    asking = await authenticated_client(request, form, form.resource)
    token = provider.client_credentials.issue(
        asking.client, scope=form.scope, identifier=form.resource, resource=asking.resource
    )
    return AccessTokenResponse.of(token)


async def _refresh(request: Request, form: TokenRequestForm) -> AccessTokenResponse:
    if form.refresh_token is None:
        raise missing("refresh_token")
    client = (await authenticated_client(request, form)).client
    if not client.is_confidential:
        # Anybody can name it. Its users share one budget with refreshes elsewhere.
        await count_call(LimitedCall.REFRESH, request.scope["route"], services_of(request))
    if REFRESH_TOKEN not in client.grant_types:
        raise GrantNotAllowedError
    pair = await services_of(request).sessions.refresh(
        form.refresh_token,
        client_id=client.client_id,
        scopes=frozenset(form.scope.split()) or None,
        resource=form.resource,
        ends_others=client.is_confidential,
    )
    return AccessTokenResponse.of_pair(pair)


async def _form(request: Request) -> TokenRequestForm:
    """Return the form. A second ``resource`` is allowed by RFC 8707, and no token has two audiences here."""
    try:
        return await _FORM(request)
    except MalformedFormError as error:
        if error.repeated == {_RESOURCE}:
            raise InvalidTargetError from error
        raise
