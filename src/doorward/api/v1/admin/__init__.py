"""Routes for administration, one module per flow. Each call needs a scope of the user's current roles."""

from collections.abc import Sequence
from typing import Final

from doorward.api.problems import HttpHints
from doorward.api.routing import Call
from doorward.api.v1.admin import (
    audit,
    clients,
    invitations,
    keys,
    outbox,
    resources,
    roles,
    user_actions,
    user_files,
    users,
    webhooks,
)

HTTP_HINTS: Final[HttpHints] = {
    **roles.HTTP_HINTS,
    **users.HTTP_HINTS,
    **invitations.HTTP_HINTS,
    **audit.HTTP_HINTS,
    **user_files.HTTP_HINTS,
    **webhooks.HTTP_HINTS,
    **outbox.HTTP_HINTS,
    **keys.HTTP_HINTS,
    **clients.HTTP_HINTS,
    **resources.HTTP_HINTS,
}


def calls() -> Sequence[Call]:
    """Return all routes for administration."""
    of_people = [*users.calls(), *user_actions.calls(), *user_files.calls()]
    of_rights = [*roles.calls(), *invitations.calls(), *audit.calls()]
    of_programs = [*clients.calls(), *resources.calls(), *keys.calls()]
    return [*of_people, *of_rights, *webhooks.calls(), *outbox.calls(), *of_programs]
