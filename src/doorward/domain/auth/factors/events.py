"""The events of second factors that change nothing: asked for, or refused."""

from typing import Final, Literal
from uuid import UUID

from doorward.core.events import Counter, Event
from doorward.core.frozen import frozen

SECOND_FACTORS: Final = Counter("doorward_second_factors_total", "Second factors asked for, and refused", "outcome")


@frozen(slots=False)
class SecondFactorAsked(Event):
    """Refused with 403: what `target_user_id` showed first was right, and the second factor is still to be shown.

    That was the password, or a login at another provider.
    """

    log_event = "auth.second_factor.asked"
    outcome = "success"
    counted = ((SECOND_FACTORS, "asked"),)
    target_user_id: UUID


@frozen(slots=False)
class SecondFactorRefused(Event):
    """A code of `target_user_id`'s second factor was refused: in a login, or in a session that shows it again.

    `reason` is `wrong`, `used`, `outdated` (sessions or factors of the user were ended meanwhile) or `unreadable` (the
    key of the stored secret is not set any more), which the caller is not told. `method` is how it was shown.
    """

    log_event = "auth.second_factor.refused"
    outcome = "failure"
    counted = ((SECOND_FACTORS, "refused"),)
    method: str
    reason: Literal["wrong", "used", "outdated", "unreadable"]
    target_user_id: UUID
