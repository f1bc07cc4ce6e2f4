"""Administration over HTTP, one module a flow. Each call needs a scope of today's roles."""

from collections.abc import Sequence
from typing import Final

from doorward.api.problems import Remedies
from doorward.api.routing import Call
from doorward.api.v1.admin import audit, invitations, roles, user_actions, user_files, users

REMEDIES: Final[Remedies] = {
    **roles.REMEDIES,
    **users.REMEDIES,
    **invitations.REMEDIES,
    **audit.REMEDIES,
    **user_files.REMEDIES,
}


def calls() -> Sequence[Call]:
    """Return all calls of administration."""
    return [
        *users.calls(),
        *user_actions.calls(),
        *roles.calls(),
        *invitations.calls(),
        *audit.calls(),
        *user_files.calls(),
    ]
