"""Version 1 of the API: the routes and remedies of all modules."""

from collections.abc import Sequence
from typing import Final

from doorward.api.problems import Remedies
from doorward.api.routing import Call
from doorward.api.v1 import (
    account,
    admin,
    applications,
    auth,
    email_change,
    identities,
    items,
    joining,
    leaving,
    passkeys,
    recovery,
    second_factors,
    verification,
)
from doorward.core.exceptions import InvalidCursorError, PageTooDeepError, ServiceUnavailableError

REMEDIES: Final[Remedies] = {
    ServiceUnavailableError: "Try again after the time in Retry-After.",
    InvalidCursorError: "Send one that the last answer gave, or an empty one to begin.",
    PageTooDeepError: "Begin with an empty cursor (?after=) and follow the next links.",
    **auth.REMEDIES,
    **account.REMEDIES,
    **applications.REMEDIES,
    **identities.REMEDIES,
    **passkeys.REMEDIES,
    **second_factors.REMEDIES,
    **admin.REMEDIES,
    **items.REMEDIES,
}


def calls() -> Sequence[Call]:
    """Return all routes."""
    return [
        *auth.calls(),
        *joining.calls(),
        *recovery.calls(),
        *verification.calls(),
        *account.calls(),
        *applications.calls(),
        *identities.calls(),
        *passkeys.calls(),
        *second_factors.calls(),
        *leaving.calls(),
        *email_change.calls(),
        *admin.calls(),
        *items.calls(),
    ]
