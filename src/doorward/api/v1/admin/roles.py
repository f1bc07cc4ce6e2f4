"""Routes for roles."""

from collections.abc import Sequence
from typing import Final

from fastapi import Request, Response

from doorward.api.bodies import JsonBody, MergePatchBody
from doorward.api.caller import CurrentCaller
from doorward.api.conditional import NOT_MODIFIED, change_precondition, entity_tag, is_unchanged
from doorward.api.links import own_address
from doorward.api.policy import NeedsScope, RoutePolicy
from doorward.api.problems import HttpHints
from doorward.api.routing import Call
from doorward.api.schemas.administration import RoleBody, RoleListResponse, RolePatch, RoleResponse
from doorward.api.services import CurrentServices
from doorward.api.v1.admin.addresses import ADMIN, TAG
from doorward.domain.administration.exceptions import (
    BeyondOwnScopesError,
    BuiltInRoleError,
    InvalidRoleDescriptionError,
    InvalidRoleNameError,
    RoleExistsError,
    RoleInUseError,
    RoleNotFoundError,
    StaleRoleError,
    TooManyRolesError,
)
from doorward.domain.administration.models import Actor, Role
from doorward.domain.administration.roles import RoleChanges
from doorward.domain.auth.scopes import AdminScope

LIST: Final = f"{ADMIN}/roles"
ROLE: Final = f"{LIST}/{{name}}"
READ: Final = RoutePolicy(NeedsScope(AdminScope.USERS_READ))
WRITE: Final = RoutePolicy(NeedsScope(AdminScope.ROLES_WRITE))
HTTP_HINTS: Final[HttpHints] = {
    RoleNotFoundError: "List them: GET /api/v1/admin/roles.",
    StaleRoleError: "Read it again and repeat the call with its new ETag.",
}

_REFUSALS_OF_CHANGE: Final = (RoleNotFoundError, BuiltInRoleError, StaleRoleError, BeyondOwnScopesError)


def calls() -> Sequence[Call]:
    """Return the routes."""
    return [
        Call("GET", LIST, list_roles, READ, tag=TAG),
        Call(
            "POST",
            LIST,
            create_role,
            WRITE,
            tag=TAG,
            status=201,
            refusals=(
                RoleExistsError,
                TooManyRolesError,
                BeyondOwnScopesError,
                InvalidRoleNameError,
                InvalidRoleDescriptionError,
            ),
        ),
        Call(
            "GET",
            ROLE,
            get_role,
            READ,
            tag=TAG,
            answer=RoleResponse,
            refusals=(RoleNotFoundError,),
            extra_responses=NOT_MODIFIED,
        ),
        Call("PATCH", ROLE, update_role, WRITE, tag=TAG, refusals=(*_REFUSALS_OF_CHANGE, InvalidRoleDescriptionError)),
        Call("DELETE", ROLE, delete_role, WRITE, tag=TAG, status=204, refusals=(*_REFUSALS_OF_CHANGE, RoleInUseError)),
    ]


async def list_roles(services: CurrentServices) -> RoleListResponse:
    """List the roles and their scopes."""
    roles = await services.administration.roles.list()
    return RoleListResponse(roles=[RoleResponse.model_validate(role) for role in roles])


async def create_role(
    caller: CurrentCaller, body: JsonBody[RoleBody], services: CurrentServices, request: Request, response: Response
) -> RoleResponse:
    """Create a role. It can only have scopes that you have yourself."""
    role = await services.administration.roles.create(Actor(caller), body.name, body.description, body.scopes)
    response.headers["Location"] = own_address(request, f"{LIST}/{role.name}")
    return _role_response(role, response)


async def get_role(
    name: str, services: CurrentServices, request: Request, response: Response
) -> RoleResponse | Response:
    """Read one role; 304 if If-None-Match contains its version."""
    role = await services.administration.roles.get(name)
    if is_unchanged(request, role.version):
        return Response(status_code=304, headers={"ETag": entity_tag(role.version)})
    return _role_response(role, response)


async def update_role(
    name: str,
    caller: CurrentCaller,
    body: MergePatchBody[RolePatch],
    services: CurrentServices,
    request: Request,
    response: Response,
) -> RoleResponse:
    """Change a custom role (RFC 7396), effective with its users' next request. With If-Match only at that version."""
    changes = RoleChanges(body.description, body.scopes)
    role = await services.administration.roles.update(Actor(caller), name, changes, change_precondition(request))
    return _role_response(role, response)


async def delete_role(name: str, caller: CurrentCaller, services: CurrentServices, request: Request) -> None:
    """Delete a role that no user has. With If-Match only at that version."""
    await services.administration.roles.delete(Actor(caller), name, change_precondition(request))


def _role_response(role: Role, response: Response) -> RoleResponse:
    response.headers["ETag"] = entity_tag(role.version)
    return RoleResponse.model_validate(role)
