"""What a call of a page declares for a person who is signed in."""

from fastapi import Request

from doorward.api.policy import InBrowser, NeedsScope
from doorward.api.routing import route_of


def access_in_browser(request: Request) -> NeedsScope:
    """Return the access that a call declares for a person who is signed in. Raises ``TypeError`` for another call."""
    access = route_of(request).policy.access
    if not isinstance(access, InBrowser):
        raise TypeError("the call does not declare that a person is signed in")
    return access.needs
