"""POST /oauth/register, and how a client gets, replaces and deletes its registration (RFC 7591, RFC 7592)."""

from collections.abc import Sequence
from dataclasses import replace
from http import HTTPStatus
from typing import Final

from fastapi import Request, Response

from doorward.api.bodies import JSON, JsonReader
from doorward.api.caller import bearer_token
from doorward.api.oauth.client_forms import TAG, policy_of
from doorward.api.policy import NeedsRegistrationToken, Origins
from doorward.api.routing import Call
from doorward.api.schemas.client_registration import ClientMetadataBody, RegisteredClientResponse
from doorward.core.frozen import frozen
from doorward.core.ports import LimitedCall
from doorward.domain.auth.exceptions import InvalidAccessTokenError, MissingAccessTokenError
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
_METADATA: Final = JsonReader(ClientMetadataBody)
_OF_METADATA: Final = (InvalidRegistrationTokenError, InvalidClientMetadataError, InvalidRedirectUriError)


def calls(registration: ClientRegistration, issuer: str) -> Sequence[Call]:
    """Return the routes. Each needs a token, which is read before the body."""
    own = _Registrations(registration, issuer)
    policy = policy_of(LimitedCall.CLIENT_REGISTRATION, Origins.NONE, NeedsRegistrationToken())
    register = Call("POST", PATH, own.register_client, policy, tag=TAG, status=HTTPStatus.CREATED, is_direct=True)
    get = Call("GET", OWN_PATH, own.get_registration, policy, tag=TAG)
    put = Call("PUT", OWN_PATH, own.replace_registration, policy, tag=TAG)
    delete = Call("DELETE", OWN_PATH, own.delete_registration, policy, tag=TAG, status=204)
    answer, of_token = RegisteredClientResponse, (InvalidRegistrationTokenError,)
    return [
        replace(register, body=_METADATA, answer=answer, refusals=(*_OF_METADATA, SelfRegistrationFullError)),
        replace(get, answer=answer, refusals=of_token),
        replace(put, body=_METADATA, answer=answer, refusals=_OF_METADATA),
        replace(delete, refusals=of_token),
    ]


@frozen
class _Registrations:
    """The functions of the routes."""

    registration: ClientRegistration
    issuer: str

    async def register_client(self, request: Request) -> Response:
        """Register a client that signs users in, with an initial access token from the operator."""
        token = self.registration.initial_token(_token_of(request))
        registered = await self.registration.register(token, (await _METADATA(request)).members())
        return self._answer(registered, HTTPStatus.CREATED)

    async def get_registration(self, client_id: str, request: Request) -> Response:
        """Read the registration of the client to which the registration access token belongs."""
        token = self.registration.own_token(_token_of(request))
        return self._answer(await self.registration.get(token, client_id))

    async def replace_registration(self, client_id: str, request: Request) -> Response:
        """Replace the metadata of the client. A member that is left out gets its default."""
        token = self.registration.own_token(_token_of(request))
        return self._answer(await self.registration.replace(token, client_id, (await _METADATA(request)).members()))

    async def delete_registration(self, client_id: str, request: Request) -> Response:
        """Delete the client. Its sessions end."""
        await self.registration.delete(self.registration.own_token(_token_of(request)), client_id)
        return Response(status_code=HTTPStatus.NO_CONTENT)

    def _answer(self, registered: RegisteredClient, status: int = HTTPStatus.OK) -> Response:
        body = RegisteredClientResponse.of(registered, f"{self.issuer}{PATH}/{registered.client.client_id}")
        return Response(body.model_dump_json(exclude_none=True), status, media_type=JSON)


def _token_of(request: Request) -> str:
    """Return the token of the Authorization header. Raises ``InvalidRegistrationTokenError``."""
    try:
        return bearer_token(request)
    except (MissingAccessTokenError, InvalidAccessTokenError) as error:
        raise InvalidRegistrationTokenError from error
