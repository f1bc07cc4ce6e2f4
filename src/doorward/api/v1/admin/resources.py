"""Routes for resources: the services that OAuth clients get tokens for."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from doorward.api.bodies import JsonBody
from doorward.api.caller import CurrentCaller
from doorward.api.policy import NeedsScope, RoutePolicy
from doorward.api.problems import HttpHints
from doorward.api.routing import Call
from doorward.api.schemas.oauth_clients import ResourceBody, ResourceListResponse, ResourceResponse
from doorward.api.services import CurrentServices
from doorward.api.v1.admin.addresses import ADMIN, TAG
from doorward.domain.administration.exceptions import BeyondOwnScopesError
from doorward.domain.auth.scopes import AdminScope
from doorward.domain.oauth.exceptions import (
    BuiltInResourceError,
    InvalidResourceError,
    InvalidResourceScopesError,
    ResourceExistsError,
    ResourceNotFoundError,
    TooManyResourcesError,
    UnknownIntrospectionClientError,
)
from doorward.domain.oauth.models import ResourceContent

LIST: Final = f"{ADMIN}/resources"
RESOURCE: Final = f"{LIST}/{{resource_id:uuid}}"
POLICY: Final = RoutePolicy(NeedsScope(AdminScope.CLIENTS_WRITE))
HTTP_HINTS: Final[HttpHints] = {
    ResourceNotFoundError: "List them: GET /api/v1/admin/resources.",
    UnknownIntrospectionClientError: "Add it first: POST /api/v1/admin/clients.",
}


def calls() -> Sequence[Call]:
    """Return the routes."""
    of_new = (
        *(ResourceExistsError, BuiltInResourceError, TooManyResourcesError, BeyondOwnScopesError),
        *(InvalidResourceError, InvalidResourceScopesError, UnknownIntrospectionClientError),
    )
    of_removal = (ResourceNotFoundError, BeyondOwnScopesError)
    return [
        Call("GET", LIST, list_resources, POLICY, tag=TAG),
        Call("POST", LIST, create_resource, POLICY, tag=TAG, status=201, refusals=of_new),
        Call("DELETE", RESOURCE, delete_resource, POLICY, tag=TAG, status=204, refusals=of_removal),
    ]


async def list_resources(services: CurrentServices) -> ResourceListResponse:
    """List the resources in the order of their identifiers, and the built-in ones."""
    stored = await services.oauth.resources.list()
    return ResourceListResponse(
        built_in=list(services.oauth.resources.built_in),
        resources=[ResourceResponse.model_validate(each) for each in stored],
    )


async def create_resource(
    caller: CurrentCaller, body: JsonBody[ResourceBody], services: CurrentServices
) -> ResourceResponse:
    """Add a resource: a service that clients can get tokens for."""
    content = ResourceContent(body.identifier, body.scopes, body.algorithm, body.introspection_client_id)
    return ResourceResponse.model_validate(await services.oauth.resources.create(caller, content))


async def delete_resource(resource_id: UUID, caller: CurrentCaller, services: CurrentServices) -> None:
    """Delete a resource. No more tokens are issued for it, even to clients that list it."""
    await services.oauth.resources.delete(caller, resource_id)
