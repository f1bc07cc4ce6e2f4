"""POST /oauth/introspect (RFC 7662): whether an access token is active, for the services that receive it."""

from collections.abc import Sequence
from typing import Final

from fastapi import Request, Response

from doorward.api.bodies import JSON, FormReader
from doorward.api.oauth.client_forms import REFUSALS_OF_AUTHENTICATION, TAG, authenticated_client, policy_of
from doorward.api.oauth_services import ProviderServices
from doorward.api.policy import Origins
from doorward.api.routing import Call
from doorward.api.schemas.oauth import IntrospectionForm, IntrospectionResponse
from doorward.core.ports import LimitedCall
from doorward.domain.oauth.exceptions import InvalidClientError

PATH: Final = "/oauth/introspect"
_FORM: Final = FormReader(IntrospectionForm)


def calls(provider: ProviderServices) -> Sequence[Call]:
    """Return the route."""

    async def introspect_token(request: Request) -> Response:
        """Return whether an access token is active, and its claims.

        Only the token's own client and the client that is linked to its audience see the claims. All other clients get
        `{"active": false}`, as for inactive tokens.
        """
        form = await _FORM(request)
        token = await provider.introspection.read(form.token)
        named = (token.audience, token.principal.client_id) if token else ()
        asking = await authenticated_client(request, form, *named)
        if not asking.client.is_confidential:
            raise InvalidClientError
        active = await provider.introspection.introspect(asking, token)
        return Response(IntrospectionResponse.of(active).model_dump_json(exclude_none=True), media_type=JSON)

    return [
        Call(
            "POST",
            PATH,
            introspect_token,
            policy_of(LimitedCall.INTROSPECT, Origins.NONE),
            tag=TAG,
            is_direct=True,
            is_guarded=True,
            body=_FORM,
            answer=IntrospectionResponse,
            refusals=REFUSALS_OF_AUTHENTICATION,
        )
    ]
