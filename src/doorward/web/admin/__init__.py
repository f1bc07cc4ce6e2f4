"""The admin pages. The signed-in user acts with the scopes of the current roles, as in the API."""

from collections.abc import Sequence
from typing import Final

from doorward.api.routing import Call
from doorward.web.admin import audit, clients, dead_letters, invitations, roles, user_forms, users, webhooks
from doorward.web.admin.user import UserPage
from doorward.web.admin.visits import AdminPages, Place
from doorward.web.provider.pages import ProviderPages

PLACES: Final = (
    Place(users.UsersPage(), pages=(UserPage(),), forms=(*users.FORMS, *user_forms.FORMS)),
    roles.PLACE,
    invitations.PLACE,
    clients.PLACE,
    webhooks.PLACE,
    dead_letters.PLACE,
    audit.PLACE,
)
"""The parts of the site in navigation order."""


def calls(pages: ProviderPages) -> Sequence[Call]:
    """Return the routes."""
    return AdminPages(pages, PLACES).calls()
