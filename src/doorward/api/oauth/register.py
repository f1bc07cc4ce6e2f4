"""POST /oauth/register, and how a client gets, replaces and deletes its registration (RFC 7591, RFC 7592)."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from http import HTTPStatus
from typing import Annotated, ClassVar, Final

from fastapi import Depends, Request, Response

from doorward.api.bodies import JSON, JsonBody
from doorward.api.caller import bearer_token
from doorward.api.caller_checks import AccessCheck
from doorward.api.oauth.client_forms import TAG, policy_of
from doorward.api.policy import NeedsRegistrationToken, Origins
from doorward.api.routing import Call
from doorward.api.schemas.client_registration import ClientMetadataBody, RegisteredClientResponse
from doorward.core.frozen import frozen
from doorward.core.ports import LimitedCall
from doorward.domain.auth.exceptions import InvalidAccessTokenError, MissingAccessTokenError
from doorward.domain.auth.tokens.opaque_token import OpaqueToken
from doorward.domain.oauth.exceptions import InvalidRedirectUriError
from doorward.domain.oauth.registration import ClientRegistration
from doorward.domain.oauth.registration_exceptions import (
    InvalidClientMetadataError,
    InvalidRegistrationTokenError,
    SelfRegistrationFullError,
)
from doorward.domain.oauth.registration_models import RegisteredClient

PATH: Final = "/oauth/register"
OWN_PATH: Final = f"{PATH}/{{client_id}}"
_OF_METADATA: Final = (InvalidRegistrationTokenError, InvalidClientMetadataError, InvalidRedirectUriError)


@frozen
class _Token(AccessCheck):
    """Reads the token of the Authorization header, before the body is read."""

    access: ClassVar[type[NeedsRegistrationToken]] = NeedsRegistrationToken
    decode: Callable[[str], OpaqueToken]

    async def __call__(self, request: Request) -> OpaqueToken:
        """Return the token, which the use case looks up. Raises ``InvalidRegistrationTokenError``."""
        return self.decode(_token_of(request))


def calls(registration: ClientRegistration, issuer: str) -> Sequence[Call]:
    """Return the routes."""
    initial, own = _Token(registration.initial_token), _Token(registration.own_token)

    async def register_client(
        token: Annotated[OpaqueToken, Depends(initial)], metadata: JsonBody[ClientMetadataBody]
    ) -> Response:
        """Register a client that signs users in, with an initial access token from the operator."""
        return _answer(await registration.register(token, metadata.members()), issuer, HTTPStatus.CREATED)

    async def get_registration(client_id: str, token: Annotated[OpaqueToken, Depends(own)]) -> Response:
        """Read the registration of the client to which the registration access token belongs."""
        return _answer(await registration.get(token, client_id), issuer)

    async def replace_registration(
        client_id: str, token: Annotated[OpaqueToken, Depends(own)], metadata: JsonBody[ClientMetadataBody]
    ) -> Response:
        """Replace the metadata of the client. A member that is left out gets its default."""
        return _answer(await registration.replace(token, client_id, metadata.members()), issuer)

    async def delete_registration(client_id: str, token: Annotated[OpaqueToken, Depends(own)]) -> None:
        """Delete the client. Its sessions end."""
        await registration.delete(token, client_id)

    policy = policy_of(LimitedCall.CLIENT_REGISTRATION, Origins.NONE, NeedsRegistrationToken())
    register = Call("POST", PATH, register_client, policy, tag=TAG, status=HTTPStatus.CREATED)
    read = Call("GET", OWN_PATH, get_registration, policy, tag=TAG, refusals=(InvalidRegistrationTokenError,))
    change = Call("PUT", OWN_PATH, replace_registration, policy, tag=TAG, refusals=_OF_METADATA)
    delete = Call("DELETE", OWN_PATH, delete_registration, policy, tag=TAG, status=204, refusals=read.refusals)
    register = replace(register, refusals=(*_OF_METADATA, SelfRegistrationFullError))
    return [*(replace(each, answer=RegisteredClientResponse) for each in (register, read, change)), delete]


def _answer(registered: RegisteredClient, issuer: str, status: int = HTTPStatus.OK) -> Response:
    body = RegisteredClientResponse.of(registered, f"{issuer}{PATH}/{registered.client.client_id}")
    return Response(body.model_dump_json(exclude_none=True), status, media_type=JSON)


def _token_of(request: Request) -> str:
    """Return the token of the Authorization header. Raises ``InvalidRegistrationTokenError``."""
    try:
        return bearer_token(request)
    except (MissingAccessTokenError, InvalidAccessTokenError) as error:
        raise InvalidRegistrationTokenError from error
