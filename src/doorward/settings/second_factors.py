"""Settings of second factors."""

from pydantic import Field

from doorward.settings.topic import Topic


class SecondFactorSettings(Topic):
    """Who must use a second factor, and for how long devices are remembered."""

    remembered_device_days: int = Field(0, ge=0, le=365, examples=["30"])
    """For how many days a device is remembered after a login with a second factor, if the user chose so. On a
    remembered device, the password alone is sufficient for a login. Calls that need a recent authentication still
    require the factor. 0 disables this."""

    admin_requires_second_factor: bool | None = Field(default=None, examples=["true"])
    """Whether administration requires a session that was started or reauthenticated with two factors. Administrators
    without a second factor must then set one up first. Unset: `true` in production, `false` in development."""
