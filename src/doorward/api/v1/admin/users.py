"""Routes for the administration of users."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Query, Request, Response

from doorward.api.bodies import JSON, JsonBody, MergePatchBody
from doorward.api.caller import CurrentCaller
from doorward.api.conditional import NOT_MODIFIED, change_precondition, entity_tag, is_unchanged, read_precondition
from doorward.api.disconnect import watch_disconnect
from doorward.api.links import own_address
from doorward.api.policy import NeedsScope, RoutePolicy
from doorward.api.problems import HttpHints
from doorward.api.routing import Call
from doorward.api.schemas.administered_users import (
    AdministeredUserResponse,
    InvitationResponse,
    UserBody,
    UserListParameters,
    UserListResponse,
    UserPagination,
    UserPatch,
)
from doorward.api.services import CurrentServices
from doorward.api.v1.admin.addresses import ADMIN, TAG
from doorward.domain.administration.exceptions import (
    BeyondOwnScopesError,
    ExternalIdTakenError,
    InvalidExternalIdError,
    InvalidLocaleError,
    QueryTooShortError,
    StaleUserError,
    TooManyRolesOfUserError,
    UserQueryTooBroadError,
)
from doorward.domain.administration.models import UNSET, Actor, AdministeredUser, NewUser, UserChanges, UserQuery
from doorward.domain.auth.exceptions import (
    EmailTakenError,
    InvalidEmailError,
    InvalidUsernameError,
    LastAdministratorError,
    ReauthenticationRequiredError,
    TooManyHashesError,
    UnknownRoleError,
    UsernameReservedError,
    UsernameTakenError,
    UserNotFoundError,
)
from doorward.domain.auth.passwords.exceptions import PasswordTooCommonError
from doorward.domain.auth.scopes import AdminScope
from doorward.domain.outbox.exceptions import MailNotConfiguredError

LIST: Final = f"{ADMIN}/users"
USER: Final = f"{LIST}/{{user_id:uuid}}"
READ: Final = RoutePolicy(NeedsScope(AdminScope.USERS_READ))
WRITE: Final = RoutePolicy(NeedsScope(AdminScope.USERS_WRITE))
HTTP_HINTS: Final[HttpHints] = {
    UserNotFoundError: "List them: GET /api/v1/admin/users.",
    StaleUserError: "Read it again and repeat the call with its new ETag.",
    QueryTooShortError: "Send more of it, or the whole of it as email or username.",
    UserQueryTooBroadError: "Narrow it with a longer q and more filters.",
}

REFUSALS_OF_ACTING: Final = (UserNotFoundError, BeyondOwnScopesError, ReauthenticationRequiredError)
_REFUSALS_OF_CONTENT: Final = (
    EmailTakenError,
    UsernameTakenError,
    ExternalIdTakenError,
    InvalidEmailError,
    InvalidUsernameError,
    UsernameReservedError,
    InvalidLocaleError,
    InvalidExternalIdError,
    UnknownRoleError,
    TooManyRolesOfUserError,
)
_REFUSALS_OF_CREATION: Final = (
    *_REFUSALS_OF_CONTENT,
    PasswordTooCommonError,
    BeyondOwnScopesError,
    MailNotConfiguredError,
    TooManyHashesError,
)
_INVITED: Final[Mapping[int | str, dict[str, Any]]] = {
    202: {"description": "Without a password: the address is invited.", "model": InvitationResponse}
}


def calls() -> Sequence[Call]:
    """Return the routes."""
    return [
        Call("GET", LIST, list_users, READ, tag=TAG, refusals=(QueryTooShortError, UserQueryTooBroadError)),
        Call(
            "POST",
            LIST,
            create_user,
            WRITE,
            tag=TAG,
            status=201,
            answer=AdministeredUserResponse,
            refusals=_REFUSALS_OF_CREATION,
            extra_responses=_INVITED,
        ),
        Call(
            "GET",
            USER,
            get_user,
            READ,
            tag=TAG,
            answer=AdministeredUserResponse,
            refusals=(UserNotFoundError, StaleUserError),
            extra_responses=NOT_MODIFIED,
        ),
        Call(
            "PATCH",
            USER,
            update_user,
            WRITE,
            tag=TAG,
            refusals=(*REFUSALS_OF_ACTING, StaleUserError, LastAdministratorError, *_REFUSALS_OF_CONTENT),
        ),
    ]


async def list_users(parameters: Annotated[UserListParameters, Query()], services: CurrentServices) -> UserListResponse:
    """List users, newest first, by a part of their names and by exact filters."""
    wanted = UserQuery(
        part=parameters.q,
        email=parameters.email,
        username=parameters.username,
        external_id=parameters.external_id,
        status=parameters.status,
        role=parameters.role,
        is_verified=parameters.verified,
        issuer=parameters.issuer,
        subject=parameters.subject,
        created_since=parameters.created_since,
        created_until=parameters.created_until,
    )
    found = await services.administration.search.search(wanted, after=parameters.after, page_size=parameters.page_size)
    return UserListResponse(
        users=[AdministeredUserResponse.of(user) for user in found.users],
        pagination=UserPagination(
            page_size=found.page_size,
            next_cursor=found.next_cursor,
            total=found.total,
            total_is_estimate=found.total_is_estimate,
        ),
    )


async def create_user(
    caller: CurrentCaller, request: Request, response: Response, body: JsonBody[UserBody], services: CurrentServices
) -> AdministeredUserResponse | Response:
    """Create a user with a password. Without one, invite the address: its owner chooses a name and a password."""
    if body.password is None:
        created = await services.administration.invitations.create(Actor(caller), body.email, body.roles)
        invited = InvitationResponse.model_validate(created.invitation)
        return Response(invited.model_dump_json(), status_code=202, media_type=JSON)
    new = NewUser(body.email, body.username or "", body.password, body.roles, body.locale, body.external_id)
    async with watch_disconnect(request) as client:
        user = await services.administration.users.create(Actor(caller), new, client=client)
    response.headers["Location"] = own_address(request, f"{LIST}/{user.id}")
    return user_response(user, response)


async def get_user(
    user_id: UUID, services: CurrentServices, request: Request, response: Response
) -> AdministeredUserResponse | Response:
    """Read one user; 304 if If-None-Match contains its version, 412 if If-Match does not."""
    user = await services.administration.users.get(user_id, read_precondition(request))
    if is_unchanged(request, user.version):
        return Response(status_code=304, headers={"ETag": entity_tag(user.version)})
    return user_response(user, response)


async def update_user(
    user_id: UUID,
    caller: CurrentCaller,
    body: MergePatchBody[UserPatch],
    services: CurrentServices,
    request: Request,
    response: Response,
) -> AdministeredUserResponse:
    """Change some members of a user (RFC 7396). With If-Match only at that version."""
    given = body.model_fields_set
    changes = UserChanges(
        username=body.username if "username" in given else None,
        email=body.email if "email" in given else None,
        roles=body.roles if "roles" in given else None,
        locale=body.locale if "locale" in given else UNSET,
        external_id=body.external_id if "external_id" in given else UNSET,
    )
    user = await services.administration.users.update(Actor(caller), user_id, changes, change_precondition(request))
    return user_response(user, response)


def user_response(user: AdministeredUser, response: Response) -> AdministeredUserResponse:
    """Return the response body, and set the ETag."""
    response.headers["ETag"] = entity_tag(user.version)
    return AdministeredUserResponse.of(user)
