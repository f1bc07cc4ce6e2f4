"""Version 1 of the API: the list of all that it offers. Each module begins with the table of its calls."""

from typing import Final

from fastapi import APIRouter
from slowapi import Limiter

from doorward.api.v1 import auth, items
from doorward.core.config import Settings

DIRECT_CALLS: Final = frozenset({auth.read_me})
"""What clients call all the time: see ``api/direct_calls.py``."""


def create_routers(settings: Settings, limiter: Limiter) -> list[APIRouter]:
    """Return all routes."""
    return [auth.create_router(settings, limiter), *items.create_routers()]
