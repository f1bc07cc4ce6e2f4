"""The pages of administration: who is signed in there acts by the roles of this moment, as in the API."""

from collections.abc import Sequence

from doorward.api.routing import Call
from doorward.web.admin.user_forms import UserForms
from doorward.web.admin.users import UsersForms
from doorward.web.admin.visits import AdminPages
from doorward.web.provider.pages import ProviderPages


def calls(pages: ProviderPages) -> Sequence[Call]:
    """Return the calls."""
    admin = AdminPages(pages)
    return [*UsersForms(admin).calls(), *UserForms(admin).calls()]
