"""Version 1 of the API: the list of all that it offers. Each module begins with the table of its calls."""

from typing import Final

from fastapi import APIRouter

from doorward.api.v1 import auth, items

DIRECT_CALLS: Final = frozenset({auth.read_me, auth.refresh_token})
"""What clients call all the time: see ``api/direct_calls.py``."""


def create_routers() -> list[APIRouter]:
    """Return all routes."""
    return [
        auth.create_router(),
        *items.create_routers(),
    ]
