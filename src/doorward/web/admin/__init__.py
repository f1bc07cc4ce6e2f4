"""The admin pages. The signed-in user acts with the scopes of the current roles, as in the API."""

from collections.abc import Sequence
from typing import Final

from doorward.api.routing import Call
from doorward.web.admin import audit, clients, dead_letters, invitations, roles, user_forms, users, webhooks
from doorward.web.admin.pages import AdminPages, NavigationEntry
from doorward.web.admin.user import UserPage
from doorward.web.provider.pages import ProviderPages

NAVIGATION: Final = (
    NavigationEntry(users.UsersPage(), pages=(UserPage(),), forms=(*users.FORMS, *user_forms.FORMS)),
    roles.NAVIGATION_ENTRY,
    invitations.NAVIGATION_ENTRY,
    clients.NAVIGATION_ENTRY,
    webhooks.NAVIGATION_ENTRY,
    dead_letters.NAVIGATION_ENTRY,
    audit.NAVIGATION_ENTRY,
)
"""The parts of the site in navigation order."""


def calls(pages: ProviderPages) -> Sequence[Call]:
    """Return the routes."""
    return AdminPages(pages, NAVIGATION).calls()
