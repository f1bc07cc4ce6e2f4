"""The events of second factors that change nothing: a factor was requested, or refused."""

from typing import Final, Literal
from uuid import UUID

from doorward.core.events import Counter, Event
from doorward.core.frozen import frozen

SECOND_FACTORS: Final = Counter("doorward_second_factors_total", "Second factors asked for, and refused", "outcome")


@frozen(slots=False)
class SecondFactorAsked(Event):
    """A login was answered with 403: the first factor of `target_user_id` was right, and the second is required.

    The first factor was the password, or a login at another provider.
    """

    log_event = "auth.second_factor.asked"
    outcome = "success"
    counted = ((SECOND_FACTORS, "asked"),)
    target_user_id: UUID


@frozen(slots=False)
class SecondFactorRefused(Event):
    """A second factor of `target_user_id` was refused: in a login, or in a session that authenticates again.

    `reason` is `wrong`, `used`, `outdated` (sessions or factors of the user were ended meanwhile) or `unreadable` (the
    key of the stored secret is no longer set), which the caller must not learn. `method` is that in the call's URL.
    """

    log_event = "auth.second_factor.refused"
    outcome = "failure"
    counted = ((SECOND_FACTORS, "refused"),)
    method: str
    reason: Literal["wrong", "used", "outdated", "unreadable"]
    target_user_id: UUID
