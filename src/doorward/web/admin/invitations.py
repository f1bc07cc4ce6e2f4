"""The page of pending invitations: list, send and revoke them."""

from collections.abc import Mapping
from typing import Final

from doorward.api.schemas.administered_users import InvitationListParameters
from doorward.api.v1.admin import invitations, users
from doorward.core.pages import Slice
from doorward.domain.administration.exceptions import InvitationNotFoundError
from doorward.domain.administration.models import Actor, PendingInvitation
from doorward.web.admin.forms import InviteForm, RevokeInvitationForm
from doorward.web.admin.pages import (
    AdminForm,
    AdminPageBase,
    NavigationEntry,
    access_of,
    query_parameters,
    read_names,
    search,
    without_empty,
)
from doorward.web.forms import AdminPage
from doorward.web.own.formatting import read_id, shown_day
from doorward.web.own.pages import FormResult, PageContext

_NONE_FOUND: Final[Slice[PendingInvitation]] = Slice((), 0, None)


class InvitationsPage(AdminPageBase):
    """The list of invitations, newest first."""

    name = AdminPage.INVITATIONS
    title = "invitations.title"
    access = access_of(users.READ)

    async def template_values(self, context: PageContext) -> Mapping[str, object]:
        """Return the invitations of one part of the list."""

        async def find() -> Slice[PendingInvitation]:
            wanted = InvitationListParameters.model_validate(without_empty(query_parameters(context, "after")))
            administered = context.services.administration.invitations
            return await administered.list(after=wanted.after, page_size=wanted.page_size)

        found, refusal = await search(context, find, _NONE_FOUND)
        return {
            "search_refusal": refusal,
            "invitations": [
                {
                    "id": each.id,
                    "email": each.email,
                    "roles": each.roles,
                    "created": shown_day(each.created_at),
                    "expires": shown_day(each.expires_at),
                }
                for each in found.entries
            ],
            "more": found.next_cursor or "",
        }


async def _invite(context: PageContext, form: InviteForm) -> FormResult:
    """Invite an address by mail."""
    administered = context.services.administration.invitations
    await administered.create(Actor(context.caller), form.email, read_names(form.roles))
    return FormResult("invited")


async def _revoke(context: PageContext, form: RevokeInvitationForm) -> FormResult:
    """Revoke an invitation."""
    invitation_id = read_id(form.invitation_id, InvitationNotFoundError)
    await context.services.administration.invitations.revoke(Actor(context.caller), invitation_id)
    return FormResult("invitation_revoked")


_WRITES: Final = access_of(invitations.WRITE)
NAVIGATION_ENTRY: Final = NavigationEntry(
    InvitationsPage(),
    forms=(
        AdminForm("invite", _WRITES, InviteForm, _invite, lambda _: InvitationsPage()),
        AdminForm("revoke-invitation", _WRITES, RevokeInvitationForm, _revoke, lambda _: InvitationsPage()),
    ),
)
