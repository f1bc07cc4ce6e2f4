"""Routes for OAuth clients."""

from collections.abc import Sequence
from typing import Final

from fastapi import Request, Response

from doorward.api.bodies import JsonBody, MergePatchBody
from doorward.api.caller import CurrentCaller
from doorward.api.conditional import NOT_MODIFIED, change_precondition, entity_tag, is_unchanged, read_precondition
from doorward.api.links import own_address
from doorward.api.policy import NeedsScope, RoutePolicy
from doorward.api.problems import HttpHints
from doorward.api.routing import Call
from doorward.api.schemas.oauth_clients import (
    ClientBody,
    ClientDetailsResponse,
    ClientListResponse,
    ClientPatch,
    ClientResponse,
    ClientSecretResponse,
)
from doorward.api.services import CurrentServices
from doorward.api.v1.admin.addresses import ADMIN, TAG
from doorward.domain.administration.exceptions import BeyondOwnScopesError
from doorward.domain.auth.scopes import AdminScope
from doorward.domain.oauth.exceptions import (
    BuiltInClientError,
    ClientNotFoundError,
    ClientWithoutSecretError,
    InvalidAuthMethodError,
    InvalidClientNameError,
    InvalidClientScopesError,
    InvalidClientSecretError,
    InvalidGrantTypesError,
    InvalidLogoutUriError,
    InvalidRedirectUriError,
    OperatorOnlyError,
    PkceRequiredError,
    RedirectUriMissingError,
    StaleClientError,
    TooManyClientsError,
    UnknownResourceError,
)
from doorward.domain.oauth.models import ClientContent, ClientWithSecret, OAuthClient
from doorward.domain.oauth.registration_exceptions import SelfRegisteredClientError

LIST: Final = f"{ADMIN}/clients"
CLIENT: Final = f"{LIST}/{{client_id}}"
POLICY: Final = RoutePolicy(NeedsScope(AdminScope.CLIENTS_WRITE))
HTTP_HINTS: Final[HttpHints] = {
    ClientNotFoundError: "List them: GET /api/v1/admin/clients.",
    StaleClientError: "Read it again and repeat the call with its new ETag.",
    OperatorOnlyError: "The operator does, by `doorward client set`.",
    UnknownResourceError: "Add them first: POST /api/v1/admin/resources.",
}

_OF_CONTENT: Final = (
    InvalidClientNameError,
    InvalidGrantTypesError,
    InvalidClientScopesError,
    InvalidRedirectUriError,
    RedirectUriMissingError,
    InvalidLogoutUriError,
    UnknownResourceError,
)
_OF_CHANGE: Final = (ClientNotFoundError, StaleClientError, BeyondOwnScopesError)
_OF_REGISTERED: Final = (*_OF_CHANGE, BuiltInClientError)


def calls() -> Sequence[Call]:
    """Return the routes."""
    of_new = (
        *(TooManyClientsError, InvalidClientSecretError, ClientWithoutSecretError, BeyondOwnScopesError),
        *_OF_CONTENT,
    )
    of_patch = (
        *(*_OF_REGISTERED, SelfRegisteredClientError, InvalidAuthMethodError, OperatorOnlyError, PkceRequiredError),
        *_OF_CONTENT,
    )
    of_rotation = (*_OF_CHANGE, ClientWithoutSecretError)
    return [
        Call("GET", LIST, list_clients, POLICY, tag=TAG),
        Call("POST", LIST, create_client, POLICY, tag=TAG, status=201, refusals=of_new),
        Call(
            "GET",
            CLIENT,
            get_client,
            POLICY,
            tag=TAG,
            answer=ClientDetailsResponse,
            refusals=(ClientNotFoundError, StaleClientError),
            extra_responses=NOT_MODIFIED,
        ),
        Call("PATCH", CLIENT, update_client, POLICY, tag=TAG, refusals=of_patch),
        Call("DELETE", CLIENT, delete_client, POLICY, tag=TAG, status=204, refusals=_OF_REGISTERED),
        Call("POST", f"{CLIENT}/rotate-secret", rotate_client_secret, POLICY, tag=TAG, refusals=of_rotation),
        Call("POST", f"{CLIENT}/disable", disable_client, POLICY, tag=TAG, refusals=_OF_REGISTERED),
        Call("POST", f"{CLIENT}/enable", enable_client, POLICY, tag=TAG, refusals=_OF_REGISTERED),
    ]


