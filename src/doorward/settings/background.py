"""Settings of background tasks."""

from typing import Literal

from pydantic import Field

from doorward.settings.topic import Topic


class BackgroundSettings(Topic):
    """The background tasks, which run at intervals, and the process that runs them."""

    background: Literal["in_process", "off"] = Field("in_process", examples=["off"])
    """Whether the service runs the background tasks. `off` leaves them to a separate process, `doorward worker`. Each
    task runs in only one process at a time, among all processes that share a database."""

    housekeeping_interval_minutes: int = Field(60, ge=0, le=10080, examples=["60"])
    """How often the background tasks run, such as removing old sessions and audit events, and deleting accounts whose
    deletion is due. 0 disables them."""

    audit_retention_days: int = Field(400, ge=1, le=3650, examples=["400"])
    """An audit event is kept for this many days, then removed."""

    session_retention_days: int = Field(30, ge=1, le=3650, examples=["30"])
    """An ended session is kept for this many days, then removed."""

    @property
    def disabled_by(self) -> str | None:
        """The setting that disables the tasks in the service; None if it runs them."""
        if self.background == "off":
            return "BACKGROUND"
        return None if self.housekeeping_interval_minutes else "HOUSEKEEPING_INTERVAL_MINUTES"
