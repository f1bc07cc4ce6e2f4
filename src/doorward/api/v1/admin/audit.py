"""Routes for the audit log."""

from collections.abc import Sequence
from typing import Annotated, Final
from uuid import UUID

from fastapi import Query

from doorward.api.exceptions import NotFoundError
from doorward.api.policy import NeedsScope, RoutePolicy
from doorward.api.problems import HttpHints
from doorward.api.routing import Call
from doorward.api.schemas.audit import AuditEntryResponse, AuditListResponse, AuditParameters, UserAuditParameters
from doorward.api.schemas.pages import CursorPagination
from doorward.api.services import CurrentServices, Services
from doorward.api.v1.admin.addresses import ADMIN, TAG
from doorward.api.v1.admin.users import USER
from doorward.domain.audit.exceptions import AuditQueryTooBroadError
from doorward.domain.audit.models import AuditQuery
from doorward.domain.auth.scopes import AdminScope

READ: Final = RoutePolicy(NeedsScope(AdminScope.AUDIT_READ))
HTTP_HINTS: Final[HttpHints] = {AuditQueryTooBroadError: "Narrow it with user_id, or with since and until."}


def calls() -> Sequence[Call]:
    """Return the routes."""
    return [
        Call("GET", f"{ADMIN}/audit", search_audit_log, READ, tag=TAG, refusals=(AuditQueryTooBroadError,)),
        Call(
            "GET",
            f"{USER}/audit",
            list_audit_of_user,
            READ,
            tag=TAG,
            refusals=(AuditQueryTooBroadError, NotFoundError),
        ),
    ]


async def search_audit_log(
    parameters: Annotated[AuditParameters, Query()], services: CurrentServices
) -> AuditListResponse:
    """Search the audit log by user, type, actor and time, newest first."""
    return await _search(parameters, parameters.user_id, services)


async def list_audit_of_user(
    user_id: UUID, parameters: Annotated[UserAuditParameters, Query()], services: CurrentServices
) -> AuditListResponse:
    """List the audit log of a user, newest first. Entries are kept after the user is deleted."""
    return await _search(parameters, user_id, services)


async def _search(parameters: UserAuditParameters, user_id: UUID | None, services: Services) -> AuditListResponse:
    query = AuditQuery(user_id, parameters.type, parameters.actor, parameters.since, parameters.until)
    part = await services.administration.audit_trail.search(
        query, after=parameters.after, page_size=parameters.page_size
    )
    return AuditListResponse(
        entries=[AuditEntryResponse.of(entry) for entry in part.entries],
        pagination=CursorPagination.of(part),
    )
