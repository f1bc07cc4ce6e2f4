"""The access that the route of a page requires."""

from fastapi import Request

from doorward.api.policy import InBrowser, NeedsScope
from doorward.api.routing import route_of


def access_in_browser(request: Request) -> NeedsScope:
    """Return the access that the request's route requires. Raises ``TypeError`` if it needs no browser session."""
    access = route_of(request).policy.access
    if not isinstance(access, InBrowser):
        raise TypeError("the call does not declare that a person is signed in")
    return access.needs
