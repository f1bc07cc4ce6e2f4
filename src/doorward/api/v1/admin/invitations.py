"""Routes for the administration of invitations."""

from collections.abc import Sequence
from typing import Annotated, Final
from uuid import UUID

from fastapi import Query

from doorward.api.bodies import JsonBody
from doorward.api.caller import CurrentCaller
from doorward.api.policy import NeedsScope, RoutePolicy
from doorward.api.problems import HttpHints
from doorward.api.routing import Call
from doorward.api.schemas.administered_users import (
    InvitationBody,
    InvitationListParameters,
    InvitationListResponse,
    InvitationResponse,
)
from doorward.api.schemas.pages import CursorPagination
from doorward.api.services import CurrentServices
from doorward.api.v1.admin.addresses import ADMIN, TAG
from doorward.api.v1.admin.users import READ
from doorward.domain.administration.exceptions import (
    BeyondOwnScopesError,
    InvitationNotFoundError,
    TooManyRolesOfUserError,
)
from doorward.domain.administration.models import Actor
from doorward.domain.auth.exceptions import EmailTakenError, InvalidEmailError, UnknownRoleError
from doorward.domain.auth.scopes import AdminScope
from doorward.domain.outbox.exceptions import MailNotConfiguredError

LIST: Final = f"{ADMIN}/invitations"
WRITE: Final = RoutePolicy(NeedsScope(AdminScope.INVITATIONS_WRITE))
HTTP_HINTS: Final[HttpHints] = {InvitationNotFoundError: "List them: GET /api/v1/admin/invitations."}


def calls() -> Sequence[Call]:
    """Return the routes."""
    creating = (
        EmailTakenError,
        InvalidEmailError,
        UnknownRoleError,
        TooManyRolesOfUserError,
        BeyondOwnScopesError,
        MailNotConfiguredError,
    )
    revoking = (InvitationNotFoundError, BeyondOwnScopesError)
    return [
        Call("GET", LIST, list_invitations, READ, tag=TAG),
        Call("POST", LIST, create_invitation, WRITE, tag=TAG, status=201, refusals=creating),
        Call(
            "DELETE",
            f"{LIST}/{{invitation_id:uuid}}",
            revoke_invitation,
            WRITE,
            tag=TAG,
            status=204,
            refusals=revoking,
        ),
    ]


async def list_invitations(
    parameters: Annotated[InvitationListParameters, Query()], services: CurrentServices
) -> InvitationListResponse:
    """List the invitations that were not accepted yet, newest first."""
    part = await services.administration.invitations.list(after=parameters.after, page_size=parameters.page_size)
    return InvitationListResponse(
        invitations=[InvitationResponse.model_validate(each) for each in part.entries],
        pagination=CursorPagination.of(part),
    )


async def create_invitation(
    caller: CurrentCaller, body: JsonBody[InvitationBody], services: CurrentServices
) -> InvitationResponse:
    """Invite an address by mail. Its owner chooses a name and a password, and the account gets these roles.

    It replaces an earlier invitation for the same address. The link works once within 7 days, and only while you can
    give the roles.
    """
    created = await services.administration.invitations.create(Actor(caller), body.email, body.roles)
    return InvitationResponse.model_validate(created.invitation)


async def revoke_invitation(invitation_id: UUID, caller: CurrentCaller, services: CurrentServices) -> None:
    """Revoke an invitation. Its link and its code become invalid."""
    await services.administration.invitations.revoke(Actor(caller), invitation_id)
