"""Routes for administration, one module per flow. Each call needs a scope of the user's current roles."""

from collections.abc import Sequence
from typing import Final

from doorward.api.problems import Remedies
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

REMEDIES: Final[Remedies] = {
    **roles.REMEDIES,
    **users.REMEDIES,
    **invitations.REMEDIES,
    **audit.REMEDIES,
    **user_files.REMEDIES,
    **webhooks.REMEDIES,
    **outbox.REMEDIES,
    **keys.REMEDIES,
    **clients.REMEDIES,
    **resources.REMEDIES,
}


def calls() -> Sequence[Call]:
    """Return all routes for administration."""
    of_people = [*users.calls(), *user_actions.calls(), *user_files.calls()]
    of_rights = [*roles.calls(), *invitations.calls(), *audit.calls()]
    of_programs = [*clients.calls(), *resources.calls(), *keys.calls()]
    return [*of_people, *of_rights, *webhooks.calls(), *outbox.calls(), *of_programs]
