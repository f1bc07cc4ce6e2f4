"""POST /oauth/revoke (RFC 7009): logout for standard clients."""

from collections.abc import Sequence
from typing import Annotated, Final

from fastapi import Depends, Request

from doorward.api.bodies import FormBody
from doorward.api.oauth.client_forms import (
    REFUSALS_OF_AUTHENTICATION,
    TAG,
    ClientCheck,
    authenticated_client,
    policy_of,
)
from doorward.api.oauth_services import ProviderServices
from doorward.api.routing import Call
from doorward.api.schemas.oauth import RevokedResponse, TokenRevocationForm
from doorward.core.ports import LimitedCall
from doorward.domain.oauth.exceptions import ClientTokenNotRevocableError
from doorward.domain.oauth.models import OAuthClient

PATH: Final = "/oauth/revoke"
_Form = FormBody[TokenRevocationForm]


class _Client(ClientCheck):
    async def __call__(self, request: Request, form: _Form) -> OAuthClient:
        """Return the client. Raises what ``authenticated_client`` raises."""
        return (await authenticated_client(request, form)).client


def calls(provider: ProviderServices) -> Sequence[Call]:
    """Return the route."""

    async def revoke_client_token(form: _Form, client: Annotated[OAuthClient, Depends(_Client())]) -> RevokedResponse:
        """End the session of a refresh token or an access token of the client.

        Also succeeds for unknown tokens and for tokens of other clients, whose sessions continue.
        """
        await provider.revocation.revoke(client, form.token)
        return RevokedResponse()

    return [
        Call(
            "POST",
            PATH,
            revoke_client_token,
            policy_of(LimitedCall.OAUTH_REVOKE),
            tag=TAG,
            answer=RevokedResponse,
            refusals=(*REFUSALS_OF_AUTHENTICATION, ClientTokenNotRevocableError),
        )
    ]
