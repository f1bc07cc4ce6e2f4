"""The page of pending invitations: list, send and revoke them."""

from collections.abc import Mapping
from typing import Final

from doorward.api.schemas.administered_users import InvitationListParameters
from doorward.api.v1.admin import invitations, users
from doorward.core.pages import Slice
from doorward.domain.administration.exceptions import InvitationNotFoundError
from doorward.domain.administration.models import Actor, PendingInvitation
from doorward.web.admin.forms import InviteForm, RevokeInvitationForm
from doorward.web.admin.visits import AdminPageOf, FormOf, Place, access_of, asked_in_query, given, read_names, search
from doorward.web.forms import AdminPage
from doorward.web.own.visits import Done, Visit
from doorward.web.own.words import read_id, shown_day

_NONE_FOUND: Final[Slice[PendingInvitation]] = Slice((), 0, None)


class InvitationsPage(AdminPageOf):
    """The list of invitations, newest first."""

    name = AdminPage.INVITATIONS
    title = "invitations.title"
    access = access_of(users.READ)

    async def words(self, visit: Visit) -> Mapping[str, object]:
        """Return the invitations of one part of the list."""

        async def find() -> Slice[PendingInvitation]:
            wanted = InvitationListParameters.model_validate(given(asked_in_query(visit, "after")))
            administered = visit.services.administration.invitations
            return await administered.list(after=wanted.after, page_size=wanted.page_size)

        found, refusal = await search(visit, find, _NONE_FOUND)
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


async def _invite(visit: Visit, form: InviteForm) -> Done:
    """Invite an address by mail."""
    administered = visit.services.administration.invitations
    await administered.create(Actor(visit.caller), form.email, read_names(form.roles))
    return Done("invited")


async def _revoke(visit: Visit, form: RevokeInvitationForm) -> Done:
    """Revoke an invitation."""
    invitation_id = read_id(form.invitation_id, InvitationNotFoundError)
    await visit.services.administration.invitations.revoke(Actor(visit.caller), invitation_id)
    return Done("invitation_revoked")


_WRITES: Final = access_of(invitations.WRITE)
PLACE: Final = Place(
    InvitationsPage(),
    forms=(
        FormOf("invite", _WRITES, InviteForm, _invite, lambda _: InvitationsPage()),
        FormOf("revoke-invitation", _WRITES, RevokeInvitationForm, _revoke, lambda _: InvitationsPage()),
    ),
)
