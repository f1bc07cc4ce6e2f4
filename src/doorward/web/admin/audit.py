"""The page of the audit log: changes with the affected user and the actor."""

from collections.abc import Mapping
from typing import Final
from uuid import UUID

from doorward.api.schemas.audit import AuditEntryResponse, AuditParameters
from doorward.api.v1.admin import audit, users
from doorward.core.pages import Slice
from doorward.domain.audit.models import AuditEntry, AuditQuery
from doorward.domain.auth.callers import Caller
from doorward.web.admin.pages import AdminPageBase, NavigationEntry, access_of, query_parameters, search, without_empty
from doorward.web.forms import AdminPage
from doorward.web.own.formatting import in_utc, shown_moment
from doorward.web.own.pages import PageContext

_NONE_FOUND: Final[Slice[AuditEntry]] = Slice((), 0, None)
_MOMENTS: Final = ("since", "until")


class AuditPage(AdminPageBase):
    """The audit log, newest entries first, with filters."""

    name = AdminPage.AUDIT
    title = "audit.title"
    access = access_of(audit.READ)

    async def template_values(self, context: PageContext) -> Mapping[str, object]:
        """Return the entries of one part of the log. If the search is refused, the page shows the refusal."""
        asked = query_parameters(context, "user_id", "type", "actor", *_MOMENTS)
        after = query_parameters(context, "after")

        async def find() -> Slice[AuditEntry]:
            moments = {name: in_utc(asked[name]) for name in _MOMENTS if asked[name]}
            wanted = AuditParameters.model_validate(without_empty({**asked, **after, **moments}))
            query = AuditQuery(wanted.user_id, wanted.type, wanted.actor, wanted.since, wanted.until)
            trail = context.services.administration.audit_trail
            return await trail.search(query, after=wanted.after, page_size=wanted.page_size)

        found, refusal = await search(context, find, _NONE_FOUND)
        return {
            "asked": asked,
            "search_refusal": refusal,
            "entries": [_shown(entry, context.caller) for entry in found.entries],
            "more": found.next_cursor or "",
        }


def _shown(entry: AuditEntry, caller: Caller) -> Mapping[str, object]:
    described = AuditEntryResponse.of(entry)
    return {
        "id": described.id,
        "type": described.type,
        "moment": shown_moment(described.occurred_at),
        "user": described.user_id or "",
        "actor": described.actor or "",
        "leads_to_users": access_of(users.READ).scope in caller.scopes,
        "actor_is_user": _is_id(described.actor),
        "facts": {
            name: str(value)
            for name, value in (
                ("session_id", described.session_id),
                ("correlation_id", described.correlation_id),
                ("address", described.address),
                *described.data.items(),
            )
            if value is not None
        },
    }


def _is_id(actor: str | None) -> bool:
    try:
        return actor is not None and bool(UUID(actor))
    except ValueError:
        return False


NAVIGATION_ENTRY: Final = NavigationEntry(AuditPage())
