"""Settings of second factors."""

from pydantic import Field

from doorward.settings.topic import Topic


class SecondFactorSettings(Topic):
    """Who has to show a second factor, and where it need not be shown again."""

    remembered_device_days: int = Field(0, ge=0, le=365, examples=["30"])
    """For so many days a device on which a person has shown a second factor, and asked for it, logs in by the password
    alone. Calls that need a fresh proof ask for the factor all the same. 0 remembers none."""

    admin_requires_second_factor: bool | None = Field(default=None, examples=["true"])
    """Whether calls of administration are refused in sessions that were not begun or renewed by two factors.
    Administrators without a second factor then have to set one up first. Unset: `true` in production, `false` in
    development."""
