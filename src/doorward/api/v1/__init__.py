"""Version 1 of the API: the routes and http_hints of all modules."""

from collections.abc import Sequence
from typing import Final

from doorward.api.problems import HttpHints
from doorward.api.routing import Call
from doorward.api.v1 import (
    account,
    account_data,
    admin,
    applications,
    auth,
    email_change,
    identities,
    items,
    passkeys,
    recovery,
    registration_by_mail,
    second_factors,
    verification,
)
from doorward.core.exceptions import InvalidCursorError, PageTooDeepError, ServiceUnavailableError

HTTP_HINTS: Final[HttpHints] = {
    ServiceUnavailableError: "Try again after the time in Retry-After.",
    InvalidCursorError: "Send one that the last answer gave, or an empty one to begin.",
    PageTooDeepError: "Begin with an empty cursor (?after=) and follow the next links.",
    **auth.HTTP_HINTS,
    **account.HTTP_HINTS,
    **applications.HTTP_HINTS,
    **identities.HTTP_HINTS,
    **passkeys.HTTP_HINTS,
    **second_factors.HTTP_HINTS,
    **admin.HTTP_HINTS,
    **items.HTTP_HINTS,
}


def calls() -> Sequence[Call]:
    """Return all routes."""
    return [
        *auth.calls(),
        *registration_by_mail.calls(),
        *recovery.calls(),
        *verification.calls(),
        *account.calls(),
        *applications.calls(),
        *identities.calls(),
        *passkeys.calls(),
        *second_factors.calls(),
        *account_data.calls(),
        *email_change.calls(),
        *admin.calls(),
        *items.calls(),
    ]
