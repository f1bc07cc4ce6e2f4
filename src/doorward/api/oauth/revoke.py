"""POST /oauth/revoke (RFC 7009): logout for standard clients."""

from collections.abc import Sequence
from typing import Final

from fastapi import Request, Response

from doorward.api.bodies import JSON, FormReader
from doorward.api.oauth.client_forms import REFUSALS_OF_AUTHENTICATION, TAG, authenticated_client, policy_of
from doorward.api.oauth_services import ProviderServices
from doorward.api.routing import Call
from doorward.api.schemas.oauth import RevokedResponse, TokenRevocationForm
from doorward.core.ports import LimitedCall
from doorward.domain.oauth.exceptions import ClientTokenNotRevocableError

PATH: Final = "/oauth/revoke"
_FORM: Final = FormReader(TokenRevocationForm)


def calls(provider: ProviderServices) -> Sequence[Call]:
    """Return the route."""

    async def revoke_client_token(request: Request) -> Response:
        """End the session of a refresh token or an access token of the client.

        Also succeeds for unknown tokens and for tokens of other clients, whose sessions continue.
        """
        form = await _FORM(request)
        client = (await authenticated_client(request, form)).client
        await provider.revocation.revoke(client, form.token)
        return Response(b"{}", media_type=JSON)

    return [
        Call(
            "POST",
            PATH,
            revoke_client_token,
            policy_of(LimitedCall.OAUTH_REVOKE),
            tag=TAG,
            is_direct=True,
            body=_FORM,
            answer=RevokedResponse,
            refusals=(*REFUSALS_OF_AUTHENTICATION, ClientTokenNotRevocableError),
        )
    ]