async def list_clients(services: CurrentServices) -> ClientListResponse:
    """List the OAuth clients without secrets, including `doorward` for the service's own login."""
    return ClientListResponse(
        clients=[ClientResponse.model_validate(each) for each in await services.oauth.clients.list()]
    )


async def create_client(
    caller: CurrentCaller,
    body: JsonBody[ClientBody],
    services: CurrentServices,
    request: Request,
    response: Response,
) -> ClientSecretResponse:
    """Add an OAuth client. The response has its secret, which is shown only once."""
    content = ClientContent(
        name=body.name,
        auth_method=body.auth_method,
        grant_types=body.grant_types,
        scopes=body.scopes,
        resources=body.resources,
        redirect_uris=body.redirect_uris,
        post_logout_uris=body.post_logout_uris,
        id_token_algorithm=body.id_token_algorithm,
        requires_pushed_requests=body.requires_pushed_requests,
        backchannel_logout_uri=body.backchannel_logout_uri,
    )
    made = await services.oauth.clients.create(caller, content, chosen_secret=body.client_secret)
    response.headers["Location"] = own_address(request, f"{LIST}/{made.client.client_id}")
    return _with_secret(made, response)


async def get_client(
    client_id: str, services: CurrentServices, request: Request, response: Response
) -> ClientDetailsResponse | Response:
    """Read one client; 304 if If-None-Match contains its version, 412 if If-Match does not."""
    details = await services.oauth.clients.get(client_id, read_precondition(request))
    tag = entity_tag(details.client.version)
    if is_unchanged(request, details.client.version):
        return Response(status_code=304, headers={"ETag": tag})
    response.headers["ETag"] = tag
    return ClientDetailsResponse.of(details)


async def update_client(
    client_id: str,
    caller: CurrentCaller,
    body: MergePatchBody[ClientPatch],
    services: CurrentServices,
    request: Request,
    response: Response,
) -> ClientResponse:
    """Change a client (RFC 7396); of `doorward` only scopes and resources. With If-Match only at that version.

    Tokens that were issued before stay unchanged.
    """
    changes = body.model_dump(exclude_unset=True)
    return _client(
        await services.oauth.clients.update(caller, client_id, changes, change_precondition(request)), response
    )


async def delete_client(client_id: str, caller: CurrentCaller, services: CurrentServices, request: Request) -> None:
    """Delete a client with its secrets; its tokens are refused. With If-Match only at that version."""
    await services.oauth.clients.delete(caller, client_id, change_precondition(request))


async def rotate_client_secret(
    client_id: str, caller: CurrentCaller, services: CurrentServices, request: Request, response: Response
) -> ClientSecretResponse:
    """Give a client a new secret, shown only once. The previous one works for 7 more days; older ones are refused."""
    return _with_secret(
        await services.oauth.clients.rotate_secret(caller, client_id, change_precondition(request)), response
    )


async def disable_client(
    client_id: str, caller: CurrentCaller, services: CurrentServices, request: Request, response: Response
) -> ClientResponse:
    """Disable a client: it gets no tokens, and its tokens are refused. For a disabled client, nothing changes."""
    return _client(await services.oauth.clients.disable(caller, client_id, change_precondition(request)), response)


async def enable_client(
    client_id: str, caller: CurrentCaller, services: CurrentServices, request: Request, response: Response
) -> ClientResponse:
    """Enable a client: it gets tokens again. Tokens from before `not_before` stay refused."""
    return _client(await services.oauth.clients.enable(caller, client_id, change_precondition(request)), response)


def _client(client: OAuthClient, response: Response) -> ClientResponse:
    response.headers["ETag"] = entity_tag(client.version)
    return ClientResponse.model_validate(client)


def _with_secret(made: ClientWithSecret, response: Response) -> ClientSecretResponse:
    shown = _client(made.client, response)
    return ClientSecretResponse(**shown.model_dump(), client_secret=made.secret)
