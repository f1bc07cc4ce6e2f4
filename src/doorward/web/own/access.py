"""The access that the route of a page requires, and its check."""

from fastapi import Request

from doorward.api.caller import require_access
from doorward.api.caller_checks import note_checked
from doorward.api.policy import InBrowser, NeedsScope
from doorward.api.routing import route_of
from doorward.api.services import Services
from doorward.domain.auth.callers import Caller


def access_in_browser(request: Request) -> NeedsScope:
    """Return the access that the request's route requires. Raises ``TypeError`` if it needs no browser session."""
    access = route_of(request).policy.access
    if not isinstance(access, InBrowser):
        raise TypeError("the call does not declare that a person is signed in")
    return access.needs


def require_in_browser(request: Request, caller: Caller, access: NeedsScope, services: Services) -> None:
    """Check the access of a signed-in user. Raises what ``require_access`` raises."""
    require_access(caller, access, services)
    note_checked(request.scope)
