"""The page of one user, with the user's live sessions."""

from collections.abc import Mapping

from doorward.api.v1.admin import audit, users
from doorward.domain.administration.models import AdministeredUser
from doorward.domain.auth.exceptions import UserNotFoundError
from doorward.web.admin.pages import RowPage, access_of
from doorward.web.forms import AdminPage
from doorward.web.own.devices import device_name
from doorward.web.own.formatting import read_id, shown_day, shown_moment
from doorward.web.own.pages import PageContext


class UserPage(RowPage):
    """One user."""

    name = AdminPage.USER
    access = access_of(users.READ)

    async def template_values(self, context: PageContext) -> Mapping[str, object]:
        """Return the user and the live sessions. Raises ``UserNotFoundError``."""
        user_id = read_id(self.key, UserNotFoundError)
        administration = context.services.administration
        user = await administration.users.get(user_id, lambda _: True)
        browsers = [
            _session(context, each.user_agent, each.address, shown_moment(each.seen_at))
            for each in await administration.session_listing.list_browsers_of(user_id)
        ]
        others = [
            _session(context, each.application or each.user_agent, each.address, shown_moment(each.refreshed_at))
            for each in await administration.session_listing.list_of(user_id)
        ]
        return {
            "user": _shown(user),
            "sessions": [*browsers, *others],
            "role_names": [role.name for role in await administration.roles.list()],
            "has_audit": access_of(audit.READ).scope in context.caller.scopes,
        }


def _shown(user: AdministeredUser) -> Mapping[str, object]:
    return {
        "id": user.id,
        "username": user.username,
        "email": user.email or "",
        "is_verified": user.email_verified_at is not None,
        "has_bounced": user.email_bounced_at is not None,
        "status": user.status.value,
        "is_active": user.is_active,
        "roles": user.roles,
        "locale": user.locale or "",
        "external_id": user.external_id or "",
        "factors": user.second_factors,
        "must_change_password": user.must_change_password,
        "deletion_due": "" if user.deletion_due_at is None else shown_day(user.deletion_due_at),
        "created": shown_day(user.created_at),
        "version": user.version,
    }


def _session(context: PageContext, name: str | None, address: str | None, used: str) -> Mapping[str, object]:
    named = device_name(name) if name else context.texts("sessions.unknown_device")
    return {"name": named, "used": used, "address": address}
