"""Settings of background tasks."""

from typing import Literal

from pydantic import Field

from doorward.settings.topic import Topic


class BackgroundSettings(Topic):
    """What is done at intervals beside answering requests, and by which process."""

    background: Literal["in_process", "off"] = Field(
        "in_process",
        description="Whether the service runs the background tasks. `off` leaves them to `doorward worker`, a process "
        "of its own. Of all processes on one database, one at a time runs each task.",
        examples=["off"],
    )
    housekeeping_interval_minutes: int = Field(
        60,
        ge=0,
        le=10080,
        description="How often old sessions and audit events are removed. 0 disables it.",
        examples=["60"],
    )
    audit_retention_days: int = Field(
        400, ge=1, le=3650, description="An audit event is kept for this many days, then removed.", examples=["400"]
    )
    session_retention_days: int = Field(
        30, ge=1, le=3650, description="An ended session is kept for this many days, then removed.", examples=["30"]
    )
