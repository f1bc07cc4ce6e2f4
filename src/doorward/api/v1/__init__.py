"""Version 1 of the API: the list of all that it offers. Each module begins with the table of its calls."""

from fastapi import APIRouter
from slowapi import Limiter

from doorward.api.v1 import auth, items
from doorward.core.config import Settings


def create_router(settings: Settings, limiter: Limiter) -> APIRouter:
    """Return all routes."""
    router = APIRouter()
    router.include_router(auth.create_router(settings, limiter))
    router.include_router(items.create_router())
    return router
